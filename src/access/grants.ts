import { sql } from 'kysely'

import { type Clock, type RandomBytes, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Holding, SessionBinding } from '../core/holding.ts'
import { createIdSource } from '../core/id.ts'
import type { Database, PermissionGrantRow, RoleAssignmentRow } from '../store/index.ts'
import { checkDraft } from './grants-draft.ts'
import { GrantUses } from './grants-use.ts'

/** A role or a permission that was given to a subject: what, for what, why, by whom, and how long. */
export interface Grant {
  readonly id: string
  readonly kind: Holding['kind']
  readonly name: string
  readonly subject: string
  readonly resourceType: string | null
  readonly resourceId: string | null
  readonly isElevation: boolean
  readonly reason: string
  readonly grantedBy: string
  readonly approvedBy: string | null
  readonly grantedMs: number
  readonly notBeforeMs: number
  readonly expiresMs: number | null
  readonly revokedMs: number | null
  readonly revokedBy: string | null
  readonly lastUsedMs: number | null
  /** The only session that it counts in; null for all. */
  readonly session: SessionBinding | null
}

/** A grant that is yet to be made. */
export interface GrantDraft {
  readonly kind: Holding['kind']
  readonly name: string
  readonly subject: string
  readonly resourceType?: string
  readonly resourceId?: string
  readonly isElevation?: boolean
  readonly reason: string
  readonly by: string
  readonly approvedBy?: string
  readonly notBeforeMs?: number
  readonly expiresMs?: number
  /** Only in this session, while its version lasts. */
  readonly session?: SessionBinding
}

type GrantRow = Omit<RoleAssignmentRow, 'role'> &
  Omit<PermissionGrantRow, 'permission'> & { readonly kind: Holding['kind']; readonly name: string }

/** How many grants one subject may have in force. */
const MAX_IN_FORCE = 200

const COLUMNS = [
  'id',
  'subject',
  'resource_type',
  'resource_id',
  'elevation',
  'reason',
  'granted_by',
  'approved_by',
  'granted_at',
  'not_before',
  'expires_at',
  'revoked_at',
  'revoked_by',
  'last_used_at',
  'session_ref',
  'session_version',
] as const

const TABLES = { role: 'role_assignments', permission: 'permission_grants' } as const

/**
 * Stored roles and grants. Who decides asks `heldBy` for each request with the time of that request, and so a grant
 * ends at its expiry and a revocation counts from the next request on, on every gateway of the same database.
 */
export class Grants {
  readonly #database: Database
  readonly #clock: Clock
  readonly #nextId: () => string
  readonly #uses: GrantUses

  constructor({
    database,
    clock,
    random = systemRandom,
    flushMs = 30_000,
    onNotice = () => undefined,
  }: {
    readonly database: Database
    readonly clock: Clock
    readonly random?: RandomBytes
    /** How long a use may wait before it is written. */
    readonly flushMs?: number
    readonly onNotice?: (line: string) => void
  }) {
    this.#database = database
    this.#clock = clock
    this.#nextId = createIdSource(clock, random)
    this.#uses = new GrantUses(database, flushMs, onNotice)
  }

