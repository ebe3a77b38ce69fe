import type { Clock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Exchange, Subject } from '../core/exchange.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import { type Binding, bindRoute, fillTemplate } from './binding.ts'
import type { Request } from './cedar/authorizer.ts'
import type { EntitySource } from './cedar/entities.ts'
import type { PartialDecision } from './cedar/partial.ts'
import { EntityUid } from './cedar/value.ts'
import type { AccessRouteConfig, AuthorizationConfig } from './config.ts'
import { entitiesFor, type Fact, fieldsOf, openRecord } from './facts.ts'
import { type JsonWebKey, signObligation } from './obligation.ts'
import { holdingsOf, rolesOn } from './grants-in-force.ts'
import type { PolicySet } from './policy-set.ts'
import type { Rbac } from './rbac.ts'
import { decodedValue, pathValue } from './request-value.ts'

/** What an application says of a resource. */
export type FactsAnswer =
  | { readonly kind: 'found'; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'absent' }
  /** It does not show it to this client. */
  | { readonly kind: 'withheld' }
  | { readonly kind: 'failed'; readonly why: string }

/** Asks the application that a route leads to for a resource, in the name of this exchange. */
export type AskForFacts = (exchange: Exchange, path: string) => Promise<FactsAnswer>

/** What the wall needs where a policy is configured. */
export interface PolicyParts {
  readonly set: PolicySet
  readonly clock: Clock
  readonly askForFacts: AskForFacts
  /** Why a request is denied, in lines; only asked then. */
  readonly explain: (request: Request, entities: EntitySource) => readonly string[]
  /** The private key (JWK, P-256) for obligations. */
  readonly signingKey: () => JsonWebKey
  /** The name of the application, for whom obligations are. */
  readonly audience: string
}

/** The judge of a route that asks the policy; undefined where it does not. */
export function policyJudge(
  rbac: Rbac,
  { policy: config }: AuthorizationConfig,
  route: AccessRouteConfig,
  parts: PolicyParts | undefined,
): ((exchange: Exchange, subject: Subject) => Promise<Verdict>) | undefined {
  if (route.access === undefined || route.access === 'off') return undefined
  if (!parts || !config)
    throw new RingwallError(
      'access.no-policy',
      `route \`${route.name}\` has \`access\`, but there is no \`security.authorization.policy\``,
    )
  const { set, clock } = parts
  const binding = bindRoute(set, config.principal, route, route.access)
  const roleType = set.schema.entities.get(config.role)
  const knownAbove = new Set([config.role, ...(roleType?.ancestors ?? [])])
  const principalOf = ({ id, email, name }: Subject, roles: readonly string[]): Fact => ({
    uid: new EntityUid(config.principal, id),
    attributes: { email, name },
    parents: roleType ? [...rbac.countsAs(roles)].map((role) => new EntityUid(config.role, role)) : [],
    missing: 'unknown',
    knownAbove,
  })
  return async (exchange, subject) => {
    const resource = resourceOf(binding, exchange)
    if (resource === undefined)
      return denied(
        binding,
        'the request names no resource, or not in one way: a value is absent or there twice',
      )
    const principal = principalOf(subject, rolesOn(holdingsOf(subject), resource, clock.now()))
    const action = binding.action.uid
    const context = contextOf(binding, exchange, clock.now())
    const question = {
      principal: principal.uid,
      action,
      resource,
      context: openRecord(context, binding.action.context, 'unknown'),
    }
    let entities = entitiesFor(set, [principal])
    let decided = set.partial.decide(question, entities)
    if (decided.decision === 'residual' && binding.facts) {
      const path = fillTemplate(binding.facts.path, (value) => pathValue(exchange, value))
      if (path === undefined) return denied(binding, 'a value of the request cannot be part of a path')
      const answer = await parts.askForFacts(exchange, path)
      if (answer.kind === 'failed') return refuse('access.facts-unavailable', `${path}: ${answer.why}`)
      if (answer.kind === 'absent')
        return refuse('access.hidden', `${path}: the application does not know it`)
      if (answer.kind === 'withheld')
        return denied(binding, `${path}: the application does not show it to this client`)
      const facts = joined(principal, factOf(set, binding, resource, answer.fields))
      entities = entitiesFor(set, facts)
      decided = set.partial.decide(question, entities)
    }
    const asked = `${action.id} on ${resource.toString()} by ${principal.uid.toString()}`
    const said = `${wordsOf(decided)} (policy ${set.version})`
    const isRefused =
      decided.decision === 'deny' || (decided.decision === 'residual' && binding.residual === 'refuse')
    if (isRefused) exchange.trace.explained(parts.explain(question, entities))
    if (decided.decision === 'deny') return denied(binding, `${asked}: ${said}`)
    if (decided.decision === 'allow') {
      exchange.trace.note(`${asked}: ${said}`)
      return pass
    }
    if (binding.residual === 'refuse')
      return denied(binding, `${asked}: ${said}; neither the session nor \`access.facts\` says enough`)
    const obligation = {
      id: exchange.id,
      policyVersion: set.version,
      audience: parts.audience,
      principal: { type: principal.uid.type, id: principal.uid.id },
      action: action.id,
      resource: { type: resource.type, id: resource.id },
      context,
    }
    exchange.upstreamHeaders.push(
      'Ringwall-Obligation',
      signObligation(obligation, parts.signingKey(), clock.now()),
    )
    exchange.trace.note(`${asked}: ${said}; the application decides`)
    return pass
  }
}

function denied({ denied: status }: Binding, detail: string): Verdict {
  return refuse(status === 404 ? 'access.hidden' : 'access.denied', detail)
}

function wordsOf({ decision, reasons }: PartialDecision): string {
  const ids = reasons.map((id) => `\`${id}\``).join(', ')
  if (decision === 'allow') return `allowed by ${ids}`
  if (decision === 'residual') return `open: ${ids}`
  return reasons.length === 0 ? 'no policy permits it' : `forbidden by ${ids}`
}

/** The resource by its name; undefined where the request does not say which, or not in exactly one way. */
function resourceOf({ resourceType, resourceId }: Binding, exchange: Exchange): EntityUid | undefined {
  const id = fillTemplate(resourceId, (value) => decodedValue(exchange, value))
  return id === undefined ? undefined : new EntityUid(resourceType, id)
}

function contextOf(binding: Binding, exchange: Exchange, nowMs: number): Record<string, string | boolean> {
  const all = {
    ip: exchange.client.ip,
    now: new Date(nowMs).toISOString(),
    method: exchange.method,
    path: exchange.target.ok ? exchange.target.path : '',
    host: exchange.host.ok ? exchange.host.name : '',
    https: exchange.client.scheme === 'https',
  }
  return Object.fromEntries(binding.context.map((name) => [name, all[name]]))
}

function factOf(
  set: PolicySet,
  { resourceType, facts }: Binding,
  uid: EntityUid,
  fields: Readonly<Record<string, unknown>>,
): Fact {
  const type = set.schema.entities.get(resourceType)
  return {
    uid,
    attributes: fieldsOf(fields, type?.attributes, facts?.attributes),
    parents: [],
    missing: 'absent',
    knownAbove: new Set(),
  }
}

/** Two facts about one entity, such as a subject who looks at himself, are one. */
function joined(principal: Fact, resource: Fact): readonly Fact[] {
  if (principal.uid.key !== resource.uid.key) return [principal, resource]
  return [{ ...principal, attributes: { ...resource.attributes, ...principal.attributes } }]
}
