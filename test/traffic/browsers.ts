import { readLines } from './seeds.ts'

type Headers = readonly (readonly [string, string])[]

const CHROME = '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'

/** The User-Agent of every program that visits, one a line. */
export const AGENTS: readonly string[] = readLines('agents')

/** What browsers send with every page that they open. */
const PAGE: readonly Headers[] = [
  [
    ['sec-ch-ua', CHROME],
    ['sec-ch-ua-mobile', '?0'],
    ['sec-ch-ua-platform', '"Windows"'],
    ['Upgrade-Insecure-Requests', '1'],
    [
      'Accept',
      'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
    ],
    ['Sec-Fetch-Site', 'none'],
    ['Sec-Fetch-Mode', 'navigate'],
    ['Sec-Fetch-User', '?1'],
    ['Sec-Fetch-Dest', 'document'],
    ['Accept-Encoding', 'gzip, deflate, br, zstd'],
    ['Accept-Language', 'de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7'],
  ],
  [
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['Accept-Language', 'en-GB,en;q=0.5'],
    ['Accept-Encoding', 'gzip, deflate, br, zstd'],
    ['DNT', '1'],
    ['Sec-GPC', '1'],
    ['Upgrade-Insecure-Requests', '1'],
    ['Priority', 'u=0, i'],
    ['TE', 'trailers'],
  ],
  [
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['Accept-Language', 'fr-FR,fr;q=0.9'],
    ['Accept-Encoding', 'gzip, deflate, br'],
  ],
  [
    ['Accept', '*/*'],
    ['X-Forwarded-For', '203.0.113.7, 198.51.100.2'],
    ['X-Forwarded-Proto', 'https'],
  ],
  [
    ['Accept', 'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5'],
    ['Accept-Language', 'zh-CN,zh;q=0.9,en;q=0.8'],
    ['Accept-Encoding', 'gzip, deflate'],
    ['If-None-Match', 'W/"5e-18f"'],
    ['If-Modified-Since', 'Tue, 24 Nov 2026 08:00:00 GMT'],
    ['Cache-Control', 'max-age=0'],
  ],
]

/** What scripts and forms send along with a body. */
const POST: readonly Headers[] = [
  [
    ['Origin', 'https://shop.example'],
    ['Referer', 'https://shop.example/products/7?ref=mail&color=red'],
    ['Accept', 'application/json, text/plain, */*'],
    ['Sec-Fetch-Site', 'same-origin'],
    ['X-CSRF-Token', 'b2b5f0c7d1e84a6f'],
  ],
  [
    ['Accept', '*/*'],
    ['Accept-Encoding', 'gzip, deflate, br'],
    ['Authorization', 'Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI3IiwiYXVkIjoic2hvcCJ9.c2lnbmF0dXJl'],
  ],
  [
    ['Origin', 'https://shop.example'],
    ['Referer', 'https://shop.example/account'],
    ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['Accept-Language', 'ja,en-US;q=0.9,en;q=0.8'],
    ['Cookie', '_ga=GA1.1.1234567890.1795512600; sid=s%3AJ8fW.xyz%2B%2F%3D; theme=a%20%26%20b'],
  ],
  [
    ['Accept', 'application/json'],
    ['X-Request-Id', '550e8400-e29b-41d4-a716-446655440000'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['Idempotency-Key', '"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
  ],
]

/** Host, User-Agent and the company they keep, different from one request to the next. */
export function browserHeaders(i: number, hasBody: boolean): [string, string][] {
  const list = hasBody ? POST : PAGE
  const agent = AGENTS[(i * 7) % AGENTS.length] ?? ''
  const rest = list[i % list.length] ?? []
  return [
    ['Host', 'shop.example'],
    ['User-Agent', agent],
    ...rest.map(([name, value]) => [name, value] as [string, string]),
  ]
}
