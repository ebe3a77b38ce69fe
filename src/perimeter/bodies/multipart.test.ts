import assert from 'node:assert/strict'
import test from 'node:test'

import { readMultipart } from './multipart.ts'
import { BODY_BOUNDS } from './reading.ts'

const TYPE = 'multipart/form-data; boundary=b'

/** A body of whole parts (headers and content) with CRLF everywhere. */
function form(...parts: readonly (readonly [headers: string, content: string])[]): string {
  return `${parts.map(([headers, content]) => `--b\r\n${headers}\r\n\r\n${content}\r\n`).join('')}--b--\r\n`
}

function field(disposition: string, content = 'v'): string {
  return form([`Content-Disposition: form-data; ${disposition}`, content])
}

interface Case {
  readonly name: string
  readonly body: string
  readonly type?: string
  readonly args?: readonly (readonly [string, string])[]
  /** field, name, bytes */
  readonly files?: readonly (readonly [string, string, number])[]
  readonly flags?: Readonly<Record<string, number>>
  readonly error?: RegExp
}

const V = [['a', 'v']] as const
const STRICT = { MULTIPART_STRICT_ERROR: 1 }
const plain = field('name="a"')

const CASES: readonly Case[] = [
  { name: 'a field', body: plain, args: V },
  { name: 'nothing at all', body: '' },
  {
    name: 'fields of one name in their order',
    body: form(
      ['Content-Disposition: form-data; name="a"', '1'],
      ['Content-Disposition: form-data; name="a"', '2'],
    ),
    args: [
      ['a', '1'],
      ['a', '2'],
    ],
  },
  {
    name: 'a value of several lines with a blank one and dashes',
    body: field('name="a"', 'x\r\n\r\n-y\r\n'),
    args: [['a', 'x\r\n\r\n-y\r\n']],
  },
  { name: 'an empty value', body: field('name="a"', ''), args: [['a', '']] },
  { name: 'header names and form-data in any case', body: plain.replace('Content-D', 'content-d'), args: V },
  { name: 'an unquoted name', body: field('name=a'), args: V },
  { name: 'a final boundary without a line end', body: plain.slice(0, -2), args: V },
  {
    name: 'a file',
    body: field('name="f"; filename="x.txt"', 'content'),
    files: [['f', 'x.txt', 7]],
  },
  { name: 'a file without a name is a field', body: field('name="a"; filename=""'), args: V },
  {
    name: 'backslashes in a file name stay, escaped quotes do not',
    body: field('name="f"; filename="C:\\x\\a\\"b\\\\.txt"', ''),
    files: [['f', 'C:\\x\\a"b\\.txt', 0]],
  },
  {
    name: 'a semicolon and an equals sign in quotes',
    body: field('name="f"; filename="a;b=c.txt"', ''),
    files: [['f', 'a;b=c.txt', 0]],
  },
  {
    name: 'two names, both seen',
    body: field('name="a"; name="b"'),
    args: [...V, ['b', '']],
    error: /duplicate name/,
    flags: STRICT,
  },
  {
    name: 'two file names, both seen',
    body: field('name="f"; filename="a.txt"; filename="b.php"', 'xy'),
    files: [
      ['f', 'a.txt', 2],
      ['f', 'b.php', 0],
    ],
    error: /duplicate filename/,
    flags: STRICT,
  },
  {
    name: 'an extended file name, decoded',
    body: field(`name="f"; filename="a.txt"; filename*=utf-8''b%2ephp`, 'xy'),
    files: [
      ['f', 'a.txt', 2],
      ['f', 'b.php', 0],
    ],
    error: /unknown parameter/,
    flags: STRICT,
  },
  {
    name: 'a parameter name in capitals',
    body: field('name="f"; FILENAME="b.php"', ''),
    files: [['f', 'b.php', 0]],
    error: /parameter name/,
    flags: STRICT,
  },
  {
    name: 'a quote that is not closed',
    body: field('name="f"; filename="b.php', ''),
    files: [['f', 'b.php', 0]],
    error: /\(quote\)/,
    flags: STRICT,
  },
  {
    name: 'data after a quoted value',
    body: field('name="f"; filename="a.txt"b.php', ''),
    files: [['f', 'a.txt"b.php', 0]],
    error: /after a quoted value/,
    flags: { ...STRICT, MULTIPART_INVALID_QUOTING: 1 },
  },
  {
    name: 'single quotes around a value',
    body: field("name='a'"),
    args: V,
    flags: { ...STRICT, MULTIPART_INVALID_QUOTING: 1 },
  },
  {
    name: 'a single quote inside a value',
    body: field('name="f"; filename="te\'st.txt"', ''),
    files: [['f', "te'st.txt", 0]],
    flags: { ...STRICT, MULTIPART_INVALID_QUOTING: 1 },
  },
  {
    name: 'a blank before a value',
    body: field('name= "a"'),
    args: V,
    error: /whitespace/,
    flags: STRICT,
  },
  {
    name: 'another disposition',
    body: plain.replace('form-data', 'attachment'),
    args: V,
    error: /\(type\)/,
    flags: STRICT,
  },
  {
    name: 'no name',
    body: form(['Content-Disposition: form-data', 'v']),
    args: [['', 'v']],
    error: /missing name/,
    flags: { ...STRICT, MULTIPART_INVALID_PART: 1 },
  },
  {
    name: 'no disposition',
    body: form(['Content-Type: text/plain', 'v']),
    args: [['', 'v']],
    error: /missing Content-Disposition/,
    flags: { ...STRICT, MULTIPART_INVALID_PART: 1 },
  },
  {
    name: 'no disposition, but not a form either',
    type: 'multipart/related; boundary=b',
    body: form(['Content-Type: text/plain', 'v']),
    args: [['', 'v']],
  },
  {
    name: 'no blank line after the headers',
    body: '--b\r\nContent-Disposition: form-data; name="a"\r\n--b--\r\n',
    args: [['a', '']],
    flags: { ...STRICT, MULTIPART_INVALID_PART: 1 },
  },
  {
    name: 'line feeds only',
    body: plain.replaceAll('\r', ''),
    args: V,
    flags: { ...STRICT, MULTIPART_LF_LINE: 1 },
  },
  {
    name: 'both line ends',
    body: plain.replace('--b\r\n', '--b\n'),
    args: V,
    flags: { ...STRICT, MULTIPART_LF_LINE: 1, MULTIPART_CRLF_LF_LINES: 1 },
  },
  {
    name: 'a folded header',
    body: plain.replace('; name', ';\r\n name'),
    args: V,
    flags: { ...STRICT, MULTIPART_HEADER_FOLDING: 1 },
  },
  {
    name: 'a header folded with a form feed',
    body: plain.replace('; name', ';\r\n\fname'),
    args: V,
    error: /invalid character/,
    flags: { ...STRICT, MULTIPART_HEADER_FOLDING: 1, MULTIPART_INVALID_HEADER_FOLDING: 1 },
  },
  {
    name: 'a folded first header',
    body: form([' Content-Disposition: form-data; name="a"', 'v']),
    args: V,
    error: /folding error/,
    flags: { ...STRICT, MULTIPART_HEADER_FOLDING: 1 },
  },
  {
    name: 'a header without a colon',
    body: form(['Content-Disposition: form-data; name="a"\r\nrubbish', 'v']),
    args: V,
    error: /colon missing/,
    flags: STRICT,
  },
  {
    name: 'a control character in a header name',
    body: form(['Content-Disposition: form-data; name="a"\r\nX\x0eY: z', 'v']),
    args: V,
    error: /Multipart: Invalid part header \(contains invalid character\)/,
    flags: STRICT,
  },
  {
    name: 'a blank before the colon',
    body: form(['Content-Disposition : form-data; name="a"', 'v']),
    args: V,
    error: /invalid character/,
    flags: STRICT,
  },
  {
    name: 'two dispositions, both seen',
    body: form([
      'Content-Disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="f"; filename="b.php"',
      'v',
    ]),
    args: [['f', '']],
    files: [['a', 'b.php', 1]],
    error: /Duplicate part header/,
    flags: STRICT,
  },
  {
    name: 'data before the first boundary',
    body: `<script>\r\n${plain}`,
    args: [...V, ['', '<script>\r\n']],
    flags: { ...STRICT, MULTIPART_DATA_BEFORE: 1 },
  },
  {
    name: 'data after the last boundary',
    body: `${plain}--b\r\nContent-Disposition: form-data; name="c"\r\n\r\nd`,
    args: [...V, ['', '--b\r\nContent-Disposition: form-data; name="c"\r\n\r\nd']],
    flags: { ...STRICT, MULTIPART_DATA_AFTER: 1 },
  },
  {
    name: 'the final boundary missing',
    body: plain.slice(0, -7),
    args: V,
    error: /Final boundary missing/,
    flags: STRICT,
  },
  {
    name: 'no boundary in the body',
    body: 'a=<script>',
    args: [['', 'a=<script>']],
    error: /No boundaries found/,
    flags: { ...STRICT, MULTIPART_DATA_BEFORE: 1 },
  },
  {
    name: 'a dashed line before a boundary',
    body: field('name="a"', '--x\r\n'),
    args: [['a', '--x\r\n']],
    flags: { MULTIPART_UNMATCHED_BOUNDARY: 2 },
  },
  {
    name: 'a dashed line after the last matching boundary',
    body: '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--c--\r\n',
    args: [['a', 'v\r\n--c--']],
    error: /Final boundary missing/,
    flags: { ...STRICT, MULTIPART_UNMATCHED_BOUNDARY: 1 },
  },
  {
    name: 'a boundary inside of a line',
    body: field('name="a"', 'x--b'),
    args: [['a', 'x--b']],
    flags: { MULTIPART_UNMATCHED_BOUNDARY: 2 },
  },
  {
    name: 'data behind a boundary',
    body: plain.replace('--b\r\n', '--b<script>\r\n'),
    args: [['', '<script>'], ...V],
    error: /Invalid boundary \(data after it\)/,
    flags: STRICT,
  },
  {
    name: 'blanks before a boundary',
    body: field('name="a"', 'x\r\n-- b'),
    args: [['a', 'x\r\n-- b']],
    error: /Invalid boundary \(whitespace\)/,
    flags: { ...STRICT, MULTIPART_UNMATCHED_BOUNDARY: 2 },
  },
]

