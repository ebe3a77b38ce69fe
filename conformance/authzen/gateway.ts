import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '../../bench/measured-process.ts'
import { completeConfig, type ConfigInput, ringwall } from '../../src/index.ts'

type Authzen = NonNullable<NonNullable<NonNullable<ConfigInput['security']>['authorization']>['authzen']>

/** What came back over the socket. */
export interface Reply {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Undefined where the body is no JSON. */
  readonly json: unknown
}

/** A question beside its path: a JSON value, or bytes as they are. */
export interface Sending {
  readonly method?: string
  readonly body?: unknown
  readonly rawBody?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A decision point that listens, and how it is asked. */
export interface DecisionPointUrl {
  readonly url: string
  ask(path: string, sending: Sending): Promise<Reply>
}

const TOKEN = 'conformance-0123456789abcdef0123456789abcdef'

/** Starts the real gateway with a decision point on HTTPS, runs, and stops it. Files are named as the configuration names them. */
export async function withDecisionPoint<T>(
  settings: Authzen,
  entities: string,
  run: (point: DecisionPointUrl) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-authzen-'))
  writeFileSync(join(directory, 'token'), TOKEN, { mode: 0o600 })
  writeFileSync(join(directory, 'entities.json'), entities)
  // The base URL of a decision point is configured before it listens.
  const port = await freePort()
  const url = `https://localhost:${port}`
  const gateway = await ringwall(
    completeConfig({
      listen: { http: 'off', https: `127.0.0.1:${port}`, operator: 'off' },
      store: { directory },
      security: {
        authorization: {
          authzen: {
            ...settings,
            enabled: true,
            url,
            entities: join(directory, 'entities.json'),
            callers: { suite: { token: `file:${join(directory, 'token')}`, search: true } },
          },
        },
      },
    }),
  )
  try {
    await gateway.listen()
    const ca = readFileSync(join(directory, 'tls', 'development-ca.pem'))
    return await run({ url, ask: (path, sending) => send(url + path, ca, sending) })
  } finally {
    await gateway.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

function send(url: string, ca: Buffer, { method = 'POST', body, rawBody, headers }: Sending): Promise<Reply> {
  const text = rawBody ?? (body === undefined ? '' : JSON.stringify(body))
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const asked = request(
    url,
    {
      method,
      ca,
      // The name is resolved here, so that the certificate is held against it and no other address is tried.
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
      headers: {
        ...(method === 'POST' && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
        }),
        Authorization: `Bearer ${TOKEN}`,
        ...headers,
      },
    },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('error', reject)
      answer.once('end', () => {
        const said = Buffer.concat(chunks).toString('utf8')
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: said, json: readJson(said) })
      })
    },
  )
  asked.once('error', reject)
  asked.end(method === 'POST' ? text : undefined)
  return promise
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
