// slowhttptest in its three modes: no connection is held past the time that is configured, while an ordinary client is served.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { SERVER_BOUNDS } from '../src/server.ts'
import type { Deviation, SuiteResult } from './suite.ts'
import { runProgram } from './tls/program.ts'
import { openRig } from './tls/rig.ts'

const CONNECTIONS = 150
const SAMPLE_MS = 500
/** Between the moment that a connection is too old and the moment that it is looked at, on a busy machine. */
const SLACK_MS = 4000
const BODY_TIMEOUT_MS = 5000
const PROBE_MS = 5000
/** A page that fills the buffers of both kernels many times, so that a slow reader is one. */
const PAGE_BYTES = 8 * 1024 * 1024

const MODES = [
  {
    id: 'slow headers (-H)',
    args: ['-H', '-i', '3', '-t', 'GET'],
    path: '/',
    seconds: 45,
    heldMs: SERVER_BOUNDS.headTimeoutMs,
  },
  {
    id: 'slow body (-B)',
    args: ['-B', '-i', '10', '-s', '8192', '-x', '10'],
    path: '/',
    seconds: 45,
    heldMs: BODY_TIMEOUT_MS,
  },
  {
    id: 'slow read (-X)',
    args: ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3'],
    path: '/large',
    seconds: 90,
    heldMs: SERVER_BOUNDS.stallMs,
  },
] as const

/** Attacks from one address, as these tools do, and asks from another, whose connections have a count of their own. */
export async function run(): Promise<SuiteResult> {
  const page = Buffer.alloc(PAGE_BYTES, 'x')
  const application = http.createServer((req, res) => {
    req.resume()
    res.end(req.url === '/large' ? page : 'hello')
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const { port } = application.address() as AddressInfo
  const rig = await openRig(
    {
      security: {
        gateway: { body_timeout: `${BODY_TIMEOUT_MS}ms` },
        edge: { require_https: 'never' },
        perimeter: { rules: { RATE_LIMIT: { limit: 1_000_000 } } },
      },
    },
    // More than the attacker may open: slow readers must not take up all connections to the application.
    { url: `http://127.0.0.1:${port}`, max_connections: 512 },
  )
  const failed: string[] = []
  const notRun: Deviation[] = []
  let passed = 0
  try {
    for (const mode of MODES) {
      const watched = watch(rig.httpPort)
      const url = `http://127.0.0.1:${rig.httpPort}${mode.path}`
      const size = ['-c', String(CONNECTIONS), '-r', '100', '-l', String(mode.seconds), '-p', '3']
      const result = await runProgram('slowhttptest', [...mode.args, ...size, '-u', url], {
        timeoutMs: (mode.seconds + 60) * 1000,
      })
      const { longestMs, seen, unanswered, probes } = await watched.stop()
      if (!result) {
        notRun.push({ id: mode.id, why: 'slowhttptest is not installed; apt-get install slowhttptest' })
        continue
      }
      console.error(
        `${mode.id}: ${seen} connections, the longest held ${(longestMs / 1000).toFixed(1)} s of ${mode.heldMs / 1000} s; ${probes - unanswered} of ${probes} ordinary requests answered`,
      )
      const isShort = seen >= CONNECTIONS / 2 && longestMs <= mode.heldMs + SLACK_MS
      for (const [what, ok] of [
        [`held ${longestMs} ms`, isShort],
        [`${unanswered} of ${probes} ordinary requests unanswered`, probes > 5 && unanswered === 0],
      ] as const) {
        if (ok) passed++
        else failed.push(`${mode.id}: ${what}`)
      }
    }
  } finally {
    await rig.close()
    application.closeAllConnections()
    application.close()
  }
  return { total: passed + failed.length + notRun.length, passed, failed, notRun, known: [] }
}

/** Looks at the open connections from the attacker's address, and asks as an ordinary client would. */
function watch(port: number): {
  stop(): Promise<{ longestMs: number; seen: number; unanswered: number; probes: number }>
} {
  const since = new Map<string, number>()
  const seen = new Set<string>()
  let longestMs = 0
  let probes = 0
  let unanswered = 0
  const asking = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const now = performance.now()
    const open = openConnections(port)
    for (const key of since.keys()) if (!open.has(key)) since.delete(key)
    for (const key of open) {
      seen.add(key)
      since.set(key, since.get(key) ?? now)
      longestMs = Math.max(longestMs, now - (since.get(key) ?? now))
    }
    probes++
    const probe = ask(port).then((ok) => {
      if (!ok) unanswered++
      asking.delete(probe)
    })
    asking.add(probe)
  }, SAMPLE_MS)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(asking)
      return { longestMs, seen: seen.size, unanswered, probes }
    },
  }
}

function ask(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const req = http.get(
      { host: '127.0.0.1', port, localAddress: '127.0.0.2', agent: false, timeout: PROBE_MS },
      (res) => {
        res.resume()
        res.on('end', () => resolve(res.statusCode === 200))
      },
    )
    req.on('timeout', () => req.destroy())
    req.on('error', () => resolve(false))
  })
}

const ESTABLISHED = '01'
const LOOPBACK = '0100007F'

/** Connections of the attacker to this port that are established on the server's side, by the attacker's port. */
function openConnections(port: number): Set<string> {
  const local = `${LOOPBACK}:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const found = new Set<string>()
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, here, there = '', state] = line.trim().split(/\s+/)
    if (here === local && state === ESTABLISHED && there.startsWith(LOOPBACK)) found.add(there)
  }
  return found
}