for (const { name, body, type = TYPE, args = [], files = [], flags = {}, error } of CASES) {
  test(`multipart: ${name}`, () => {
    const found = readMultipart(body, type)
    assert.deepEqual(found.args, args)
    assert.deepEqual(
      found.files.map((file) => [file.field, file.name, file.bytes]),
      files,
    )
    assert.deepEqual(Object.fromEntries(found.flags), flags)
    if (error === undefined) assert.equal(found.error, undefined)
    else assert.match(found.error ?? '', error)
    assert.equal(found.truncated, undefined)
  })
}

test('multipart: every header line is listed under the name of its part', () => {
  const body = form(
    ['Content-Disposition: form-data; name="_charset_"', 'utf-7'],
    [
      'content-TYPE: text/plain;\r\n charset=utf-7\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: 8bit',
      'v',
    ],
    ['\x0eContent-Disposition: form-data; name="f"; filename="1.php"', 'v'],
  )
  assert.deepEqual(readMultipart(body, TYPE).partHeaders, [
    ['_charset_', 'Content-Disposition: form-data; name="_charset_"'],
    ['a', 'content-TYPE: text/plain; charset=utf-7'],
    ['a', 'Content-Disposition: form-data; name="a"'],
    ['a', 'Content-Transfer-Encoding: 8bit'],
    ['f', '\x0eContent-Disposition: form-data; name="f"; filename="1.php"'],
  ])
})

