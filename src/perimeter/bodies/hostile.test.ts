// What no body may do: make a reader throw, invent characters that are no bytes, or take more than linear time.
import assert from 'node:assert/strict'
import test from 'node:test'

import { readJson } from './json.ts'
import { readMultipart } from './multipart.ts'
import { BODY_BOUNDS, type BodyBounds, type BodyReading } from './reading.ts'
import { damage, pick, randomNumbers } from './testing.ts'
import { readUrlEncoded } from './url-encoded.ts'
import { readXml } from './xml.ts'

const BODIES = 10_000
const LARGE = 128 * 1024
const MAX_MS = 100

const FORM =
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--b\r\nContent-Disposition: form-data; name="f"; ' +
  `filename="x\\"y.txt"; filename*=utf-8''z%41\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\n\xff\0\r\n--x\r\n--b--\r\n`

const READERS: readonly {
  readonly name: string
  readonly read: (body: string, bounds?: BodyBounds) => BodyReading
  readonly seeds: readonly string[]
}[] = [
  {
    name: 'form',
    read: readUrlEncoded,
    seeds: ['a=1&b=%3Cscript%3E+x&&c', '%41%=%zz&a[]=1&a[]=2;x'],
  },
  {
    name: 'multipart',
    read: (body, bounds) => readMultipart(body, 'multipart/form-data; boundary=b', bounds),
    seeds: [FORM, FORM.replaceAll('\r', ''), `x\r\n${FORM}y`],
  },
  {
    name: 'JSON',
    read: readJson,
    seeds: [
      '{"a":[1,-2.5e3,true,null,{"b\\u003c":"\\ud83d\\ude00\\n"}],"c":{},"":""}',
      '[[["x"]],"\xc3\xa9",{"k":[]}]',
    ],
  },
  {
    name: 'XML',
    read: readXml,
    seeds: [
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a b="1" c=\'&lt;\'>t<!-- c --><![CDATA[d]]>&#x20AC;<e/></a>',
      '\xff\xfe<\0a\0>\0x\0<\0/\0a\0>\0',
    ],
  },
]

for (const { name, read, seeds } of READERS) {
  test(`${BODIES} damaged ${name} bodies: nothing is thrown, and all that comes out is bytes`, () => {
    const random = randomNumbers(3)
    let found = 0
    for (let n = 0; n < BODIES; n++) {
      const bounds = random(4) === 0 ? narrow(random(6)) : BODY_BOUNDS
      const reading = read(damage(random, pick(random, seeds)), bounds)
      for (const text of textsOf(reading)) {
        found++
        assert.match(text, /^[\0-\xff]*$/)
      }
      assert.ok(reading.args.length <= bounds.maxArguments)
      assert.ok(reading.files.length <= bounds.maxArguments)
    }
    assert.ok(found > BODIES, `${found} texts`)
  })

  test(`a whole ${name} body is read the same again`, () => {
    for (const seed of seeds) assert.deepEqual(read(seed), read(seed))
  })
}

function narrow(most: number): BodyBounds {
  return {
    ...BODY_BOUNDS,
    maxArguments: most,
    maxNameBytes: most * 8,
    maxJsonDepth: most,
    maxXmlDepth: most,
    maxXmlValues: most,
    maxParts: most,
    maxPartHeaderBytes: most * 20,
    maxFiles: most,
  }
}

function textsOf(reading: BodyReading): readonly string[] {
  return [
    ...reading.args.flat(),
    ...reading.partHeaders.flat(),
    ...reading.files.flatMap((file) => [file.field, file.name, file.content]),
    ...(reading.xml?.text ?? []),
    ...(reading.xml?.attributes ?? []),
    reading.error ?? '',
  ]
}

const HEAD = '--b\r\nContent-Disposition: form-data; '
const DEEP = '<a>'.repeat(60)
// prettier-ignore
const UNITS = [
  '{', '[', '"', '<', '&', '%', '+', '=', '\\', '\r', '\n', ' ', "'", '-', ';', '\0', '\xff', ':', ',',
  '--b\r\n', '--b', '-- b\n', '--"b\n', '\r\n--', 'a:\r\n', ' \r\n', '&#', '&a', '&amp;', '<!--', '<![CDATA[', '<?',
  '<!DOCTYPE a [', '<!DOCTYPE a []>', '<a ', '<a b="', '</a', '<a/>', '{"a":', '[1,', '"a":1,', '\\u', '\\ud83d', '\\"',
  'a&', '%4', 'b="1" ', 'b=1;', 'name="a";',
]
// prettier-ignore
const BEFORE = [
  '', '{"', '[', '["', '<a>', '<a b="', '<a ', '<!DOCTYPE a [', '<a><![CDATA[', DEEP, '<a><!--',
  `${HEAD}name="`, `${HEAD}name="a"\r\n\r\n`, `${HEAD}name="a"\r\n`, `${HEAD}name="a"; `, '--b\r\n',
]

test(`no body of ${LARGE} bytes takes longer than ${MAX_MS} ms`, () => {
  let slowest = { ms: 0, what: '' }
  for (const { name, read } of READERS) {
    for (const before of BEFORE) {
      for (const unit of UNITS) {
        const body = Buffer.from(before + unit.repeat(Math.ceil(LARGE / unit.length)), 'latin1').toString(
          'latin1',
        )
        const start = performance.now()
        read(body)
        const ms = performance.now() - start
        if (ms > slowest.ms) slowest = { ms, what: `${name}: ${JSON.stringify(before + unit)}` }
      }
    }
  }
  assert.ok(slowest.ms < MAX_MS, `${slowest.what} took ${slowest.ms} ms`)
})
