import type { Account, PasswordChange } from './accounts.ts'
import type { Devices } from './devices.ts'
import { admit } from './gate.ts'
import type { Link } from './links.ts'
import type { Lockout } from './lockout.ts'
import { askForMail, type FlowParts } from './registration.ts'
import type { Language } from './words.ts'

/** How a reset ended. */
export type Reset =
  | { readonly ok: true; readonly account: Account }
  | { readonly ok: false; readonly reason: 'gone' }
  | Exclude<PasswordChange, { ok: true }>

/**
 * Getting back in by mail. A link sets a password and does nothing else: it starts no session, and a second factor is asked for
 * as before, since who reads the mail is not yet who has the factor.
 */
export class Recovery {
  readonly #parts: FlowParts
  readonly #devices: Devices
  readonly #lockout: Lockout

  constructor(parts: FlowParts, devices: Devices, lockout: Lockout) {
    this.#parts = parts
    this.#devices = devices
    this.#lockout = lockout
  }

  /** Asks for a link. The same for every address, three times an hour. */
  ask(rawEmail: string, language: Language): Promise<void> {
    return askForMail(this.#parts, 'reset-asked', rawEmail, language)
  }

  /** What a link opens, without using it. */
  async look(rawToken: string): Promise<Link | undefined> {
    const link = await this.#parts.links.look(['reset'], rawToken)
    return link && (await this.#accountOf(link)) ? link : undefined
  }

  /** Sets a new password; ends all sessions. The link is used up only by a password that is taken. */
  async reset(rawToken: string, rawPassword: string): Promise<Reset> {
    const { accounts, links, realm } = this.#parts
    const link = await links.look(['reset'], rawToken)
    const account = link && (await this.#accountOf(link))
    if (!account) return { ok: false, reason: 'gone' }
    const change = await accounts.setPassword(account, rawPassword, {
      claim: () => links.use(['reset'], rawToken),
    })
    if (!change.ok) return change
    await accounts.noteVerified(account)
    // Who reads the mail is the owner, as far as guessing goes: strangers' tries count from nothing again.
    await this.#lockout.clear({ realm, emailKey: account.email.toLowerCase(), ip: '' })
    return { ok: true, account }
  }

  /** What a link of a mail about a new device opens. */
  async lookNotMe(rawToken: string): Promise<Link | undefined> {
    const link = await this.#parts.links.look(['not-me'], rawToken)
    return link && (await this.#accountOf(link)) ? link : undefined
  }

  /**
   * "This was not me": signs out everywhere, forgets all devices, takes the password away, and gives a link to choose another.
   * Undefined where the link is gone.
   */
  async notMe(
    rawToken: string,
  ): Promise<{ readonly account: Account; readonly resetToken: string } | undefined> {
    const { accounts, links } = this.#parts
    const link = await links.look(['not-me'], rawToken)
    const account = link && (await this.#accountOf(link))
    if (!account || !(await links.use(['not-me'], rawToken))) return undefined
    await accounts.blockPassword(account)
    await this.#devices.forget(account.id)
    // Whoever was signed in may have begun to move the account to another address.
    await links.revoke(account.id, ['email'])
    const blocked = await accounts.find(account.id)
    const version = blocked?.sessionVersion
    const resetToken = await links.issue(
      'reset',
      { accountId: account.id, email: account.email },
      { version },
    )
    return { account, resetToken }
  }

  /** The account of a link, while it may act and still has the address that the link was sent to. */
  async #accountOf(link: Link): Promise<Account | undefined> {
    const account = link.accountId === null ? undefined : await this.#parts.accounts.find(link.accountId)
    const isReset = link.purpose === 'reset'
    const claim = {
      way: isReset ? 'password-reset' : 'not-me',
      realm: this.#parts.realm,
      // Who says "this was not me" may say so after a stranger has changed the password; a reset is over with any change.
      sessionVersion: isReset ? Number(link.data['version']) : undefined,
    } as const
    const isAdmitted = admit(account, claim, this.#parts.clock.now()).ok
    return isAdmitted && account?.email === link.email ? account : undefined
  }
}
