import { type Account, isEmail } from './accounts.ts'
import { cleanName, type FlowParts, MAILS_PER_ADDRESS } from './registration.ts'
import { admit } from './gate.ts'
import type { Link } from './links.ts'
import type { Language } from './words.ts'

const DAY_MS = 86_400_000

/** What people change of their own account. Who they are was checked before, and their password where it is asked for. */
export class OwnAccount {
  readonly #parts: FlowParts

  constructor(parts: FlowParts) {
    this.#parts = parts
  }

  async rename(account: Account, rawName: string): Promise<void> {
    await this.#parts.accounts.setName(account, cleanName(rawName))
  }

  /** Asks for another address. It counts when its link was opened; the present address is told, with a way to stop it. */
  async askEmail(account: Account, rawEmail: string, language: Language): Promise<'asked' | 'invalid'> {
    const { mail, counters, clock, realm } = this.#parts
    const next = rawEmail.trim()
    if (!isEmail(next) || next.toLowerCase() === account.email.toLowerCase()) return 'invalid'
    const { allowed } = await counters.take(
      `mail:${realm}:email:${account.id}`,
      1,
      MAILS_PER_ADDRESS,
      clock.now(),
    )
    if (!allowed) return 'asked'
    const both = { kind: 'email-change-asked', realm, language } as const
    await mail.add({ ...both, email: next, data: { account: account.id, to: 'new' } })
    await mail.add({ ...both, email: account.email, data: { account: account.id, to: 'old', next } })
    return 'asked'
  }

  /** What a link to a new address opens. */
  async lookEmail(rawToken: string): Promise<Link | undefined> {
    const link = await this.#parts.links.look(['email'], rawToken)
    return link && (await this.#accountOf(link)) ? link : undefined
  }

  /** Takes the new address; the former one is told. Undefined where the link is gone, or somebody has the address by now. */
  async confirmEmail(rawToken: string, language: Language): Promise<Account | undefined> {
    const { accounts, links, mail, realm } = this.#parts
    const link = await links.look(['email'], rawToken)
    const account = link && (await this.#accountOf(link))
    if (!link || !account || !(await links.use(['email'], rawToken))) return undefined
    if (!(await accounts.setEmail(account, link.email))) return undefined
    await links.revoke(account.id, ['reset', 'email'])
    const told = { realm, language, data: { next: link.email } } as const
    await mail.add({ kind: 'email-changed', email: account.email, ...told })
    return accounts.find(account.id)
  }

  /** Whether people may delete their own account. */
  get mayDelete(): boolean {
    return this.#parts.realm === 'site' && this.#parts.config.deletion.self_service
  }

  /** Plans the deletion; ends all sessions but one. Gives when it is. */
  async askDeletion(account: Account, language: Language, exceptIdHash?: string): Promise<number> {
    const { accounts, mail, clock, config, realm } = this.#parts
    const atMs = clock.now() + config.deletion.grace_days * DAY_MS
    await accounts.planDeletion(account, atMs, exceptIdHash)
    await mail.add({ kind: 'deletion-asked', realm, email: account.email, language, data: { at: atMs } })
    return atMs
  }

  /** Takes a planned deletion back. */
  async keep(account: Account): Promise<void> {
    await this.#parts.accounts.planDeletion(account, null)
  }

  /** Deletes what was to be deleted by now; gives the accounts. */
  async purge(): Promise<readonly Account[]> {
    const { accounts, mail, realm } = this.#parts
    const due = await accounts.dueForDeletion()
    for (const account of due) {
      await accounts.delete(account)
      await mail.add({ kind: 'deleted', realm, email: account.email, language: languageOf(account) })
    }
    return due
  }

  async #accountOf(link: Link): Promise<Account | undefined> {
    const account = link.accountId === null ? undefined : await this.#parts.accounts.find(link.accountId)
    // A lock, a new password or "this was not me" raises the version, and the link goes with it.
    const sessionVersion = Number(link.data['version'])
    const claim = { way: 'address-change', realm: this.#parts.realm, sessionVersion } as const
    return admit(account, claim, this.#parts.clock.now()).ok ? account : undefined
  }
}

/** The language in which an account is written to. */
export function languageOf(account: Account): Language {
  return account.language === 'de' || account.language === 'es' ? account.language : 'en'
}
