// The bodies in the Core Rule Set's regression tests: what its rules on FILES, MULTIPART_PART_HEADERS, ARGS and XML look at
// is there. The data is used when it lies beside the repository.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parse } from 'yaml'

import { absentData } from '../testing.ts'
import { bodyProcessor } from './body-kind.ts'
import { readJson } from './json.ts'
import { readMultipart } from './multipart.ts'
import type { BodyReading } from './reading.ts'
import { readXml } from './xml.ts'

const SUITES = '../../../../shared/conformance/coreruleset/tests/regression/tests'
const TESTS = join(import.meta.dirname, SUITES)
const skip = absentData(TESTS)

interface Input {
  readonly headers?: Readonly<Record<string, string>>
  readonly data?: string
  readonly encoded_request?: string
}

interface Suite {
  readonly rule_id: number
  readonly tests: readonly {
    readonly test_id: number
    readonly stages: readonly {
      readonly input: Input
      readonly output: { readonly log?: { readonly expect_ids?: unknown; readonly match_regex?: unknown } }
    }[]
  }[]
}

interface Sent {
  readonly id: string
  readonly type: string
  readonly body: string
  /** Whether the rule is expected to match. */
  readonly matches: boolean
  readonly reading: BodyReading
}

function* sent(rules: RegExp): Generator<Sent> {
  for (const path of readdirSync(TESTS, { recursive: true, encoding: 'utf8' })) {
    if (!rules.test(path)) continue
    const suite = parse(readFileSync(join(TESTS, path), 'utf8')) as Suite
    for (const { test_id, stages } of suite.tests) {
      for (const { input, output } of stages) {
        const { type, body } = requestOf(input)
        const reading = read(type, body)
        const matches = output.log?.expect_ids !== undefined || output.log?.match_regex !== undefined
        if (reading !== undefined) yield { id: `${suite.rule_id}-${test_id}`, type, body, matches, reading }
      }
    }
  }
}

function requestOf(input: Input): { readonly type: string; readonly body: string } {
  if (input.encoded_request !== undefined) {
    const raw = Buffer.from(input.encoded_request, 'base64').toString('latin1')
    const end = raw.indexOf('\r\n\r\n')
    return {
      type: /^content-type: *(.*?)\r?$/im.exec(raw.slice(0, end))?.[1] ?? '',
      body: raw.slice(end + 4),
    }
  }
  const headers = Object.entries(input.headers ?? {})
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const body = Buffer.from(input.data ?? '', 'utf8').toString('latin1')
  // A form is sent with CRLF, whatever the file has.
  return { type, body: type.startsWith('multipart/') ? body.replaceAll(/\r?\n/g, '\r\n') : body }
}

function read(type: string, body: string): BodyReading | undefined {
  const processor = bodyProcessor(type)
  if (processor === 'MULTIPART') return readMultipart(body, type)
  if (processor === 'JSON') return readJson(body)
  return processor === 'XML' ? readXml(body) : undefined
}

test('the Core Rule Set: file names and fields of files are listed as they stand', { skip }, () => {
  let files = 0
  for (const { id, body, reading } of sent(/(92012[01]|93311[01]|933220|932180|930110)\.yaml$/)) {
    const written = [...body.matchAll(/; name="([^"]*)"; filename="((?:[^"\\]|\\.)+)"/g)]
    assert.deepEqual(
      reading.files.map(({ field, name }) => [field, name]),
      written.map(([, field, name]) => [field, name?.replaceAll('\\"', '"')]),
      id,
    )
    files += written.length
  }
  assert.ok(files > 40, `${files} files`)
})

test('the Core Rule Set: part headers are listed, and odd ones are an error', { skip }, () => {
  let headers = 0
  for (const { id, body, reading, matches } of sent(/922\d+\.yaml$/)) {
    const lines = reading.partHeaders.map(([, line]) => line)
    for (const header of body.match(/^[^\r\n:]*content[^\r\n:]*:[^\r\n]*/gim) ?? []) {
      assert.ok(lines.includes(header), `${id}: ${header}`)
      headers++
    }
    if (id.startsWith('922130')) assert.equal(/invalid character/.test(reading.error ?? ''), matches, id)
    const isEncoded = lines.some((line) => /^content-transfer-encoding:/i.test(line))
    if (id.startsWith('922120')) assert.equal(isEncoded, matches, id)
    const charset = reading.args.find(([name]) => name === '_charset_')?.[1]
    if (id.startsWith('922100')) assert.equal(charset !== 'utf-8', matches, id)
  }
  assert.ok(headers > 80, `${headers} headers`)
})

test(
  'the Core Rule Set: keys, values, texts and attributes are seen, names of elements are not',
  { skip },
  () => {
    const counts = { seen: 0, unseen: 0 }
    for (const { id, type, body, reading, matches } of sent(/944(120|240|250)\.yaml$/)) {
      const word = /(?:ProcessBuilder|java|runtime)\.[.\w]+/.exec(body)?.[0]
      if (word === undefined || bodyProcessor(type) === 'MULTIPART') continue
      const { text = [], attributes = [] } = reading.xml ?? {}
      const isSeen = [...reading.args.flat(), ...text, ...attributes].some((value) => value.includes(word))
      assert.equal(isSeen, matches, id)
      counts[isSeen ? 'seen' : 'unseen']++
    }
    assert.ok(counts.seen > 20 && counts.unseen > 10, JSON.stringify(counts))
  },
)
