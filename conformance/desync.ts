// Ambiguous messages through Ringwall to real servers: neither may count other requests than the other. A careless proxy in front
// of the same servers shows that the messages can tell.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { BACKENDS, directoryFor, startNode } from './desync/backends.ts'
import { throughFront, throughRingwall } from './desync/compare.ts'
import { ambiguousMessages } from './desync/grammar.ts'
import { startLenientProxy } from './desync/lenient-proxy.ts'
import type { Deviation, SuiteResult } from './suite.ts'

const MESSAGES = 2000
const SEED = 20_260_101
/** Fewer desyncs of the control would say that the messages are tame. */
const CONTROL_DESYNCS = 40

/** Runs so many messages against these servers, all by default. Each message and server is a case; the control is one more. */
export async function run(
  _dataDir = '',
  count = MESSAGES,
  names: readonly string[] = Object.keys(BACKENDS),
): Promise<SuiteResult> {
  const messages = ambiguousMessages(SEED, count)
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-desync-servers-'))
  const failed: string[] = []
  const notRun: Deviation[] = []
  let passed = 0
  try {
    for (const name of names) {
      const backend = await BACKENDS[name]?.(directoryFor(directory, name))
      if (!backend) {
        notRun.push(
          ...messages.map(({ index }) => ({ id: `${name} ${index}`, why: `${name} is not installed` })),
        )
        continue
      }
      const { desyncs, lines, reached } = await throughRingwall(backend, messages)
      for (const line of lines) console.error(`${name}: ${line}`)
      console.error(
        `${name}: ${desyncs.length} of ${count} messages counted differently; ${reached} requests reached it`,
      )
      failed.push(...desyncs.map((index) => `${name} ${index}`))
      passed += count - desyncs.length
    }
    const behind = await startNode({ insecureHTTPParser: true })
    const control = await throughFront(await startLenientProxy(behind.port), behind, messages)
    console.error(
      `control: ${control.desyncs.length} of ${count} messages counted differently behind a careless proxy`,
    )
    if (control.desyncs.length >= (CONTROL_DESYNCS * count) / MESSAGES) passed++
    else failed.push('the control')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return { total: passed + failed.length + notRun.length, passed, failed, notRun, known: [] }
}
