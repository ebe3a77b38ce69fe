import { type ActionTable, actionTable } from './action-table.ts'
import { openPaths } from './escalation.ts'
import { isWide, passedTo, reachOf } from './grants.ts'
import { lintConditions } from './lint-conditions.ts'
import { lintNames } from './lint-names.ts'
import { lintTrust } from './lint-trust.ts'
import type { PolicyDocument, PolicyStatement } from './policy-document.ts'

/** How bad a finding is: `error` is a policy that does not do what is written, or gives everything away. */
export type IamSeverity = 'error' | 'warning' | 'note'

/** Something about a policy. */
export interface IamFinding {
  /** Name of the rule, such as `escalation`. */
  readonly rule: string
  readonly severity: IamSeverity
  /** The statement, by its place from 0; undefined where it is the whole policy. */
  readonly statement: number | undefined
  readonly sid: string | undefined
  /** What is wrong, and what to do. */
  readonly message: string
}

/** Makes a finding of a statement. */
export type Report = (
  rule: string,
  severity: IamSeverity,
  statement: PolicyStatement | undefined,
  message: string,
) => void

/** Data that is of value by itself; reading all of it is taking it away. */
const EXFILTRATION: readonly (readonly [string, string])[] = [
  ['s3:GetObject', 'every object of every bucket'],
  ['secretsmanager:GetSecretValue', 'every secret'],
  ['secretsmanager:BatchGetSecretValue', 'every secret'],
  ['ssm:GetParameter', 'every parameter'],
  ['ssm:GetParameters', 'every parameter'],
  ['ssm:GetParametersByPath', 'every parameter'],
  ['dynamodb:Scan', 'every table'],
  ['dynamodb:ExportTableToPointInTime', 'every table'],
  ['dynamodb:GetRecords', 'every stream'],
  ['rds:CopyDBSnapshot', 'every snapshot'],
  ['rds:StartExportTask', 'every snapshot'],
  ['rds-data:ExecuteStatement', 'every database'],
  ['redshift:GetClusterCredentials', 'every warehouse'],
  ['ebs:GetSnapshotBlock', 'every disk'],
  ['ec2:GetPasswordData', 'the password of every machine'],
  ['kms:Decrypt', 'everything that is encrypted'],
  ['athena:GetQueryResults', 'every result'],
  ['codecommit:GitPull', 'every repository'],
  ['ecr:BatchGetImage', 'every image'],
  ['sqs:ReceiveMessage', 'every queue'],
  ['logs:FilterLogEvents', 'every log'],
  ['logs:GetLogEvents', 'every log'],
  ['backup:StartRestoreJob', 'every backup'],
]

/** Actions that hand things to others, beside those that AWS calls "Permissions management". */
const EXPOSURE = [
  'ec2:ModifySnapshotAttribute',
  'ec2:ModifyImageAttribute',
  'rds:ModifyDBSnapshotAttribute',
  'rds:ModifyDBClusterSnapshotAttribute',
  's3:PutObjectAcl',
  'lambda:CreateFunctionUrlConfig',
  'route53:ChangeResourceRecordSets',
  'ecr:PutReplicationConfiguration',
  'logs:PutSubscriptionFilter',
]

/** Everything that is wrong or weak in a policy, in order of its statements. Policies of trust are judged as such. */
export function lintPolicy(
  policy: PolicyDocument,
  table: ActionTable = actionTable(),
): readonly IamFinding[] {
  const findings: IamFinding[] = []
  const report: Report = (rule, severity, statement, message) => {
    findings.push({ rule, severity, statement: statement?.index, sid: statement?.sid, message })
  }
  lintDocument(policy, report)
  for (const statement of policy.statements) {
    lintNames(statement, table, report)
    lintConditions(statement, table, report)
    lintWidth(policy, statement, table, report)
    lintTrust(statement, report)
  }
  // In policies of resources and of trust other people are meant, and ways to more permissions are theirs.
  if (policy.statements.every(({ principals }) => principals === undefined)) {
    lintPaths(policy, report)
    lintData(policy, table, report)
  }
  return findings.toSorted((a, b) => (a.statement ?? -1) - (b.statement ?? -1))
}

function lintDocument(policy: PolicyDocument, report: Report): void {
  const { version, statements } = policy
  if (version === undefined)
    report(
      'version',
      'error',
      undefined,
      'no `Version`: variables are not replaced; write "Version": "2012-10-17"',
    )
  else if (version !== '2012-10-17')
    report(
      'version',
      'error',
      undefined,
      `version \`${version}\`: write "2012-10-17", or variables are not replaced`,
    )
  const sids = statements.flatMap(({ sid }) => (sid === undefined ? [] : [sid]))
  const twice = sids.find((sid, i) => sids.indexOf(sid) < i)
  if (twice !== undefined) report('sid', 'error', undefined, `two statements are called \`${twice}\``)
  for (const statement of statements) {
    const { sid } = statement
    if (sid !== undefined && !/^[0-9A-Za-z]*$/.test(sid))
      report('sid', 'error', statement, `\`${sid}\`: a Sid has letters and digits only`)
  }
}

