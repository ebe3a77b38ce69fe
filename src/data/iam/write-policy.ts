import type { PolicyCondition, PolicyDocument, PolicyStatement } from './policy-document.ts'

/** The policy as JSON, as AWS takes it: single values where there is one. */
export function policyJson(policy: PolicyDocument): string {
  const one = (values: readonly string[]): string | readonly string[] =>
    values.length === 1 ? (values[0] as string) : values
  const statements = policy.statements.map((statement) => ({
    ...(statement.sid !== undefined && { Sid: statement.sid }),
    Effect: statement.effect,
    ...(statement.principals && {
      [statement.isNotPrincipal ? 'NotPrincipal' : 'Principal']: principalJson(statement.principals),
    }),
    [statement.isNotAction ? 'NotAction' : 'Action']: one(statement.actions),
    ...(statement.resources.length > 0 && {
      [statement.isNotResource ? 'NotResource' : 'Resource']: one(statement.resources),
    }),
    ...(statement.conditions.length > 0 && { Condition: conditionJson(statement.conditions) }),
  }))
  return JSON.stringify(
    {
      Version: policy.version ?? '2012-10-17',
      ...(policy.id !== undefined && { Id: policy.id }),
      Statement: statements,
    },
    null,
    2,
  )
}

/** The policy as a data source of Terraform (`aws_iam_policy_document`). Variables of policies are written `&{...}` there. */
export function policyTerraform(policy: PolicyDocument, name: string): string {
  const blocks = policy.statements.map(
    (statement) =>
      `  statement {\n${statementLines(statement)
        .map((line) => `    ${line}\n`)
        .join('')}  }\n`,
  )
  return `data "aws_iam_policy_document" "${name.replaceAll(/\W/g, '_')}" {\n${blocks.join('\n')}}\n`
}

function statementLines(statement: PolicyStatement): readonly string[] {
  const {
    sid,
    effect,
    actions,
    isNotAction,
    resources,
    isNotResource,
    principals,
    isNotPrincipal,
    conditions,
  } = statement
  return [
    ...(sid === undefined ? [] : [`sid = ${quoted(sid)}`]),
    `effect = ${quoted(effect)}`,
    `${isNotAction ? 'not_actions' : 'actions'} = ${list(actions)}`,
    ...(resources.length === 0
      ? []
      : [`${isNotResource ? 'not_resources' : 'resources'} = ${list(resources)}`]),
    ...[...byKind(principals ?? [])].flatMap(([kind, identifiers]) => [
      `${isNotPrincipal ? 'not_principals' : 'principals'} {`,
      `  type = ${quoted(kind)}`,
      `  identifiers = ${list(identifiers)}`,
      '}',
    ]),
    ...conditions.flatMap(({ operator, key, values }) => [
      'condition {',
      `  test = ${quoted(operator)}`,
      `  variable = ${quoted(key)}`,
      `  values = ${list(values)}`,
      '}',
    ]),
  ]
}

function list(values: readonly string[]): string {
  return `[${values.map(quoted).join(', ')}]`
}

/** A text of HCL: nothing in it is read as a template. */
function quoted(text: string): string {
  return JSON.stringify(text.replaceAll(/\$\{(?=[^}]*\})/g, '&{'))
    .replaceAll('${', '$${')
    .replaceAll('%{', '%%{')
}

function byKind(principals: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const kinds = new Map<string, string[]>()
  for (const one of principals) {
    const colon = one.indexOf(':')
    const [kind, name] = one === '*' ? ['*', '*'] : [one.slice(0, colon), one.slice(colon + 1)]
    kinds.set(kind, [...(kinds.get(kind) ?? []), name])
  }
  return kinds
}

function principalJson(principals: readonly string[]): unknown {
  if (principals.includes('*')) return '*'
  return Object.fromEntries(
    [...byKind(principals)].map(([kind, names]) => [kind, names.length === 1 ? names[0] : names]),
  )
}

function conditionJson(conditions: readonly PolicyCondition[]): Record<string, Record<string, unknown>> {
  const out: Record<string, Record<string, unknown>> = {}
  for (const { operator, key, values } of conditions) {
    const block = out[operator] ?? {}
    block[key] = values.length === 1 ? values[0] : values
    out[operator] = block
  }
  return out
}
