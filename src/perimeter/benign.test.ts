// Ordinary values that look like attacks to whoever looks too hastily. None may be refused.
import assert from 'node:assert/strict'
import test from 'node:test'

import { HeaderList } from '../core/headers.ts'
import { type AttackClass, bodyTargets, headTargets, inspect, inspectValue } from './index.ts'

const ALL: ReadonlySet<AttackClass> = new Set(['SQL_INJECTION', 'XSS', 'PATH_TRAVERSAL'])

const VALUES = [
  // names and prose with apostrophes and quotes
  "O'Brien",
  "D'Angelo & Sons",
  "L'Oréal",
  "rock 'n' roll",
  "it's 5 o'clock or later",
  "the dogs' or cats' food",
  "Guns N' Roses",
  "'hello' or 'world'",
  '"dry" or "wet"',
  'she said "yes" and left',
  "don't, won't, can't",
  "the '90s and the '80s",
  "y'all come back now",
  "Hawai'i",
  "'twas the night before",
  "he's 6' tall",
  '5" pipe or 6" pipe',
  "a 5' - 6' person",
  "Finnegan's Wake; a novel",
  "'quoted'",
  'He asked: "why not?"',
  "McDonald's and Wendy's",
  "Jean-Luc d'Arc",
  "the boy's, the girl's",
  'the 7" single and the 12" mix',
  // SQL words in prose
  'please select a gift from the union square store',
  'union select committee',
  'Western Union: select your country',
  'drop the table off at noon',
  'drop table tennis',
  'insert coin into slot',
  'update my settings and set the alarm',
  'delete the file or keep it',
  'order by phone, group by colour',
  'where do I go from here',
  'select all that apply',
  'select one or more',
  'create table reservations',
  'having a great time',
  'the case when nobody was there',
  'I want to join and leave on Monday',
  'like a rolling stone',
  'between 5 and 10 items',
  'exec summary',
  'top 10 from the charts',
  'limit 5 per customer',
  'and/or',
  'this or that',
  '1 or 2',
  '1 and 2',
  '2 or more items',
  '3 and a half',
  'not in my backyard',
  'is null hypothesis testing hard?',
  'grant proposal; revoke access later',
  'begin; then commit to it',
  'values and norms',
  'cast iron',
  'convert pdf into word',
  'truncate long titles',
  'select name from the list',
  'select * as favourite',
  'How do I write SELECT in SQL?',
  'SQL: the union of two sets',
  'information schema design course',
  'sleep well, benchmark later',
  'time.sleep(5) in Python',
  'users table, orders table',
  'version 2 or version 3',
  'alter ego',
  'declare victory; go home',
  // numbers, formulas, comparisons
  '1 = 1 metre?',
  'a = b',
  'x=1;y=2',
  'price<100',
  '3 < 5 and 7 > 2',
  'if a<b and b<c',
  '2+2=4',
  '10 - 4',
  '50% off',
  '100%',
  '5*3',
  '#1 in town',
  'C#',
  'C++',
  'item #7 -- second edition',
  'a -- b',
  '--help',
  '-- John',
  '/* note */',
  '// comment',
  'e=mc^2',
  '1/2',
  '24/7',
  '2026-11-24',
  '10:30-12:00',
  '+49 30 123456',
  'x > 5 or y > 3',
  '(a or b) and c',
  'f(x) = x*2',
  'round(3.14)',
  'max(1, 2)',
  'count(*)',
  '@username',
  '@@',
  'name@example.com',
  '100 >= 99',
  // HTML, markdown, code that does nothing
  '<b>bold</b> and <i>italic</i>',
  '<p>Hello<br>World</p>',
  '<a href="https://example.com/x?a=b">link</a>',
  '<img src="https://example.com/a.png" alt="a">',
  '<ul><li>one</li></ul>',
  'I <3 you',
  '<3',
  'a < b > c',
  '<- see left',
  '<!-- note -->',
  '<tag>',
  'List<String> names',
  'vector<int> v',
  'Map<String, List<Integer>>',
  'x <onto> y',
  '<blockquote>said</blockquote>',
  '# Title\n\n- one\n- two\n\n```js\nconst a = 1\n```',
  '**bold** _italic_ `code`',
  '[link](https://example.com)',
  '![alt](/a.png)',
  '> quoted',
  '1. first\n2. second',
  'function add(a, b) { return a + b }',
  'const x = y || z',
  'for (let i = 0; i < 10; i++) {}',
  'if (a && b) { run() }',
  'console.log("hello")',
  'print("hello")',
  'SELECT is a keyword',
  'javascript: the good parts',
  'JavaScript mug',
  'online=1',
  'one=1',
  'once = twice',
  'onward = forward',
  'the onload event',
  'an onclick handler',
  'alert the media',
  'document the window',
  'use document.querySelector to find it',
  '{{ name }}',
  '${price}',
  '#{value}',
  'style: expression of joy',
  'data:image/png;base64,iVBORw0KGgo=',
  'eval is evil',
  'import duties',
  'self (noun)',
  // paths and addresses
  'https://example.com/a/b?c=d&e=f#g',
  'http://localhost:3000/',
  'see ../docs for more',
  'and so on...',
  'wait... what?',
  '...',
  'a..b',
  'v1..v2',
  'C:\\Users\\ann\\file.txt',
  'src/index.ts',
  './run.sh',
  '/usr/bin/env',
  'edit /etc/hosts to test',
  'mailto:a@b.c',
  'ftp is old',
  'file: report.pdf',
  'the file:// scheme',
  'docs/v2/../',
  'example.com/path',
  '\\\\server\\share',
  'www.example.com',
  // machine formats
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  'dGhpcyBpcyBiYXNlNjQ=',
  '{"a":"b","c":[1,2,{"d":null}]}',
  '["x","y"]',
  'a=1&b=2',
  'key:value;other:thing',
  '550e8400-e29b-41d4-a716-446655440000',
  '0x1F600',
  '1,234.56',
  '$1,000',
  '€5',
  'SGVsbG8gV29ybGQ+/w==',
  '2026-11-24T09:00:00Z',
  '192.0.2.1',
  '[2001:db8::1]',
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'W/"abc123"',
  'max-age=3600; includeSubDomains',
  'GA1.2.123.456',
  'color:#fff; margin:0 auto',
  // other languages
  'Grüße aus Köln',
  'Straße oder Weg',
  'été à la plage',
  "l'été d'or",
  '你好，世界',
  'こんにちは',
  'مرحبا بالعالم',
  'שלום',
  'Привет, мир',
  '🧱🚪🔥',
  'naïve café',
  'Ærøskøbing',
  'ñandú',
]

