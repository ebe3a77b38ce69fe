import type { ActionTable } from './action-table.ts'
import type { PolicyCondition, PolicyDocument, PolicyStatement } from './policy-document.ts'

const LEVEL_WORDS = {
  List: 'list',
  Read: 'read',
  Write: 'change',
  Tagging: 'mark',
  'Permissions management': 'change who may do something with',
} as const

/** What a policy says, in words: some lines for each statement. */
export function explainPolicy(policy: PolicyDocument, table: ActionTable): readonly string[] {
  return policy.statements.flatMap((statement) => explainStatement(statement, table))
}

function explainStatement(statement: PolicyStatement, table: ActionTable): readonly string[] {
  const { index, sid, effect, resources, isNotResource, principals, isNotPrincipal, conditions } = statement
  const who =
    principals === undefined
      ? ''
      : ` ${isNotPrincipal ? 'everybody but ' : ''}${principals.map(principalWords).join(' and ')}`
  const verb = effect === 'Allow' ? 'allows' : 'forbids'
  const what =
    resources.length === 0
      ? []
      : [`  on ${isNotResource ? 'everything but ' : ''}${resources.map(resourceWords).join(', ')}`]
  return [
    `${sid ?? `Statement ${index}`} ${verb}${who}`,
    ...actionLines(statement, table),
    ...what,
    ...conditions.map((one, i) => `  ${i === 0 ? 'if' : 'and'} ${conditionWords(one)}`),
  ]
}

function actionLines({ actions, isNotAction }: PolicyStatement, table: ActionTable): readonly string[] {
  if (actions.includes('*')) return [isNotAction ? '  nothing' : '  every action of AWS']
  if (isNotAction) return [`  every action but ${actions.join(', ')}`]
  const byLevel = new Map<string, string[]>()
  for (const pattern of actions) {
    const facts = table.matching(pattern)
    const levels = [...new Set(facts.map(({ level }) => LEVEL_WORDS[level]))]
    const words = levels.length === 0 ? 'no known action' : levels.join(' and ')
    const shown = /[*?]/.test(pattern) ? `${pattern} (${facts.length} actions)` : (facts[0]?.name ?? pattern)
    byLevel.set(words, [...(byLevel.get(words) ?? []), shown])
  }
  return [...byLevel].map(([words, shown]) => `  to ${words}: ${shown.join(', ')}`)
}

function resourceWords(resource: string): string {
  if (resource === '*') return 'every resource'
  const [, , service = '', region = '', account = '', ...rest] = resource.split(':')
  const place = [
    region === '' || region === '*' ? '' : region,
    account === '' || account === '*' ? '' : `account ${account}`,
  ]
    .filter((part) => part !== '')
    .join(', ')
  return `${service} ${rest.join(':')}${place === '' ? '' : ` (${place})`}`
}

function principalWords(principal: string): string {
  if (principal === '*' || principal === 'AWS:*') return 'everybody'
  const [kind, name] = [
    principal.slice(0, principal.indexOf(':')),
    principal.slice(principal.indexOf(':') + 1),
  ]
  if (kind === 'Service') return `the service ${name}`
  if (kind === 'Federated') return `those who sign in by ${name}`
  const root = /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(name)?.[1] ?? /^\d{12}$/.exec(name)?.[0]
  return root === undefined ? name : `everybody of account ${root} who is allowed there`
}

const OPERATORS: readonly (readonly [RegExp, string])[] = [
  [/^StringEqualsIgnoreCase$/i, 'is, case aside,'],
  [/^(String|Numeric|Date|Arn|Binary)Equals$|^Bool$/i, 'is'],
  [/^(String|Arn)Like$/i, 'is like'],
  [/^(String|Numeric|Date|Arn)NotEquals(IgnoreCase)?$/i, 'is not'],
  [/^(String|Arn)NotLike$/i, 'is not like'],
  [/LessThanEquals$/i, 'is at most'],
  [/LessThan$/i, 'is less than'],
  [/GreaterThanEquals$/i, 'is at least'],
  [/GreaterThan$/i, 'is more than'],
  [/^IpAddress$/i, 'is in'],
  [/^NotIpAddress$/i, 'is not in'],
]

function conditionWords({ operator, key, values }: PolicyCondition): string {
  const [, quantity = '', bare = '', ifExists = ''] =
    /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/i.exec(operator) ?? []
  const some = values.join(' or ')
  if (/^null$/i.test(bare)) return `${key} is ${values.includes('true') ? 'absent' : 'there'}`
  const words = OPERATORS.find(([pattern]) => pattern.test(bare))?.[1] ?? bare
  const each = /^forall/i.test(quantity) ? 'each of ' : /^forany/i.test(quantity) ? 'one of ' : ''
  return `${each}${key} ${words} ${some}${ifExists === '' ? '' : ', or is absent'}`
}
