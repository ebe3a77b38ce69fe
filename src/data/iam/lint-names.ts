import { suggest } from '../../core/suggest.ts'
import { type ActionFacts, type ActionTable, serviceOf } from './action-table.ts'
import type { Report } from './lint.ts'
import { isOfType } from './pattern.ts'
import type { PolicyStatement } from './policy-document.ts'

const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-eusc']

/** Actions and resources of a statement against what AWS has. */
export function lintNames(statement: PolicyStatement, table: ActionTable, report: Report): void {
  const { actions, resources, isNotResource, principals } = statement
  const known = actions.flatMap((pattern) => lintAction(statement, pattern, table, report))
  for (const resource of resources) {
    const wrong = faultInArn(resource)
    if (wrong !== undefined) report('resource', 'error', statement, `\`${resource}\`: ${wrong}`)
    else if (!isNotResource && principals === undefined) lintResource(statement, resource, known, report)
  }
  if (isNotResource || principals !== undefined || resources.includes('*')) return
  // A pattern brings along what does not fit; an action that is named is meant.
  for (const { name, resources: types } of known.filter(({ name }) =>
    actions.some((one) => one.toLowerCase() === name.toLowerCase()),
  )) {
    if (types.length === 0)
      report(
        'resource-type',
        'error',
        statement,
        `\`${name}\` knows only the resource \`*\`; with others it is never allowed`,
      )
    else if (!resources.some((one) => types.some(({ arn }) => isOfType(one, arn))))
      report(
        'resource-type',
        'error',
        statement,
        `\`${name}\` is about ${types.map((one) => one.name).join(', ')}, of which none is named; with these resources it does nothing`,
      )
  }
}

function lintAction(
  statement: PolicyStatement,
  pattern: string,
  table: ActionTable,
  report: Report,
): readonly ActionFacts[] {
  if (/^\*+$/.test(pattern)) return []
  const wrong = (message: string): readonly ActionFacts[] => {
    report('unknown-action', 'error', statement, message)
    return []
  }
  const service = serviceOf(pattern)
  if (!pattern.includes(':')) return wrong(`\`${pattern}\` has no service; write it as \`s3:GetObject\``)
  if (/[*?]/.test(service)) return []
  const all = table.actionsOf(service)
  if (!all) {
    const near = suggest(service.toLowerCase(), table.services())
    return wrong(
      `\`${pattern}\`: there is no service \`${service}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
    )
  }
  const matching = table.matching(pattern)
  if (matching.length > 0) return matching
  if (/[*?]/.test(pattern)) return wrong(`\`${pattern}\` means no action of \`${service}\``)
  const near = suggest(
    pattern,
    all.map(({ name }) => name),
  )
  return wrong(`there is no action \`${pattern}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`)
}

function lintResource(
  statement: PolicyStatement,
  resource: string,
  known: readonly ActionFacts[],
  report: Report,
): void {
  if (resource === '*' || known.length === 0 || statement.isNotAction) return
  // Actions by a star of the service could be about anything.
  if (statement.actions.some((pattern) => /^[^:]*\*/.test(pattern))) return
  const types = known.flatMap((action) => action.resources)
  if (types.some(({ arn }) => isOfType(resource, arn))) return
  report(
    'resource-type',
    'warning',
    statement,
    `\`${resource}\` is nothing that any action of the statement is about`,
  )
}

/** What is wrong with an ARN, if anything is. Variables stand for what is right. */
function faultInArn(resource: string): string | undefined {
  if (/^\*+$/.test(resource) || resource.startsWith('${')) return undefined
  const plain = resource.replaceAll(/\$\{[^}]{0,128}\}/g, 'x')
  const parts = plain.split(':')
  if (!plain.startsWith('arn:')) return 'it is no ARN; write arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE, or *'
  if (parts.length < 6) return 'an ARN has six parts with colons between them'
  const [, partition = '', service = '', , account = ''] = parts
  if (!/[*?x]/.test(partition) && !PARTITIONS.includes(partition))
    return `\`${partition}\` is no partition of AWS`
  if (service === '') return 'it names no service'
  if (account !== '' && !/^(\d{12}|aws|\d*[*?x][\d*?x]*)$/.test(account))
    return `\`${account}\` is no account; it has 12 digits`
  return parts.slice(5).join(':') === '' ? 'it names no resource' : undefined
}
