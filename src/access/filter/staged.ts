import type { Expr, Policy } from '../cedar/ast.ts'
import type { Run } from '../cedar/environment.ts'
import type { ActionType, Schema } from '../cedar/schema.ts'
import { placeAt } from '../cedar/syntax.ts'
import { describeType, type Type } from '../cedar/types.ts'
import type { Place } from '../../core/errors.ts'
import type { Binding } from './binding.ts'
import type { EntityAccess } from './hierarchy.ts'
import type { Mapping } from './mapping.ts'
import type { ContextParty, Party } from './party.ts'
import type { Rails } from './predicates.ts'
import { boolOf, known, railsOf, type Term } from './term.ts'

/** An expression, made ready once: what is left to do when a request comes is `bind`. */
export interface Staged {
  /** Undefined where it has no value at all, or none that the schema knows. */
  readonly type: Type | undefined
  /** How it is evaluated where it depends on known things alone. */
  readonly run: Run | undefined
  readonly bind: (binding: Binding) => Term
  /** Of an entity: what is known beside its id. */
  readonly access?: EntityAccess
  /** Of a record that is not known. */
  readonly record?: StagedRecord
  /** About how many predicates it becomes; of a boolean, both sides together. */
  readonly size: number
  /** Of a boolean: each side. */
  readonly sides?: Sides
  /** Between how many terms the database chooses; 1 unless said. Operators ask about each. */
  readonly choices?: number
}

/** About how many predicates the two sides of a boolean become. */
export interface Sides {
  readonly isTrue: number
  readonly isFalse: number
}

/** A record's attributes, each where it is. */
export interface StagedRecord {
  attribute(name: string, at: number): Staged
  /** Whether it has the attribute, for a record that is there. */
  has(name: string, at: number): (binding: Binding) => Rails
}

/** A policy, or a part of one, cannot be translated. */
export interface Untranslatable {
  readonly policy: string
  readonly reason: string
  readonly at: Place | undefined
}

/** Thrown while a policy is made ready and caught where all of them are; never leaves the folder. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** Stops the translation of a policy. */
export function reject(message: string, offset: number): never {
  throw new Refusal(message, offset)
}

export function untranslatable(policy: Policy, { message, offset }: Refusal): Untranslatable {
  const at = policy.source === undefined || offset < 0 ? undefined : placeAt(policy.source, offset)
  return { policy: policy.id, reason: message, at }
}

/** What a policy is made ready for. */
export interface Scene {
  readonly schema: Schema
  readonly mapping: Mapping
  readonly principal: Party
  readonly resource: Party
  readonly context: ContextParty
  readonly action: ActionType
  /** Refuses what another form of the condition cannot say. */
  readonly judge?: (expr: Expr, scene: Scene) => void
}

/** Of an expression that is known. */
export function stagedKnown(type: Type | undefined, run: Run): Staged {
  return { type, run, bind: ({ env }) => known(run(env)), size: 1 }
}

/** Anything that becomes a pair of predicates. */
export function stagedBool(bind: (binding: Binding) => Rails, sides: number | Sides): Staged {
  const { isTrue, isFalse } = typeof sides === 'number' ? { isTrue: sides, isFalse: sides } : sides
  return {
    type: { kind: 'Bool' },
    run: undefined,
    bind: (binding) => boolOf(bind(binding)),
    size: isTrue + isFalse,
    sides: { isTrue, isFalse },
  }
}

/** The size of each side of what stands where a boolean must be. */
export function sidesOf({ size, sides }: Staged): Sides {
  return sides ?? { isTrue: size, isFalse: size }
}

/** The two predicates of a boolean. */
export function rails(staged: Staged, at: number, where: string): (binding: Binding) => Rails {
  const { type, bind } = staged
  if (!fits(type, 'Bool')) reject(`expected Bool ${where}, found ${named(type)}`, at)
  return (binding) => railsOf(bind(binding))
}

/** Whether a type is of a kind; what is not known is found out when it is bound. */
export function fits(type: Type | undefined, ...kinds: readonly Type['kind'][]): boolean {
  if (type === undefined || type.kind === 'never') return true
  return kinds.includes(type.kind === 'true' || type.kind === 'false' ? 'Bool' : type.kind)
}

/** A type as a reader of the schema would write it. */
export function named(type: Type | undefined): string {
  return type === undefined ? 'what the schema does not know' : describeType(type)
}

/** About how many predicates an operator on two expressions becomes, and how many terms it may be. */
export function measure(left: Staged, right: Staged): { readonly size: number; readonly choices: number } {
  const { choices: ofLeft = 1 } = left
  const { choices: ofRight = 1 } = right
  return { size: left.size * ofRight + right.size * ofLeft + 1, choices: ofLeft * ofRight }
}
