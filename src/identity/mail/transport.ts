import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Transporter } from 'nodemailer'

import { RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'

/** A mail that is written. Plain text: nothing in it can load, run or hide. */
export interface Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** What brings letters away. */
export interface Transport {
  /** What it is, for people. Without secrets. */
  readonly name: string
  send(letter: Letter): Promise<void>
  close(): void
}

const MAX_KEPT = 1000
const TIMEOUT_MS = 15_000

/** A mail server. TLS is required, with a certificate that holds, unless plain connections were asked for by their ugly name. */
export function smtpTransport(url: Secret, from: string, allowPlain: boolean): Transport {
  const parsed = URL.parse(url.reveal())
  if (!parsed || (parsed.protocol !== 'smtps:' && parsed.protocol !== 'smtp:') || parsed.hostname === '') {
    throw new RingwallError(
      'identity.smtp-url',
      'security.authentication.mail.smtp must be smtps://user:password@host or smtp://user:password@host:587',
    )
  }
  const isImplicit = parsed.protocol === 'smtps:'
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const user = decodeURIComponent(parsed.username)
  const options = {
    host,
    port: Number(parsed.port) || (isImplicit ? 465 : 587),
    secure: isImplicit,
    requireTLS: !allowPlain,
    ...(user !== '' && { auth: { user, pass: decodeURIComponent(parsed.password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: { minVersion: 'TLSv1.2' as const },
  }
  const mailer = lazily(async () => (await import('nodemailer')).createTransport(options))
  return {
    name: `${isImplicit ? 'smtps' : 'smtp'}://${parsed.host}`,
    async send(letter) {
      await (await mailer.open()).sendMail({ from, ...addressed(letter) })
    },
    close: () => mailer.opened?.close(),
  }
}

/** A folder in place of a server: one file for each mail, readable by its owner alone. The oldest go. */
export function folderTransport(directory: string, from: string): Transport {
  const options = { streamTransport: true, buffer: true, newline: 'unix' } as const
  const writer = lazily(async () => (await import('nodemailer')).createTransport(options))
  let count = 0
  return {
    name: directory,
    async send(letter) {
      const { message } = await (await writer.open()).sendMail({ from, ...addressed(letter) })
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-')
      const name = `${stamp}-${process.pid}-${count++}.eml`
      await writeFile(join(directory, name), message as Buffer, { mode: 0o600 })
      const all = readdirSync(directory).filter((file) => file.endsWith('.eml'))
      for (const old of all.sort().slice(0, Math.max(0, all.length - MAX_KEPT)))
        rmSync(join(directory, old), { force: true })
    },
    close: () => writer.opened?.close(),
  }
}

/** Keeps the last letters in memory, where the store keeps nothing either. */
export class MemoryTransport implements Transport {
  readonly name = 'memory'
  readonly letters: Letter[] = []

  async send(letter: Letter): Promise<void> {
    this.letters.push(letter)
    if (this.letters.length > MAX_KEPT) this.letters.shift()
  }

  close(): void {
    this.letters.length = 0
  }
}

/** The library is loaded with the first mail. */
function lazily<T extends Pick<Transporter, 'close'>>(make: () => Promise<T>) {
  const lazy = {
    opened: undefined as T | undefined,
    async open(): Promise<T> {
      lazy.opened ??= await make()
      return lazy.opened
    },
  }
  return lazy
}

function addressed({ to, subject, text }: Letter) {
  return {
    // An address object is one recipient, whatever stands in it.
    to: { name: '', address: to },
    subject,
    text,
    textEncoding: 'quoted-printable' as const,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  }
}
