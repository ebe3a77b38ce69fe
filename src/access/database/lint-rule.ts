import type { Catalog, PolicyFound, TableFound } from './catalog.ts'
import type { DatabasePlan } from './plan.ts'
import { quoteName } from './sql-text.ts'

/** A function that runs with the rights of its owner and is not one of a plan. */
export interface DefinerFound {
  /** `schema.name(types)`. */
  readonly signature: string
  readonly owner: string
  readonly hasSearchPath: boolean
  /** Whether a role of the application may call it. */
  readonly isInReach: boolean
}

/** What lints look at. */
export interface LintFacts {
  readonly catalog: Catalog
  readonly plan: DatabasePlan
  /** In the schemas of the plan, also what the plan does not know. */
  readonly tables: readonly TableFound[]
  readonly policies: readonly PolicyFound[]
  /** What reader, writer or everybody has a privilege on. */
  readonly readable: ReadonlySet<string>
  readonly planned: ReadonlySet<string>
  readonly definers: readonly DefinerFound[]
  /** `schema.table` and a column that an index begins with, with a line break between. */
  readonly indexed: ReadonlySet<string>
  /** Roles beside superusers that pass every policy and can come into this database. */
  readonly bypassing: readonly string[]
  /** What somebody's future objects give to everybody. */
  readonly defaults: readonly {
    readonly role: string
    readonly schema: string | null
    readonly verb: string
    readonly kind: string
  }[]
}

/** One thing that is weak, and the SQL that mends it. */
export interface Weakness {
  readonly what: string
  readonly fix: string
}

/** One rule: its stable name, what it is about, and what it finds. */
export interface LintRule {
  readonly id: string
  readonly why: string
  find(facts: LintFacts): readonly Weakness[]
}

/** Takes everything on an object away from all that an application is. */
export function closeTo(plan: DatabasePlan): string {
  const { reader, writer } = plan.declaration.roles
  return `PUBLIC, ${quoteName(reader)}, ${quoteName(writer)}`
}
