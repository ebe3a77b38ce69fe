import type { PolicyFound } from './catalog.ts'
import type { LintRule, Weakness } from './lint-rule.ts'
import { quoteName, quoteTable } from './sql-text.ts'

const PER_QUERY = ['current_setting', 'ringwall.claims', 'auth.uid', 'auth.jwt', 'auth.role']

/** What is weak about policies, whoever wrote them. */
export const POLICY_RULES: readonly LintRule[] = [
  {
    id: 'call-per-row',
    why: 'the same answer is computed for every row; in a select of its own it is asked once per query',
    find: ({ policies }) =>
      policies.flatMap((policy) =>
        PER_QUERY.filter((call) =>
          [policy.using, policy.check].some((text) => text !== null && loosePlaces(text, call).length > 0),
        ).map((call) => ({
          what: `policy ${policy.name} on ${policy.table} calls ${call} for every row`,
          fix: alterPolicy(policy, (text) => inSelect(text, call)),
        })),
      ),
  },
  {
    id: 'several-permissive',
    why: 'any of them is enough, so that none can be read alone, and each is asked for every row',
    find: ({ policies }) => severalPermissive(policies),
  },
  {
    id: 'always-true',
    why: 'row-level security that lets every row through looks like protection and is none',
    find: ({ policies, planned, plan }) =>
      policies
        .filter(
          ({ table, isPermissive, roles, using, check }) =>
            !planned.has(table) &&
            isPermissive &&
            !roles.every((role) => role === plan.declaration.roles.keeper) &&
            [using, check].includes('true'),
        )
        .map((policy) => ({
          what: `policy ${policy.name} on ${policy.table} is true for every row`,
          fix: dropPolicy(policy),
        })),
  },
  {
    id: 'settable-principal',
    why: 'whoever can run SQL can set a setting, and so be anybody; `ringwall.claims()` reads a signed one',
    find: ({ policies }) =>
      policies
        .filter(({ using, check }) => `${using ?? ''} ${check ?? ''}`.includes('current_setting('))
        .map((policy) => ({
          what: `policy ${policy.name} on ${policy.table} believes a setting that every client can set`,
          fix: `${dropPolicy(policy)} -- and map the table, so that a plan makes its policies`,
        })),
  },
]

function dropPolicy({ name, table }: PolicyFound): string {
  return `DROP POLICY ${quoteName(name)} ON ${quoteTable(table)}`
}

function alterPolicy({ name, table, using, check }: PolicyFound, change: (text: string) => string): string {
  const parts = [
    `ALTER POLICY ${quoteName(name)} ON ${quoteTable(table)}`,
    ...(using === null ? [] : [`USING (${change(using)})`]),
    ...(check === null ? [] : [`WITH CHECK (${change(check)})`]),
  ]
  return parts.join(' ')
}

/** Where a call stands that gives the same for every row and is in no select of its own (PostgreSQL: InitPlan). */
function loosePlaces(text: string, call: string): number[] {
  const found: number[] = []
  for (let at = text.indexOf(`${call}(`); at !== -1; at = text.indexOf(`${call}(`, at + 1))
    if (!isInSelect(text, at)) found.push(at)
  return found
}

/** Whether a place in a printed expression is below a parenthesis that a SELECT opens. */
function isInSelect(text: string, place: number): boolean {
  const open: boolean[] = []
  let isQuoted = false
  for (let at = 0; at < place; at++) {
    if (text[at] === "'") isQuoted = !isQuoted
    if (isQuoted) continue
    if (text[at] === '(') open.push(text.startsWith('SELECT', at + 1) || text.startsWith(' SELECT', at + 1))
    else if (text[at] === ')') open.pop()
  }
  return open.includes(true)
}

function inSelect(text: string, call: string): string {
  let changed = text
  for (const at of loosePlaces(text, call).toReversed()) {
    const end = endOfCall(changed, at + call.length)
    changed = `${changed.slice(0, at)}(SELECT ${changed.slice(at, end)})${changed.slice(end)}`
  }
  return changed
}

/** Behind the parenthesis that closes the one at `open`. */
function endOfCall(text: string, open: number): number {
  let depth = 0
  let isQuoted = false
  for (let at = open; at < text.length; at++) {
    if (text[at] === "'") isQuoted = !isQuoted
    if (isQuoted) continue
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return at + 1
  }
  return text.length
}

/** Every permissive policy of a verb is asked for every row. */
function severalPermissive(policies: readonly PolicyFound[]): Weakness[] {
  const groups = Map.groupBy(
    policies
      .filter(({ isPermissive }) => isPermissive)
      .flatMap((policy) => policy.roles.map((role) => ({ policy, role }))),
    ({ policy, role }) => `${role} on ${policy.table} for ${policy.verb}`,
  )
  return [...groups]
    .filter(([, group]) => group.length > 1)
    .map(([what, group]) => ({
      what: `several permissive policies for ${what}: any of ${group.map(({ policy }) => policy.name).join(', ')} is enough`,
      fix: joined(group.map(({ policy }) => policy)),
    }))
}

/** The first takes over what the others allow, where all are for the same roles. */
function joined(policies: readonly PolicyFound[]): string {
  const [first, ...more] = policies as [PolicyFound, ...PolicyFound[]]
  if (more.some(({ roles }) => roles.join() !== first.roles.join())) return 'join them into one'
  const any = (part: 'using' | 'check'): string | null => {
    const texts = policies.map((policy) => policy[part] ?? (part === 'check' ? policy.using : null))
    return policies.every((policy) => policy[part] === null)
      ? null
      : texts.map((text) => `(${text ?? 'true'})`).join(' OR ')
  }
  const whole = alterPolicy({ ...first, using: any('using'), check: any('check') }, (text) => text)
  return [whole, ...more.map(dropPolicy)].join('; ')
}
