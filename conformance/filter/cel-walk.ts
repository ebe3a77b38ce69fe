import type { Cel } from './cel.ts'

/** A constant, with a sign before it or not. */
export function constantOf(cel: Cel): number | string | boolean | null | undefined {
  if (cel.kind === 'constant') return cel.value
  if (cel.kind !== 'unary' || cel.operator !== '-') return undefined
  const value = constantOf(cel.of)
  return typeof value === 'number' ? -value : undefined
}

/** The first condition inside an operand, with the operand for each of its answers. */
export function liftChoice(cel: Cel): (Cel & { kind: 'choice' }) | undefined {
  if (cel.kind === 'choice') return cel
  if (cel.kind !== 'binary' || !['+', '-', '*', '/'].includes(cel.operator)) return undefined
  const [left, right] = [liftChoice(cel.left), liftChoice(cel.right)]
  if (left !== undefined) return { ...left, yes: { ...cel, left: left.yes }, no: { ...cel, left: left.no } }
  return right && { ...right, yes: { ...cel, right: right.yes }, no: { ...cel, right: right.no } }
}

/** The same with a constant in the place of a name. */
export function substitute(cel: Cel, name: string, value: string | null): Cel {
  if (cel.kind === 'name') return cel.name === name ? { kind: 'constant', value } : cel
  return mapCel(cel, (part) => substitute(part, name, value))
}

/** Whether a name is in it. */
export function mentions(cel: Cel, name: string): boolean {
  if (cel.kind === 'name') return cel.name === name
  let isFound = false
  mapCel(cel, (part) => {
    isFound ||= mentions(part, name)
    return part
  })
  return isFound
}

function mapCel(cel: Cel, change: (part: Cel) => Cel): Cel {
  switch (cel.kind) {
    case 'constant':
    case 'name':
      return cel
    case 'list':
      return { ...cel, items: cel.items.map(change) }
    case 'select':
    case 'unary':
      return { ...cel, of: change(cel.of) }
    case 'index':
      return { ...cel, of: change(cel.of), at: change(cel.at) }
    case 'binary':
      return { ...cel, left: change(cel.left), right: change(cel.right) }
    case 'choice':
      return { ...cel, test: change(cel.test), yes: change(cel.yes), no: change(cel.no) }
    case 'call':
      return { ...cel, of: cel.of && change(cel.of), arguments: cel.arguments.map(change) }
    default:
      return cel satisfies never
  }
}
