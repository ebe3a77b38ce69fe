import { quote } from '../cedar/escape.ts'
import { CedarRecord, CedarSet, EntityUid, Fault, type Outcome, type Value } from '../cedar/value.ts'

const MAX_LENGTH = 200

/** A value as Cedar text, shortened where it is long. */
export function textOfValue(value: Value): string {
  const text = write(value, 3)
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}...`
}

function write(value: Value, depth: number): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object') return String(value)
  if (value instanceof EntityUid) return value.toString()
  if (value instanceof CedarSet)
    return depth === 0
      ? '[...]'
      : `[${value.elements.map((element) => write(element, depth - 1)).join(', ')}]`
  if (value instanceof CedarRecord) {
    if (depth === 0) return '{...}'
    const fields = value.names.map((name) => `${name}: ${writeOutcome(value.get(name), depth - 1)}`)
    return `{${fields.join(', ')}}`
  }
  const name = value.type === 'ipaddr' ? 'ip' : value.type
  return `${name}(${quote(value.toString())})`
}

function writeOutcome(outcome: Outcome | undefined, depth: number): string {
  if (outcome === undefined) return '(absent)'
  return outcome instanceof Fault ? `(${outcome.message})` : write(outcome, depth)
}
