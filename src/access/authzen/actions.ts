import type { Policy } from '../cedar/ast.ts'
import type { Schema } from '../cedar/schema.ts'
import type { EntityUid } from '../cedar/value.ts'
import type { Vocabulary } from './vocabulary.ts'

/** The names of the actions that a search for actions looks at, given the Cedar types of subject and resource. */
export type ActionNames = (principalType: string, resourceType: string) => readonly string[]

/**
 * The actions there are: those listed, else those that the schema declares for such a subject and resource, else those
 * that the heads of policies name. The order stays the same, since page tokens count on it.
 */
export function actionNames(
  listed: readonly string[] | undefined,
  schema: Schema | undefined,
  policies: readonly Policy[],
  vocabulary: Vocabulary,
): ActionNames {
  if (listed !== undefined && listed.length > 0) return () => listed
  if (schema !== undefined) {
    const actions = [...schema.actions.values()]
    return (principalType, resourceType) =>
      namesOf(
        actions
          .filter((action) => action.principals.includes(principalType))
          .filter((action) => action.resources.includes(resourceType))
          .map(({ uid }) => uid),
        vocabulary,
      )
  }
  const named = namesOf(policies.flatMap(actionsOf), vocabulary)
  return () => named
}

function actionsOf({ action }: Policy): readonly EntityUid[] {
  if (action.kind === 'any') return []
  return action.kind === 'inAny' ? action.targets : [action.target]
}

function namesOf(actions: readonly EntityUid[], vocabulary: Vocabulary): readonly string[] {
  const names = actions.map((action) => vocabulary.nameOf(action))
  return [...new Set(names.filter((name) => name !== undefined))]
}
