// Attacks in bodies, and what hostile values cost.
import assert from 'node:assert/strict'
import test from 'node:test'

import { type AttackClass, bodyTargets, inspect, inspectValue } from './index.ts'

const ALL: ReadonlySet<AttackClass> = new Set(['SQL_INJECTION', 'XSS', 'PATH_TRAVERSAL'])

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
    body: `{"a":{"b":["' OR 1=1--"]}}`,
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

test('in a Referer only markup counts', () => {
  const find = (value: string) => inspectValue({ variable: 'HEADERS:referer', value }, ALL)
  assert.equal(find('/search?q=%27%20OR%201=1--'), undefined)
  assert.equal(find('/search?q=%3Cscript%3E')?.attack, 'XSS')
  assert.equal(inspectValue({ variable: 'HEADERS:referer', value: '<script>' }, new Set()), undefined)
})

for (const { name, value } of [
  { name: 'words before UNION SELECT', value: `${'word '.repeat(2000)}union select password from users` },
  { name: '50,000 tokens before a stacked statement', value: `${'a b '.repeat(25_000)}; DROP TABLE users` },
  { name: 'blanks before javascript:', value: `<a href="${' '.repeat(5000)}javascript:alert(1)">x</a>` },
  { name: 'blanks in a markdown link', value: `[x](${' '.repeat(500)}javascript:alert(1))` },
  { name: 'blanks before the = of a handler', value: `" onfocus${' '.repeat(500)}=alert(1)` },
  { name: 'a comment after the = of a handler', value: `" onfocus=/*${'x'.repeat(500)}*/alert(1)` },
  { name: 'semicolons before a call', value: `'${';'.repeat(500)}alert(1)//` },
  { name: 'blanks in a template literal', value: `\${${' '.repeat(500)}alert(1)}` },
  { name: 'text after {{', value: `{{a}}${'x'.repeat(5000)}{{constructor.constructor('x')()}}` },
  { name: 'blanks before a file', value: `${' '.repeat(500)}/etc/passwd` },
  { name: 'blanks before a wrapper', value: `${' '.repeat(500)}php://filter` },
]) {
  test(`padding hides nothing: ${name}`, () => assert.ok(inspectValue({ variable: 'ARGS:x', value }, ALL)))
}

test('an attack in the last of many parts is found', () => {
  const part = (value: string): string =>
    `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n${value}\r\n`
  const body = `${part('ok').repeat(1500)}${part('<script>')}--x--\r\n`
  assert.equal(inspect(bodyTargets(Buffer.from(body), 'multipart/form-data; boundary=x'), ALL)?.attack, 'XSS')
})

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
    '](  ',
    'on ',
    'onload   ',
    "'; ",
    '${ ',
    'word 1 ',
    '<a href=  ',
    '"    ',
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
    // Sixteen times the text: linear is 16 times, quadratic 256. Measured again where the machine was busy with something else.
    const short = took(8192)
    let long = took(131_072)
    for (let again = 0; again < 5 && long >= Math.max(short, 2) * 100; again++)
      long = Math.min(long, took(131_072))
    assert.ok(
      long < Math.max(short, 2) * 100,
      `${JSON.stringify(fragment)}: 8 KB ${short.toFixed(1)} ms, 128 KB ${long.toFixed(1)} ms`,
    )
  }
})
