// Both detectors: against the Core Rule Set's own cases, and how long they take.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { parse } from 'yaml'

import { absentData } from '../testing.ts'
import { detectSqli } from './sqli.ts'
import { detectXss } from './xss.ts'

const DATA =
  process.env['RINGWALL_CONFORMANCE'] ?? join(import.meta.dirname, '../../../../shared/conformance')
const CASES = join(DATA, 'coreruleset/tests/regression/tests')

interface Stage {
  readonly input: {
    readonly uri: string
    readonly data?: string
    readonly headers: Readonly<Record<string, string>>
  }
  readonly output: { readonly log: { readonly expect_ids?: readonly number[] } }
}

function stagesOf(file: string): readonly { readonly id: string; readonly stage: Stage }[] {
  const { tests } = parse(readFileSync(join(CASES, file), 'utf8')) as {
    tests: { test_id: number; stages: Stage[] }[]
  }
  return tests.flatMap(({ test_id, stages }) => stages.map((stage) => ({ id: `${file} ${test_id}`, stage })))
}

/** `%41`, `%u0041` and `+`, leaving what is not an escape as it stands. */
function urlDecoded(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%u([\da-f]{4})|%([\da-f]{2})/gi, (_, wide: string | undefined, byte: string | undefined) =>
      String.fromCharCode(Number.parseInt(wide ?? byte ?? '', 16) & 0xff),
    )
}

function htmlDecoded(text: string): string {
  const named: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>' }
  return text.replace(/&(?:#x([\da-f]+)|(quot|amp|lt|gt));/gi, (_, code: string | undefined, name: string) =>
    code === undefined ? (named[name] ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

/** `\"` and its like. */
function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

/** Names and values, decoded as the form's reader and then as the rule does. */
function textsOf(form: string): readonly string[] {
  return form.split('&').flatMap((pair) => splitOnce(pair, '=').map((text) => urlDecoded(urlDecoded(text))))
}

/** The values that the rules 942100, 941100 (all but the path) and 942101, 941101 (the path) hand to the operator, decoded. */
function targetsOf({ input }: Stage, isPath: boolean, header: string): readonly string[] {
  const [path = '', query = ''] = splitOnce(input.uri, '?')
  const named = input.headers[header] ?? ''
  if (isPath) return [urlDecoded(path), urlDecoded(path.slice(path.lastIndexOf('/') + 1)), urlDecoded(named)]
  const data = input.data ?? ''
  const attributes = data.startsWith('<?xml') ? data.split('"').map(htmlDecoded) : textsOf(data)
  return [...textsOf(query), ...attributes, urlDecoded(named)]
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

for (const { file, id, header, detect } of [
  { file: 'REQUEST-942-APPLICATION-ATTACK-SQLI/942100.yaml', id: 942100, header: '', detect: detectSqli },
  { file: 'REQUEST-942-APPLICATION-ATTACK-SQLI/942101.yaml', id: 942101, header: '', detect: detectSqli },
  {
    file: 'REQUEST-941-APPLICATION-ATTACK-XSS/941100.yaml',
    id: 941100,
    header: 'User-Agent',
    detect: detectXss,
  },
  {
    file: 'REQUEST-941-APPLICATION-ATTACK-XSS/941101.yaml',
    id: 941101,
    header: 'Referer',
    detect: detectXss,
  },
] as const) {
  test(`decides the Core Rule Set's cases of rule ${id} as it expects`, { skip: absentData(CASES) }, () => {
    const stages = stagesOf(file)
    assert.ok(stages.length > 0)
    for (const { id: name, stage } of stages) {
      const found = targetsOf(stage, id % 10 === 1, header).some((value) =>
        detect === detectXss ? detectXss(unescaped(value)) : detectSqli(value) !== undefined,
      )
      assert.equal(found, stage.output.log.expect_ids?.includes(id) ?? false, name)
    }
  })
}

const UNITS = [
  ...`'"\`()<>[]{}/\\#$@;:,.=-%&|!?~*^\0 `,
  ...'/* */ /**/ /*! -- <a <a/x= <a/x=" <!-- <!x> <? </ </x 0x 0b 1e 1.e( .5e('.split(' '),
  ...`x' q'( u&' $a$ a. a\` \\' '' \`\` || :: &#0 1, ) <!--\` <title><!-- in( /*/*`.split(' '),
  ...' or | and 1|union select |not |in |left |a |a=b |<a |<a x="|--\n|#\n'.split('|'),
]
const LENGTH = 128 * 1024
const MAX_MILLISECONDS = 100

for (const [name, detect] of [
  ['SQL injection', detectSqli],
  ['scripting', detectXss],
] as const) {
  test(`looks for ${name} in 128 KB of any hostile unit within ${MAX_MILLISECONDS} ms`, () => {
    for (const unit of UNITS) {
      for (const prefix of ['', '1', "'", '"', '<a href="']) {
        const value = prefix + unit.repeat(Math.ceil(LENGTH / unit.length))
        // The fastest: the machine may be busy with something else, or the function not yet compiled.
        let took = Infinity
        for (let again = 0; again < 5 && took >= MAX_MILLISECONDS; again++)
          took = Math.min(
            took,
            millisecondsOf(() => detect(value)),
          )
        assert.ok(took < MAX_MILLISECONDS, `${JSON.stringify(prefix + unit)}: ${took} ms`)
      }
    }
  })

  test(`never throws while looking for ${name} in random bytes`, () => {
    const alphabet = `'"\`<>/*-#=()[]{};:,.&|!@$%\\ \0\n0x1eE union select or and not in like if scriptonsvg\u00a0\u00ff`
    let seed = 1
    for (let round = 0; round < 5000; round++) {
      let value = ''
      for (let i = 0; i < 24; i++) {
        seed = (seed * 1103515245 + 12345) % 2147483648
        value += alphabet[Math.floor(seed / 65536) % alphabet.length] as string
      }
      assert.doesNotThrow(() => detect(value), value)
    }
  })
}

function millisecondsOf(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}
