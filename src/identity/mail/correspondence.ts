import type { MailQueueRow } from '../../store/index.ts'
import { PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { fill, type Language, LANGUAGES, wordsIn } from '../words.ts'
import type { MailKind } from './queue.ts'
import type { Letter } from './transport.ts'

/** What letters need to know of the site. */
export interface Correspondent {
  readonly identity: Identity
  /** Where the site is: `https://shop.example`, without a path. Never taken from a request. */
  readonly publicUrl: string
  /** Name of the site. */
  readonly site: string
}

type Template = 'register' | 'invite' | 'exists' | 'reset' | 'email' | 'emailAsked' | 'emailChanged'
type Notice = 'newDevice' | 'passwordChanged' | 'deletionAsked' | 'deleted'

interface Wish {
  readonly kind: MailKind
  readonly email: string
  readonly language: Language
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * Writes the letter for a line of the queue: looks up the account, makes the link. Undefined where there is nothing to say, such
 * as a reset for an address without an account. Runs in the background, so that its time tells nobody anything.
 */
export async function writeLetter(by: Correspondent, row: MailQueueRow): Promise<Letter | undefined> {
  const language = LANGUAGES.find((one) => one === row.language) ?? 'en'
  const data = JSON.parse(row.data) as Readonly<Record<string, unknown>>
  return WRITERS[row.kind as MailKind](by, { kind: row.kind as MailKind, email: row.email, language, data })
}

type Writer = (by: Correspondent, wish: Wish) => Promise<Letter | undefined>

const WRITERS: Readonly<Record<MailKind, Writer>> = {
  async 'register-asked'(by, wish) {
    const { accounts, links } = by.identity
    if (await accounts.findByEmail(wish.email))
      return letter(by, wish, 'exists', { link: by.publicUrl + PAGES.signIn })
    const name = textOf(wish.data['name'])
    const token = await links.issue('register', { accountId: null, email: wish.email }, { name })
    return letter(by, wish, 'register', { link: linkTo(by, PAGES.verify, token) }, true)
  },
  async invited(by, wish) {
    const { accounts, links } = by.identity
    if (await accounts.findByEmail(wish.email)) return undefined
    const { name = '', roles = [] } = wish.data
    const token = await links.issue('invite', { accountId: null, email: wish.email }, { name, roles })
    return letter(by, wish, 'invite', { link: linkTo(by, PAGES.verify, token) }, true)
  },
  async 'reset-asked'(by, wish) {
    const account = await by.identity.accounts.findByEmail(wish.email)
    if (!account || account.disabled) return undefined
    // What was typed may differ in case; the letter goes to the address of the account.
    const to = { accountId: account.id, email: account.email }
    const token = await by.identity.links.issue('reset', to, { version: account.sessionVersion })
    const whom = { ...wish, email: account.email }
    return letter(by, whom, 'reset', { link: linkTo(by, PAGES.reset, token) }, true)
  },
  async 'email-change-asked'(by, wish) {
    const { accounts, links } = by.identity
    const account = await accounts.find(textOf(wish.data['account']))
    if (!account || account.disabled) return undefined
    if (textOf(wish.data['to']) === 'old') {
      const token = await links.issue('not-me', { accountId: account.id, email: account.email })
      const values = { next: textOf(wish.data['next']), link: linkTo(by, PAGES.notMe, token) }
      return letter(by, wish, 'emailAsked', values)
    }
    if (await accounts.findByEmail(wish.email))
      return letter(by, wish, 'exists', { link: by.publicUrl + PAGES.signIn })
    const token = await links.issue(
      'email',
      { accountId: account.id, email: wish.email },
      { version: account.sessionVersion },
    )
    return letter(by, wish, 'email', { link: linkTo(by, PAGES.email, token) }, true)
  },
  async 'email-changed'(by, wish) {
    return letter(by, wish, 'emailChanged', { next: textOf(wish.data['next']) })
  },
  async 'new-device'(by, wish) {
    const account = await by.identity.accounts.findByEmail(wish.email)
    if (!account) return undefined
    const token = await by.identity.links.issue('not-me', { accountId: account.id, email: account.email })
    const { device, place, at } = wish.data
    return letter(by, wish, 'newDevice', {
      device: textOf(device),
      place: textOf(place),
      time: timeIn(wish.language, Number(at)),
      link: linkTo(by, PAGES.notMe, token),
    })
  },
  async 'password-changed'(by, wish) {
    const time = timeIn(wish.language, Number(wish.data['at']))
    return letter(by, wish, 'passwordChanged', { time, link: by.publicUrl + PAGES.reset })
  },
  async 'deletion-asked'(by, wish) {
    const time = timeIn(wish.language, Number(wish.data['at']))
    return letter(by, wish, 'deletionAsked', { time, link: by.publicUrl + PAGES.account })
  },
  async deleted(by, wish) {
    return letter(by, wish, 'deleted', {})
  },
}

function letter(
  { site }: Correspondent,
  { email, language }: Wish,
  name: Template | Notice,
  values: Readonly<Record<string, string>>,
  canBeIgnored = false,
): Letter {
  const { mail } = wordsIn(language)
  const { subject, text } = mail[name]
  const all = { ...values, site }
  const parts = [mail.greeting, fill(text, all), ...(canBeIgnored ? [mail.ignore] : []), fill(mail.sign, all)]
  return { to: email, subject: fill(subject, all), text: `${parts.join('\n\n')}\n` }
}

function linkTo({ publicUrl }: Correspondent, page: string, token: string): string {
  return `${publicUrl}${page}?t=${token}`
}

/** A moment as people of a language write it, in UTC, which is the same for everybody. */
export function timeIn(language: Language, ms: number): string {
  const format = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const
  return `${new Intl.DateTimeFormat(language, format).format(ms)} UTC`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