/** Stars that mean more than anybody thought of. */
function lintWidth(
  policy: PolicyDocument,
  statement: PolicyStatement,
  table: ActionTable,
  report: Report,
): void {
  const { effect, actions, isNotAction, resources, isNotResource, principals, conditions } = statement
  if (effect === 'Deny') return
  const isOfIdentity = principals === undefined
  if (isNotAction)
    report(
      'not-action',
      'warning',
      statement,
      '`Allow` with `NotAction` gives every action that is not named, also those that AWS adds; name what is allowed',
    )
  if (isNotResource)
    report(
      'not-resource',
      'warning',
      statement,
      '`Allow` with `NotResource` gives every resource that is not named, also new ones; name what is allowed',
    )
  if (isNotAction) return
  const wide = isNotResource || resources.some(isWide)
  for (const pattern of actions) {
    if (/^\*(:\*)?$/.test(pattern)) {
      const isAll = wide && conditions.length === 0
      report(
        'wildcard-action',
        isAll ? 'error' : 'warning',
        statement,
        `\`${pattern}\` is every action of AWS; name those that are used`,
      )
    } else if (isOfIdentity && wide && /^[a-z0-9-]+:\*$/i.test(pattern))
      report(
        'wildcard-service',
        'warning',
        statement,
        `\`${pattern}\` on every resource is all of the service, its permissions too; name actions or resources`,
      )
    else if (isOfIdentity && wide && /^[^:]*[*?]/.test(pattern))
      report('wildcard-service', 'warning', statement, `\`${pattern}\`: a star in the name of the service`)
  }
  if (!isOfIdentity || !wide || conditions.length > 0) return
  const loose = actions
    .filter((pattern) => !/^\*|:\*$/.test(pattern))
    .flatMap((pattern) => table.matching(pattern))
    .filter(
      ({ resources: types, level }) =>
        types.length > 0 && (level === 'Write' || level === 'Permissions management'),
    )
  if (loose.length === 0 || !resources.includes('*')) return
  const names = [...new Set(loose.map(({ name }) => name))].filter((name) => reachOf(policy, name).length > 0)
  if (names.length === 0) return
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')
  report(
    'wildcard-resource',
    'warning',
    statement,
    `\`*\` for ${shown}, which can be limited to resources; name them`,
  )
}

function lintPaths(policy: PolicyDocument, report: Report): void {
  for (const { path, statement, actions } of openPaths(policy))
    report(
      'escalation',
      'error',
      statement,
      `${path.id}: with ${actions.join(' and ')} on every resource its holder can ${path.can}; name the resources`,
    )
  for (const { statement, on } of reachOf(policy, 'iam:PassRole')) {
    if (statement.actions.some((pattern) => pattern.startsWith('*'))) continue
    if (on === 'all')
      report('pass-role', 'error', statement, '`iam:PassRole` for every role; name the roles that are passed')
    else if (passedTo(statement) === undefined)
      report(
        'pass-role',
        'note',
        statement,
        'the roles can be passed to every service that they trust; say which by `iam:PassedToService`',
      )
  }
}

function lintData(policy: PolicyDocument, table: ActionTable, report: Report): void {
  const seen = new Map<PolicyStatement, Set<string>>()
  for (const [action, what] of EXFILTRATION) {
    const reach = reachOf(policy, action).find(({ on }) => on === 'all')
    if (!reach) continue
    const told = seen.get(reach.statement) ?? new Set()
    if (!told.has(what))
      report('exfiltration', 'warning', reach.statement, `\`${action}\` reads ${what}; name the resources`)
    seen.set(reach.statement, told.add(what))
  }
  const exposing = new Map<PolicyStatement, string[]>()
  for (const statement of policy.statements) {
    if (statement.effect === 'Deny' || statement.isNotAction) continue
    const found = statement.actions
      .flatMap((pattern) => (pattern.startsWith('*') ? [] : table.matching(pattern)))
      .filter(
        ({ name, service, level }) =>
          EXPOSURE.includes(name) ||
          (level === 'Permissions management' && service !== 'iam' && service !== 'sts'),
      )
      .filter(({ name }) =>
        reachOf(policy, name).some((one) => one.statement === statement && one.on === 'all'),
      )
    if (found.length > 0) exposing.set(statement, [...new Set(found.map(({ name }) => name))])
  }
  for (const [statement, names] of exposing) {
    const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')
    report(
      'exposure',
      'warning',
      statement,
      `${shown} on every resource can hand them to others; name the resources`,
    )
  }
}
