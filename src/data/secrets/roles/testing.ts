// Real databases that check passwords, with roles that take turns, for tests of rotation.
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'

import { Secret } from '../../../core/secret.ts'
import { freePort } from '../../../store/testing.ts'
import { leaseMysql } from '../../testing.ts'

/** Roles with passwords on a real database, and what administers them. */
export interface TestRoles {
  readonly admin: Secret
  readonly roles: readonly string[]
  /** The credential of the first role. */
  readonly url: Secret
  run(sql: string): Promise<void>
  release(): Promise<void>
}

let leases = 0
let starting: Promise<Secret | undefined> | undefined

/** Roles that own a database together, on a PostgreSQL of our own that checks passwords; undefined where there is no server to start. */
export async function leasePostgresRoles(count: 1 | 2): Promise<TestRoles | undefined> {
  starting ??= startPostgres()
  const admin = await starting
  if (!admin) return undefined
  const mark = `rw${++leases}`
  const roles = Array.from({ length: count }, (_, i) => `${mark}_${'ab'[i]}`)
  const client = new Client({ connectionString: admin.reveal() }).on('error', () => undefined)
  await client.connect()
  await client.query(`CREATE ROLE ${mark} NOLOGIN`)
  await client.query(`CREATE DATABASE ${mark} OWNER ${mark}`)
  for (const [i, role] of roles.entries()) {
    const login = i === 0 ? "LOGIN PASSWORD 'first-password'" : 'NOLOGIN'
    await client.query(`CREATE ROLE ${role} ${login} IN ROLE ${mark}`)
    // What either of them makes belongs to both.
    await client.query(`ALTER ROLE ${role} SET role = ${mark}`)
  }
  const url = new URL(admin.reveal())
  Object.assign(url, { username: roles[0], password: 'first-password', pathname: `/${mark}` })
  return {
    admin,
    roles,
    url: new Secret(url.href),
    run: async (sql) => void (await client.query(sql)),
    async release() {
      await client.query(`DROP DATABASE IF EXISTS ${mark} WITH (FORCE)`)
      await client.end()
    },
  }
}

/** Two users of MariaDB with the same grants on a database of their own; the second is locked. */
export async function leaseMysqlUsers(): Promise<TestRoles | undefined> {
  const lease = await leaseMysql()
  if (!lease) return undefined
  const database = new URL(lease.url).pathname.slice(1)
  const mark = database.split('_').at(-1)
  const roles = [`rw_${mark}_a`, `rw_${mark}_b`]
  const [rows] = await lease.pool.query<RowDataPacket[]>('SELECT @@port AS port')
  for (const [i, role] of roles.entries()) {
    const lock = i === 0 ? '' : 'ACCOUNT LOCK'
    await lease.pool.query(`CREATE USER '${role}'@'%' IDENTIFIED BY 'first-password' ${lock}`)
    await lease.pool.query(`GRANT ALL ON ${database}.* TO '${role}'@'%'`)
  }
  return {
    admin: new Secret(lease.url),
    roles,
    url: new Secret(`mysql://${roles[0]}:first-password@127.0.0.1:${String(rows[0]?.['port'])}/${database}`),
    run: async (sql) => void (await lease.pool.query(sql)),
    async release() {
      for (const role of roles) await lease.pool.query(`DROP USER IF EXISTS '${role}'@'%'`)
      await lease.release()
    },
  }
}

/** A PostgreSQL of our own with SCRAM for everybody. The one that runs on a machine may trust whoever comes. */
async function startPostgres(): Promise<Secret | undefined> {
  const [initdb] = globSync('/usr/lib/postgresql/*/bin/initdb').sort().toReversed()
  if (initdb === undefined) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-postgres-'))
  // It refuses to run as root.
  const who: Owner | undefined = process.getuid?.() === 0 ? postgresUser() : {}
  if (who === undefined) return undefined
  if (who.uid !== undefined && who.gid !== undefined) chownSync(directory, who.uid, who.gid)
  const passwordFile = join(directory, 'password')
  writeFileSync(passwordFile, 'admin-password')
  if (who.uid !== undefined && who.gid !== undefined) chownSync(passwordFile, who.uid, who.gid)
  const data = join(directory, 'data')
  const made = spawnSync(
    initdb,
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-N',
      '-E',
      'UTF8',
      '--no-locale',
    ],
    { ...who, cwd: directory, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await freePort()
  const settings = ['fsync=off', 'max_connections=200', 'unix_socket_directories=']
  const child = spawn(
    join(dirname(initdb), 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', ...settings.flatMap((one) => ['-c', one])],
    { ...who, cwd: directory, stdio: 'ignore' },
  )
  // It ends with this process, whatever that is: tests and suites share it.
  child.unref()
  process.once('exit', () => {
    child.kill('SIGKILL')
    // What it left running ends by itself within a moment.
    spawnSync('sleep', ['0.2'])
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  })
  const url = new Secret(`postgres://postgres:admin-password@127.0.0.1:${port}/postgres`)
  for (let i = 0; i < 200; i++) {
    const client = new Client({ connectionString: url.reveal() }).on('error', () => undefined)
    try {
      await client.connect()
      await client.end()
      return url
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  throw new Error('the private PostgreSQL did not answer within 20 s')
}

interface Owner {
  readonly uid?: number
  readonly gid?: number
}

function postgresUser(): Owner | undefined {
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('postgres:'))
      ?.split(':') ?? []
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}
