import { RingwallError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import type { Origin } from './rule.ts'

/** A rule file that cannot be used: names file and line, and says what to do. */
export function ruleError(origin: Origin, message: string): RingwallError {
  return new RingwallError('perimeter.bad-rule', message, { at: { file: origin.file, line: origin.line } })
}

/** A hint for a name that is close to a known one; empty where none is. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const name = suggest(written, [...known])
  return name === undefined ? '' : `; did you mean ${name}?`
}
