import { RingwallError } from '../core/errors.ts'
import { suggest } from '../core/suggest.ts'
import type { ActionScope, Expr, Policy } from './cedar/ast.ts'
import { partsOf } from './cedar/expression.ts'
import type { ActionType } from './cedar/schema.ts'
import { targetOf } from './cedar/policy.ts'
import { EntityUid } from './cedar/value.ts'
import type { AccessBindingConfig, ResourceConfig } from './config.ts'
import type { PolicySet } from './policy-set.ts'

/** What the gateway can tell a policy in `context`, with its Cedar types. */
export const GATEWAY_CONTEXT = {
  ip: 'ipaddr',
  now: 'datetime',
  method: 'String',
  path: 'String',
  host: 'String',
  https: 'Bool',
} as const

/** What a route asks of the policy, held against its schema. */
export interface Binding {
  readonly action: ActionType
  readonly resourceType: string
  readonly resourceId: Template
  readonly facts: { readonly path: Template; readonly attributes: ReadonlyMap<string, string> } | undefined
  readonly residual: 'refuse' | 'forward'
  readonly denied: 403 | 404
  /** The names of `GATEWAY_CONTEXT` that the action declares. */
  readonly context: readonly (keyof typeof GATEWAY_CONTEXT)[]
}

/** A value of the request: of the path pattern, of the query, or a cookie. */
export interface RequestValue {
  readonly from: 'path' | 'query' | 'cookie'
  readonly name: string
}

/** Literal texts and values of the request, in turn. */
export type Template = readonly (string | RequestValue)[]

/** Reads `{name}`, `{query.name}` and `{cookie.name}`; a name that the path does not have is an operator's mistake. */
function readTemplate(text: string, params: readonly string[], fail: Fail, key: string): Template {
  return text
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part): string | RequestValue => {
      const found = /^\{(?:(query|cookie)\.)?([\w-]+)\}$/.exec(part)
      if (!found) {
        if (/[{}]/.test(part))
          throw fail(`\`${key}\` has \`${part}\`; a value is {name}, {query.name} or {cookie.name}`)
        return part
      }
      const [, from = 'path', name = ''] = found
      if (from === 'path' && !params.includes(name)) {
        const known = params.map((param) => `{${param}}`).join(', ') || 'no {name}'
        throw fail(`\`${key}\` has {${name}}, and the path has ${known}`)
      }
      return { from: from as RequestValue['from'], name }
    })
}

/** A template with its values; undefined where one of them is. */
export function fillTemplate(
  template: Template,
  valueOf: (value: RequestValue) => string | undefined,
): string | undefined {
  let text = ''
  for (const part of template) {
    const value = typeof part === 'string' ? part : valueOf(part)
    if (value === undefined) return undefined
    text += value
  }
  return text
}

type Fail = (why: string) => RingwallError

/** Reads how a request says which resource it is about. Throws RingwallError naming the route. */
export function readResourceId(
  route: { readonly name: string; readonly path: string },
  { id }: ResourceConfig,
  key: string,
): Template {
  const fail = failureOf(route)
  const params = paramsOf(route)
  const text = id ?? (params.length === 1 ? `{${params[0]}}` : undefined)
  if (text === undefined) throw fail(`say which one: \`${key}\`, such as {id} of the path, or a fixed name`)
  return readTemplate(text, params, fail, key)
}

function failureOf({ name }: { readonly name: string }): Fail {
  return (why) => new RingwallError('access.binding', `route \`${name}\`: ${why}`)
}

function paramsOf({ path }: { readonly path: string }): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
}

