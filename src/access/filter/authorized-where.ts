import { RingwallError } from '../../core/errors.ts'
import { type PrismaTable, type PrismaWhere, renderPrisma } from './prisma.ts'
import type { SqlCondition, SqlOptions, SqlTag, SqlText } from './sql-condition.ts'

/**
 * A condition that the policies gave. A repository that asks for `AuthorizedWhere<'Document'>` cannot be called with
 * a condition that somebody wrote, nor with one for another type: the type is nominal, and only a filter makes it.
 */
export class AuthorizedWhere<Type extends string> {
  /** The entity type whose rows it selects. */
  readonly type: Type
  /** `all`: every row. `none`: no row; the query can be left out. */
  readonly verdict: 'all' | 'none' | 'some'
  readonly #condition: SqlCondition
  readonly #prisma: PrismaTable | undefined

  private constructor(type: Type, condition: SqlCondition, prisma: PrismaTable | undefined) {
    this.#prisma = prisma
    this.type = type
    this.verdict = condition.verdict
    this.#condition = condition
  }

  /** @internal Only the filter may say that a condition is authorized. */
  static of<Type extends string>(
    type: Type,
    condition: SqlCondition,
    seal: typeof SEAL,
    prisma?: PrismaTable,
  ): AuthorizedWhere<Type> {
    if (seal !== SEAL) throw new TypeError('only a filter makes an AuthorizedWhere')
    return new AuthorizedWhere(type, condition, prisma)
  }

  /** Text for WHERE with its parameters: `$1` in PostgreSQL, `?` elsewhere. */
  toSql(options?: SqlOptions): SqlText {
    return this.#condition.toSql(options)
  }

  /**
   * Through a template tag: Kysely's sql<SqlBool>, Drizzle's sql, Prisma.sql. Nothing of these is imported; the tag makes
   * its own fragment, with its own parameters.
   */
  toTagged<T>(tag: SqlTag<T>): T {
    return this.#condition.toTagged(tag)
  }

  /** A `where` of Prisma, where the filter was loaded with `prisma` for this type: { where: { AND: [where.toPrisma(), yours] } }. */
  toPrisma(): PrismaWhere {
    if (this.#prisma === undefined) {
      const message = `say how Prisma calls the fields of ${this.type} when the filter is loaded: \`prisma: { ${this.type}: {} }\``
      throw new RingwallError('access.filter-prisma', message)
    }
    return renderPrisma(this.#condition.predicate, this.#prisma)
  }
}

/** Handed to the filter alone, through the folder and not through the door. */
export const SEAL: unique symbol = Symbol('authorized')
