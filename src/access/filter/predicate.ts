import type { TableName } from './mapping.ts'

/** How a value lies in the database. Times and decimals kept as whole numbers are `integer`. */
export type Format = 'boolean' | 'integer' | 'text' | 'uuid' | 'timestamp' | 'numeric' | 'inet'

/** What stands in the place of a known value: whole numbers as number or bigint, all else as text. */
export type Bound = number | bigint | string

/** `alias.name`. */
export interface Column {
  readonly kind: 'column'
  readonly alias: string
  readonly name: string
  readonly format: Format
  /** The column compares by bytes already, so that MySQL needs no second comparison. */
  readonly isExact: boolean
}

/** SQL for one value. NULL means that the Cedar expression has no value. */
export type Operand =
  | Column
  | { readonly kind: 'value'; readonly value: Bound; readonly format: Format }
  /** SQL that an operator wrote (row-level security's principal). */
  | { readonly kind: 'raw'; readonly text: string; readonly format: Format }
  | {
      readonly kind: 'arithmetic'
      readonly operator: '+' | '-' | '*'
      readonly left: Operand
      readonly right: Operand
      readonly format: 'integer'
    }
  /** Division by a positive constant: what is left over with the sign of the dividend, or the quotient toward zero. */
  | {
      readonly kind: 'remainder' | 'quotient'
      readonly of: Operand
      readonly by: number
      readonly format: 'integer'
    }
  /** A timestamp as whole milliseconds, or a numeric as whole ten-thousandths. */
  | { readonly kind: 'whole'; readonly of: Operand; readonly format: 'integer' }
  /** The one value that a select finds, or NULL. */
  | { readonly kind: 'lookup'; readonly select: Select; readonly format: Format }

/** An array column or expression; PostgreSQL only. */
export interface ArrayOperand {
  readonly operand: Operand
  readonly format: Format
}

/** Where rows come from. */
export type Source =
  | { readonly kind: 'table'; readonly table: TableName; readonly alias: string }
  | { readonly kind: 'elements'; readonly array: ArrayOperand; readonly alias: string }
  | { readonly kind: 'closure'; readonly closure: Closure; readonly alias: string }
  /** Inside a closure: what it found so far. */
  | { readonly kind: 'closure-step'; readonly alias: string }

/** `SELECT columns FROM source WHERE where`. */
export interface Select {
  readonly kind: 'select'
  readonly columns: readonly Operand[]
  readonly from: readonly Source[]
  readonly where: Predicate
}

/** Rows that a recursive step finds from what was found before: `WITH RECURSIVE alias(columns) AS (base UNION step)`. */
export interface Closure {
  readonly kind: 'closure'
  readonly alias: string
  readonly columns: readonly string[]
  readonly base: Select
  readonly step: Select
}

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>='

/** SQL that is TRUE or not. It may be NULL where the Cedar expression has no value; nothing ever negates that. */
export type Predicate =
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Predicate[] }
  /** `IS NOT TRUE`: TRUE where the other is FALSE or NULL. */
  | { readonly kind: 'not-true'; readonly of: Predicate }
  | {
      readonly kind: 'compare'
      readonly operator: Comparison
      readonly left: Operand
      readonly right: Operand
      /** Joins two tables; an index should serve it. */
      readonly isLink?: true
    }
  | { readonly kind: 'null'; readonly of: Operand; readonly isNull: boolean }
  /** A boolean operand is there and is so. */
  | { readonly kind: 'truth'; readonly of: Operand; readonly wanted: boolean }
  /** Cedar's pattern: pieces between wildcards. */
  | {
      readonly kind: 'like'
      readonly of: Operand
      readonly pattern: readonly string[]
      readonly wanted: boolean
    }
  /** One of at least one value, or none of them. */
  | {
      readonly kind: 'one-of'
      readonly of: Operand
      readonly values: readonly Bound[]
      readonly wanted: boolean
    }
  | { readonly kind: 'among'; readonly of: readonly Operand[]; readonly select: Select }
  | { readonly kind: 'exists'; readonly select: Select }
  /** A whole number that fits into 64 bits. */
  | { readonly kind: 'fits'; readonly of: Operand }
  /** A timestamp that is not infinite; TRUE where there is no infinity. */
  | { readonly kind: 'finite'; readonly of: Operand }
  | {
      readonly kind: 'within'
      readonly of: Operand
      readonly network: Operand
      readonly wanted: boolean
    }
  | { readonly kind: 'family'; readonly of: Operand; readonly isV4: boolean }
  | { readonly kind: 'element'; readonly of: Operand; readonly array: ArrayOperand }
  | { readonly kind: 'overlap'; readonly array: ArrayOperand; readonly values: readonly Bound[] }
  | { readonly kind: 'empty'; readonly array: ArrayOperand; readonly wanted: boolean }
