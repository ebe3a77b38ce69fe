import type { Policy } from '../cedar/ast.ts'
import { Authorizer, type AuthorizerOptions, type Decision } from '../cedar/authorizer.ts'
import type { PolicyCase } from './case.ts'
import { plainRecord, writeUid } from './plain-values.ts'

/** What came of one case. */
export interface CaseResult {
  readonly case: PolicyCase
  readonly decision: Decision
  readonly isPassed: boolean
  /** What is not as expected. */
  readonly message?: string
}

/** Asks the policies each case. */
export function runCases(
  policies: readonly Policy[],
  cases: readonly PolicyCase[],
  options: AuthorizerOptions = {},
): readonly CaseResult[] {
  const authorizer = new Authorizer(policies, options)
  return cases.map((one): CaseResult => {
    const decision = authorizer.isAuthorized(one.request, one.entities)
    const message = mismatch(one, decision)
    return { case: one, decision, isPassed: message === undefined, ...(message !== undefined && { message }) }
  })
}

function mismatch({ expect, reasons }: PolicyCase, decision: Decision): string | undefined {
  if (decision.decision !== expect) return `expected ${expect}, got ${decision.decision}`
  if (reasons === undefined) return undefined
  const isSame =
    reasons.length === decision.reasons.length && reasons.every((id) => decision.reasons.includes(id))
  return isSame
    ? undefined
    : `expected it because of [${reasons.join(', ')}], got it because of [${decision.reasons.join(', ')}]`
}

/** A case as it is written in a test file, with all its entities. */
export function caseToPlain({
  name,
  request,
  entities,
  expect,
  reasons,
}: PolicyCase): Readonly<Record<string, unknown>> {
  const { principal, action, resource, context } = request
  const written = [...entities]
    .filter(({ uid }) => uid.type !== action.type)
    .map(({ uid, attributes, tags }) => {
      const parents = entities.parentsOf(uid).map(writeUid)
      const entity = {
        ...(parents.length > 0 && { in: parents }),
        ...(attributes.names.length > 0 && { attributes: plainRecord(attributes) }),
        ...(tags.names.length > 0 && { tags: plainRecord(tags) }),
      }
      return [writeUid(uid), entity] as const
    })
    .filter(([, entity]) => Object.keys(entity).length > 0)
  const facts = context === undefined ? {} : plainRecord(context)
  return {
    name,
    principal: writeUid(principal),
    action: action.type === 'Action' ? action.id : writeUid(action),
    resource: writeUid(resource),
    ...(Object.keys(facts).length > 0 && { context: facts }),
    ...(written.length > 0 && { entities: Object.fromEntries(written) }),
    expect,
    ...(reasons !== undefined && { reasons: [...reasons] }),
  }
}
