// The operator's door as a browser or a program knocks at it.
import http from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { URI } from 'otpauth'

import { loadConfig, openKept, type Kept, type Ringwall, ringwall } from '../src/index.ts'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Asks the door; with `json` or `form` it posts, as a page of the same origin would. */
export function ask(
  url: string,
  path: string,
  options: { cookie?: string; host?: string; origin?: string; json?: unknown; html?: boolean } = {},
): Promise<Answer> {
  const { port, host, origin } = new URL(url)
  const body = options.json === undefined ? undefined : JSON.stringify(options.json)
  const headers = {
    Host: options.host ?? host,
    ...(options.cookie !== undefined && { Cookie: options.cookie }),
    ...(body !== undefined && {
      'Content-Type': 'application/json',
      Origin: options.origin ?? origin,
      'Content-Length': Buffer.byteLength(body),
    }),
    ...(options.html === true && { Accept: 'text/html' }),
  }
  return new Promise((resolve, reject) => {
    const req = http.request(
      { port, path, method: body === undefined ? 'GET' : 'POST', headers, agent: false },
      (res) => {
        let text = ''
        res.on('data', (data: Buffer) => (text += data.toString()))
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }))
      },
    )
    req.on('error', reject)
    req.end(body)
  })
}

/** The session of an answer, as a browser sends it back. */
export const cookieOf = (answer: Answer): string => answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''

/** Sets up a one-time code, as operators must; gives the new session, and the backup codes. */
export async function enrolFactor(
  url: string,
  cookie: string,
): Promise<{ readonly cookie: string; readonly backupCodes: readonly string[] }> {
  const factors = '/.well-known/ringwall/factors'
  const begun = await ask(url, factors, { cookie, json: { action: 'totp-begin' } })
  const { uri } = JSON.parse(begun.body) as { uri: string }
  const code = URI.parse(uri).generate()
  const enrolled = await ask(url, factors, { cookie, json: { action: 'totp-confirm', code } })
  const { backup_codes: backupCodes } = JSON.parse(enrolled.body) as { backup_codes: readonly string[] }
  return { cookie: cookieOf(enrolled), backupCodes }
}

/** A gateway whose first operator has signed in and has a password of his own. */
export interface OpenDoor {
  readonly gate: Ringwall
  /** The same store, beside the gateway. */
  readonly kept: Kept
  readonly site: string
  readonly operator: string
  readonly cookie: string
  /** The session of somebody with this password. */
  signIn(url: string, email: string, password: string): Promise<string>
}

export async function openDoor(t: TestContext, more = ''): Promise<OpenDoor> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-operator-'))
  const config = loadConfig(
    `listen: { http: "127.0.0.1:0", https: off, operator: "127.0.0.1:0" }\nstore: { directory: ${directory} }\n${more}`,
  )
  const kept = await openKept(config)
  const gate = await ringwall(config)
  t.after(async () => {
    await gate.close()
    await kept.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const { http: site = '', operator = '' } = await gate.listen()
  const signIn: OpenDoor['signIn'] = async (url, email, password) =>
    cookieOf(await ask(url, '/.well-known/ringwall/sign-in', { json: { email, password } }))
  const { email = '', oneTimePassword = '' } = gate.firstOperator ?? {}
  const oneTime = await signIn(operator, email, oneTimePassword)
  const change = { current: oneTimePassword, next: 'Harbour-wall-77' }
  const changed = cookieOf(
    await ask(operator, '/.well-known/ringwall/password', { cookie: oneTime, json: change }),
  )
  const { cookie } = await enrolFactor(operator, changed)
  return { gate, kept, site, operator, cookie, signIn }
}
