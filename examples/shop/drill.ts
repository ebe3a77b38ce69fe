import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'

import type { Attack, Field } from './attacks/attack.ts'
import { INJECTION, SIGN_IN_INJECTION } from './attacks/injection.ts'
import { POSTURE, SIGN_IN } from './attacks/posture.ts'
import { drillFirewall, summarizeFirewall, countClasses, type FirewallRow } from './attacks/firewall-drill.ts'
import { REACH } from './attacks/reach.ts'
import { SCRIPTING } from './attacks/scripting.ts'
import { isClosed, parseRange, shoot } from './attacks/wire.ts'

/** All attacks, in the order in which they run. */
export const ATTACKS: readonly Attack[] = [
  ...INJECTION,
  ...SCRIPTING,
  ...REACH,
  ...POSTURE,
  ...SIGN_IN_INJECTION,
  ...SIGN_IN,
]

/** How one attack ended. `failed` says that nothing can be said: no reply in time. */
export type Verdict = 'got-through' | 'open' | 'stopped' | 'failed'

/** One line of the result. */
export interface DrillRow {
  readonly id: string
  readonly chapter: string
  readonly tries: string
  readonly verdict: Verdict
  /** The last status; 0 where the connection was closed on us. */
  readonly status: number
  /** The code of the refusal, where there was one. */
  readonly code?: string
  /** What the attack got, or why nothing can be said. */
  readonly note?: string
}

/** What a test may choose. */
export interface DrillOptions {
  /** Attacks by id; all by default. */
  readonly only?: readonly string[]
  /** Marks what this run leaves behind; random by default. */
  readonly nonce?: string
  /** For each request; five seconds by default. */
  readonly timeoutMs?: number
}

/**
 * Replays the guide's attacks against one base URL and says of each what it got. Throws where the URL is not on this machine
 * or nothing answers there.
 */
export async function drill(baseUrl: string, options: DrillOptions = {}): Promise<DrillRow[]> {
  const range = await parseRange(baseUrl)
  if ('reason' in range) throw new Error(range.reason)
  try {
    await shoot(range, { target: '/' })
  } catch (cause) {
    throw new Error(`nothing answers at \`${baseUrl}\`; start it first`, { cause })
  }
  const field: Field = {
    shoot: (shot) => shoot(range, shot, options.timeoutMs),
    nonce: options.nonce ?? randomBytes(6).toString('hex'),
    isTls: range.base.protocol === 'https:',
  }
  const rows: DrillRow[] = []
  for (const attack of ATTACKS) {
    if (options.only && !options.only.includes(attack.id)) continue
    rows.push(await judge(attack, field))
  }
  return rows
}

async function judge(attack: Attack, field: Field): Promise<DrillRow> {
  const { id, chapter, tries } = attack
  try {
    const { effect, reply } = await attack.run(field)
    const code = reply.code === undefined ? {} : { code: reply.code }
    const facts = { id, chapter, tries, status: reply.status, ...code }
    if (effect === undefined) return { ...facts, verdict: 'stopped' }
    return { ...facts, verdict: attack.kind === 'active' ? 'got-through' : 'open', note: effect }
  } catch (error) {
    if (isClosed(error)) {
      return { id, chapter, tries, verdict: 'stopped', status: 0, note: 'connection closed' }
    }
    const note = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { id, chapter, tries, verdict: 'failed', status: 0, note }
  }
}

/** The verdict as the table prints it. */
export function describe(row: DrillRow): string {
  if (row.verdict === 'got-through') return `GOT THROUGH: ${row.note ?? ''}`
  if (row.verdict === 'open') return `open: ${row.note ?? ''}`
  if (row.verdict === 'failed') return `no verdict: ${row.note ?? ''}`
  if (row.status === 0) return `stopped (${row.note ?? ''})`
  return row.code === undefined ? `stopped (${row.status}, no effect)` : `stopped (${row.status} ${row.code})`
}

/** The result as one object: what got through (or is open), what was stopped, and what nothing can be said of. */
export function summarize(baseUrl: string, rows: readonly DrillRow[]): Record<string, unknown> {
  const ids = (...verdicts: Verdict[]): string[] =>
    rows.filter((row) => verdicts.includes(row.verdict)).map((row) => row.id)
  return {
    drill: baseUrl,
    got_through: ids('got-through', 'open'),
    stopped: ids('stopped'),
    no_verdict: ids('failed'),
    total: rows.length,
  }
}

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...lines.map((line) => (line[i] ?? '').length)))
  const format = (line: readonly string[]): string =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [heads, widths.map((width) => '-'.repeat(width)), ...lines].map(format).join('\n')
}

/** The firewall attacks by class, and below it those that got through or of which nothing can be said. */
function firewallTable(rows: readonly FirewallRow[]): string {
  const counts = Object.entries(countClasses(rows)).map(([name, { stopped, total }]) => [
    name,
    `${stopped}/${total}`,
  ])
  const others = rows.filter(({ verdict }) => verdict !== 'stopped')
  const lines = others.map(({ id, verdict, status, note = '' }) => [
    id,
    verdict === 'through' ? `through (${status})` : `no verdict (${status} ${note})`,
  ])
  const list = lines.length > 0 ? `\n\n${table(['not stopped', 'answer'], lines)}` : ''
  return table(['firewall attacks', 'stopped'], counts) + list
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { direct: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  const [baseUrl] = positionals
  if (baseUrl === undefined || positionals.length > 1) {
    console.error('usage: npm run drill -- URL [--direct URL] [--json]')
    process.exitCode = 2
    return
  }
  const directRows = values.direct === undefined ? undefined : await drill(values.direct)
  const rows = await drill(baseUrl)
  const firewallRows = await drillFirewall(baseUrl)
  if (!values.json) {
    const heads = [
      'attack',
      'tries',
      ...(directRows ? ['direct'] : []),
      directRows ? 'through Ringwall' : 'result',
    ]
    const lines = rows.map((row, i) => {
      const direct = directRows?.[i]
      return [row.id, row.tries, ...(direct ? [describe(direct)] : []), describe(row)]
    })
    console.log(`${table(heads, lines)}\n\n${firewallTable(firewallRows)}\n`)
  }
  const direct =
    directRows && values.direct !== undefined ? { direct: summarize(values.direct, directRows) } : {}
  const firewall = summarizeFirewall(firewallRows)
  const details = values.json ? { rows, firewall_rows: firewallRows } : {}
  console.log(JSON.stringify({ ...summarize(baseUrl, rows), ...direct, firewall, ...details }))
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