test('multipart: the content of a file is there as it was sent', () => {
  const content = '\x00\xff\r\n--\r\n\r\n<?php'
  assert.equal(readMultipart(field('name="f"; filename="a"', content), TYPE).files[0]?.content, content)
})

const two = form(
  ['Content-Disposition: form-data; name="f"; filename="1"', 'x'],
  ['Content-Disposition: form-data; name="f"; filename="2"', 'y'],
)

for (const { name, bounds, body, truncated } of [
  { name: 'parts', bounds: { maxParts: 1 }, body: two, truncated: 'more than 1 parts' },
  {
    name: 'arguments',
    bounds: { maxArguments: 1 },
    body: form(
      ['Content-Disposition: form-data; name="a"', 'x'],
      ['Content-Disposition: form-data; name="b"', 'y'],
    ),
    truncated: 'more than 1 arguments',
  },
  {
    name: 'header bytes',
    bounds: { maxPartHeaderBytes: 20 },
    body: two,
    truncated: 'part headers of more than 20 bytes',
  },
]) {
  test(`multipart: the bound on ${name} stops the reading and says so`, () => {
    assert.equal(readMultipart(body, TYPE, { ...BODY_BOUNDS, ...bounds }).truncated, truncated)
  })
}

test('multipart: too many files raise their flag and are all listed', () => {
  const found = readMultipart(two, TYPE, { ...BODY_BOUNDS, maxFiles: 1 })
  assert.equal(found.files.length, 2)
  assert.deepEqual(Object.fromEntries(found.flags), { MULTIPART_FILE_LIMIT_EXCEEDED: 1, ...STRICT })
})