/** Holds what a route says against the schema and the policies. Throws RingwallError naming the route. */
export function bindRoute(
  set: PolicySet,
  principalType: string,
  route: { readonly name: string; readonly path: string },
  config: AccessBindingConfig,
): Binding {
  const fail = failureOf(route)
  const params = paramsOf(route)
  const names = [...set.schema.actions.values()].map(({ uid }) => uid.id)
  const action = [...set.schema.actions.values()].find(({ uid }) => uid.id === config.action)
  if (!action) {
    const meant = suggest(config.action, names)
    throw fail(
      `the schema has no action \`${config.action}\`; ${meant === undefined ? `it has ${names.join(', ')}` : `did you mean \`${meant}\`?`}`,
    )
  }
  const { type } = config.resource
  if (!action.resources.includes(type))
    throw fail(
      `\`${config.action}\` does not apply to \`${type}\`; it applies to ${action.resources.join(', ')}`,
    )
  if (!action.principals.includes(principalType))
    throw fail(
      `\`${config.action}\` is not for \`${principalType}\`; it is for ${action.principals.join(', ')}`,
    )
  const declared = set.schema.entities.get(type)?.attributes.attributes
  const strange = Object.keys(config.facts?.attributes ?? {}).find((name) => declared?.has(name) !== true)
  if (strange !== undefined)
    throw fail(
      `\`access.facts.attributes\` has \`${strange}\`; the schema gives a ${type} ${[...(declared?.keys() ?? [])].join(', ') || 'no attribute'}`,
    )
  const binding: Binding = {
    action,
    resourceType: type,
    resourceId: readResourceId(route, config.resource, 'access.resource.id'),
    facts: config.facts && {
      path: readTemplate(config.facts.path, params, fail, 'access.facts.path'),
      attributes: new Map(Object.entries(config.facts.attributes)),
    },
    residual: config.residual,
    denied: config.denied,
    context: contextOf(action, config.residual, fail),
  }
  const looking = config.residual === 'refuse' && !config.facts ? policyThatLooks(set, binding) : undefined
  if (looking !== undefined)
    throw fail(
      `the policy \`${looking}\` looks at the ${type} itself; say where the gateway learns of it (\`access.facts\`), or that the application decides (\`access.residual: forward\`)`,
    )
  return binding
}

function contextOf(
  { uid, context }: ActionType,
  residual: Binding['residual'],
  fail: Fail,
): Binding['context'] {
  const found: (keyof typeof GATEWAY_CONTEXT)[] = []
  for (const [name, { type, isRequired }] of context.attributes) {
    const known = Object.hasOwn(GATEWAY_CONTEXT, name)
      ? GATEWAY_CONTEXT[name as keyof typeof GATEWAY_CONTEXT]
      : undefined
    const fits =
      known !== undefined && (type.kind === 'extension' ? type.name === known : type.kind === known)
    if (fits) found.push(name as keyof typeof GATEWAY_CONTEXT)
    else if (isRequired && residual === 'refuse')
      throw fail(
        `\`${uid.id}\` wants \`context.${name}\`, which the gateway does not know; it knows ${Object.entries(
          GATEWAY_CONTEXT,
        )
          .map(([key, kind]) => `${key} (${kind})`)
          .join(', ')}. Let the application decide: \`access.residual: forward\``,
      )
  }
  return found
}

/** The first policy for this action that asks more of the resource than its name. */
function policyThatLooks(set: PolicySet, { action, resourceType }: Binding): string | undefined {
  return set.policies.find(
    (policy) =>
      couldBeFor(policy.action, action) &&
      !(policy.resource.kind === 'is' && policy.resource.type !== resourceType) &&
      looksAtResource(policy),
  )?.id
}

function couldBeFor(scope: ActionScope, action: ActionType): boolean {
  if (scope.kind === 'any') return true
  const targets = scope.kind === 'inAny' ? scope.targets : [scope.target]
  return targets.some(({ key }) => key === action.uid.key || action.ancestors.has(key))
}

function looksAtResource({ resource, conditions }: Policy): boolean {
  const target = targetOf(resource)
  const isAbove = target instanceof EntityUid && resource.kind !== 'equals'
  return isAbove || conditions.some(({ body }) => looks(body))
}

/** Whether an expression asks `resource` for more than its name: `resource == X` and `resource is T` do not. */
function looks(expr: Expr): boolean {
  if (expr.kind === 'variable') return expr.name === 'resource'
  const isName = (part: Expr): boolean => part.kind === 'variable'
  const comparesNames = expr.kind === 'binary' && (expr.operator === '==' || expr.operator === '!=')
  const asksType = expr.kind === 'is' && expr.within === undefined
  const parts = partsOf(expr)
  return (comparesNames || asksType ? parts.filter((part) => !isName(part)) : parts).some(looks)
}
