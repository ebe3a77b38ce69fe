import type { Place } from '../../core/errors.ts'
import type { Expr } from './ast.ts'
import type { Capabilities } from './capabilities.ts'
import type { ActionType, Schema } from './schema.ts'
import { isBool, type Type, type ValidationMode } from './types.ts'

/** What can be wrong with a policy, given a schema. */
export type ValidationKind =
  | 'unknown-entity-type'
  | 'unknown-action'
  | 'unknown-id'
  | 'never-applies'
  | 'wrong-type'
  | 'incompatible-types'
  | 'no-attribute'
  | 'optional-attribute'
  | 'optional-tag'
  | 'no-tags'
  | 'empty-set'
  | 'argument-count'
  | 'unreadable-argument'
  | 'constructor-argument'

/** One thing that is wrong with a policy, and where. */
export interface ValidationError {
  readonly policy: string
  readonly kind: ValidationKind
  readonly message: string
  readonly at?: Place
}

/** What is known of an expression: its type, unless that is unknowable, and what holds where it is true. */
export interface Answer {
  readonly type: Type | undefined
  readonly capabilities: Capabilities
  readonly isSound: boolean
}

/** One combination that a schema allows: an action with a type of principal and a type of resource. */
export interface RequestType {
  readonly principal: string
  readonly action: ActionType
  readonly resource: string
}

/** Takes what is wrong; where one typechecker says the same twice is for the taker to see. */
export type Report = (kind: ValidationKind, message: string, at: number) => void

/** A kind of type that an operand must have, and its name. */
export type Expectation = readonly [name: string, fits: (type: Type) => boolean]

/** What operators ask of their operands. */
export const EXPECT_BOOL: Expectation = ['Bool', isBool]
export const EXPECT_LONG: Expectation = ['Long', (type) => type.kind === 'Long']
export const EXPECT_STRING: Expectation = ['String', (type) => type.kind === 'String']
export const EXPECT_SET: Expectation = ['Set', (type) => type.kind === 'set']
export const EXPECT_ENTITY: Expectation = ['an entity', (type) => type.kind === 'entity']

/** Finds types, for one type of request; what the rules for operators need of the typechecker. */
export interface Checker {
  readonly schema: Schema
  readonly mode: ValidationMode
  readonly request: RequestType
  readonly report: Report
  typeOf(expr: Expr, prior: Capabilities): Answer
  expect(expr: Expr, prior: Capabilities, expectation: Expectation): Answer
  joinAll(types: readonly (Type | undefined)[], what: string, at: number): Type | undefined
}
