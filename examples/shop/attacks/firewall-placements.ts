/** One request as a firewall sees it. Strings are byte strings; the sender adds Host and Content-Length. */
export interface FirewallRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

/** A place for a payload in a request; undefined where the payload cannot stand there. */
export type Placement = (payload: string) => FirewallRequest | undefined

const USUAL: FirewallRequest['headers'] = [
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  // A browser would be shown a page; a program is told the code of the refusal.
  ['Accept', 'application/json, */*;q=0.8'],
  ['Accept-Language', 'en'],
]

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const q = encodeURIComponent

/** Addresses that the shop does not have: the drill asks what the gateway does, and nothing may happen behind it. */
const PAGE = '/catalogue/find'

function get(target: string, ...more: FirewallRequest['headers']): FirewallRequest {
  const own = new Set(more.map(([name]) => name.toLowerCase()))
  return {
    method: 'GET',
    target,
    headers: [...USUAL.filter(([name]) => !own.has(name.toLowerCase())), ...more],
  }
}

function send(target: string, type: string, body: string): FirewallRequest {
  return { method: 'POST', target, headers: [...USUAL, ['Content-Type', type]], body }
}

const json = (target: string, text: string): FirewallRequest => send(target, 'application/json', bytes(text))
const xml = (text: string): FirewallRequest =>
  send(
    '/services/stock',
    'application/xml',
    bytes(`${text.startsWith('<?xml') ? '' : '<?xml version="1.0"?>'}${text}`),
  )

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** JSON in which no sign but letters and digits stands as it is. */
function escapeJson(text: string): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i)
    out += /[A-Za-z0-9]/.test(sign) ? sign : `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return out
}

const isPrintable = (text: string): boolean => /^[\x20-\x7e]+$/.test(text)

function part(name: string, content: string, file?: string, type?: string): string {
  const fileName = file === undefined ? '' : `; filename="${bytes(file).replaceAll('"', '%22')}"`
  const kind = type === undefined ? '' : `\r\nContent-Type: ${type}`
  return `--drill\r\nContent-Disposition: form-data; name="${name}"${fileName}${kind}\r\n\r\n${content}\r\n`
}

const parts = (...all: string[]): FirewallRequest =>
  send('/reviews', 'multipart/form-data; boundary=drill', `${all.join('')}--drill--\r\n`)

/** Places that take any payload, encoded as that place wants it. */
export const PLACEMENTS: Readonly<Record<string, Placement>> = {
  query: (payload) => get(`${PAGE}?kind=gate&q=${q(payload)}&page=1`),
  path: (payload) => (/[/\\]/.test(payload) ? undefined : get(`/catalogue/${q(payload)}`)),
  cookie: (payload) => get('/catalogue', ['Cookie', `theme=dark; last=${q(payload)}`]),
  header: (payload) => (isPrintable(payload) ? get('/catalogue', ['X-Forwarded-Host', payload]) : undefined),
  agent: (payload) => (isPrintable(payload) ? get('/catalogue', ['User-Agent', payload]) : undefined),
  referer: (payload) =>
    isPrintable(payload) ? get('/catalogue', ['Referer', `https://search.example/?q=${payload}`]) : undefined,
  form: (payload) =>
    send(
      '/reviews',
      'application/x-www-form-urlencoded',
      new URLSearchParams({ stars: '5', text: payload }).toString(),
    ),
  json: (payload) => json('/reviews.json', JSON.stringify({ stars: 5, text: payload })),
  'nested-json': (payload) =>
    json(
      '/reviews.json',
      JSON.stringify({ review: { meta: [{ n: 1 }, { tags: ['a', { deep: payload }] }] } }),
    ),
  'escaped-json': (payload) => json('/reviews.json', `{"stars":5,"text":"${escapeJson(payload)}"}`),
  graphql: (payload) =>
    json(
      '/graphql',
      JSON.stringify({ query: 'query($term:String!){search(term:$term){id}}', variables: { term: payload } }),
    ),
  multipart: (payload) => parts(part('stars', '5'), part('text', bytes(payload))),
  'file-name': (payload) =>
    /[\r\n]/.test(payload) ? undefined : parts(part('picture', 'GIF89a', payload, 'image/gif')),
  xml: (payload) => xml(`<stock><item>7</item><note>${escapeXml(payload)}</note></stock>`),
}

const flood = (count: number, one: (i: number) => string, glue: string): string =>
  Array.from({ length: count }, (_, i) => one(i)).join(glue)

/** Places that a line of the table names itself; the payload goes out as it stands. */
export const RAW_PLACEMENTS: Readonly<Record<string, Placement>> = {
  'raw-query': (payload) => get(`${PAGE}?q=${payload.replaceAll(' ', '%20')}`),
  'query-string': (payload) => get(`${PAGE}?${payload.replaceAll(' ', '%20')}`),
  target: (payload) => get(payload),
  agent: (payload) => get('/', ['User-Agent', payload]),
  header: (payload) => {
    const at = payload.indexOf(': ')
    const name = payload.slice(0, at)
    const field: readonly [string, string] = [name, payload.slice(at + 2)]
    if (name !== 'Content-Type') return get('/catalogue', field)
    return { method: 'POST', target: '/reviews', headers: [...USUAL, field], body: 'x=1' }
  },
  'json-body': (payload) => json('/reviews.json', payload),
  'form-body': (payload) => send('/reviews', 'application/x-www-form-urlencoded', bytes(payload)),
  'xml-body': (payload) => xml(payload),
  'svg-upload': (payload) => parts(part('picture', bytes(payload), 'wall.svg', 'image/svg+xml')),
  'graphql-body': (payload) => json('/graphql', payload),
  'graphql-alias-flood': (payload) =>
    json(
      '/graphql',
      JSON.stringify({ query: `mutation { ${flood(200, (i) => `a${i}: ${payload}`, ' ')} }` }),
    ),
  'graphql-batch-flood': (payload) =>
    json('/graphql', `[${flood(200, () => JSON.stringify({ query: `mutation ${payload}` }), ',')}]`),
}