for (const value of VALUES.filter((value) => value !== 'docs/v2/../')) {
  test(`passes: ${JSON.stringify(value)}`, () => {
    for (const form of [value, Buffer.from(value, 'utf8').toString('latin1'), encodeURIComponent(value)]) {
      assert.equal(inspectValue({ variable: 'ARGS:x', value: form }, ALL), undefined)
    }
  })
}

test('there are enough of them', () => assert.ok(VALUES.length >= 200, String(VALUES.length)))

test('a real request of a browser has nothing to hide', () => {
  const headers = new HeaderList([
    'Host',
    'shop.test',
    'User-Agent',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    'Accept',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
    'Referer',
    "https://shop.test/search?q=O'Brien%20or%20rock",
    'Cookie',
    'theme=dark; cart={"items":[{"id":7,"n":2}]}; _ga=GA1.2.1.2; note=it%27s%20fine',
    'If-None-Match',
    'W/"x-1"',
    'Sec-CH-UA',
    '"Chromium";v="156", "Not A(Brand";v="24"',
    'X-Custom',
    'a=b; c="d, e"',
  ])
  assert.equal(
    inspect(
      headTargets('/search?q=rock%20%27n%27%20roll&page=2&sort=price+asc&tags[]=a&tags[]=b', headers),
      ALL,
    ),
    undefined,
  )
})

