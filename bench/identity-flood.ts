import { admit } from '../src/identity/index.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { loadConfig, openKept, type Ringwall, ringwall } from '../src/index.ts'

const SIGN_IN = 'https://shop.test/.well-known/ringwall/sign-in'
const PASSWORD = 'Correct-horse-7'
const OWNERS = 20

/** What a flood of sign-ins did. Times in milliseconds. */
export interface Flood {
  readonly capacity_per_second: number
  readonly offered_per_second: number
  readonly refused: number
  readonly refused_p50_ms: number
  readonly refused_p99_ms: number
  readonly session_check_idle_p50_ms: number
  readonly session_check_idle_p99_ms: number
  readonly session_check_flood_p50_ms: number
  readonly session_check_flood_p99_ms: number
  readonly session_check_idle_cpu_us: number
  /** Of the main thread, which answers everybody, for each request during the flood. */
  readonly flood_main_thread_cpu_us: number
  readonly known_devices_tried: number
  readonly known_devices_in: number
  readonly rss_idle_mib: number
  readonly rss_flood_mib: number
}

/**
 * Sign-ins of strangers at 50 times what the hashing thread can do, with the real hash, while signed-in people go on and owners sign in
 * from devices that they used before.
 */
export async function measureFlood(quick: boolean): Promise<Flood> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-flood-'))
  const config = loadConfig(`store: { directory: ${directory} }
listen: { operator: off }
routes: [{ path: /private, sign_in: required }]
security:
  rate_limiting: { login: { requests: 10000000 } }
  perimeter: { rules: { RATE_LIMIT: { limit: 100000000 } } }`)
  const kept = await openKept(config)
  const identity = kept.identity('site')
  const passwordHash = (await kept.hasher.hash(PASSWORD)) ?? ''
  const owners: string[] = []
  let session = ''
  for (let i = 0; i < OWNERS; i++) {
    const account = await identity.accounts.create(`owner${i}@shop.test`, '', ['customer'], { passwordHash })
    const claim = { way: 'password', realm: 'site', sessionVersion: undefined } as const
    const admission = admit(account, claim, Date.now())
    if (!admission.ok) throw new Error('a new account may not act')
    const proof = { assurance: 1, methods: ['pwd'], atMs: Date.now() } as const
    const from = { ip: '192.0.2.1', userAgent: '' }
    const signedIn = await identity.completeSignIn(admission.admitted, from, proof)
    if (!signedIn.ok) throw new Error('a sealed account was not to be made')
    owners.push(signedIn.deviceToken)
    session = signedIn.token
  }
  const startedAt = performance.now()
  for (let i = 0; i < 8; i++) await kept.hasher.verifyNothing('x')
  const capacity = 9000 / (performance.now() - startedAt)
  await kept.close()
  const gate = await ringwall(config)
  try {
    return await flood(gate, { capacity, session, owners, seconds: quick ? 3 : 10 })
  } finally {
    await gate.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function flood(
  gate: Ringwall,
  {
    capacity,
    session,
    owners,
    seconds,
  }: { capacity: number; session: string; owners: string[]; seconds: number },
): Promise<Flood> {
  const app = (): Response => new Response('ok')
  const check = async (times: number[]): Promise<void> => {
    const at = performance.now()
    const answer = await gate.fetch(
      new Request('https://shop.test/private', { headers: { Cookie: `__Host-ringwall=${session}` } }),
      { app, peer: '127.0.0.1' },
    )
    await answer.text()
    if (answer.status !== 200) throw new Error(`a session check was answered ${answer.status}`)
    times.push(performance.now() - at)
  }
  const every = async (perSecond: number, act: (index: number) => Promise<void>): Promise<void> => {
    const startedAt = performance.now()
    const open: Promise<void>[] = []
    for (let index = 0; performance.now() - startedAt < seconds * 1000; index++) {
      open.push(act(index))
      const aheadMs = ((index + 1) * 1000) / perSecond - (performance.now() - startedAt)
      if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs))
      else if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(open)
  }
  const idle: number[] = []
  for (let i = 0; i < 200; i++) await check([])
  const cpu = process.cpuUsage()
  await every(100, () => check(idle))
  const spent = process.cpuUsage(cpu)
  const rssIdle = process.memoryUsage.rss()

  const [busy, refused, during] = [[] as number[], [] as number[], [] as number[]]
  let [knownTried, knownIn, rssFlood] = [0, 0, rssIdle]
  const signIn = async (email: string, password: string, peer: string, cookie: string): Promise<number> => {
    const at = performance.now()
    const answer = await gate.fetch(
      new Request(SIGN_IN, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Origin: 'https://shop.test',
          ...(cookie && { Cookie: cookie }),
        },
        body: JSON.stringify({ email, password }),
      }),
      { peer },
    )
    await answer.text()
    if (answer.status === 503) busy.push(performance.now() - at)
    else if (answer.status === 401) refused.push(performance.now() - at)
    return answer.status
  }
  const offered = capacity * 50
  const before = process.threadCpuUsage()
  await Promise.all([
    every(offered, async (index) => {
      const peer = `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`
      await signIn(`stranger${index}@shop.test`, 'Wrong-password-1', peer, '')
      rssFlood = Math.max(rssFlood, process.memoryUsage.rss())
    }),
    every(100, () => check(during)),
    // Owners together ask for a fifth of what the thread can do.
    every(Math.max(1, capacity / 5), async (index) => {
      const owner = index % OWNERS
      knownTried++
      const cookie = `__Host-ringwall-device=${owners[owner] ?? ''}`
      if ((await signIn(`owner${owner}@shop.test`, PASSWORD, '192.0.2.1', cookie)) === 200) knownIn++
    }),
  ])
  const own = process.threadCpuUsage(before)
  const round = (value: number): number => Math.round(value * 100) / 100
  const at = (some: readonly number[], share: number): number => {
    const sorted = some.toSorted((a, b) => a - b)
    return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  }
  const mib = (bytes: number): number => Math.round(bytes / 1024 ** 2)
  return {
    capacity_per_second: round(capacity),
    offered_per_second: round((busy.length + refused.length) / seconds),
    refused: busy.length,
    refused_p50_ms: at(busy, 0.5),
    refused_p99_ms: at(busy, 0.99),
    session_check_idle_p50_ms: at(idle, 0.5),
    session_check_idle_p99_ms: at(idle, 0.99),
    session_check_flood_p50_ms: at(during, 0.5),
    session_check_flood_p99_ms: at(during, 0.99),
    session_check_idle_cpu_us: round((spent.user + spent.system) / idle.length),
    flood_main_thread_cpu_us: round(
      (own.user + own.system) / (busy.length + refused.length + during.length + knownTried),
    ),
    known_devices_tried: knownTried,
    known_devices_in: knownIn,
    rss_idle_mib: mib(rssIdle),
    rss_flood_mib: mib(rssFlood),
  }
}
