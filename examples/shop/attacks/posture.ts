import { USERS } from '../seed.ts'
import { single, type Attack, type Field, type Finding } from './attack.ts'
import { as, form, jsonBody, type Echo } from './wire.ts'

const text = (value: Echo['headers'][string]): string =>
  Array.isArray(value) ? value.join(', ') : String(value ?? '')

const leak = (reply: Echo): string | undefined => {
  const found = [
    /\bat .+\.ts:\d+:\d+/.test(reply.text) ? 'a stack trace' : '',
    /SQLite said|SELECT .+ FROM/.test(reply.text) ? 'the SQL statement' : '',
  ].filter(Boolean)
  return found.length > 0 ? `shows ${found.join(' and ')}` : undefined
}

const WANTED: readonly (readonly [name: string, good: RegExp])[] = [
  ['Content-Security-Policy', /./],
  ['X-Content-Type-Options', /^nosniff$/i],
  ['Referrer-Policy', /./],
  ['Permissions-Policy', /./],
]

/** What is missing rather than what is broken, and what has no bound. */
export const POSTURE: readonly Attack[] = [
  {
    id: 'verbose-errors-page',
    chapter: 'Verbose Error Messages',
    tries: 'an ordinary wrong address that fails inside',
    kind: 'posture',
    run: single({ target: '/products/catalogue' }, leak),
  },
  {
    id: 'verbose-errors-api',
    chapter: 'Verbose Error Messages',
    tries: 'JSON that does not parse',
    kind: 'posture',
    run: single(jsonBody('POST', '/api/search', '{"q": '), leak),
  },
  {
    id: 'security-headers',
    chapter: 'Security Headers',
    tries: 'looks for the headers of the guide',
    kind: 'posture',
    run: async (field): Promise<Finding> => {
      const reply = await field.shoot({ target: '/' })
      const wanted = field.isTls
        ? [...WANTED, ['Strict-Transport-Security', /max-age=\d{7,}/] as const]
        : WANTED
      const lacking = wanted.filter(([name, good]) => !good.test(text(reply.headers[name.toLowerCase()])))
      const names = lacking.map(([name]) => name).join(', ')
      return { effect: names ? `without ${names}` : undefined, reply }
    },
  },
  {
    id: 'clickjacking',
    chapter: 'Security Headers',
    tries: 'looks whether another site may frame the shop',
    kind: 'posture',
    run: single({ target: '/' }, (reply) => {
      const isClosed =
        /^(deny|sameorigin)$/i.test(text(reply.headers['x-frame-options'])) ||
        /frame-ancestors ('none'|'self')/.test(text(reply.headers['content-security-policy']))
      return isClosed ? undefined : 'any site may frame it'
    }),
  },
  {
    id: 'data-masking',
    chapter: 'Data Masking',
    tries: 'looks for a whole card number and SSN in the API',
    kind: 'posture',
    run: single({ target: '/api/profile', headers: as(3) }, (reply) =>
      /\d{4} \d{4} \d{4} \d{4}/.test(reply.text) || /\d{3}-\d{2}-\d{4}/.test(reply.text)
        ? 'card and SSN go out whole'
        : undefined,
    ),
  },
  {
    id: 'trace',
    chapter: 'OWASP Top 10 Overview',
    tries: 'method TRACE, to read the cookie back',
    kind: 'active',
    run: async (field): Promise<Finding> => {
      const cookie = `drill=${field.nonce}`
      const reply = await field.shoot({ method: 'TRACE', target: '/', headers: { Cookie: cookie } })
      return { effect: reply.text.includes(cookie) ? 'the cookie comes back' : undefined, reply }
    },
  },
  {
    id: 'oversized-body',
    chapter: 'Layer 3: API Gateway Security',
    tries: 'a body of 16 MB',
    kind: 'active',
    run: async (field): Promise<Finding> => {
      const body = Buffer.alloc(16_000_000, 'a')
      const reply = await field.shoot({
        target: '/api/echo',
        headers: { 'Content-Type': 'text/plain' },
        body,
      })
      return { effect: reply.text.includes('"body_length": 16000000') ? 'taken whole' : undefined, reply }
    },
  },
]

const WRONG = 20
const WORDS = ['123456', 'password', 'qwerty', 'letmein', 'dragon', 'castle', 'mortar', 'trowel', 'brickwall']

/** Attacks on the sign-in. They come last, because a limit that they meet would hide what others meet. */
export const SIGN_IN: readonly Attack[] = [
  {
    id: 'cookie-flags',
    chapter: 'Session Management',
    tries: 'signs in and looks at the session cookie',
    kind: 'posture',
    run: single(form('/login', { email: 'niall@customer.example', password: 'drystone-1847' }), (reply) => {
      const cookie = text(reply.headers['set-cookie'])
      if (!cookie.includes('shop_user='))
        throw new Error(`the sign-in answered ${reply.status} and gave no cookie`)
      const lacking = ['HttpOnly', 'SameSite'].filter((flag) => !new RegExp(`;\\s*${flag}`, 'i').test(cookie))
      return lacking.length > 0 ? `without ${lacking.join(', ')}` : undefined
    }),
  },
  {
    id: 'brute-force-form',
    chapter: 'Missing Rate Limiting',
    tries: `${WORDS.length} common passwords for one account, the last is right`,
    kind: 'active',
    run: (field) => guess(field, '/login'),
  },
  {
    id: 'rate-limit-form',
    chapter: 'Missing Rate Limiting',
    tries: `${WRONG} wrong passwords in the form`,
    kind: 'posture',
    run: (field) => hammer(field, '/login'),
  },
  {
    id: 'rate-limit-api',
    chapter: 'Missing Rate Limiting',
    tries: `${WRONG} wrong passwords by the API`,
    kind: 'posture',
    run: (field) => hammer(field, '/api/login'),
  },
]

async function guess(field: Field, target: string): Promise<Finding> {
  const email = USERS[4]?.email ?? ''
  let reply: Echo | undefined
  for (const password of WORDS) {
    reply = await field.shoot(form(target, { email, password }))
    if (text(reply.headers['set-cookie']).includes('shop_user=5'))
      return { effect: 'signed in by guessing', reply }
  }
  return { effect: undefined, reply: reply as Echo }
}

/** The application judged the password itself when it says that it is wrong. */
async function hammer(field: Field, target: string): Promise<Finding> {
  let judged = 0
  let reply: Echo | undefined
  for (let i = 0; i < WRONG; i++) {
    const fields = { email: `nobody-${field.nonce}@customer.example`, password: `wrong-${i}` }
    reply = await field.shoot(
      target.startsWith('/api/') ? jsonBody('POST', target, fields) : form(target, fields),
    )
    if (/wrong e-mail or password/i.test(reply.text)) judged++
    else if (reply.status === 429) break
  }
  return { effect: judged > 5 ? `${judged} of ${WRONG} were tried` : undefined, reply: reply as Echo }
}
