// The reference implementation, compiled to WebAssembly, with policies and schema parsed beforehand.
import {
  type EntityJson,
  preparsePolicySet,
  statefulIsAuthorized,
  type TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs'

import { type CedarRecord, type Policy, policyToText, type Value, valueToJson } from '../src/access/index.ts'

/** A decision as everyone must make it. */
export interface Judged {
  readonly decision: 'allow' | 'deny'
  readonly reasons: readonly string[]
  readonly failed: readonly string[]
}

/** A request in Cedar's JSON format, made before anything is measured. */
export interface WasmRequest {
  readonly principal: TypeAndId
  readonly action: string
  readonly resource: TypeAndId
  readonly context: Record<string, number>
  readonly entities: readonly EntityJson[]
}

/** Gives the policies to the reference by the ids that they have with us. */
export function prepareWasm(name: string, policies: readonly Policy[]): void {
  const texts = Object.fromEntries(policies.map((policy) => [policy.id, policyToText(policy)]))
  const answer = preparsePolicySet(name, { staticPolicies: texts })
  if (answer.type !== 'success')
    throw new Error(`the reference refuses ${name}: ${JSON.stringify(answer.errors)}`)
}

/** Without a schema and without validation: the fastest that it can be asked. */
export function decideWasm(
  name: string,
  { principal, action, resource, context, entities }: WasmRequest,
): Judged {
  const answer = statefulIsAuthorized({
    principal,
    action: { type: 'Action', id: action },
    resource,
    context,
    preparsedPolicySetId: name,
    entities: entities as EntityJson[],
  })
  if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors))
  const { decision, diagnostics } = answer.response
  const failed = diagnostics.errors.map(({ policyId }) => policyId)
  return { decision, reasons: diagnostics.reason, failed }
}

/** An entity in Cedar's JSON format, every name of an entity written out. */
export function entityJson(
  { type, id }: TypeAndId,
  attributes: CedarRecord,
  parents: readonly TypeAndId[],
): EntityJson {
  const attrs = attributes.names.map((name) => [name, valueToJson(attributes.get(name) as Value)])
  return { uid: { type, id }, attrs: Object.fromEntries(attrs), parents: [...parents] }
}

/** Throws unless both say the same: the decision, the policies that made it, and those that failed. */
export function mustAgree(what: string, ours: Judged, theirs: Judged): void {
  const text = ({ decision, reasons, failed }: Judged): string =>
    JSON.stringify([decision, reasons.toSorted(), failed.toSorted()])
  if (text(ours) !== text(theirs))
    throw new Error(`${what}: we say ${text(ours)}, the reference says ${text(theirs)}`)
}
