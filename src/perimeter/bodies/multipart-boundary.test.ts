// What a Content-Type may say about the boundary, and what follows for the body.
import assert from 'node:assert/strict'
import test from 'node:test'

import { readMultipart } from './multipart.ts'

interface Case {
  readonly name: string
  readonly type: string
  readonly body: string
  readonly args: readonly (readonly [string, string])[]
  readonly flags?: Readonly<Record<string, number>>
  readonly error?: RegExp
}

const V = [['a', 'v']] as const
const STRICT = { MULTIPART_STRICT_ERROR: 1 }
const plain = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--b--\r\n'

const CASES: readonly Case[] = [
  {
    name: 'a quoted boundary',
    type: 'multipart/form-data; boundary="b"',
    body: plain,
    args: V,
    flags: { ...STRICT, MULTIPART_BOUNDARY_QUOTED: 1 },
  },
  {
    name: 'blanks around the equals sign',
    type: 'multipart/form-data; boundary =b',
    body: plain,
    args: V,
    flags: { ...STRICT, MULTIPART_BOUNDARY_WHITESPACE: 1 },
  },
  {
    name: 'no semicolon before the boundary',
    type: 'multipart/form-data boundary=b',
    body: plain,
    args: V,
    flags: { ...STRICT, MULTIPART_MISSING_SEMICOLON: 1 },
  },
  {
    name: 'other parameters around the boundary',
    type: 'Multipart/Form-Data; charset=utf-8; boundary=b; x=y',
    body: plain,
    args: V,
  },
  {
    name: 'a boundary of every allowed character',
    type: "multipart/form-data; boundary=gc0p4J-._/:=?('+q),x y",
    body: plain.replaceAll('--b', "--gc0p4J-._/:=?('+q),x y"),
    args: V,
  },
  {
    name: 'two boundaries',
    type: 'multipart/form-data; boundary=b; boundary=c',
    body: plain,
    args: V,
    error: /Multiple boundary/,
    flags: STRICT,
  },
  {
    name: 'a boundary parameter in capitals',
    type: 'multipart/form-data; Boundary=b',
    body: plain,
    args: V,
    error: /case sensitivity/,
    flags: STRICT,
  },
  {
    name: 'an extended boundary parameter',
    type: "multipart/form-data; boundary*=''b",
    body: plain,
    args: [['', plain]],
    error: /parameter name/,
    flags: { ...STRICT, MULTIPART_DATA_BEFORE: 1, MULTIPART_UNMATCHED_BOUNDARY: 1 },
  },
  {
    name: 'half a quote',
    type: 'multipart/form-data; boundary=b"',
    body: plain,
    args: [['', plain]],
    error: /\(quote\)/,
    flags: { ...STRICT, MULTIPART_DATA_BEFORE: 1, MULTIPART_UNMATCHED_BOUNDARY: 1 },
  },
  {
    name: 'an empty boundary',
    type: 'multipart/form-data; boundary=',
    body: plain,
    args: [['', plain]],
    error: /\(empty\)/,
    flags: STRICT,
  },
  {
    name: 'no boundary parameter',
    type: 'multipart/form-data',
    body: plain,
    args: [['', plain]],
    error: /Boundary not found/,
    flags: STRICT,
  },
  {
    name: 'a boundary of 71 characters',
    type: `multipart/form-data; boundary=${'b'.repeat(71)}`,
    body: plain.replaceAll('--b', `--${'b'.repeat(71)}`),
    args: V,
    error: /\(length\)/,
    flags: STRICT,
  },
  {
    name: 'a boundary that names a boundary',
    type: 'multipart/form-data; boundary=boundary=b',
    body: plain.replaceAll('--b', '--boundary=b'),
    args: V,
    error: /\(content\)/,
    flags: STRICT,
  },
]

for (const { name, body, type, args, flags = {}, error } of CASES) {
  test(`the boundary in the Content-Type: ${name}`, () => {
    const found = readMultipart(body, type)
    assert.deepEqual(found.args, args)
    assert.deepEqual(Object.fromEntries(found.flags), flags)
    if (error === undefined) assert.equal(found.error, undefined)
    else assert.match(found.error ?? '', error)
  })
}
