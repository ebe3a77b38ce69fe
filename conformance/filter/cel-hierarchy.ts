import { quote } from '../../src/access/cedar/escape.ts'
import type { Cel } from './cel.ts'
import { type Field, fieldAt } from './cel-fields.ts'
import { atom, type CedarRails, constant } from './cel-rails.ts'
import { knownOf, type Principal } from './cel-text.ts'
import { constantOf } from './cel-walk.ts'

/** Paths with a separator: what is above a known path is a list, what is below it a pattern. */
export function hierarchy(low: Cel, high: Cel, overlaps: boolean, principal: Principal): CedarRails {
  const [below, above] = [stepsOf(low, principal), stepsOf(high, principal)]
  if (below.field !== undefined && above.field === undefined) {
    const path = above.steps.join(above.separator)
    const isBelow = `${below.field.text} like "${quote(path + below.separator).slice(1, -1)}*"`
    if (!overlaps) return atom(isBelow, below.field.guards)
    const up = above.steps.map((_, at) => quote(above.steps.slice(0, at + 1).join(above.separator)))
    return atom(`(${isBelow} || [${up.join(', ')}].contains(${below.field.text}))`, below.field.guards)
  }
  if (above.field === undefined) throw new Error('no attribute in a hierarchy')
  if (overlaps && above.isIdLast) return overlapsId(above.steps, below.steps)
  if (overlaps) return hierarchy(high, low, true, principal)
  const up = below.steps
    .slice(0, -1)
    .map((_, at) => quote(below.steps.slice(0, at + 1).join(below.separator)))
  return atom(`[${up.join(', ')}].contains(${above.field.text})`, above.field.guards)
}

/** A known path against a known path that ends in the row's id. */
function overlapsId(before: readonly string[], known: readonly string[]): CedarRails {
  const shared = Math.min(before.length, known.length)
  if (before.slice(0, shared).join('\n') !== known.slice(0, shared).join('\n')) return constant(false)
  const last = known[before.length]
  return last === undefined ? constant(true) : atom(`resource.id == ${quote(last)}`, [])
}

function stepsOf(
  cel: Cel,
  principal: Principal,
): {
  readonly field: Field | undefined
  readonly steps: readonly string[]
  readonly separator: string
  readonly isIdLast: boolean
} {
  if (cel.kind !== 'call') throw new Error('no hierarchy')
  const [of, by] = cel.arguments
  const separator = by === undefined ? '.' : String(constantOf(by))
  if (of?.kind === 'list') {
    // A list whose last step is the row's id: the rest is known, and so is the other side.
    const steps = of.items.slice(0, -1).map((item) => String(constantOf(item)))
    const field: Field = { text: 'resource.id', type: 'text', guards: [], isNullable: false }
    return { field, steps, separator, isIdLast: true }
  }
  const field = of === undefined ? undefined : fieldAt(of)
  const text = of === undefined || field !== undefined ? '' : knownOf(of, principal)
  return { field, steps: text.split(separator), separator, isIdLast: false }
}
