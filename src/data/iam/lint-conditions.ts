import { suggest } from '../../core/suggest.ts'
import { type ActionTable, matchesKey } from './action-table.ts'
import type { Report } from './lint.ts'
import type { PolicyStatement } from './policy-document.ts'

const OPERATORS = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'BinaryEquals',
  'IpAddress',
  'NotIpAddress',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
  'Null',
]

/** Conditions of a statement against the operators and keys that AWS has. */
export function lintConditions(statement: PolicyStatement, table: ActionTable, report: Report): void {
  const named = statement.isNotAction ? [] : statement.actions.filter((pattern) => !/^\*|:\*/.test(pattern))
  const actions = named.map((pattern) => table.matching(pattern))
  for (const { operator, key, values } of statement.conditions) {
    const bare = operator.replace(/^(ForAllValues|ForAnyValue):/i, '').replace(/IfExists$/i, '')
    if (!OPERATORS.some((one) => one.toLowerCase() === bare.toLowerCase())) {
      const near = suggest(bare, OPERATORS)
      report(
        'condition',
        'error',
        statement,
        `there is no operator \`${operator}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
      )
    } else lintValues(statement, operator, bare, key, values, report)
    if (!table.isKnownKey(key))
      report('condition', 'error', statement, `there is no condition key \`${key}\``)
    else if (!table.isGlobalKey(key) && actions.length > 0 && statement.principals === undefined) {
      const without = actions.flat().filter(({ keys }) => !keys.some((one) => matchesKey(key, one)))
      const all = actions.flat()
      // One key of several actions is enough: what has it not is not allowed, which may be meant.
      if (all.length > 0 && without.length === all.length && statement.effect === 'Allow')
        report(
          'condition',
          'error',
          statement,
          `no action of the statement knows \`${key}\`: it is never met`,
        )
    }
    const isPresent = statement.conditions.some(
      (one) => /^null$/i.test(one.operator) && one.key === key && one.values.includes('false'),
    )
    if (/^ForAllValues:/i.test(operator) && statement.effect === 'Allow' && !isPresent)
      report(
        'condition',
        'warning',
        statement,
        `\`${operator}\` is also met where \`${key}\` is absent; add \`"Null": {"${key}": "false"}\``,
      )
  }
}

function lintValues(
  statement: PolicyStatement,
  operator: string,
  bare: string,
  key: string,
  values: readonly string[],
  report: Report,
): void {
  const kind = bare.toLowerCase()
  for (const value of values) {
    if (/\$\{/.test(value)) continue
    const isRight =
      kind === 'bool' || kind === 'null'
        ? /^(true|false)$/i.test(value)
        : kind.startsWith('numeric')
          ? /^-?\d+(\.\d+)?$/.test(value)
          : kind.endsWith('ipaddress')
            ? /^[0-9a-f.:]+(\/\d{1,3})?$/i.test(value)
            : kind.startsWith('date')
              ? /^(\d{4}-\d{2}-\d{2}|\d{9,13}$)/.test(value)
              : true
    if (!isRight)
      report('condition', 'error', statement, `\`${value}\` is no value for \`${operator}\` of \`${key}\``)
    if (/^string(not)?equals/.test(kind) && /[*?]/.test(value) && !/^aws:(referer|useragent)/i.test(key))
      report(
        'condition',
        'error',
        statement,
        `\`${operator}\` takes \`${value}\` word for word; for stars use StringLike`,
      )
  }
}
