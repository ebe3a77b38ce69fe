import type { Clock, RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { SessionBinding } from '../core/holding.ts'
import { createIdSource } from '../core/id.ts'
import type { Database, ElevationRequestRow } from '../store/index.ts'
import type { ElevatedPermissions } from './elevation.ts'
import type { Grant } from './grants.ts'

/** More rights that somebody asked for in a session. */
export interface ElevationAsked {
  readonly id: string
  readonly realm: 'site' | 'operator'
  readonly accountId: string
  readonly session: SessionBinding
  readonly names: readonly string[]
  readonly reason: string
  readonly ttlMs: number
  readonly askedMs: number
}

/** How asking ended: given at once, or waiting for somebody else. */
export type ElevationOutcome =
  | { readonly kind: 'given'; readonly grants: readonly Grant[] }
  | { readonly kind: 'waiting'; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Until when a request can be approved. */
const WAIT_MS = 3_600_000
const MAX_OPEN = 5

/**
 * Asks for elevated rights and approves them. What may be asked for is on a list; whoever approves is somebody else;
 * the rights count in the session that asked and nowhere else, and end with it.
 */
export class ElevationRequests {
  readonly #database: Database
  readonly #elevated: ElevatedPermissions
  readonly #requestable: ReadonlySet<string>
  readonly #isRole: (name: string) => boolean
  readonly #needsApproval: boolean
  readonly #defaultTtlMs: number
  readonly #clock: Clock
  readonly #nextId: () => string

  constructor(options: {
    readonly database: Database
    readonly elevated: ElevatedPermissions
    readonly requestable: readonly string[]
    readonly isRole: (name: string) => boolean
    readonly approval: 'optional' | 'required'
    readonly defaultTtlMs: number
    readonly clock: Clock
    readonly random: RandomBytes
  }) {
    this.#database = options.database
    this.#elevated = options.elevated
    this.#requestable = new Set(options.requestable)
    this.#isRole = options.isRole
    this.#needsApproval = options.approval === 'required'
    this.#defaultTtlMs = options.defaultTtlMs
    this.#clock = options.clock
    this.#nextId = createIdSource(options.clock, options.random)
  }

  /** Asks for rights. Without approval they count at once. */
  async ask(
    who: Omit<ElevationAsked, 'id' | 'ttlMs' | 'askedMs'> & {
      readonly email: string
      readonly ttlMs?: number
    },
  ): Promise<ElevationOutcome> {
    const strange = who.names.find((name) => !this.#requestable.has(name))
    if (who.names.length === 0 || strange !== undefined)
      return { kind: 'refused', reason: `\`${strange ?? ''}\` cannot be asked for` }
    const asked = {
      ...who,
      id: this.#nextId(),
      ttlMs: who.ttlMs ?? this.#defaultTtlMs,
      askedMs: this.#clock.now(),
    }
    if (!this.#needsApproval) return this.#give(asked, who.email)
    const open = await this.open(who.realm)
    if (open.filter(({ accountId }) => accountId === who.accountId).length >= MAX_OPEN)
      return { kind: 'refused', reason: `no more than ${MAX_OPEN} requests wait at a time` }
    await this.#database.kysely
      .insertInto('elevation_requests')
      .values({
        id: asked.id,
        realm: who.realm,
        account_id: who.accountId,
        session_ref: who.session.ref,
        session_version: who.session.version,
        names: JSON.stringify(who.names),
        reason: who.reason.slice(0, 500),
        ttl_ms: asked.ttlMs,
        requested_at: asked.askedMs,
        expires_at: asked.askedMs + WAIT_MS,
        decision: null,
        decided_by: null,
        decided_at: null,
      })
      .execute()
    return { kind: 'waiting', id: asked.id }
  }

  /** Requests that wait, the oldest first. */
  async open(realm: 'site' | 'operator'): Promise<readonly ElevationAsked[]> {
    const rows = await this.#database.kysely
      .selectFrom('elevation_requests')
      .selectAll()
      .where('realm', '=', realm)
      .where('decision', 'is', null)
      .where('expires_at', '>', this.#clock.now())
      .orderBy('requested_at')
      .limit(500)
      .execute()
    return rows.map(askedOf)
  }

  /**
   * Decides a request that waits, once. `mayAct` is asked for the account at this moment: a request of somebody who was
   * locked or whose session is over gives nothing.
   */
  async decide(
    id: string,
    decision: 'approved' | 'refused' | 'withdrawn',
    by: { readonly id: string; readonly email: string },
    mayAct: (asked: ElevationAsked) => Promise<{ readonly email: string } | undefined>,
  ): Promise<ElevationOutcome & { readonly asked?: ElevationAsked }> {
    const row = await this.#database.kysely
      .selectFrom('elevation_requests')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    if (!row) return { kind: 'refused', reason: 'there is no such request' }
    const asked = askedOf(row)
    const isOwn = row.account_id === by.id
    if (isOwn !== (decision === 'withdrawn'))
      return {
        kind: 'refused',
        reason: isOwn ? 'nobody decides his own request' : 'it is not your request',
        asked,
      }
    const account = decision === 'approved' ? await mayAct(asked) : undefined
    if (decision === 'approved' && !account)
      return { kind: 'refused', reason: 'who asked may not act any more', asked }
    // INVARIANT: decided in one statement, so that two approvers give the rights once.
    const done = await this.#database.kysely
      .updateTable('elevation_requests')
      .set({ decision, decided_by: by.email, decided_at: this.#clock.now() })
      .where('id', '=', id)
      .where('decision', 'is', null)
      .where('expires_at', '>', this.#clock.now())
      .executeTakeFirst()
    if (done.numUpdatedRows !== 1n) return { kind: 'refused', reason: 'it does not wait any more', asked }
    if (!account) return { kind: 'waiting', id, asked }
    return { ...(await this.#give(asked, account.email, by.email)), asked }
  }

  async #give(asked: ElevationAsked, email: string, approvedBy?: string): Promise<ElevationOutcome> {
    try {
      const grants = await this.#elevated.elevate({
        subject: asked.accountId,
        subjectNames: [email],
        roles: asked.names.filter(this.#isRole),
        permissions: asked.names.filter((name) => !this.#isRole(name)),
        reason: asked.reason,
        by: email,
        ttlMs: asked.ttlMs,
        session: asked.session,
        ...(approvedBy !== undefined && { approvedBy }),
      })
      return { kind: 'given', grants }
    } catch (thrown) {
      if (thrown instanceof RingwallError) return { kind: 'refused', reason: thrown.message }
      throw thrown
    }
  }
}

function askedOf(row: ElevationRequestRow): ElevationAsked {
  return {
    id: row.id,
    realm: row.realm,
    accountId: row.account_id,
    session: { ref: row.session_ref, version: row.session_version },
    names: JSON.parse(row.names) as string[],
    reason: row.reason,
    ttlMs: row.ttl_ms,
    askedMs: row.requested_at,
  }
}