  /** Makes a grant. */
  async add(draft: GrantDraft): Promise<Grant> {
    const nowMs = this.#clock.now()
    checkDraft(draft, nowMs)
    const others = await this.list({ subject: draft.subject, pendingOrInForceMs: nowMs })
    if (others.length >= MAX_IN_FORCE) {
      throw new RingwallError(
        'access.too-many-grants',
        `${draft.subject} has ${MAX_IN_FORCE} grants already; revoke some, or make a role of them`,
      )
    }
    if (draft.expiresMs === undefined && others.some((other) => isSame(other, draft)))
      throw new RingwallError('access.already-granted', `${draft.subject} has \`${draft.name}\` already`)
    const id = this.#nextId()
    const row = {
      id,
      subject: draft.subject,
      resource_type: draft.resourceType ?? null,
      resource_id: draft.resourceId ?? null,
      elevation: draft.isElevation === true ? 1 : 0,
      reason: draft.reason,
      granted_by: draft.by,
      approved_by: draft.approvedBy ?? null,
      granted_at: nowMs,
      not_before: draft.notBeforeMs ?? nowMs,
      expires_at: draft.expiresMs ?? null,
      revoked_at: null,
      revoked_by: null,
      last_used_at: null,
      session_ref: draft.session?.ref ?? null,
      session_version: draft.session?.version ?? null,
    }
    await this.#database.insertRows(
      TABLES[draft.kind],
      [...COLUMNS, draft.kind],
      [[...COLUMNS.map((column) => row[column]), draft.name]],
    )
    return grantOf({ ...row, kind: draft.kind, name: draft.name })
  }

  /** Takes a grant back from the next request on. False: there is none with this id, or it was taken back before. */
  async revoke(id: string, by: string): Promise<boolean> {
    for (const table of Object.values(TABLES)) {
      const { numAffectedRows } =
        await sql`UPDATE ${sql.table(table)} SET revoked_at = ${this.#clock.now()}, revoked_by = ${by}
          WHERE id = ${id} AND revoked_at IS NULL`.execute(this.#database.kysely)
      if (numAffectedRows !== undefined && numAffectedRows > 0n) return true
    }
    return false
  }

  /**
   * What a subject holds at a moment, beside the roles of the account: in a session, where one is named, also what is
   * bound to it. One statement; nothing is kept.
   */
  async heldBy(subjectId: string, nowMs: number, session?: SessionBinding): Promise<readonly Holding[]> {
    // INVARIANT: a revoked grant does not count, whatever the clocks of two machines say of when it was.
    const inForce = sql`subject = ${subjectId} AND revoked_at IS NULL AND not_before <= ${nowMs}
      AND (expires_at IS NULL OR expires_at > ${nowMs})
      AND (session_ref IS NULL OR (session_ref = ${session?.ref ?? ''} AND session_version = ${session?.version ?? 0}))`
    const { rows } = await sql<
      Pick<GrantRow, 'id' | 'kind' | 'name' | 'resource_type' | 'resource_id' | 'expires_at'>
    >`SELECT id, 'role' AS kind, role AS name, resource_type, resource_id, expires_at
        FROM role_assignments WHERE ${inForce}
      UNION ALL SELECT id, 'permission', permission, resource_type, resource_id, expires_at
        FROM permission_grants WHERE ${inForce}
      ORDER BY id LIMIT ${MAX_IN_FORCE}`.execute(this.#database.kysely)
    return rows.map(
      ({ id, kind, name, resource_type: type, resource_id: resourceId, expires_at: expiresMs }) => ({
        id,
        kind,
        name,
        ...(type !== null && { resourceType: type }),
        ...(resourceId !== null && { resourceId }),
        ...(expiresMs !== null && { expiresMs }),
      }),
    )
  }

  /** Grants in the order in which they were made. */
  async list({
    subject,
    pendingOrInForceMs: nowMs,
    limit = 100_000,
  }: {
    readonly subject?: string
    /** Only those that count at this moment, or will. */
    readonly pendingOrInForceMs?: number
    readonly limit?: number
  } = {}): Promise<readonly Grant[]> {
    const ofSubject = subject === undefined ? sql`1 = 1` : sql`subject = ${subject}`
    const where =
      nowMs === undefined
        ? ofSubject
        : sql`${ofSubject} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${nowMs})`
    return (await this.#select(where, limit)).map(grantOf)
  }

  async find(id: string): Promise<Grant | undefined> {
    const [row] = await this.#select(sql`id = ${id}`, 1)
    return row && grantOf(row)
  }

  /** Notes that grants were used; written later, in a batch. */
  noteUse(ids: readonly string[], nowMs: number): void {
    this.#uses.note(ids, nowMs)
  }

  /** Writes the uses that were noted. */
  flush(): Promise<void> {
    return this.#uses.flush()
  }

  /** Writes what is left to write; the database stays open. */
  close(): Promise<void> {
    return this.#uses.flush()
  }

  async #select(where: ReturnType<typeof sql>, limit: number): Promise<readonly GrantRow[]> {
    const columns = sql.join(COLUMNS.map((column) => sql.ref(column)))
    const { rows } = await sql<GrantRow>`SELECT ${columns}, 'role' AS kind, role AS name
        FROM role_assignments WHERE ${where}
      UNION ALL SELECT ${columns}, 'permission', permission FROM permission_grants WHERE ${where}
      ORDER BY granted_at, id LIMIT ${limit}`.execute(this.#database.kysely)
    return rows
  }
}

function isSame(grant: Grant, draft: GrantDraft): boolean {
  return (
    grant.expiresMs === null &&
    grant.kind === draft.kind &&
    grant.name === draft.name &&
    grant.resourceType === (draft.resourceType ?? null) &&
    grant.resourceId === (draft.resourceId ?? null)
  )
}

function grantOf(row: GrantRow): Grant {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    subject: row.subject,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    isElevation: row.elevation === 1,
    reason: row.reason,
    grantedBy: row.granted_by,
    approvedBy: row.approved_by,
    grantedMs: row.granted_at,
    notBeforeMs: row.not_before,
    expiresMs: row.expires_at,
    revokedMs: row.revoked_at,
    revokedBy: row.revoked_by,
    lastUsedMs: row.last_used_at,
    session:
      row.session_ref === null || row.session_version === null
        ? null
        : { ref: row.session_ref, version: row.session_version },
  }
}
