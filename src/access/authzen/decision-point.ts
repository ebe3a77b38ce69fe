import { type Clock, type RandomBytes, systemClock, systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import type { Json } from '../cedar/json.ts'
import { type ActionNames, actionNames } from './actions.ts'
import { candidatesFor, type Found } from './candidates.ts'
import { type DecisionBody, Judge, type JudgeParts, misread, type Ruling } from './judge.ts'
import { DEFAULT_LIMITS, excessIn, type Limits } from './limits.ts'
import { openPlace, type PageSeal, type Place, sealPlace, searchKey } from './page-token.ts'
import {
  type Question,
  type Read,
  readBatch,
  readQuestion,
  readSearch,
  type SearchKind,
  type SearchQuestion,
  type Semantic,
} from './question.ts'
import { findPage } from './search.ts'

/** What a decision point is made of. */
export interface DecisionPointParts extends JudgeParts {
  /** The actions that a search for actions looks at. */
  readonly actions?: readonly string[]
  readonly limits?: Partial<Limits>
  /** 32 bytes to seal page tokens with; made at the start when not given, and then no other gateway can read them. */
  readonly pageKey?: Uint8Array
  readonly clock?: Clock
  readonly random?: RandomBytes
}

/** Several decisions, in the order of the questions; fewer where the semantic ends early. */
export interface DecisionsBody {
  readonly evaluations: readonly DecisionBody[]
}

/** What a search found (AuthZEN 1.0, Search Response). The page is there when one was asked for, or when there is more. */
export interface ResultsBody {
  readonly page?: { readonly next_token: string; readonly count: number }
  readonly results: readonly Found[]
}

/** The answer to a question, or one sentence on why it is none (HTTP status 400). Notes are for the operator alone. */
export type Answer<T> =
  | { readonly ok: true; readonly body: T; readonly notes: readonly string[] }
  | { readonly ok: false; readonly reason: string }

/**
 * A policy decision point as AuthZEN 1.0 defines it, over the Cedar engine and a store of entities. It knows nothing of
 * HTTP. Whatever is asked gets an answer: what is malformed a reason, what is unknown the decision false.
 */
export class DecisionPoint {
  readonly #judge: Judge
  readonly #limits: Limits
  readonly #actions: ActionNames
  readonly #seal: PageSeal

  constructor(parts: DecisionPointParts) {
    const { clock = systemClock, random = systemRandom } = parts
    this.#judge = new Judge(parts)
    this.#limits = { ...DEFAULT_LIMITS, ...parts.limits }
    this.#actions = actionNames(parts.actions, parts.schema, parts.policies, this.#judge.vocabulary)
    const { pageKey = random(32) } = parts
    if (pageKey.length !== 32)
      throw new RingwallError('access.authzen-page-key', 'the key of page tokens is 32 bytes')
    this.#seal = { key: pageKey, ttlSeconds: this.#limits.pageTtlSeconds, clock, random }
  }

  /** The Access Evaluation API: one question. */
  async evaluate(body: Json): Promise<Answer<DecisionBody>> {
    const read = this.#read(body, readQuestion)
    if (!read.ok) return read
    const [ruling] = await this.#rule([read], 'execute_all')
    return { ok: true, ...(ruling as Ruling) }
  }

  /** The Access Evaluations API: several questions, or one where there is no array of them. */
  async evaluations(body: Json): Promise<Answer<DecisionBody | DecisionsBody>> {
    const read = this.#read(body, readBatch)
    if (!read.ok) return read
    if (read.value === undefined) return this.evaluate(body)
    const rulings = await this.#rule(read.value.items, read.value.semantic)
    return {
      ok: true,
      body: { evaluations: rulings.map((ruling) => ruling.body) },
      notes: rulings.flatMap((ruling) => ruling.notes),
    }
  }

  /** Who of a type may do this? `caller` binds page tokens to whom they were given. */
  searchSubject(body: Json, caller = ''): Promise<Answer<ResultsBody>> {
    return this.#search('subject', body, caller)
  }

  /** To what of a type may this subject do it? */
  searchResource(body: Json, caller = ''): Promise<Answer<ResultsBody>> {
    return this.#search('resource', body, caller)
  }

  /** What may this subject do to this resource? */
  searchAction(body: Json, caller = ''): Promise<Answer<ResultsBody>> {
    return this.#search('action', body, caller)
  }

  #read<T>(body: Json, read: (body: Json, limits: Limits) => Read<T>): Read<T> {
    const excess = excessIn(body, this.#limits)
    return excess === undefined ? read(body, this.#limits) : { ok: false, reason: `the body holds ${excess}` }
  }

  async #rule(items: readonly Read<Question>[], semantic: Semantic): Promise<readonly Ruling[]> {
    const stored = await this.#judge.entities.open(
      items.flatMap((item) => (item.ok ? this.#judge.uidsOf(item.value) : [])),
    )
    const rulings: Ruling[] = []
    for (const item of items) {
      const ruling = item.ok ? this.#judge.decide(item.value, stored) : misread(item.reason)
      rulings.push(ruling)
      if (semantic === 'deny_on_first_deny' && !ruling.body.decision) break
      if (semantic === 'permit_on_first_permit' && ruling.body.decision) break
    }
    return rulings
  }

  async #search(kind: SearchKind, body: Json, caller: string): Promise<Answer<ResultsBody>> {
    const read = this.#read(body, (json, limits) => readSearch(kind, json, limits))
    if (!read.ok) return read
    const { page, ...asked } = read.value
    const key = searchKey([caller, asked] as unknown as Json)
    const place = this.#placeOf(page, key)
    if (typeof place === 'string') return { ok: false, reason: place }
    const { maxExamined, maxPageSize } = this.#limits
    const candidates = candidatesFor(read.value, place.after, this.#judge, this.#actions, maxExamined)
    const limit = Math.min(place.limit, maxPageSize)
    const { results, after, hasMore } = await findPage(candidates, place.after, limit, maxExamined)
    const token = hasMore ? sealPlace(this.#seal, key, { after, limit: place.limit }) : ''
    const isPaged = page !== undefined || hasMore
    return {
      ok: true,
      body: { ...(isPaged && { page: { next_token: token, count: results.length } }), results },
      notes: [`${results.length} found${hasMore ? ', there may be more' : ''}`],
    }
  }

  /** Where the search begins; text for a token that cannot be used, or a limit that is not the one it began with. */
  #placeOf(page: SearchQuestion['page'], key: string): Place | string {
    const limit = page?.limit ?? this.#limits.pageSize
    if (page?.token === undefined || page.token === '') return { after: undefined, limit }
    const place = openPlace(this.#seal, key, page.token)
    if (typeof place === 'string') return place
    return page.limit === undefined || page.limit === place.limit
      ? place
      : 'page.limit: it must stay as it was at the beginning of the search'
  }
}
