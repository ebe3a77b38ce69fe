// Whether the time of an answer tells who has an account: at least 5,000 interleaved samples of each class on each entry point, Welch's
// t between classes below 4.5, and the same status, fields and length. The password hash is made cheap, so that what differs beside
// it is not drowned by it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { loadConfig, openKept, type Ringwall, ringwall } from '../src/index.ts'
import type { SuiteResult } from './suite.ts'
import { shapeOf, welch } from './timing/statistics.ts'

const SAMPLES = Number(process.env['RINGWALL_TIMING_SAMPLES'] ?? 5000)
const ACCOUNTS = 2000
const COST = { memoryKib: 64, passes: 1 }
const LIMIT = 4.5
const PAGE = 'https://shop.test/.well-known/ringwall'

interface Entry {
  readonly name: string
  readonly path: string
  /** The status of every answer. */
  readonly status: number
  /** Who is asked about. Each class is compared with the first. */
  readonly classes: Readonly<Record<string, (sample: number) => Readonly<Record<string, string>>>>
}

const known = (sample: number): string => `known${sample % ACCOUNTS}@shop.test`
const stranger = (sample: number): string => `nobody${sample % ACCOUNTS}@shop.test`
const signIn = (email: string): Readonly<Record<string, string>> => ({ email, password: 'Wrong-password-1' })

const ENTRIES: readonly Entry[] = [
  {
    name: 'sign-in',
    path: '/sign-in',
    status: 401,
    classes: {
      'no account': (sample) => signIn(stranger(sample)),
      'wrong password': (sample) => signIn(known(sample)),
      'locked account': (sample) => signIn(`locked${sample % ACCOUNTS}@shop.test`),
      'no password': (sample) => signIn(`mailonly${sample % ACCOUNTS}@shop.test`),
    },
  },
  {
    name: 'registration',
    path: '/register',
    status: 200,
    classes: {
      'no account': (sample) => ({ email: stranger(sample), name: 'Somebody' }),
      'an account': (sample) => ({ email: known(sample), name: 'Somebody' }),
    },
  },
  {
    name: 'reset',
    path: '/forgot',
    status: 200,
    classes: {
      'no account': (sample) => ({ email: stranger(sample) }),
      'an account': (sample) => ({ email: known(sample) }),
      'locked account': (sample) => ({ email: `locked${sample % ACCOUNTS}@shop.test` }),
    },
  },
]

export const cases = ENTRIES.reduce((sum, { classes }) => sum + Object.keys(classes).length - 1, 0)

export async function run(): Promise<SuiteResult> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-timing-'))
  const config = loadConfig(`store: { directory: ${directory} }
listen: { operator: off }
security:
  rate_limiting: { login: { requests: 1000000 }, password_reset: { requests: 1000000 } }
  authentication: { registration: { mode: open }, lockout: { max_attempts: 100, max_attempts_anywhere: 1000, delay: false } }`)
  await fill(directory)
  console.error(pin() ? 'one CPU for the main thread' : 'no CPU of its own: taskset is not here')
  const gate = await ringwall(config, { dangerousHashCost: COST })
  const failed: string[] = []
  try {
    for (const entry of ENTRIES) failed.push(...(await judge(gate, entry)))
  } finally {
    await gate.close()
    rmSync(directory, { recursive: true, force: true })
  }
  return { total: cases, passed: cases - failed.length, failed, notRun: [], known: [] }
}

/** Accounts of each kind. */
async function fill(directory: string): Promise<void> {
  const kept = await openKept(loadConfig(`store: { directory: ${directory} }`), { hashCost: COST })
  const { accounts } = kept.identity('site')
  const passwordHash = (await kept.hasher.hash('Correct-horse-7')) ?? ''
  for (let i = 0; i < ACCOUNTS; i++) {
    await accounts.create(`known${i}@shop.test`, '', ['customer'], { passwordHash })
    await accounts.create(`locked${i}@shop.test`, '', ['customer'], { passwordHash, disabled: true })
    await accounts.create(`mailonly${i}@shop.test`, '', ['customer'])
  }
  await kept.close()
}

/** Pins the main thread to one CPU, where the platform lets us. */
function pin(): boolean {
  try {
    execFileSync('taskset', ['-cp', '0', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Measures one entry point: in each round every class once, in an order that chance makes. */
async function judge(gate: Ringwall, { name, path, status, classes }: Entry): Promise<readonly string[]> {
  const names = Object.keys(classes)
  const times = new Map(names.map((one) => [one, [] as number[]]))
  const shapes = new Map(names.map((one) => [one, new Set<string>()]))
  const warmUp = Math.ceil(SAMPLES / 20)
  for (let round = 0; round < SAMPLES + warmUp; round++) {
    for (const one of shuffled(names)) {
      const body = JSON.stringify(classes[one]?.(round))
      const request = new Request(PAGE + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      })
      // Each sample from a network of its own, so that counts are the same for all.
      const peer = `2001:db8:${(round >> 8).toString(16)}:${((round & 255) * 16 + names.indexOf(one)).toString(16)}::1`
      const startedAt = performance.now()
      const answer = await gate.fetch(request, { peer })
      const text = await answer.text()
      const tookMs = performance.now() - startedAt
      if (answer.status !== status) throw new Error(`${name}: ${answer.status} ${text}`)
      if (round < warmUp) continue
      times.get(one)?.push(tookMs)
      shapes.get(one)?.add(shapeOf(answer.status, answer.headers, text))
    }
  }
  const [first = '', ...others] = names
  return others.flatMap((other) => {
    const [a, b] = [times.get(first) ?? [], times.get(other) ?? []]
    const { t, cropped, medianA, medianB } = welch(a, b)
    const isAlike = [...(shapes.get(first) ?? [])].join('|') === [...(shapes.get(other) ?? [])].join('|')
    console.error(
      `${name}: ${first} against ${other}: n ${a.length} and ${b.length}, median ${medianA.toFixed(3)} and ${medianB.toFixed(3)} ms, t ${t.toFixed(2)}, of the faster nine tenths ${cropped.toFixed(2)}, ${isAlike ? 'same answer' : 'ANOTHER ANSWER'}`,
    )
    const isGood = isAlike && Math.abs(t) < LIMIT && Math.abs(cropped) < LIMIT
    return isGood ? [] : [`${name}: ${other}`]
  })
}

function shuffled(names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ name }) => name)
}
