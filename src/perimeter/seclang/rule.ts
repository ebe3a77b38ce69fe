/** Where a directive stands. */
export interface Origin {
  readonly file: string
  readonly line: number
}

/** One item of a rule's list of variables: `!ARGS:/^x/`, `&TX:score`, `XML:/*`. */
export interface VariableRef {
  /** Upper case, without selector. */
  readonly name: string
  /** Lower case; undefined for the whole collection. */
  readonly key: string | undefined
  /** In place of a key: a regular expression over names, without its slashes. */
  readonly keyPattern: string | undefined
  /** `&`: how many there are. */
  readonly isCount: boolean
  /** `!`: left out. */
  readonly isExclusion: boolean
}

/** `@rx`, `!@within`: the name in lower case, and its argument as written. */
export interface OperatorRef {
  readonly name: string
  readonly argument: string
  readonly isNegated: boolean
}

/** `setvar`, `ctl` and their like: the name in lower case, and its value as written. */
export interface ActionRef {
  readonly name: string
  readonly value: string
}

/** What a rule does to the exchange when it and all its chained rules match. */
export type Disruption = 'allow' | 'block' | 'deny' | 'drop' | 'pass' | 'proxy' | 'redirect'

/** One SecRule or SecAction, with the rules that are chained to it. */
export interface Rule {
  readonly origin: Origin
  /** 0 for chained rules. */
  readonly id: number
  readonly phase: 1 | 2 | 3 | 4 | 5
  /** Empty for SecAction, which always matches. */
  readonly variables: readonly VariableRef[]
  readonly operator: OperatorRef
  /** In lower case and order, `none` applied. */
  readonly transformations: readonly string[]
  readonly multiMatch: boolean
  readonly capture: boolean
  readonly disruption: Disruption
  /** The value of `redirect`, `proxy` or `allow`. */
  readonly disruptionValue: string
  readonly status: number
  readonly msg: string
  readonly logdata: string
  readonly severity: number | undefined
  readonly tags: readonly string[]
  readonly rev: string
  readonly ver: string
  readonly maturity: number | undefined
  readonly accuracy: number | undefined
  readonly isLogged: boolean
  readonly skip: number
  readonly skipAfter: string
  /** `setvar`, `ctl`, `initcol`, `expirevar`, `setenv` and others that act, in order. */
  readonly actions: readonly ActionRef[]
  readonly chained: Rule | undefined
}

/** A place that `skipAfter` goes to. */
export interface Marker {
  readonly marker: string
  readonly origin: Origin
}

/** Rules and markers in the order of the files. */
export type Step = Rule | Marker

export function isMarker(step: Step): step is Marker {
  return 'marker' in step
}
