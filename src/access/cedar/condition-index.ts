import type { Expr, Policy, Variable } from './ast.ts'
import type { Env, Run } from './environment.ts'
import { compile } from './evaluator.ts'
import type { CompiledPolicy } from './policy.ts'
import { EntityUid, Fault, type Value } from './value.ts'

/** Fewer policies than this are asked one by one. */
const SMALL = 4

/**
 * Finds policies by the constant that they compare an attribute with before they do anything else, as in
 * `when { resource.kind == "invoice" && ... }`. All others of the same attribute are false without an error, so
 * that to leave them out changes nothing.
 */
export class ConditionIndex {
  /** What cannot be found like this. */
  readonly rest: readonly CompiledPolicy[]
  readonly #groups: readonly Group[]

  constructor(policies: readonly CompiledPolicy[]) {
    const rest: CompiledPolicy[] = []
    const groups = new Map<string, { readonly policy: CompiledPolicy; readonly test: FirstTest }[]>()
    for (const policy of policies) {
      const test = firstTestOf(policy.policy)
      if (test === undefined) rest.push(policy)
      else groups.getOrInsertComputed(nameOf(test), () => []).push({ policy, test })
    }
    const large: Group[] = []
    for (const members of groups.values()) {
      const [first] = members
      if (first !== undefined && members.length >= SMALL) {
        const group = new Group(first.test)
        for (const { policy, test } of members) group.add(policy, test.value)
        large.push(group)
      } else for (const { policy } of members) rest.push(policy)
    }
    this.rest = rest
    this.#groups = large
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0
  }

  collect(env: Env, found: CompiledPolicy[]): void {
    for (const group of this.#groups) for (const policy of group.find(env)) found.push(policy)
  }
}

/** The first thing that a policy's conditions ask. */
interface FirstTest {
  readonly variable: Variable
  readonly attribute: string
  /** `x has a` comes before `x.a == ...`. */
  readonly isGuarded: boolean
  readonly value: Value
}

function nameOf({ variable, attribute, isGuarded }: FirstTest): string {
  return `${variable}${isGuarded ? '?' : '.'}${attribute}`
}

function firstTestOf({ conditions: [condition] }: Policy): FirstTest | undefined {
  if (condition?.kind !== 'when') return undefined
  const [first, second] = firstTerms(condition.body)
  const bare = first && equalityOf(first, false)
  if (bare !== undefined || first?.kind !== 'has' || first.of.kind !== 'variable') return bare
  const guarded = second && equalityOf(second, true)
  const isSame = guarded?.variable === first.of.name && guarded.attribute === first.path[0]
  return isSame && first.path.length === 1 ? guarded : undefined
}

/** The two terms that are evaluated first, of a chain of `&&`. */
function firstTerms(body: Expr): readonly Expr[] {
  if (body.kind !== 'and') return [body]
  const [first, second] = body.terms
  const before = first === undefined ? [] : firstTerms(first)
  return second === undefined || before.length > 1 ? before : [...before, ...firstTerms(second)]
}

function equalityOf(expr: Expr, isGuarded: boolean): FirstTest | undefined {
  if (expr.kind !== 'binary' || expr.operator !== '==') return undefined
  const { left, right } = expr
  const [side, constant] = right.kind === 'literal' ? [left, right] : [right, left]
  if (side.kind !== 'attribute' || side.of.kind !== 'variable' || constant.kind !== 'literal')
    return undefined
  return { variable: side.of.name, attribute: side.name, isGuarded, value: constant.value }
}

const NONE: readonly CompiledPolicy[] = []

/** Policies that ask the same attribute first. */
class Group {
  readonly #has: Run | undefined
  readonly #get: Run
  readonly #all: CompiledPolicy[] = []
  /** By the constant itself, or by the key of an entity. */
  readonly #byScalar = new Map<Value, CompiledPolicy[]>()
  readonly #byEntity = new Map<string, CompiledPolicy[]>()

  constructor({ variable, attribute, isGuarded }: FirstTest) {
    const of: Expr = { kind: 'variable', at: -1, name: variable }
    this.#has = isGuarded ? compile({ kind: 'has', at: -1, of, path: [attribute] }).run : undefined
    this.#get = compile({ kind: 'attribute', at: -1, of, name: attribute }).run
  }

  add(policy: CompiledPolicy, value: Value): void {
    this.#all.push(policy)
    const filed =
      value instanceof EntityUid
        ? this.#byEntity.getOrInsertComputed(value.key, () => [])
        : this.#byScalar.getOrInsertComputed(value, () => [])
    filed.push(policy)
  }

  /** Where the attribute cannot be had, each of them must say so. */
  find(env: Env): readonly CompiledPolicy[] {
    const has = this.#has?.(env)
    if (has === false) return NONE
    const value = has instanceof Fault ? has : this.#get(env)
    if (value instanceof Fault) return this.#all
    if (typeof value !== 'object') return this.#byScalar.get(value) ?? NONE
    return (value instanceof EntityUid ? this.#byEntity.get(value.key) : undefined) ?? NONE
  }
}
