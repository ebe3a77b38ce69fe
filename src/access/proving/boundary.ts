import type { Expr, Policy } from '../cedar/ast.ts'
import { Authorizer } from '../cedar/authorizer.ts'
import { Datetime, Duration } from '../cedar/extensions/datetime.ts'
import { Decimal } from '../cedar/extensions/decimal.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RequestType } from '../cedar/validation.ts'
import { Fault, type Long } from '../cedar/value.ts'
import type { Clause } from '../explain/clause.ts'
import { evaluate } from '../explain/evaluation.ts'
import { textOfValue } from '../explain/value-text.ts'
import { type PolicyCase, realize } from './case.ts'
import { alter, findDifference } from './difference.ts'
import { DEFAULT_EFFORT, type Effort, Explorer, type Witness } from './exploration.ts'
import { SearchedPolicies } from './searched-policies.ts'
import { couldApply, requestTypesOf } from '../cedar/request-types.ts'
import { ABSENT, type Cast, type Choice, type Choices, type Place, uidOfKey } from './situation.ts'
import { type Atom, atomsOf, withAtom } from './variant.ts'

/** Bounds of a generation. */
export interface BoundaryOptions {
  /** More cases are not made. */
  readonly maxCases?: number
  readonly effort?: Effort
}

/**
 * Cases from the policies' own literals: for each condition, requests that it alone decides, true and false; and
 * around each of them the values on and beside every boundary that the condition has. The expected decision is
 * what the policies say now: read them, then keep them against changes.
 */
export function generateCases(
  policies: readonly Policy[],
  schema: Schema,
  { maxCases = 2000, effort = DEFAULT_EFFORT }: BoundaryOptions = {},
): readonly PolicyCase[] {
  const set = new SearchedPolicies(policies)
  const known: Known = {
    cases: new Map(),
    names: new Map(),
    authorizer: new Authorizer(set.policies),
    maxCases,
  }
  const types = requestTypesOf(schema)
  for (const policy of set.policies) {
    const collection = new Collection(
      set,
      new Explorer(schema, [policy], { others: set.policies, effort }),
      known,
    )
    for (const type of types) {
      if (!couldApply(policy, type)) continue
      const whole = findDifference(collection.explorer, alter(set, policy, undefined), type).witness
      if (whole !== undefined) {
        collection.add(`${policy.id} decides`, whole)
        askElsewhere(collection, policy, whole, types)
      }
      for (const atom of atomsOf(policy)) generateAround(collection, policy, atom, type)
    }
  }
  return [...known.cases.values()]
}

/** What was collected so far. */
interface Known {
  readonly cases: Map<string, PolicyCase>
  readonly names: Map<string, number>
  readonly authorizer: Authorizer
  readonly maxCases: number
}

class Collection {
  readonly set: SearchedPolicies
  /** Tries the literals of one policy first. */
  readonly explorer: Explorer
  readonly #known: Known

  constructor(set: SearchedPolicies, explorer: Explorer, known: Known) {
    this.set = set
    this.explorer = explorer
    this.#known = known
  }

  /** Adds a request with the decision that it gets, unless the same is there already. */
  add(about: string, witness: Witness): void {
    const { cases, names, authorizer, maxCases } = this.#known
    if (cases.size >= maxCases) return
    const asked = realize(this.explorer, this.set, witness)
    if (asked === undefined) return
    const key = keyOfCase(asked)
    if (cases.has(key)) return
    const { decision } = authorizer.isAuthorized(asked.request, asked.entities)
    const count = (names.get(about) ?? 0) + 1
    names.set(about, count)
    const name = count === 1 ? about : `${about} (${count})`
    cases.set(key, { name, ...asked, expect: decision })
  }
}

function keyOfCase({ request, entities }: Pick<PolicyCase, 'request' | 'entities'>): string {
  const { principal, action, resource, context } = request
  const rest = [...entities].map(
    ({ uid, attributes, tags, ancestors }) =>
      `${uid.key} ${attributes.key} ${tags.key} ${[...ancestors].sort().join()}`,
  )
  return [principal.key, action.key, resource.key, context?.key, ...rest.sort()].join('\n')
}

