// Finds real servers for tests, or says so: never a silent skip.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { Client } from 'pg'

import { Secret } from '../core/secret.ts'

/** A server that a test may use, and how to give it back. */
export interface Lease {
  readonly url: Secret
  release(): Promise<void>
}

/** What is missing is a failure where everything is required (in CI), else a skip that says how to get it. */
export function notHere(context: TestContext, what: string, install: string): void {
  const message = `${what} is not here; \`${install}\` installs it`
  if (process.env['RINGWALL_REQUIRE'] === 'all') throw new Error(message)
  context.diagnostic(`NOT RUN: ${message}`)
  context.skip(message)
}

/** A database of its own on the running PostgreSQL, dropped afterwards; undefined where there is no server. */
export async function leasePostgres(): Promise<Lease | undefined> {
  const admin = process.env['RINGWALL_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const client = new Client({ connectionString: admin, connectionTimeoutMillis: 20_000 })
  try {
    await client.connect()
  } catch {
    return undefined
  }
  const name = `ringwall_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  await client.query(`CREATE DATABASE ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return {
    url: new Secret(url.href),
    async release() {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await client.end()
    },
  }
}

/** A private Redis on a free port, which a test may also stop. Undefined where there is no binary. */
export async function startRedis(
  port?: number,
): Promise<(Lease & { readonly port: number; stop(): Promise<void>; pause(): void }) | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined
  const chosen = port ?? (await freePort())
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-redis-'))
  const args = [
    '--port',
    String(chosen),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    directory,
  ]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  for (let i = 0; !(await answers(chosen)); i++) {
    if (i > 100) throw new Error('the private redis-server did not answer within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    url: new Secret(`redis://127.0.0.1:${chosen}`),
    port: chosen,
    stop,
    pause: () => void child.kill('SIGSTOP'),
    async release() {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
