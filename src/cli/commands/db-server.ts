import {
  applyMariadb,
  applyPlan,
  type DatabaseFinding,
  type DatabasePlan,
  type DatabaseQuery,
  findDrift,
  findMariadbDrift,
  type MariadbPlan,
  mariadbPlanText,
  planInput,
  planMariadb,
  planPostgres,
  planText,
  type Verification,
  verifyMariadb,
  verifyPlan,
} from '../../access/index.ts'
import { readSecretReference } from '../../config/index.ts'
import { systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { MappedSource } from './policy-mapping.ts'
import { readText } from './policy-source.ts'

/** Which kind of server. */
export type ServerName = 'postgres' | 'mariadb'

/** A plan, and the server that it is for. */
export type ServerPlan =
  | { readonly server: 'postgres'; readonly plan: DatabasePlan }
  | { readonly server: 'mariadb'; readonly plan: MariadbPlan }

/** What can be done with a plan on a live server. */
export interface ServerDesk {
  apply(options: { readonly key?: Secret; readonly isDryRun: boolean }): Promise<void>
  verify(): Promise<Verification>
  drift(): Promise<readonly DatabaseFinding[]>
}

const CONNECT_TIMEOUT_MS = 10_000

/** Makes the plan of a source. */
export function makePlan(source: MappedSource, named: ServerName | undefined): ServerPlan {
  const server = named ?? source.database?.server ?? 'postgres'
  const input = planInput(source.policies, source.schema, source.mapping, server)
  return server === 'postgres'
    ? { server, plan: planPostgres(input) }
    : { server, plan: planMariadb(input, source.database?.home) }
}

/** The plan as a file for a migration tool, or for the server's own client. */
export function textOf(made: ServerPlan): string {
  return made.server === 'postgres' ? planText(made.plan) : mariadbPlanText(made.plan)
}

/** Connects as one who may make roles, works, and ends the connection. */
export async function withServer<T>(
  made: ServerPlan,
  reference: string,
  run: (desk: ServerDesk) => Promise<T>,
): Promise<T> {
  const url = readReference(reference)
  return made.server === 'postgres'
    ? withPostgres(made.plan, url, reference, run)
    : withMariadb(made.plan, url, reference, run)
}

async function withPostgres<T>(
  plan: DatabasePlan,
  url: Secret,
  reference: string,
  run: (desk: ServerDesk) => Promise<T>,
): Promise<T> {
  const { Client } = await import('pg')
  const client = new Client({
    connectionString: url.reveal(),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  await client.connect().catch((cause: unknown) => {
    throw unreachable(reference, cause)
  })
  const query: DatabaseQuery = (sql, values = []) => client.query<Record<string, unknown>>(sql, [...values])
  try {
    return await run({
      apply: (options) => applyPlan(query, plan, options),
      verify: () => verifyPlan(query, plan),
      drift: async () => {
        // It makes tables of its own to compare with, which nobody else sees.
        await query('BEGIN')
        try {
          return await findDrift(query, plan)
        } finally {
          await query('ROLLBACK')
        }
      },
    })
  } finally {
    await client.end()
  }
}

async function withMariadb<T>(
  plan: MariadbPlan,
  url: Secret,
  reference: string,
  run: (desk: ServerDesk) => Promise<T>,
): Promise<T> {
  const { createConnection } = await import('mysql2/promise').catch((cause: unknown) => {
    throw new RingwallError('cli.driver', 'the driver for MariaDB is not here; `npm install mysql2`', {
      cause,
    })
  })
  const settings = mysqlSettings(url, reference)
  const open = async (own: object): Promise<{ readonly query: DatabaseQuery; end(): Promise<void> }> => {
    const connection = await createConnection({
      ...settings,
      ...own,
      charset: 'utf8mb4',
      connectTimeout: CONNECT_TIMEOUT_MS,
    }).catch((cause: unknown) => {
      throw unreachable(reference, cause)
    })
    return {
      query: async (sql, values = []) => {
        const [rows] = await connection.query(sql, [...values])
        return { rows: Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [] }
      },
      end: () => connection.end(),
    }
  }
  const admin = await open({})
  try {
    return await run({
      async apply({ isDryRun, ...options }) {
        if (isDryRun)
          throw new RingwallError(
            'cli.dry-run',
            'MariaDB commits each of these statements at once, so that there is no dry run; read them with `ringwall db plan`',
          )
        await applyMariadb(admin.query, plan, options)
      },
      verify: () =>
        verifyMariadb(admin.query, plan, (user, password) => open({ user, password }), systemRandom),
      drift: () => findMariadbDrift(admin.query, plan),
    })
  } finally {
    await admin.end()
  }
}

/** `mysql://user:password@host:port/`, or with `?socketPath=` for a socket of this machine. */
function mysqlSettings(url: Secret, reference: string): object {
  const parsed = URL.parse(url.reveal())
  if (parsed === null || !/^(mysql|mariadb):$/.test(parsed.protocol))
    throw unreachable(reference, { code: 'the URL is not one; write mysql://user:password@host/' })
  const socketPath = parsed.searchParams.get('socketPath')
  return {
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    ...(socketPath === null
      ? { host: parsed.hostname.replace(/^\[|\]$/g, ''), port: Number(parsed.port || 3306) }
      : { socketPath }),
  }
}

/** The cause of a refused connection names no password; a URL that cannot be read would, so that it is not shown. */
function unreachable(reference: string, cause: unknown): RingwallError {
  const code = (cause as { readonly code?: string }).code ?? 'the URL is not one'
  return new RingwallError('cli.database', `cannot connect to the database of ${reference}: ${code}`)
}

/** A secret never stands on the command line, where every user of the machine can read it. */
export function readReference(reference: string): Secret {
  const [, env, file] = /^(?:\$\{env:(.+)\}|env:(?:.+)|file:(.+))$/.exec(reference) ?? []
  const name = env ?? (reference.startsWith('env:') ? reference.slice('env:'.length) : undefined)
  if (file !== undefined) readText(file)
  if (name === undefined && file === undefined)
    throw new RingwallError('cli.secret', 'secrets are given by reference; write env:NAME or file:PATH')
  try {
    return readSecretReference(name === undefined ? reference : `\${env:${name}}`)
  } catch (cause) {
    if (!(cause instanceof RingwallError)) throw cause
    throw new RingwallError('cli.secret', cause.message, { cause })
  }
}
