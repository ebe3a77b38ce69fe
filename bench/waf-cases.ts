// The requests of the firewall's benchmark: 32 variants of each case, the same for all.

/** One kind of request, as byte strings. */
export interface WafCase {
  readonly name: string
  readonly requests: readonly string[]
}

const VARIANTS = 32
const WORDS =
  'red blue small large cotton summer shoes lamp kitchen garden tools music book paper hello world nice product description quality order delivery green winter'.split(
    ' ',
  )

/** (a) a page, (b) a form of ten fields, (c) JSON of 2 KB, (d) JSON of 50 KB, (e) an attack. */
export function wafCases(): readonly WafCase[] {
  return [
    each('a', (i) => request('GET', `/search?q=${words(2, i).replace(' ', '+')}&page=${i}`, i)),
    each('b', (i) => {
      const form = Array.from(
        { length: 10 },
        (_, k) => `field${k}=${encodeURIComponent(words(8, i + k))}`,
      ).join('&')
      return request('POST', '/contact', i, form, 'application/x-www-form-urlencoded')
    }),
    each('c', (i) => request('POST', '/items', i, items(12, 9, i), 'application/json')),
    each('d', (i) => request('POST', '/items', i, items(64, 105, i), 'application/json')),
    each('e', (i) =>
      request('GET', `/search?q=${encodeURIComponent(`${i}' OR '1'='1' UNION SELECT ${i}`)}`, i),
    ),
  ]
}

function each(name: string, make: (variant: number) => string): WafCase {
  return { name, requests: Array.from({ length: VARIANTS }, (_, i) => make(i)) }
}

/** What a browser sends: 13 fields and 3 cookies. */
function request(method: string, target: string, i: number, body = '', type = ''): string {
  const fields = [
    'Host: shop.example',
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.${i} Safari/537.36`,
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.5',
    'Accept-Encoding: gzip, deflate, br, zstd',
    `Referer: https://shop.example/products?page=${i}`,
    'Origin: http://shop.example',
    'DNT: 1',
    'Sec-Fetch-Dest: document',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Site: same-origin',
    'Upgrade-Insecure-Requests: 1',
    `Cookie: session=${(i * 7919 + 123_456_789).toString(16).repeat(4)}; theme=dark; _ga=GA1.1.12345${i}.169876${i}`,
    ...(body === '' ? [] : [`Content-Type: ${type}`, `Content-Length: ${body.length}`]),
  ]
  return `${method} ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`
}

function words(count: number, seed: number): string {
  return Array.from({ length: count }, (_, k) => WORDS[(k * 7 + seed * 13 + k * k) % WORDS.length]).join(' ')
}

function items(count: number, noteWords: number, seed: number): string {
  return JSON.stringify({
    items: Array.from({ length: count }, (_, k) => ({
      id: k * 100 + seed,
      name: words(3, k + seed),
      price: 19.9 + k,
      tags: [`a${k}`, `b${seed}`],
      note: words(noteWords, k * 3 + seed),
      active: k % 2 === 0,
    })),
  })
}
