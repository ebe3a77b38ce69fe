import { RingwallError } from '../core/errors.ts'
import type { ActionScope, Condition, Expr, Policy, Scope } from './cedar/ast.ts'
import { judgeExpression } from './cedar/expression.ts'
import { formatPolicies } from './cedar/formatter.ts'
import { policyToText } from './cedar/policy-text.ts'
import type { ActionType, Schema } from './cedar/schema.ts'
import { attempt } from './cedar/syntax.ts'
import { type AttributeType, BOOL, type RecordType, type Type } from './cedar/types.ts'
import { EntityUid } from './cedar/value.ts'
import type { AccessModel, ActionName, EntityRef } from './check-model.ts'
import { nameOfAction } from './check-request.ts'
import { exprOf, Terms, type UntypedTerm } from './policy-builder-terms.ts'
import type { ConditionInput, PolicyHead, ScopeInput } from './policy-builder-types.ts'

/** Begins a policy with its head. */
export type BeginPolicy<M extends AccessModel> = <
  A extends ActionName<M>,
  P extends M['actions'][A]['principal'],
  R extends M['actions'][A]['resource'],
>(
  head: PolicyHead<A, P, R>,
) => PolicyDraft<M, A, P, R>

/**
 * Policies in TypeScript instead of text, judged by the compiler with the generated model:
 * `permit({ principal: 'User', action: 'read', resource: 'Document' }).when((p, a, r) => r.owner.eq(p))`.
 * What comes out is an ordinary Cedar policy, and can be printed as one.
 */
export function policyBuilder<M extends AccessModel>(
  schema: Schema,
): { readonly permit: BeginPolicy<M>; readonly forbid: BeginPolicy<M> } {
  const begin =
    (effect: Policy['effect']): BeginPolicy<M> =>
    (head) =>
      new PolicyDraft(schema, headOf(effect, head, schema))
  return { permit: begin('permit'), forbid: begin('forbid') }
}

/** A policy that is being written; each step gives another one. */
export class PolicyDraft<M extends AccessModel, A extends ActionName<M>, P extends string, R extends string> {
  readonly #schema: Schema
  /** As the engine takes it. */
  readonly policy: Policy

  constructor(schema: Schema, policy: Policy) {
    this.#schema = schema
    this.policy = policy
  }

  when(condition: ConditionInput<M, A, P, R>): PolicyDraft<M, A, P, R> {
    return this.#add('when', condition)
  }

  unless(condition: ConditionInput<M, A, P, R>): PolicyDraft<M, A, P, R> {
    return this.#add('unless', condition)
  }

  /** `@name("value")`, kept with the policy and printed with it. */
  annotate(name: string, value = ''): PolicyDraft<M, A, P, R> {
    const annotations = new Map([...this.policy.annotations, [name, value]])
    return new PolicyDraft(this.#schema, { ...this.policy, annotations })
  }

  /** As Cedar text, formatted. */
  toString(): string {
    const text = policyToText(this.policy)
    const formatted = formatPolicies(text)
    return formatted.ok ? formatted.value : text
  }

  #add(kind: Condition['kind'], condition: ConditionInput<M, A, P, R>): PolicyDraft<M, A, P, R> {
    const terms = new Terms(this.#schema)
    const { principal, action, resource } = this.policy
    const actions = actionsOf(action, this.#schema)
    const variable = (name: 'principal' | 'resource' | 'context', type: Type): UntypedTerm =>
      terms.of({ kind: 'variable', at: -1, name }, type)
    const write = condition as unknown as (...given: readonly unknown[]) => unknown
    const body = exprOf(
      write(
        variable('principal', { kind: 'entity', names: typesOf(principal, actions, 'principals') }),
        actionTerm(terms, this.#schema),
        variable('resource', { kind: 'entity', names: typesOf(resource, actions, 'resources') }),
        variable('context', commonRecord(actions.map(({ context }) => context))),
      ),
      BOOL,
    )
    const judged = attempt('', () => judgeExpression(body, `\`${kind}\``))
    if (!judged.ok) throw new RingwallError('access.policy-too-deep', judged.errors[0]?.message ?? '')
    const conditions = [...this.policy.conditions, { kind, body, at: -1 }]
    return new PolicyDraft(this.#schema, { ...this.policy, conditions })
  }
}

function headOf(effect: Policy['effect'], head: PolicyHead<string, string, string>, schema: Schema): Policy {
  const { id } = head
  return {
    id: id ?? effect,
    effect,
    annotations: new Map(id === undefined ? [] : [['id', id]]),
    principal: scopeOf(head.principal),
    action: actionScopeOf(head.action, schema),
    resource: scopeOf(head.resource),
    conditions: [],
    at: -1,
  }
}

function scopeOf(input: ScopeInput<string> | undefined): Scope {
  const at = -1
  const uid = ({ type, id }: EntityRef): EntityUid => new EntityUid(type, id)
  if (input === undefined) return { kind: 'any' }
  if (typeof input === 'string') return { kind: 'is', type: input, within: undefined, at }
  if ('equals' in input) return { kind: 'equals', target: uid(input.equals), at }
  const within = input.in === undefined ? undefined : uid(input.in)
  if ('is' in input) return { kind: 'is', type: input.is, within, at }
  return { kind: 'in', target: uid(input.in), at }
}

function actionScopeOf(input: PolicyHead<string, string, string>['action'], schema: Schema): ActionScope {
  const at = -1
  if (input === undefined) return { kind: 'any' }
  if (typeof input === 'string') return { kind: 'equals', target: actionUid(input, schema), at }
  if ('in' in input) return { kind: 'in', target: actionUid(input.in, schema), at }
  return { kind: 'inAny', targets: input.map((name) => actionUid(name, schema)), at }
}

function actionUid(name: string, schema: Schema): EntityUid {
  for (const { uid } of schema.actions.values()) if (nameOfAction(uid, schema) === name) return uid
  throw new RingwallError('access.action-unknown', `the schema has no action \`${name}\``)
}

/** The actions that a head allows and a request can ask for. */
function actionsOf(scope: ActionScope, schema: Schema): readonly ActionType[] {
  const all = [...schema.actions.values()].filter(({ principals }) => principals.length > 0)
  if (scope.kind === 'any') return all
  const targets = scope.kind === 'inAny' ? scope.targets : [scope.target]
  return all.filter(({ uid, ancestors }) =>
    targets.some(({ key }) => uid.key === key || (scope.kind !== 'equals' && ancestors.has(key))),
  )
}

function typesOf(
  scope: Scope,
  actions: readonly ActionType[],
  of: 'principals' | 'resources',
): readonly string[] {
  if (scope.kind === 'is') return [scope.type]
  if (scope.kind === 'equals' && scope.target instanceof EntityUid) return [scope.target.type]
  return [...new Set(actions.flatMap((action) => action[of]))].sort()
}

/** What all of these have. */
function commonRecord([first, ...more]: readonly RecordType[]): RecordType {
  const attributes = new Map<string, AttributeType>()
  for (const [name, attribute] of first?.attributes ?? [])
    if (more.every((other) => other.attributes.has(name))) attributes.set(name, attribute)
  return { kind: 'record', attributes }
}

function actionTerm(terms: Terms, schema: Schema): object {
  const left: Expr = { kind: 'variable', at: -1, name: 'action' }
  const compare = (operator: '==' | 'in') => (name: string) => {
    const right: Expr = { kind: 'literal', at: -1, value: actionUid(name, schema) }
    return terms.of({ kind: 'binary', at: -1, operator, left, right }, BOOL)
  }
  return { eq: compare('=='), in: compare('in') }
}
