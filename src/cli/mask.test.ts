import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'

const PROGRAM = join(import.meta.dirname, '../../bin/ringwall.js')

interface Outcome {
  readonly out: string
  readonly err: string
  readonly code: number | null
}

/** Runs `ringwall mask` with a text at its standard input. */
async function mask(args: readonly string[], input: string): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, 'mask', ...args], { stdio: 'pipe' })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out += piece))
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (err += piece))
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { out, err, code }
}

const LINE = '{"n":12345678901234567890,"sessionId":"s-1","msg":"mail ann@example.com"}\n'

interface Case {
  readonly name: string
  readonly args?: readonly string[]
  readonly input?: string
  readonly code?: number
  readonly out?: string
  readonly err?: RegExp
}

const LINES: readonly Case[] = [
  {
    name: 'text goes through masked',
    input: 'mail ann@example.com\npassword=x',
    out: 'mail a*n@example.com\npassword=***',
  },
  {
    name: 'names count in lines of JSON',
    args: ['--json'],
    input: `${LINE}not {JSON} pin=1\n`,
    out: `${LINE.replace('s-1', '***').replace('ann', 'a*n')}not {JSON} pin=***\n`,
  },
  {
    name: 'only some kinds, with their last letters',
    args: ['--kinds', 'card, contact', '--keep-last', '4'],
    input: '4111 1111 1111 1111 ann@example.com password=x',
    out: '**** **** **** 1111 ***@******e.com password=x',
  },
  { name: 'nothing gives nothing' },
  {
    name: 'a kind that is none is told',
    args: ['--kinds', 'cards'],
    code: 2,
    err: /no kind or group is called `cards`; did you mean `card`\?/,
  },
  {
    name: 'a count that is none is told',
    args: ['--keep-last', 'x'],
    code: 2,
    err: /`x` is not a number of characters/,
  },
]

test('ringwall mask masks what goes through it, and says what is wrong with its flags', async (t) => {
  const outcomes = await Promise.all(LINES.map(({ args = [], input = '' }) => mask(args, input)))
  for (const [i, { name, code = 0, out = '', err = /^$/ }] of LINES.entries()) {
    await t.test(name, () => {
      const outcome = outcomes[i] as Outcome
      assert.equal(outcome.out, out, outcome.err)
      assert.match(outcome.err, err)
      assert.equal(outcome.code, code)
    })
  }
})

test('ringwall mask --list prints every kind with its group', async () => {
  const { out, code } = await mask(['--list'], '')
  assert.equal(code, 0)
  assert.match(out, /^card +financial +payment card/m)
})
