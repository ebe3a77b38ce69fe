import type { Clock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Counters } from '../store/index.ts'
import { type Account, type Accounts, isEmail } from './accounts.ts'
import type { AuthenticationConfig } from './config.ts'
import type { Link, Links } from './links.ts'
import type { MailQueue } from './mail/queue.ts'
import type { PasswordHasher } from './password-hasher.ts'
import type { Violation } from './password-policy.ts'
import type { Language } from './words.ts'

/** The guide's bound on mails that somebody can have sent to an address: 3 per hour. */
export const MAILS_PER_ADDRESS = { limit: 3, periodMs: 3_600_000 } as const

const MAX_NAME = 200

/** How an account was made by a link, or why not. */
export type Registered =
  | { readonly ok: true; readonly account: Account }
  | { readonly ok: false; readonly reason: 'gone' | 'busy' }
  | { readonly ok: false; readonly reason: 'unacceptable'; readonly violations: readonly Violation[] }

/** What the flows of an account stand on. */
export interface FlowParts {
  readonly realm: Account['realm']
  readonly config: AuthenticationConfig
  readonly accounts: Accounts
  readonly links: Links
  readonly mail: MailQueue
  readonly counters: Counters
  readonly hasher: PasswordHasher
  readonly clock: Clock
}

/**
 * Accounts that people make themselves. The address is proven first and the password chosen after, by whoever opened the link:
 * so nobody can prepare an account for an address that is not his, and there is no account until it is proven.
 */
export class Registration {
  readonly #parts: FlowParts

  constructor(parts: FlowParts) {
    this.#parts = parts
  }

  /** Who may register here. Operators never register themselves. */
  get mode(): 'closed' | 'invited' | 'open' {
    return this.#parts.realm === 'operator' ? 'closed' : this.#parts.config.registration.mode
  }

  /** Asks for a link. Does the same whether there is an account or not; the mail tells its owner which. */
  async ask(rawEmail: string, rawName: string, language: Language): Promise<void> {
    if (this.mode !== 'open') return
    const data = { name: cleanName(rawName) }
    await askForMail(this.#parts, 'register-asked', rawEmail, language, data)
  }

  /** Invites somebody, with roles that are given when the invitation is taken. */
  async invite(
    rawEmail: string,
    rawName: string,
    roles: readonly string[],
    language: Language,
  ): Promise<void> {
    const { accounts, mail, realm } = this.#parts
    const email = rawEmail.trim()
    if (!isEmail(email))
      throw new RingwallError('identity.email-invalid', `\`${rawEmail}\` is not an e-mail address`)
    if (await accounts.findByEmail(email))
      throw new RingwallError('identity.account-exists', `there is an account for \`${email}\``)
    const data = { name: cleanName(rawName), roles }
    await mail.add({ kind: 'invited', realm, email, language, data })
  }

  /** What a link opens, without using it. */
  async look(rawToken: string): Promise<Link | undefined> {
    const link = await this.#parts.links.look(['register', 'invite'], rawToken)
    return link && this.#mayUse(link) ? link : undefined
  }

  /** Makes the account, with the password that whoever opened the link chose. */
  async complete(rawToken: string, rawPassword: string, language: Language): Promise<Registered> {
    const { accounts, links, hasher, config, clock } = this.#parts
    const link = await this.look(rawToken)
    if (!link) return { ok: false, reason: 'gone' }
    const name = typeof link.data['name'] === 'string' ? link.data['name'] : ''
    const violations = await accounts.judgePassword({ email: link.email, name }, rawPassword)
    if (violations === 'busy') return { ok: false, reason: 'busy' }
    if (violations.length > 0) return { ok: false, reason: 'unacceptable', violations }
    const passwordHash = await hasher.hash(rawPassword)
    if (passwordHash === undefined) return { ok: false, reason: 'busy' }
    if (!(await links.use([link.purpose], rawToken))) return { ok: false, reason: 'gone' }
    if (await accounts.findByEmail(link.email)) return { ok: false, reason: 'gone' }
    const given = link.data['roles']
    const roles = Array.isArray(given) ? (given as string[]) : config.registration.roles
    try {
      const proven = { passwordHash, emailVerifiedMs: clock.now(), language }
      return { ok: true, account: await accounts.create(link.email, name, roles, proven) }
    } catch (thrown) {
      // Two links for one address, opened at once: one of them made the account.
      if (await accounts.findByEmail(link.email)) return { ok: false, reason: 'gone' }
      throw thrown
    }
  }

  /** A mode that was narrowed since counts for links that are already out. */
  #mayUse(link: Link): boolean {
    return link.purpose === 'invite' ? this.mode !== 'closed' : this.mode === 'open'
  }
}

/**
 * A line in the queue for an address that somebody typed, three times an hour. Costs the same for every address; one that cannot be
 * an address gets no line, which says nothing of accounts.
 */
export async function askForMail(
  { mail, counters, clock, realm }: Pick<FlowParts, 'mail' | 'counters' | 'clock' | 'realm'>,
  kind: 'register-asked' | 'reset-asked',
  rawEmail: string,
  language: Language,
  data: Readonly<Record<string, string>> = {},
): Promise<void> {
  const email = rawEmail.trim()
  if (!isEmail(email)) return
  const counted = `mail:${realm}:${kind}:${email.toLowerCase()}`
  const { allowed } = await counters.take(counted, 1, MAILS_PER_ADDRESS, clock.now())
  if (allowed) await mail.add({ kind, realm, email, language, data })
}

/** A name as it is kept: one line, no control characters, bounded. */
export function cleanName(rawName: string): string {
  return rawName
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim()
    .slice(0, MAX_NAME)
}
