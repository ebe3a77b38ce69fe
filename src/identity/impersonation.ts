import type { Clock } from '../core/clock.ts'
import type { Account, Accounts } from './accounts.ts'
import { admit } from './gate.ts'
import type { Link, Links } from './links.ts'
import type { Origin } from './origin.ts'
import type { Sessions } from './sessions.ts'

/** What a link to act for somebody says. */
export interface ImpersonationLink {
  readonly account: Account
  readonly operator: string
  readonly reason: string
}

/**
 * An operator acts as somebody, to see what he sees. By a link that the operator is given, once and within five minutes; the session
 * is marked, is over after half an hour, and can change nothing of the account itself.
 */
export class Impersonation {
  readonly #accounts: Accounts
  readonly #links: Links
  readonly #sessions: Sessions
  readonly #clock: Clock

  constructor(accounts: Accounts, links: Links, sessions: Sessions, clock: Clock) {
    this.#accounts = accounts
    this.#links = links
    this.#sessions = sessions
    this.#clock = clock
  }

  /** The token of a link for an operator. */
  begin(account: Account, operator: string, reason: string): Promise<string> {
    const whom = { accountId: account.id, email: account.email }
    return this.#links.issue('impersonate', whom, { operator, reason, version: account.sessionVersion })
  }

  /** What a link opens, without using it. */
  async look(rawToken: string): Promise<ImpersonationLink | undefined> {
    const link = await this.#links.look(['impersonate'], rawToken)
    return link && this.#read(link)
  }

  /** Starts the marked session, once. */
  async open(
    rawToken: string,
    from: Origin,
  ): Promise<(ImpersonationLink & { readonly token: string }) | undefined> {
    const found = await this.look(rawToken)
    if (!found || !(await this.#links.use(['impersonate'], rawToken))) return undefined
    const impersonator = { id: found.operator, reason: found.reason }
    const { ip, userAgent } = from
    const nowMs = this.#clock.now()
    const { realm, sessionVersion } = found.account
    const claim = { way: 'impersonation', realm, sessionVersion } as const
    const admission = admit(await this.#accounts.find(found.account.id), claim, nowMs)
    if (!admission.ok) return undefined
    const proof = { assurance: 1, methods: ['pwd'], atMs: nowMs } as const
    const token = await this.#sessions.start(admission.admitted, { ip, userAgent, impersonator }, proof)
    return { ...found, token }
  }

  async #read({ accountId, data }: Link): Promise<ImpersonationLink | undefined> {
    const account = accountId === null ? undefined : await this.#accounts.find(accountId)
    const { operator, reason, version } = data
    if (!account) return undefined
    const claim = { way: 'impersonation', realm: account.realm, sessionVersion: Number(version) } as const
    if (!admit(account, claim, this.#clock.now()).ok) return undefined
    return { account, operator: String(operator), reason: String(reason) }
  }
}
