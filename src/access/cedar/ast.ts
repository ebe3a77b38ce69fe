import { isName } from './lexer.ts'
import type { EntityUid, Long } from './value.ts'

/** The four things that a request brings. */
export type Variable = 'principal' | 'action' | 'resource' | 'context'

/** Operators between two expressions; the last five are written as methods. */
export type BinaryOperator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | '+'
  | '-'
  | '*'
  | 'contains'
  | 'containsAll'
  | 'containsAny'
  | 'getTag'
  | 'hasTag'

/** `at` is the offset in the source text where the expression (or its operator's left side) starts, or -1. */
export type Expr =
  | { readonly kind: 'literal'; readonly at: number; readonly value: boolean | Long | string | EntityUid }
  | { readonly kind: 'variable'; readonly at: number; readonly name: Variable }
  | { readonly kind: 'slot'; readonly at: number; readonly name: SlotName }
  | { readonly kind: 'not' | 'negate' | 'isEmpty'; readonly at: number; readonly of: Expr }
  /** Two or more, joined left to right. */
  | { readonly kind: 'and' | 'or'; readonly at: number; readonly terms: readonly Expr[] }
  | {
      readonly kind: 'binary'
      readonly at: number
      readonly operator: BinaryOperator
      readonly left: Expr
      readonly right: Expr
    }
  | {
      readonly kind: 'if'
      readonly at: number
      readonly test: Expr
      readonly yes: Expr
      readonly no: Expr
    }
  | { readonly kind: 'attribute'; readonly at: number; readonly of: Expr; readonly name: string }
  /** `has a.b.c` is `has a`, then the same of that attribute. */
  | { readonly kind: 'has'; readonly at: number; readonly of: Expr; readonly path: readonly string[] }
  | { readonly kind: 'like'; readonly at: number; readonly of: Expr; readonly pattern: readonly string[] }
  | {
      readonly kind: 'is'
      readonly at: number
      readonly of: Expr
      readonly type: string
      readonly within: Expr | undefined
    }
  | { readonly kind: 'set'; readonly at: number; readonly elements: readonly Expr[] }
  | {
      readonly kind: 'record'
      readonly at: number
      readonly fields: readonly { readonly name: string; readonly value: Expr }[]
    }
  | {
      readonly kind: 'call'
      readonly at: number
      readonly function: string
      readonly arguments: readonly Expr[]
    }

/** The places in a template's head that a link fills. */
export type SlotName = '?principal' | '?resource'

/** An entity, or a template's slot for one. */
export type Target = EntityUid | SlotName

/** What a policy's head says of the principal or the resource. */
export type Scope =
  | { readonly kind: 'any' }
  | { readonly kind: 'equals' | 'in'; readonly target: Target; readonly at: number }
  | { readonly kind: 'is'; readonly type: string; readonly within: Target | undefined; readonly at: number }

/** What a policy's head says of the action. */
export type ActionScope =
  | { readonly kind: 'any' }
  | { readonly kind: 'equals' | 'in'; readonly target: EntityUid; readonly at: number }
  | { readonly kind: 'inAny'; readonly targets: readonly EntityUid[]; readonly at: number }

/** `when { ... }` or `unless { ... }`. */
export interface Condition {
  readonly kind: 'when' | 'unless'
  readonly body: Expr
  readonly at: number
}

/** One policy or template, as read. */
export interface Policy {
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  /** In the order of the text; an annotation without a value has the value ''. */
  readonly annotations: ReadonlyMap<string, string>
  readonly principal: Scope
  readonly action: ActionScope
  readonly resource: Scope
  readonly conditions: readonly Condition[]
  /** The text that offsets count in; absent for policies that came as JSON. */
  readonly source?: string
  readonly at: number
}

/** Words that can name nothing: no type, no attribute behind a dot. */
export const RESERVED: ReadonlySet<string> = new Set([
  'true',
  'false',
  'if',
  'then',
  'else',
  'in',
  'is',
  'like',
  'has',
  '__cedar',
])

/** Whether a text can stand as a name without quotes. */
export function isLabel(text: string): boolean {
  return isName(text) && !RESERVED.has(text)
}

/** The slots that a policy has; a policy without any is not a template. */
export function slotsOf(policy: Policy): readonly SlotName[] {
  return [policy.principal, policy.resource].flatMap((scope) => {
    const target = scope.kind === 'any' ? undefined : scope.kind === 'is' ? scope.within : scope.target
    return typeof target === 'string' ? [target] : []
  })
}
