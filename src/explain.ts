import { Readable } from 'node:stream'

import type { AuditEvent } from './audit/index.ts'
import { StreamedBody } from './body.ts'
import type { Config } from './config/index.ts'
import { systemClock, systemRandom } from './core/clock.ts'
import { createIdSource } from './core/id.ts'
import type { AuditRecord } from './core/watch.ts'
import { walk } from './flow.ts'
import { openKept } from './kept.ts'
import { receive } from './receive.ts'
import { buildSite, type Generation } from './sites.ts'

/** A request that is only imagined. */
export interface ExplainRequest {
  readonly method: string
  readonly target: string
  /** The Host field; `localhost` if not given. */
  readonly host?: string
  /** Flat list of further fields. */
  readonly headers?: readonly string[]
  readonly body?: string
  readonly https?: boolean
  /** The client's address; this machine's if not given. */
  readonly ip?: string
}

/** The walk of an imagined request, in the form of a line of the audit log. */
export type Explanation = AuditEvent

/** The walls of a configuration with nothing real around them: an empty store in memory, and an answer without content. */
async function imagine(config: Config): Promise<{ readonly generation: Generation; close(): Promise<void> }> {
  const { postgres: _postgres, redis: _redis, ...store } = config.store
  // Nothing is kept of what is imagined, and no other program gets it to change it.
  const { security } = config
  const uploads = { ...security.application.uploads, quarantine: undefined, reencode: undefined }
  const imagined: Config = {
    ...config,
    store: { ...store, directory: ':memory:' },
    security: { ...security, application: { ...security.application, uploads } },
  }
  const kept = await openKept(imagined)
  try {
    await kept.visitors.prepare(imagined.security.perimeter)
    const generation = buildSite(imagined, kept, systemClock, undefined, {
      // Nothing comes from nowhere: no wall has an answer to judge.
      fetch: () => new Response(null),
    })
    return {
      generation,
      async close() {
        await generation.close()
        await kept.close()
      },
    }
  } catch (thrown) {
    await kept.close()
    throw thrown
  }
}

/** Builds the walls of a configuration and lets go of them: what only shows then (two routes for the same, a pattern) is thrown. */
export async function verifyWalls(config: Config): Promise<void> {
  const { close } = await imagine(config)
  await close()
}

/** The walls of a configuration, through which imagined requests walk one after another. */
export interface ImaginedWalls {
  walk(request: ExplainRequest): Promise<Explanation>
  close(): Promise<void>
}

/**
 * Walks a request through the walls of a configuration without sending, counting or recording it: the store is empty and
 * in memory, and in place of the application stands an answer without content.
 */
export async function explainWalk(config: Config, request: ExplainRequest): Promise<Explanation> {
  const walls = await imagineWalls(config)
  try {
    return await walls.walk(request)
  } finally {
    await walls.close()
  }
}

/** The same for many requests; what they count, such as a flood, adds up. */
export async function imagineWalls(config: Config): Promise<ImaginedWalls> {
  const { generation, close } = await imagine(config)
  return { walk: (request) => walkImagined(generation, request), close }
}

async function walkImagined(generation: Generation, request: ExplainRequest): Promise<Explanation> {
  const body = Buffer.from(request.body ?? '')
  const hasType =
    request.headers?.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type') === true
  const typeFields = body.length > 0 && !hasType ? ['Content-Type', 'application/x-www-form-urlencoded'] : []
  const bodyFields = body.length > 0 ? ['Content-Length', String(body.length), ...typeFields] : []
  const arrival = {
    connection: {
      peer: request.ip ?? '127.0.0.1',
      peerPort: 0,
      localPort: 0,
      ...(request.https === true && { tls: { version: 'TLSv1.3', cipher: '', serverName: undefined } }),
    },
    raw: {
      method: request.method,
      target: request.target,
      httpVersion: '1.1',
      headers: ['Host', request.host ?? 'localhost', ...(request.headers ?? []), ...bodyFields],
    },
    body: new StreamedBody(body.length, () => Readable.from([body]).iterator()),
    signal: new AbortController().signal,
  }
  const { reading, plan } = generation.site.read(arrival)
  const records: AuditRecord[] = []
  const house = {
    watch: {
      healthy: () => true,
      recordDurably: async (more: readonly AuditRecord[]) => void records.push(...more),
      record: (record: AuditRecord) => void records.push(record),
    },
    clock: systemClock,
    onAuditFailure: 'refuse' as const,
  }
  const exchange = receive(arrival, reading, createIdSource(systemClock, systemRandom)(), systemClock)
  await walk(exchange, plan, house, async (reply) => {
    reply.cancel?.()
    return { bytesOut: 0, aborted: false }
  })
  const [record] = records
  if (!record) throw new Error('a walk left no record')
  return eventOf(record)
}

function eventOf(record: AuditRecord): AuditEvent {
  const {
    subject,
    ip,
    method,
    host,
    path,
    status,
    wall,
    code,
    detail,
    durationMicros,
    bytesIn,
    bytesOut,
    trace,
    data,
  } = record
  return {
    seq: 0,
    id: record.id,
    atMs: record.atMs,
    kind: record.kind,
    verdict: record.verdict,
    subject: subject ?? null,
    ip: ip ?? null,
    method: method ?? null,
    host: host ?? null,
    path: path ?? null,
    status: status ?? null,
    wall: wall ?? null,
    code: code ?? null,
    detail: detail ?? null,
    durationMicros: durationMicros ?? null,
    bytesIn: bytesIn ?? null,
    bytesOut: bytesOut ?? null,
    trace: trace ?? null,
    data: data ?? null,
  }
}
