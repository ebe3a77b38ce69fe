import type { Expr, Policy } from '../cedar/ast.ts'
import { partsOf } from '../cedar/expression.ts'
import { CedarSet, EntityUid, Fault, type Value } from '../cedar/value.ts'
import { clausesOf } from '../explain/clause.ts'
import { constantOf } from '../explain/evaluation.ts'

/** What policies compare attributes of one name with. */
export interface Compared {
  readonly values: Map<string, Value>
  readonly patterns: Map<string, readonly string[]>
  /** Methods that stand between the attribute and the literal: `toTime`, `isLoopback`. */
  readonly methods: Set<string>
}

/** The literals of policies, by the names of the attributes that they are compared with. */
export interface Literals {
  /** Undefined for a name that is compared with nothing. */
  ofName(name: string): Compared | undefined
  readonly entities: ReadonlyMap<string, EntityUid>
  readonly tagNames: readonly string[]
}

/** Collects what policies compare; names that are compared with each other share what either is compared with. */
export function literalsOf(policies: readonly Policy[]): Literals {
  const groups = new Map<string, Compared>()
  const entities = new Map<string, EntityUid>()
  const tagNames = new Set<string>()
  const join = (names: ReadonlySet<string>): Compared => {
    const joined: Compared = { values: new Map(), patterns: new Map(), methods: new Set() }
    const old = new Set([...names].flatMap((name) => groups.get(name) ?? []))
    for (const group of old) {
      for (const [key, value] of group.values) joined.values.set(key, value)
      for (const [key, pattern] of group.patterns) joined.patterns.set(key, pattern)
      for (const method of group.methods) joined.methods.add(method)
    }
    for (const [name, group] of groups) if (old.has(group)) groups.set(name, joined)
    for (const name of names) groups.set(name, joined)
    return joined
  }
  const visit = (expr: Expr): void => {
    if (expr.kind === 'literal' && expr.value instanceof EntityUid) entities.set(expr.value.key, expr.value)
    if (expr.kind === 'binary' && (expr.operator === 'getTag' || expr.operator === 'hasTag')) {
      const tag = constantOf(expr.right)
      if (typeof tag === 'string') tagNames.add(tag)
    }
    if (isComparison(expr)) {
      const found: Found = { names: new Set(), values: [], patterns: [], methods: new Set() }
      collect(expr, found)
      if (found.names.size > 0) {
        const group = join(found.names)
        for (const value of found.values) group.values.set(keyText(value), value)
        for (const pattern of found.patterns) group.patterns.set(JSON.stringify(pattern), pattern)
        for (const method of found.methods) group.methods.add(method)
      }
    }
    for (const part of partsOf(expr)) visit(part)
  }
  for (const policy of policies) for (const { expr } of clausesOf(policy)) visit(expr)
  return { ofName: (name) => groups.get(name), entities, tagNames: [...tagNames] }
}

interface Found {
  readonly names: Set<string>
  readonly values: Value[]
  readonly patterns: (readonly string[])[]
  readonly methods: Set<string>
}

function isComparison({ kind }: Expr): boolean {
  return kind === 'binary' || kind === 'like' || kind === 'call'
}

/** Names of attributes and tags, and literals, wherever they stand in a comparison. */
function collect(expr: Expr, found: Found): void {
  const constant = constantOf(expr)
  if (constant !== undefined && !(constant instanceof Fault)) {
    found.values.push(...(constant instanceof CedarSet ? [constant, ...constant.elements] : [constant]))
    return
  }
  if (expr.kind === 'set') for (const element of expr.elements) collect(element, found)
  if (expr.kind === 'attribute') {
    found.names.add(expr.name)
    return
  }
  if (expr.kind === 'like') found.patterns.push(expr.pattern)
  if (expr.kind === 'call') found.methods.add(expr.function)
  if (expr.kind === 'binary' && expr.operator === 'getTag') {
    const tag = constantOf(expr.right)
    if (typeof tag === 'string') found.names.add(tag)
    return
  }
  for (const part of partsOf(expr)) collect(part, found)
}

function keyText(value: Value): string {
  return typeof value === 'object' ? `${value.constructor.name} ${value.key}` : `${typeof value} ${value}`
}
