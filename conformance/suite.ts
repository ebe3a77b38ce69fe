/** What one public suite said of us. Every case is in exactly one of the four groups. */
export interface SuiteResult {
  readonly total: number
  readonly passed: number
  /** Ids of cases that gave another answer than the suite expects. */
  readonly failed: readonly string[]
  /** Cases that could not be run, each with the reason. */
  readonly notRun: readonly Deviation[]
  /** Cases where we differ on purpose: the reason names the standard. Never counted as passed. */
  readonly known: readonly Deviation[]
}

/** A case that is counted apart, and why. */
export interface Deviation {
  readonly id: string
  readonly why: string
}

/** What `conformance/<suite>.ts` exports. Its parts, if it has any, are in a folder of its name. */
export interface Suite {
  /** One line that says how to get the data. A suite whose cases are in its own file has none. */
  readonly data?: string
  /** How many cases the public suite has, for the count of what was not run when its data is absent. */
  readonly cases?: number
  run(dataDir: string): Promise<SuiteResult>
}

/** Thrown by a suite when the directory is there but what it needs is not in it. */
export class DataAbsent extends Error {
  override readonly name = 'DataAbsent'
}