function generateAround(collection: Collection, policy: Policy, atom: Atom, type: RequestType): void {
  const { explorer, set } = collection
  const text = expressionToText(atom.expr)
  for (const forced of [false, true]) {
    const { witness } = findDifference(explorer, alter(set, policy, withAtom(policy, atom, forced)), type)
    if (witness === undefined) continue
    collection.add(`${policy.id}: ${text} decides`, witness)
    const { cast } = witness
    const read = new Map<string, Place>()
    const choices = explorer.complete(cast, witness.choices, ({ env }) => void evaluate(atom.expr, env))
    evaluate(atom.expr, explorer.situation(cast, choices, read).env)
    for (const place of read.values()) {
      const tried = explorer
        .candidatesOf(cast)
        .of(place)
        .choices.map((choice): Tried => ({ choice, choices: new Map(choices).set(place.key, choice) }))
      for (const { choice, choices: moved } of turningPoints(collection, atom, place, cast, tried))
        collection.add(`${policy.id}: ${text}: ${describeChoice(cast, place, choice)}`, {
          cast,
          choices: moved,
        })
    }
  }
}

interface Tried {
  readonly choice: Choice
  readonly choices: Choices
}

/** How many values of one place are kept that are not beside a literal of the condition or a change of its outcome. */
const MAX_OTHERS = 16

/** Of values that have an order those beside the condition's own literals, and those where the outcome changes. */
function turningPoints(
  { explorer }: Collection,
  { expr, clause }: Atom,
  place: Place,
  cast: Cast,
  tried: readonly Tried[],
): readonly Tried[] {
  const ranked = tried.map((one) => ({ one, rank: rankOf(one.choice) }))
  if (ranked.some(({ rank }) => rank === undefined)) return tried.slice(0, MAX_OTHERS)
  const sorted = ranked.sort((a, b) => ((a.rank as Long) < (b.rank as Long) ? -1 : 1))
  const outcomes = sorted.map(({ one }) => {
    const outcome = evaluate(expr, explorer.situation(cast, one.choices).env)
    return outcome instanceof Fault ? 'fault' : outcome
  })
  const own = new Explorer(explorer.schema, [onlyWith(expr, clause)]).candidatesOf(cast).of(place).choices
  const near = new Set(own.map(rankOf))
  return sorted.flatMap(({ one, rank }, at) => {
    const turns = outcomes[at] !== outcomes[at + 1] || outcomes[at] !== outcomes[at - 1]
    return near.has(rank) || turns ? [one] : []
  })
}

function onlyWith(expr: Expr, { wanted }: Clause): Policy {
  const any = { kind: 'any' } as const
  const conditions = [{ kind: wanted ? ('when' as const) : ('unless' as const), body: expr, at: -1 }]
  const annotations = new Map<string, string>()
  return {
    id: '',
    effect: 'permit',
    annotations,
    principal: any,
    action: any,
    resource: any,
    conditions,
    at: -1,
  }
}

/** Where a value stands in its order, if it has one. */
function rankOf(choice: Choice): Long | undefined {
  if (typeof choice === 'number' || typeof choice === 'bigint') return choice
  if (choice instanceof Datetime || choice instanceof Duration) return choice.ms
  return choice instanceof Decimal ? choice.units : undefined
}

/** The same principal, resource and values with every other action that takes them. */
function askElsewhere(
  collection: Collection,
  policy: Policy,
  { cast, choices }: Witness,
  types: readonly RequestType[],
): void {
  for (const type of types) {
    if (type === cast.type) continue
    if (type.principal !== cast.type.principal && type.resource !== cast.type.resource) continue
    const [other] = collection.explorer.castsOf(type)
    if (other === undefined) continue
    const moved: Cast = {
      type,
      principal: type.principal === cast.type.principal ? cast.principal : other.principal,
      resource: type.resource === cast.type.resource ? cast.resource : other.resource,
    }
    collection.add(`${policy.id}: elsewhere, ${type.action.uid.id} of ${type.resource}`, {
      cast: moved,
      choices,
    })
  }
}

/** `resource.total = 10000`. */
export function describeChoice(cast: Cast, place: Place, choice: Choice): string {
  if (place.kind === 'membership') {
    const group = uidOfKey(place.group).toString()
    return `${nameOfEntity(cast, place.of.key)} ${choice === true ? 'in' : 'not in'} ${group}`
  }
  const owner = [cast.principal.key, cast.resource.key].find((key) => /^[|#]/.test(after(place.key, key)))
  const path = owner === undefined ? place.key : nameOfEntity(cast, owner) + after(place.key, owner)
  const text = path.replaceAll(/[|#]/g, '.')
  if (place.kind === 'presence' || choice === ABSENT) return `${text} ${choice === true ? 'there' : 'absent'}`
  return `${text} = ${typeof choice === 'symbol' ? 'absent' : textOfValue(choice)}`
}

function after(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : ''
}

function nameOfEntity(cast: Cast, key: string): string {
  if (key === cast.principal.key) return 'principal'
  return key === cast.resource.key ? 'resource' : uidOfKey(key).toString()
}
