import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { systemRandom } from '../../src/core/clock.ts'
import { livePostgresPool, postgresDriver } from '../../src/data/index.ts'
import { leasePostgresRoles } from '../../src/data/secrets/roles/testing.ts'
import { openConfig, openKept } from '../../src/index.ts'
import { type LoadFigures, underLoad } from './load.ts'
import { type Measure, rotatedSecret, rotations } from './rotated.ts'

const PASSWORD = 'Correct-horse-7'
const BIN = join(import.meta.dirname, '..', '..', 'bin', 'ringwall.js')
const SIGN_IN = '/.well-known/ringwall/sign-in'

/**
 * A gateway whose accounts, sessions and log are in PostgreSQL, in front of an application with a pool of its own. Every request carries a
 * session, which is looked up, and is written to the log. First the password of the gateway's store is rotated, then the application's.
 */
export async function gatewayScene(measure: Measure): Promise<LoadFigures | undefined> {
  const [own, app] = [await leasePostgresRoles(2), await leasePostgresRoles(2)]
  if (!own || !app) return undefined
  const driverOf = ({ admin, roles }: typeof own) => postgresDriver({ admin, roles, random: systemRandom })
  const store = await rotatedSecret(own.url.reveal(), driverOf(own))
  const secret = await rotatedSecret(app.url.reveal(), driverOf(app))
  const pool = await livePostgresPool(secret.live, { max: 10, maxUses: 20 })
  const application = http.createServer((_request, response) => {
    pool.query('SELECT session_user AS name').then(
      ({ rows }) => response.end(String(rows[0]?.['name'])),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const { port } = application.address() as AddressInfo
  const file = join(store.directory, 'security_config.yaml')
  const text = `
store: { directory: ${store.directory}, postgres: "file:${store.file}" }
listen: { http: "127.0.0.1:0", https: off, operator: off }
upstreams: { app: "http://127.0.0.1:${port}" }
routes: [{ path: "/**", sign_in: required, rate_limit: off }]
security: { perimeter: { rules: { RATE_LIMIT: { limit: 100000000 } }, connections: { per_client: 10000 } } }
`
  writeFileSync(file, text)
  const gate = startGateway(file)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  try {
    const url = await gate.url
    const kept = await openKept(await openConfig(text))
    const account = await kept.accounts('site').create('ann@shop.test', '', ['customer'])
    await kept.accounts('site').setPassword(account, PASSWORD)
    await kept.close()
    const signedIn = await fetch(`${url}${SIGN_IN}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ann@shop.test', password: PASSWORD }),
    })
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return await underLoad(
      measure.perSecond,
      () => ask(`${url}/orders`, agent, cookie),
      async () => {
        await rotations(store, measure)
        await rotations(secret, measure)
      },
    )
  } finally {
    agent.destroy()
    await gate.stop()
    await pool.end()
    application.close().closeAllConnections()
    for (const one of [store, secret]) one.close()
    for (const one of [own, app]) await one.release()
  }
}

/** `ringwall up` as a process of its own. */
function startGateway(file: string): { readonly url: Promise<string>; stop(): Promise<void> } {
  const child: ChildProcess = spawn(process.execPath, [BIN, 'up', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const url = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => {
      said += data.toString()
      const found = /site +(http:\/\/\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()))
    child.on('exit', () => reject(new Error(`the gateway ended: ${said}`)))
  })
  return {
    url,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

function ask(url: string, agent: http.Agent, cookie: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent, headers: { cookie } }, (response) => {
        let text = ''
        response.on('data', (data: Buffer) => (text += data.toString()))
        response.on('end', () => {
          if (response.statusCode === 200) resolve()
          else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`))
        })
        response.on('error', reject)
      })
      .on('error', reject)
  })
}
