import { suggest } from '../../core/suggest.ts'
import { z } from '../../core/schema.ts'
import type { AccessLevel, ActionTable } from './action-table.ts'
import { isOfType } from './pattern.ts'
import type { PolicyCondition, PolicyDocument, PolicyStatement } from './policy-document.ts'

const oneOrMore = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.string().min(1)).min(1).max(1000),
)
const conditions = z.record(z.string(), z.record(z.string(), oneOrMore))

/** What a program needs: actions on resources by name, or all actions of a level on a resource. */
export const needsSchema = z.strictObject({
  needs: z
    .array(
      z.strictObject({
        actions: oneOrMore.optional(),
        on: oneOrMore.optional(),
        list: oneOrMore.optional(),
        read: oneOrMore.optional(),
        write: oneOrMore.optional(),
        tag: oneOrMore.optional(),
        when: conditions.optional(),
      }),
    )
    .min(1)
    .max(1000),
})

/** A declaration of needs, parsed. */
export type PolicyNeeds = z.output<typeof needsSchema>

/** A policy that was made, and what there is to know of it. */
export interface MadePolicy {
  readonly policy: PolicyDocument
  /** What could not be limited, or is not known. */
  readonly notes: readonly string[]
}

/** One permission of a policy that is to be made. */
export interface Permission {
  readonly action: string
  readonly resource: string
  readonly conditions?: readonly PolicyCondition[]
}

const LEVELS = { list: 'List', read: 'Read', write: 'Write', tag: 'Tagging' } as const

/** The smallest policy for a declaration. Actions that know no resource stand apart, with `*`. */
export function policyOfNeeds(
  declared: PolicyNeeds,
  table: ActionTable,
): MadePolicy | { readonly faults: readonly string[] } {
  const faults: string[] = []
  const permissions: Permission[] = []
  for (const [i, need] of declared.needs.entries()) {
    const conditions = Object.entries(need.when ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
    )
    if (need.on !== undefined && need.actions === undefined)
      faults.push(`need ${i}: \`on\` goes with \`actions\``)
    for (const action of need.actions ?? [])
      permissions.push(
        ...ofAction(action, need.on ?? ['*'], table, faults, i).map((one) => ({ ...one, conditions })),
      )
    for (const [word, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, AccessLevel][]) {
      for (const resource of need[word] ?? []) {
        const found = ofLevel(level, resource, table)
        if (found.length === 0)
          faults.push(`need ${i}: no action of the level ${level} is about \`${resource}\``)
        permissions.push(...found.map((action) => ({ action, resource, conditions })))
      }
    }
    if (!need.actions && !need.list && !need.read && !need.write && !need.tag)
      faults.push(`need ${i}: it says no action and no level`)
  }
  return faults.length > 0 ? { faults } : { policy: policyOf(permissions), notes: [] }
}

function ofAction(
  action: string,
  resources: readonly string[],
  table: ActionTable,
  faults: string[],
  at: number,
): readonly Permission[] {
  const facts = table.find(action)
  if (!facts) {
    const near = suggest(
      action,
      table.actionsOf(action.split(':')[0] as string)?.map(({ name }) => name) ?? [],
    )
    faults.push(
      `need ${at}: there is no action \`${action}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
    )
    return []
  }
  if (facts.resources.length === 0) return [{ action: facts.name, resource: '*' }]
  const fitting = resources.filter((one) => facts.resources.some(({ arn }) => isOfType(one, arn)))
  if (fitting.length === 0)
    faults.push(
      `need ${at}: \`${facts.name}\` is about ${facts.resources.map(({ name }) => name).join(', ')}; none is in \`on\``,
    )
  return fitting.map((resource) => ({ action: facts.name, resource }))
}

function ofLevel(level: AccessLevel, resource: string, table: ActionTable): readonly string[] {
  const service = resource.split(':')[2] ?? ''
  return (table.actionsOf(service) ?? [])
    .filter((one) => one.level === level && one.resources.some(({ arn }) => isOfType(resource, arn)))
    .map(({ name }) => name)
}

/** Statements of permissions: what has the same resources and conditions stands together, everything in order. */
export function policyOf(permissions: readonly Permission[]): PolicyDocument {
  const byAction = new Map<
    string,
    { action: string; resources: Set<string>; conditions: readonly PolicyCondition[] }
  >()
  for (const { action, resource, conditions = [] } of permissions) {
    const key = `${action} ${JSON.stringify(conditions)}`
    const known = byAction.get(key) ?? { action, resources: new Set(), conditions }
    known.resources.add(resource)
    byAction.set(key, known)
  }
  const groups = new Map<
    string,
    { actions: string[]; resources: readonly string[]; conditions: readonly PolicyCondition[] }
  >()
  for (const { action, resources, conditions } of byAction.values()) {
    const named = withoutCovered([...resources].toSorted())
    const key = JSON.stringify([named, conditions])
    const group = groups.get(key) ?? { actions: [], resources: named, conditions }
    group.actions.push(action)
    groups.set(key, group)
  }
  const statements = [...groups.values()]
    .map(({ actions, ...rest }) => ({ ...rest, actions: actions.toSorted() }))
    .toSorted((a, b) => ((a.actions[0] as string) < (b.actions[0] as string) ? -1 : 1))
    .map((one, index): PolicyStatement => ({
      index,
      sid: undefined,
      effect: 'Allow',
      isNotAction: false,
      isNotResource: false,
      principals: undefined,
      isNotPrincipal: false,
      ...one,
    }))
  return { version: '2012-10-17', id: undefined, statements }
}

/** What another with a star at its end begins is said already. */
function withoutCovered(resources: readonly string[]): readonly string[] {
  return resources.filter(
    (one) =>
      !resources.some((other) => other !== one && other.endsWith('*') && one.startsWith(other.slice(0, -1))),
  )
}
