import type { Macro } from '../engine/macro.ts'
import type { Pattern } from '../regex/pattern.ts'
import type { Origin } from '../seclang/rule.ts'

/** What an operator may ask of the exchange while it judges. */
export interface OperatorScope {
  /** A macro's text now. */
  expand(macro: Macro): string
  /** Stores what `@geoLookup` found in GEO; whether it found anything. */
  locate(address: string): boolean
}

/** One judge of one value. */
export interface Operator {
  /** Whether the value is what the rule looks for; negation is the engine's. */
  readonly matches: (value: string, scope: OperatorScope) => boolean
  /** What `capture` keeps of a value that matches: 0 is the whole match. */
  readonly captures?: (value: string) => readonly (string | undefined)[] | undefined
  /** Whether the answer depends on the value alone and is worth keeping. */
  readonly isCostly?: boolean
  /** For `@rx`: the pattern, which the scanner tries on many values at once. */
  readonly pattern?: Pattern
  /** For `@pm`: the phrases in lower case. A scanner's word on them is final. */
  readonly phrases?: readonly string[]
}

/** What an operator is made of. */
export interface OperatorArgument {
  readonly text: string
  readonly macro: Macro
  readonly origin: Origin
  /** The lines of a data file named in the rule, relative to the rule's file. */
  readonly readLines: (path: string) => readonly string[]
}

/** An operator of the reference manual: how it is made, or why it is not to be had. */
export type OperatorWord =
  | { readonly create: (argument: OperatorArgument) => Operator }
  | { readonly why: string }
