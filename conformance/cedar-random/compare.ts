// The same questions to our engine and to the reference.
import { type EntityJson, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'

import {
  Authorizer,
  type AuthorizerOptions,
  contextFrom,
  type Entities,
  EntityUid,
  entitiesFrom,
  type Json,
  parsePolicies,
} from '../../src/access/index.ts'
import { Generator, type RandomCase, randomOf, type RandomRequest } from './generator.ts'

/** What was compared, and where the two differ. */
export interface Comparison {
  requests: number
  /** Of the requests: allowed, and with at least one policy that failed. Else the generator makes nothing of use. */
  allowed: number
  failing: number
  readonly differences: string[]
}

const NAME = 'random'

/** Compares a case; each request counts. With an option that departs from Cedar's rules, there must be differences. */
export function compareCase(seed: number, into: Comparison, options: AuthorizerOptions = {}): void {
  const found = new Generator(randomOf(seed)).case()
  const policies = parsePolicies(found.policies)
  const entities = entitiesFrom(found.entities as unknown as Json)
  const prepared = preparsePolicySet(NAME, { staticPolicies: found.policies })
  if (!policies.ok || !entities.ok || prepared.type !== 'success') {
    into.requests++
    into.differences.push(
      `seed ${seed}: one cannot read it: ${JSON.stringify([policies, entities, prepared]).slice(0, 500)}`,
    )
    return
  }
  const authorizer = new Authorizer(policies.value, options)
  for (const request of found.requests) {
    const ours = askUs(authorizer, entities.value, request)
    const theirs = askReference(found, request)
    into.requests++
    if (ours.decision === 'allow') into.allowed++
    if (ours.failed.length > 0) into.failing++
    if (JSON.stringify(ours) === JSON.stringify(theirs)) continue
    into.differences.push(
      `seed ${seed}: we say ${JSON.stringify(ours)}, the reference says ${JSON.stringify(theirs)}`,
    )
  }
}

interface Answer {
  readonly decision: string
  readonly reasons: readonly string[]
  readonly failed: readonly string[]
}

function askUs(authorizer: Authorizer, entities: Entities, request: RandomRequest): Answer {
  const uid = ({ type, id }: { readonly type: string; readonly id: string }): EntityUid =>
    new EntityUid(type, id)
  const context = contextFrom(request.context)
  if (!context.ok) return { decision: `the context cannot be read`, reasons: [], failed: [] }
  const asked = {
    principal: uid(request.principal),
    action: uid(request.action),
    resource: uid(request.resource),
    context: context.value,
  }
  const { decision, reasons, errors } = authorizer.isAuthorized(asked, entities)
  const fast = authorizer.isAllowed(asked, entities) ? 'allow' : 'deny'
  return {
    decision: fast === decision ? decision : `${decision}, but the short way says ${fast}`,
    reasons: reasons.toSorted(),
    failed: errors.map(({ policy }) => policy).sort(),
  }
}

function askReference({ entities }: RandomCase, request: RandomRequest): Answer {
  const answer = statefulIsAuthorized({
    principal: request.principal,
    action: request.action,
    resource: request.resource,
    context: request.context as never,
    preparsedPolicySetId: NAME,
    entities: entities as EntityJson[],
  })
  if (answer.type !== 'success') return { decision: JSON.stringify(answer.errors), reasons: [], failed: [] }
  const { decision, diagnostics } = answer.response
  return {
    decision,
    reasons: diagnostics.reason.toSorted(),
    failed: diagnostics.errors.map(({ policyId }) => policyId).sort(),
  }
}
