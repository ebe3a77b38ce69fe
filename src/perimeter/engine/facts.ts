/** What the engine is told of a request; the wall fills it from the exchange. Strings are byte strings. */
export interface RequestFacts {
  readonly id: string
  readonly startedMs: number
  readonly method: string
  /** As sent, in whatever form. */
  readonly target: string
  /** `HTTP/1.1`. */
  readonly protocol: string
  /** The request line as sent, where it is known better than from its parts. */
  readonly requestLine?: string
  /** Flat list: name, value, as sent. */
  readonly headers: readonly string[]
  readonly clientIp: string
  readonly clientPort: number
  readonly serverPort: number
  readonly serverName: string
}

/** A request's body, decoded. */
export interface BodyFacts {
  readonly text: string
  /** False where only the first part was kept. */
  readonly complete: boolean
}

/** A response. */
export interface ResponseFacts {
  readonly status: number
  readonly protocol: string
  readonly headers: readonly string[]
}

/** A rule that matched, for people and for the log. */
export interface RuleMatch {
  readonly id: number
  readonly phase: number
  readonly msg: string
  readonly data: string
  /** 0 (emergency) to 7 (debug). */
  readonly severity: number | undefined
  readonly tags: readonly string[]
  readonly transformations: readonly string[]
  readonly file: string
  readonly line: number
  readonly ver: string
  /** The variables that matched in the last rule of the chain, at most ten. */
  readonly variables: readonly string[]
  readonly isLogged: boolean
  /** Whether the rule, and not only a score, would stop the exchange. */
  readonly isDisruptive: boolean
}

/** The exchange must not go on. */
export interface Interruption {
  readonly ruleId: number
  readonly phase: number
  readonly action: 'deny' | 'drop' | 'redirect'
  readonly status: number
  readonly location: string
  readonly msg: string
}
