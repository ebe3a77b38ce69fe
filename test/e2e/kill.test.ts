// kill -9 under load: what was refused or signed in, and answered, is in the audit log; ordinary passes miss at most a second.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { loadConfig, openKept } from '../../src/index.ts'

const ROUNDS = 3
const WINDOW_MS = 1000
/** Between the moment when an answer is on its way and when this test notes it, and for one commit. */
const GRACE_MS = 500

interface Answer {
  readonly id: string
  readonly atMs: number
  readonly isDurable: boolean
}

/** Starts the gateway as a user does and reads from its welcome where it listens. */
async function startGateway(file: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../bin/ringwall.js'), 'up', '--config', file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    const url = /site +(http:\S+)/.exec(text)?.[1]
    if (url !== undefined) return { child, url }
  }
  throw new Error(`the gateway ended: ${text}`)
}

/** Sends one request and notes the answer; false once the gateway is gone. */
function ask(agent: http.Agent, url: string, kind: number, answers: Answer[]): Promise<boolean> {
  const isSignIn = kind === 2
  const path =
    kind === 0 ? '/products' : kind === 1 ? '/search?q=%27%20OR%201=1--' : '/.well-known/ringwall/sign-in'
  const body = isSignIn ? JSON.stringify({ email: 'ann@shop.test', password: 'Correct-horse-7' }) : undefined
  return new Promise((resolve) => {
    const req = http.request(
      url + path,
      { agent, method: isSignIn ? 'POST' : 'GET', headers: { 'Content-Type': 'application/json' } },
      (res) => {
        answers.push({ id: String(res.headers['ringwall-id']), atMs: Date.now(), isDurable: kind !== 0 })
        res.resume()
        res.on('end', () => resolve(true))
        res.on('error', () => resolve(false))
      },
    )
    req.on('error', () => resolve(false))
    req.end(body)
  })
}

test(
  `after kill -9 under load, ${ROUNDS} times, nothing that counts is missing from the audit log`,
  { timeout: 120_000 },
  async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'ringwall-kill-'))
    const application = http.createServer((_req, res) => res.end('ok'))
    application.listen(0, '127.0.0.1')
    await once(application, 'listening')
    const file = join(directory, 'security_config.yaml')
    writeFileSync(
      file,
      `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${join(directory, 'state')} }
upstreams: { application: "http://127.0.0.1:${(application.address() as AddressInfo).port}" }
security:
  perimeter: { rules: { RATE_LIMIT: { limit: 100000000 } } }
  rate_limiting: { login: { requests: 1000000 } }
`,
    )
    const config = loadConfig(`store: { directory: ${join(directory, 'state')} }`)
    const before = await openKept(config)
    const account = await before.accounts('site').create('ann@shop.test', '', ['customer'])
    assert.deepEqual(await before.accounts('site').setPassword(account, 'Correct-horse-7'), { ok: true })
    await before.close()

    for (let round = 0; round < ROUNDS; round++) {
      const { child, url } = await startGateway(file)
      const answers: Answer[] = []
      const agent = new http.Agent({ keepAlive: true })
      const clients = Array.from({ length: 16 }, async (_, i) => {
        // Fourteen in sixteen pass or are refused, two sign in.
        for (let n = 0; await ask(agent, url, i < 2 ? 2 : (n + i) % 4 === 0 ? 1 : 0, answers); n++);
      })
      await new Promise((resolve) => setTimeout(resolve, 2500 + round * 337))
      const killedMs = Date.now()
      child.kill('SIGKILL')
      await Promise.all(clients)
      agent.destroy()

      const kept = await openKept(config)
      const inLog = new Set(
        (await kept.store.database.kysely.selectFrom('audit_events').select('id').execute()).map(
          (row) => row.id,
        ),
      )
      const signIns = await kept.store.database.kysely
        .selectFrom('audit_events')
        .select('id')
        .where('kind', '=', 'identity.signed-in')
        .execute()
      await kept.close()
      const missing = answers.filter((answer) => !inLog.has(answer.id))
      const durable = answers.filter((answer) => answer.isDurable)
      context.diagnostic(
        `round ${round + 1}: ${answers.length} answered, ${durable.length} of them refusals and sign-ins; ${missing.length} passes of the last second missing`,
      )
      assert.ok(answers.length > 500 && durable.length > 50 && signIns.length > 5, 'there was load')
      assert.deepEqual(
        missing.filter((answer) => answer.isDurable),
        [],
        'refusals and sign-ins that were answered',
      )
      assert.deepEqual(
        missing.filter((answer) => answer.atMs < killedMs - WINDOW_MS - GRACE_MS),
        [],
        'passes older than the window',
      )
    }
    const { child, url } = await startGateway(file)
    assert.equal((await fetch(`${url}/products`)).status, 200, 'and it starts again')
    child.kill('SIGTERM')
    await once(child, 'exit')
    application.closeAllConnections()
    application.close()
    rmSync(directory, { recursive: true, force: true })
  },
)
