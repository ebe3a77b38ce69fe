import type { PolicyDocument, PolicyStatement } from './policy-document.ts'
import { matchesPattern, patternsMeet } from './pattern.ts'

/** How far an action is allowed by a policy. */
export interface Reach {
  readonly statement: PolicyStatement
  /**
   * `all`: every resource of its kind, or so many that nobody listed them. `own`: only what bears the name of who asks.
   * `some`: what is named or marked.
   */
  readonly on: 'all' | 'own' | 'some'
}

/** Keys that make a permission to give permissions harmless: what can be given is named, or held down. */
const HOLDING = /^iam:(PermissionsBoundary|PolicyARN)$/i
/** Keys that name resources by their marks. */
const MARKS =
  /^(aws|iam|ec2|ssm|lambda|s3|secretsmanager|ecs|dynamodb|rds):(ResourceTag|ExistingObjectTag)(\/|$)/i

/** Whether a statement speaks of an action. */
export function speaksOf({ actions, isNotAction }: PolicyStatement, action: string): boolean {
  return actions.some((pattern) => matchesPattern(action, pattern)) !== isNotAction
}

/** Where an action is allowed, and no statement without conditions denies it everywhere. */
export function reachOf(policy: PolicyDocument, action: string): readonly Reach[] {
  const isDenied = policy.statements.some(
    (one) =>
      one.effect === 'Deny' &&
      one.conditions.length === 0 &&
      !one.isNotResource &&
      one.resources.includes('*') &&
      speaksOf(one, action),
  )
  if (isDenied) return []
  const denials = policy.statements.filter(
    (one) => one.effect === 'Deny' && one.conditions.length === 0 && speaksOf(one, action),
  )
  return policy.statements
    .filter((one) => one.effect === 'Allow' && speaksOf(one, action))
    .map((statement): Reach => ({ statement, on: widthOf(statement) }))
    .filter(({ statement }) => !isCovered(statement, denials))
}

/** Whether every resource that a statement names is denied by another. */
function isCovered(
  { resources, isNotResource }: PolicyStatement,
  denials: readonly PolicyStatement[],
): boolean {
  if (isNotResource || resources.length === 0) return false
  return resources.every((resource) =>
    denials.some(
      (one) => !one.isNotResource && one.resources.some((pattern) => matchesPattern(resource, pattern)),
    ),
  )
}

/** How wide the resources of a statement are. */
function widthOf({ resources, isNotResource, conditions }: PolicyStatement): Reach['on'] {
  if (conditions.some(({ key, operator }) => MARKS.test(key) && !isLoose(operator))) return 'some'
  if (conditions.some(({ key, operator }) => HOLDING.test(key) && !isLoose(operator))) return 'some'
  if (isNotResource) return 'all'
  if (resources.some(isWide)) return 'all'
  return resources.some((one) => /\$\{aws:(username|userid|PrincipalTag\/[^}]+)\}/i.test(one))
    ? 'own'
    : 'some'
}

/** Conditions that also hold where the key is absent, or that say what is not so, hold nothing down. */
function isLoose(operator: string): boolean {
  return /IfExists$/i.test(operator) || /Not/i.test(operator) || /^Null$/i.test(operator)
}

/** `*`, or an ARN in which what names the resource is a star: `arn:aws:iam::*:role/*`, `arn:aws:s3:::*`. */
export function isWide(resource: string): boolean {
  if (/^[*?]+$/.test(resource)) return true
  const name = resource.split(':').slice(5).join(':')
  if (!resource.startsWith('arn:') || name === '') return false
  if (/^[*?]+(\/[*?]*)*$/.test(name)) return true
  // What stands first in an object of S3 is its bucket, and no kind.
  if (/^arn:[^:]*:s3:/.test(resource)) return false
  // A kind and then anything; a path of the owner's such as role/service/* is a choice.
  return /^[a-z-]+[/:][*?]+$/i.test(name)
}

/** Which services a permission to pass roles is limited to; undefined where it is not. */
export function passedTo({ conditions }: PolicyStatement): readonly string[] | undefined {
  const limits = conditions.filter(
    ({ key, operator }) =>
      key.toLowerCase() === 'iam:passedtoservice' &&
      /^(ForAnyValue:|ForAllValues:)?String(Equals|Like)/i.test(operator) &&
      !isLoose(operator),
  )
  return limits.length === 0 ? undefined : limits.flatMap(({ values }) => values)
}

/** Whether roles may be passed to a service by some statement that does not name the roles. */
export function passesAnyRoleTo(policy: PolicyDocument, service: string): Reach | undefined {
  return reachOf(policy, 'iam:PassRole').find(({ statement, on }) => {
    if (on !== 'all') return false
    const services = passedTo(statement)
    return services === undefined || services.some((one) => patternsMeet(one, service))
  })
}
