import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { mailDirectory, openKept } from '../../index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly json?: boolean
}

interface WrittenMail {
  readonly number: number
  readonly file: string
  readonly to: string
  readonly subject: string
  readonly date: string
  readonly text: string
}

/** `ringwall mail`: what was written while there is no mail server. */
export function mailCommand({ terminal }: CommandContext): Command {
  const mail = new Command('mail').description(
    'mails that were written to the folder, where no server is configured',
  )
  const add = (usage: string, description: string): Command =>
    mail
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--json', 'as JSON')
  add('list', 'list them, newest first, and how many wait').action(async (options: Options) => {
    const { config } = readConfig(options.config)
    const kept = await openKept(config)
    const waiting = await kept.identity('site').mail.waiting()
    await kept.close()
    const all = readMails(mailDirectory(config))
    if (options.json === true) {
      terminal.out(
        JSON.stringify(
          {
            waiting,
            mails: all.map(({ number, file, to, subject, date }) => ({ number, file, to, subject, date })),
          },
          null,
          2,
        ),
      )
      return
    }
    const rows = all.map((one) => [String(one.number), one.date, one.to, one.subject])
    terminal.out(columns([['NO', 'DATE', 'TO', 'SUBJECT'], ...rows]))
    terminal.out(`${waiting} waiting to be sent`)
  })
  add('show [number]', 'show one; by default the newest').action(
    (number: string | undefined, options: Options) => {
      const all = readMails(mailDirectory(readConfig(options.config).config))
      const chosen = all.find((one) => one.number === Number(number ?? '1'))
      if (!chosen) throw new RingwallError('cli.no-mail', `no mail ${number ?? '1'}; see ringwall mail list`)
      const { to, subject, date, text } = chosen
      terminal.out(
        options.json === true
          ? JSON.stringify(chosen, null, 2)
          : `To: ${to}\nSubject: ${subject}\nDate: ${date}\n\n${text}`,
      )
    },
  )
  return mail
}

/** Newest first, numbered from 1. */
function readMails(directory: string): readonly WrittenMail[] {
  let files: string[]
  try {
    files = readdirSync(directory).filter((file) => file.endsWith('.eml'))
  } catch {
    return []
  }
  return files
    .sort()
    .toReversed()
    .map((file, index) => {
      const raw = readFileSync(join(directory, file), 'utf8').replaceAll('\r\n', '\n')
      const at = raw.indexOf('\n\n')
      const head = raw.slice(0, at).replaceAll(/\n[ \t]+/g, ' ')
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? ''
      const isQuoted = /quoted-printable/i.test(field('Content-Transfer-Encoding'))
      const body = raw.slice(at + 2)
      return {
        number: index + 1,
        file,
        to: field('To').replaceAll(/[<>]/g, ''),
        subject: decodeWords(field('Subject')),
        date: field('Date'),
        text: (isQuoted ? decodeQuoted(body) : body).trimEnd(),
      }
    })
}

/** Quoted-printable (RFC 2045 6.7). */
function decodeQuoted(text: string): string {
  const bytes = text
    .replaceAll(/=\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Encoded words of a field (RFC 2047). */
function decodeWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, content: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(content, 'base64').toString('utf8')
        : decodeQuoted(content.replaceAll('_', ' ')),
    )
}
