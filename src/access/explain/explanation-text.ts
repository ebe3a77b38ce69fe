import { formatPlace, type Place } from '../../core/errors.ts'
import type { BlamedCondition, BlameTree, Explanation, PolicyExplanation } from './explanation.ts'

/** How an explanation is written. */
export interface ExplanationTextOptions {
  /** How many permits are written in full. */
  readonly maxPolicies?: number
  /** The file of a policy, for its place. */
  readonly fileOf?: (policy: string) => string | undefined
}

/** An explanation for people, as plain text. */
export function formatExplanation(explanation: Explanation, options: ExplanationTextOptions = {}): string {
  const { decision, principal, action, resource, permits, forbids, elsewhere } = explanation
  const { maxPolicies = 10 } = options
  const lines = [`${decision}: ${principal} ${action} ${resource}`]
  const add = (policy: PolicyExplanation, verb: string): void => {
    lines.push(`  ${verb} ${nameOf(policy, options)}`)
    if (policy.advice !== undefined) lines.push(`    "${policy.advice}"`)
    if (policy.because !== undefined) lines.push(...treeLines(policy.because, '    ', policy, options))
  }
  const isForbidden = forbids.some(({ outcome }) => outcome === 'satisfied')
  for (const forbid of forbids) add(forbid, forbid.outcome === 'satisfied' ? 'forbidden by' : 'failed forbid')
  if (decision === 'allow') {
    for (const permit of permits) lines.push(`  permitted by ${nameOf(permit, options)}`)
    return lines.join('\n')
  }
  if (permits.length === 0 && !isForbidden) {
    lines.push('  no policy permits this action for these types of principal and resource')
  }
  for (const permit of permits.slice(0, maxPolicies)) add(permit, VERBS[permit.outcome])
  if (permits.length > maxPolicies)
    lines.push(`  and ${permits.length - maxPolicies} more that did not permit`)
  if (elsewhere > 0)
    lines.push(`  ${elsewhere} ${elsewhere === 1 ? 'policy is' : 'policies are'} about something else`)
  return lines.join('\n')
}

const VERBS: Readonly<Record<PolicyExplanation['outcome'], string>> = {
  satisfied: 'permitted by',
  unsatisfied: 'not permitted by',
  failed: 'could not be evaluated:',
}

function nameOf({ policy, at }: PolicyExplanation, { fileOf }: ExplanationTextOptions): string {
  const place = placeText(at, fileOf?.(policy))
  return place === '' ? policy : `${policy} (${place})`
}

function placeText(at: Place | undefined, file: string | undefined): string {
  if (at === undefined) return ''
  if (file === undefined) return `line ${at.line ?? 0}, column ${at.column ?? 0}`
  return formatPlace({ ...at, file }).slice(0, -2)
}

function treeLines(
  tree: BlameTree,
  indent: string,
  policy: PolicyExplanation,
  options: ExplanationTextOptions,
): readonly string[] {
  if (tree.kind === 'condition') return conditionLines(tree, indent, policy, options)
  const word = tree.kind === 'all' ? 'all of these:' : 'any one of these:'
  return [`${indent}${word}`, ...tree.of.flatMap((part) => treeLines(part, `${indent}  `, policy, options))]
}

function conditionLines(
  { part, text, found, error, values, at }: BlamedCondition,
  indent: string,
  { policy }: PolicyExplanation,
  { fileOf }: ExplanationTextOptions,
): readonly string[] {
  const place = placeText(at, fileOf?.(policy))
  const what = found === 'error' ? `cannot be known: ${error ?? ''}` : `is ${found}`
  return [
    `${indent}${part}: ${text}  ${what}${place === '' ? '' : `  [${place}]`}`,
    ...values.map(({ text: name, value, groups }) => {
      const within = groups === undefined ? '' : `, which is in ${groups.join(', ')}`
      return `${indent}  ${name} = ${value}${within}`
    }),
  ]
}
