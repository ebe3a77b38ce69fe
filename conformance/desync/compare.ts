import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { queryAudit } from '../../src/audit/index.ts'
import { completeConfig, openKept, ringwall } from '../../src/index.ts'
import { configFor } from '../http1/rig.ts'
import type { Backend, Counted } from './backends.ts'
import type { Ambiguous } from './grammar.ts'

const AT_ONCE = 24
const QUIET_MS = 60
const SILENT_MS = 400

/** How often the front passed a path on: at least, and at most. */
type Passed = Map<string, { least: number; most: number }>

/** What came of a run. */
export interface Comparison {
  /** Numbers of messages that the server counted otherwise than the front. */
  readonly desyncs: readonly number[]
  /** The first of them, in words. */
  readonly lines: readonly string[]
  /** Requests that reached the server. */
  readonly reached: number
}

/** Sends all messages through Ringwall to this server, and compares what both counted. */
export async function throughRingwall(backend: Backend, messages: readonly Ambiguous[]): Promise<Comparison> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-desync-'))
  try {
    const config = completeConfig(
      configFor(`http://127.0.0.1:${backend.port}`, directory, { http: '127.0.0.1:0' }),
    )
    const gateway = await ringwall(config)
    try {
      const { http } = await gateway.listen()
      await sendAll(Number(new URL(http as string).port), messages)
    } finally {
      await gateway.close()
    }
    return compare(await passedBy(config), await backend.stop())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The same for any front that says itself what it passed on. */
export async function throughFront(
  front: { readonly port: number; stop(): Promise<readonly Counted[]> },
  backend: Backend,
  messages: readonly Ambiguous[],
): Promise<Comparison> {
  await sendAll(front.port, messages)
  const passed: Passed = new Map()
  for (const { path } of await front.stop()) {
    const known = passed.get(path) ?? { least: 0, most: 0 }
    passed.set(path, { least: 0, most: known.most + 1 })
  }
  return compare(passed, await backend.stop())
}

/** What the audit log says: what passed was counted once; what broke off on the way may have been. */
async function passedBy(config: ReturnType<typeof completeConfig>): Promise<Passed> {
  const kept = await openKept(config)
  const passed: Passed = new Map()
  try {
    for (let afterSeq = 0; ;) {
      const events = await queryAudit(kept.store.database, { afterSeq, limit: 1000 })
      if (events.length === 0) return passed
      for (const event of events) {
        afterSeq = event.seq
        if (event.kind !== 'exchange' || event.path === null) continue
        const wentOn = event.trace?.some(({ moment }) => moment === 'upstream') === true
        if (!wentOn) continue
        const known = passed.get(event.path) ?? { least: 0, most: 0 }
        const isSure = event.verdict === 'pass'
        passed.set(event.path, { least: known.least + (isSure ? 1 : 0), most: known.most + 1 })
      }
    }
  } finally {
    await kept.close()
  }
}

function compare(passed: Passed, counted: readonly Counted[]): Comparison {
  const desyncs = new Set<number>()
  const lines: string[] = []
  const seen = new Map<string, number>()
  for (const { path } of counted) seen.set(path, (seen.get(path) ?? 0) + 1)
  const say = (path: string, line: string): void => {
    desyncs.add(Number(/\d+/.exec(path)?.[0] ?? -1))
    if (lines.length < 20) lines.push(line)
  }
  for (const [path, times] of seen) {
    const most = passed.get(path)?.most ?? 0
    if (times > most)
      say(path, `the server counted ${JSON.stringify(path)} ${times} times, ${most} were passed on`)
  }
  for (const [path, { least }] of passed) {
    const times = seen.get(path) ?? 0
    if (times < least)
      say(path, `the server counted ${JSON.stringify(path)} ${times} times, ${least} were passed on`)
  }
  return { desyncs: [...desyncs], lines, reached: counted.length }
}

async function sendAll(port: number, messages: readonly Ambiguous[]): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let message = messages[next++]; message; message = messages[next++]) await send(port, message.bytes)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** One connection, one message; it ends when nothing more comes for a moment after an answer, or nothing at all. */
function send(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let timer = setTimeout(() => socket.destroy(), SILENT_MS * 5)
    const wait = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => socket.destroy(), ms)
    }
    socket.on('connect', () => {
      socket.write(bytes, 'latin1')
      wait(SILENT_MS)
    })
    socket.on('data', () => wait(QUIET_MS))
    socket.on('end', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
