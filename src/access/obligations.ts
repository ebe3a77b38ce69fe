import { EntityUid } from './cedar/value.ts'
import { entitiesFor, openRecord } from './facts.ts'
import { type JsonWebKey, type ObligationFault, readObligation } from './obligation.ts'
import type { PolicySet } from './policy-set.ts'

/** An entity as the application has it. */
export interface Row {
  /** By the names of the schema. */
  readonly attributes: Readonly<Record<string, unknown>>
  readonly parents?: readonly EntityUid[]
}

/** Whether the application may go on, and if not why; the reason is for its log. */
export type Fulfilment =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: ObligationFault | 'other-policy' | 'denied' | 'absent' }

/** What an application needs to decide what the gateway could not. */
export interface ObligationsOptions {
  /** The same policy as the gateway's: another version refuses. */
  readonly set: PolicySet
  /** The gateway's public keys, as at `/.well-known/ringwall/jwks.json`. */
  readonly keys: () => readonly JsonWebKey[]
  /** The name of this application among the gateway's upstreams. */
  readonly audience: string
  readonly now: () => number
}

/**
 * The application's half of a decision: for a request that came with a `Ringwall-Obligation`, the same policy is asked with
 * the row that the gateway did not have. What cannot be verified refuses, and so does a policy of another version.
 */
export class Obligations {
  readonly #options: ObligationsOptions

  constructor(options: ObligationsOptions) {
    this.#options = options
  }

  /** `token`: the value of the field. `find` is asked for the resource that the obligation names, and for the principal. */
  fulfil(
    token: string | undefined,
    find: (uid: { readonly type: string; readonly id: string }) => Row | undefined,
  ): Fulfilment {
    const { set, keys, audience, now } = this.#options
    if (token === undefined) return { ok: false, why: 'absent' }
    const read = readObligation(token, keys(), audience, now())
    if (typeof read === 'string') return { ok: false, why: read }
    // INVARIANT: gateway and application go by the same policy, or nobody goes on.
    if (read.policyVersion !== set.version) return { ok: false, why: 'other-policy' }
    const [principal, resource] = [read.principal, read.resource].map(
      ({ type, id }) => new EntityUid(type, id),
    ) as [EntityUid, EntityUid]
    const action = new EntityUid('Action', read.action)
    const facts = [principal, resource].flatMap((uid) => {
      const row = find({ type: uid.type, id: uid.id })
      if (!row) return []
      const { attributes, parents = [] } = row
      return [{ uid, attributes, parents, missing: 'absent' as const, knownAbove: 'all' as const }]
    })
    const declared = set.schema.actions.get(action.key)
    if (!declared) return { ok: false, why: 'denied' }
    const context = openRecord(read.context, declared.context, 'absent')
    const isAllowed = set.authorizer.isAllowed(
      { principal, action, resource, context },
      entitiesFor(set, facts),
    )
    return isAllowed ? { ok: true } : { ok: false, why: 'denied' }
  }
}