for (const { name, type, body } of [
  {
    name: 'a form',
    type: 'application/x-www-form-urlencoded',
    body: 'name=Niall+O%27Brien&text=It%27s+5+o%27clock+or+later%3B+select+one',
  },
  {
    name: 'JSON',
    type: 'application/json',
    body: JSON.stringify({
      title: "It's",
      html: '<p>ok</p>',
      nested: { list: ['a', 1, null, { deep: 'drop me a line; or call' }] },
    }),
  },
  {
    name: 'an upload',
    type: 'multipart/form-data; boundary=xyz',
    body: '--xyz\r\nContent-Disposition: form-data; name="title"\r\n\r\nIt\'s a wall\r\n--xyz\r\nContent-Disposition: form-data; name="file"; filename="plan v2.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7 <script>\' OR 1=1--\r\n--xyz--\r\n',
  },
  {
    name: 'XML',
    type: 'application/xml',
    body: '<?xml version="1.0"?><order><item id="7">It\'s</item></order>',
  },
]) {
  test(`passes: ${name}`, () => assert.equal(inspect(bodyTargets(Buffer.from(body), type), ALL), undefined))
}

for (const { name, type, body, variable } of [
  {
    name: 'a form value',
    type: 'application/x-www-form-urlencoded',
    body: 'a=1&q=%27+OR+%271%27%3D%271',
    variable: 'ARGS:q',
  },
  {
    name: 'a form name',
    type: 'application/x-www-form-urlencoded',
    body: '%27+OR+1%3D1--=x',
    variable: 'ARGS_NAMES',
  },
  {
    name: 'a deep JSON value',
    type: 'application/json',
    body: '{"a":{"b":["' + "' OR 1=1--" + '"]}}',
    variable: 'JSON:b',
  },
  { name: 'a JSON key', type: 'application/json', body: '{"<script>":1}', variable: 'JSON_NAMES' },
  {
    name: 'the first of a repeated JSON key',
    type: 'application/json',
    body: '{"q":"<script>","q":"ok"}',
    variable: 'JSON:q',
  },
  { name: 'damaged JSON', type: 'application/json', body: '{"q":"<script>', variable: 'JSON:q' },
  {
    name: 'escaped JSON',
    type: 'application/vnd.api+json',
    body: '{"q":"\\u003cscript\\u003e"}',
    variable: 'JSON:q',
  },
  {
    name: 'a multipart field',
    type: 'multipart/form-data; boundary=xyz',
    body: '--xyz\r\nContent-Disposition: form-data; name="q"\r\n\r\n<script>\r\n--xyz--',
    variable: 'ARGS:q',
  },
  {
    name: 'a file name',
    type: 'multipart/form-data; boundary=xyz',
    body: '--xyz\r\nContent-Disposition: form-data; name="f"; filename="../../x.sh"\r\n\r\nhi\r\n--xyz--',
    variable: 'FILES:f',
  },
  { name: 'a body without a type', type: undefined, body: '<script>alert(1)</script>', variable: 'BODY' },
]) {
  test(`in the body: an attack in ${name} is found`, () => {
    assert.equal(inspect(bodyTargets(Buffer.from(body), type), ALL)?.variable, variable)
  })
}

test('hostile values of 128 KB cost linear time', () => {
  const fragments = [
    "'",
    '"',
    '`',
    '<',
    '<a ',
    '<a b=',
    '<a b="',
    'on',
    'onload =',
    '(',
    ')',
    '/*',
    '/*!',
    '#',
    '-- ',
    ';',
    'union ',
    'select ',
    "' or ",
    '1 or ',
    '%25',
    '&#',
    '&lt',
    '\\u',
    '../',
    '..',
    '{{',
    '](',
    '$ {',
    'a=b&',
    '\n',
    '@',
    'mysql.',
    'java',
    '\\',
  ]
  for (const fragment of fragments) {
    const took = (size: number): number => {
      const value = fragment.repeat(Math.ceil(size / fragment.length))
      const startedAt = performance.now()
      inspectValue({ variable: 'ARGS:x', value }, ALL)
      inspect(bodyTargets(Buffer.from(value), 'application/json'), ALL)
      inspect(bodyTargets(Buffer.from(value), 'application/x-www-form-urlencoded'), ALL)
      return performance.now() - startedAt
    }
    took(4096)
    const [short, long] = [took(8192), took(131_072)]
    // Sixteen times the text: linear is 16 times, quadratic 256.
    assert.ok(
      long < Math.max(short, 2) * 100,
      `${JSON.stringify(fragment)}: 8 KB ${short.toFixed(1)} ms, 128 KB ${long.toFixed(1)} ms`,
    )
  }
})
