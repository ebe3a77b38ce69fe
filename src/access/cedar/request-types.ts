import type { Policy } from './ast.ts'
import { allowsAction } from './policy.ts'
import type { Schema } from './schema.ts'
import type { RequestType } from './validation.ts'
import { allowsType } from './head.ts'

/** Every combination of action and types that a schema allows. */
export function requestTypesOf(schema: Schema): readonly RequestType[] {
  return [...schema.actions.values()].flatMap((action) =>
    action.principals.flatMap((principal) =>
      action.resources.map((resource) => ({ principal, action, resource })),
    ),
  )
}

/** Whether a policy's head allows such requests, as far as the types tell. */
export function couldApply(policy: Policy, { principal, action, resource }: RequestType): boolean {
  return (
    allowsAction(policy.action, action.uid.key, action.ancestors) &&
    allowsType(policy.principal, principal) &&
    allowsType(policy.resource, resource)
  )
}
