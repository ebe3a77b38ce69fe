import { setTimeout as delay } from 'node:timers/promises'

import { FIREWALL_ATTACKS, type FirewallAttack } from './firewall.ts'
import { isClosed, parseRange, shoot, type Range } from './wire.ts'

/** How one of them ended. `stopped` is a refusal of the gateway, `failed` says that nothing can be said. */
export interface FirewallRow {
  readonly id: string
  readonly class: string
  readonly verdict: 'stopped' | 'through' | 'failed'
  /** 0 where the connection was closed, or nothing came back. */
  readonly status: number
  /** The code of the refusal, or why nothing can be said. */
  readonly note?: string
}

/** Counts of one class of attacks. */
export interface ClassCount {
  readonly total: number
  readonly stopped: number
  readonly no_verdict: number
}

/** What a test may choose. */
export interface FirewallDrillOptions {
  /** All by default. */
  readonly attacks?: readonly FirewallAttack[]
  /** Between the starts of two requests; 20 ms by default, which is at most 50 requests a second. */
  readonly everyMs?: number
  /** For each request; five seconds by default. */
  readonly timeoutMs?: number
}

/** After so many requests in a row without an answer there is nobody to ask. */
const MAX_SILENT = 5

/** Sends the firewall attacks to a base URL on this machine, one after the other. */
export async function drillFirewall(
  baseUrl: string,
  options: FirewallDrillOptions = {},
): Promise<FirewallRow[]> {
  const range = await parseRange(baseUrl)
  if ('reason' in range) throw new Error(range.reason)
  const { attacks = FIREWALL_ATTACKS, everyMs = 20 } = options
  const rows: FirewallRow[] = []
  let silent = 0
  for (const attack of attacks) {
    const started = performance.now()
    const row = await judge(range, attack, options.timeoutMs)
    rows.push(row)
    silent = row.verdict === 'failed' && row.status === 0 ? silent + 1 : 0
    if (silent >= MAX_SILENT) throw new Error(`\`${baseUrl}\` has stopped answering: ${row.note ?? ''}`)
    await delay(Math.max(0, everyMs - (performance.now() - started)))
  }
  return rows
}

async function judge(range: Range, attack: FirewallAttack, timeoutMs?: number): Promise<FirewallRow> {
  const { id, class: name, request } = attack
  const { method, target, headers, body } = request
  const shot = {
    method,
    target,
    headers: Object.fromEntries(headers),
    ...(body === undefined ? {} : { body: Buffer.from(body, 'latin1') }),
  }
  try {
    const { status, code } = await shoot(range, shot, timeoutMs)
    const row = { id, class: name, status, ...(code === undefined ? {} : { note: code }) }
    // Too many requests says nothing of this one, and a fault of the gateway neither.
    if (code !== undefined && (status === 429 || status >= 500)) return { ...row, verdict: 'failed' }
    return { ...row, verdict: code !== undefined && status >= 400 ? 'stopped' : 'through' }
  } catch (error) {
    if (isClosed(error)) return { id, class: name, verdict: 'stopped', status: 0, note: 'connection closed' }
    const note = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { id, class: name, verdict: 'failed', status: 0, note }
  }
}

/** The counts of each class, in the order of the table. */
export function countClasses(rows: readonly FirewallRow[]): Record<string, ClassCount> {
  const counts: Record<string, ClassCount> = {}
  for (const { class: name, verdict } of rows) {
    const { total, stopped, no_verdict } = counts[name] ?? { total: 0, stopped: 0, no_verdict: 0 }
    counts[name] = {
      total: total + 1,
      stopped: stopped + Number(verdict === 'stopped'),
      no_verdict: no_verdict + Number(verdict === 'failed'),
    }
  }
  return counts
}

/** The result as one object: counts in all and by class, and what got through. */
export function summarizeFirewall(rows: readonly FirewallRow[]): Record<string, unknown> {
  const ids = (verdict: FirewallRow['verdict']): string[] =>
    rows.filter((row) => row.verdict === verdict).map(({ id }) => id)
  return {
    total: rows.length,
    stopped: ids('stopped').length,
    through: ids('through'),
    no_verdict: ids('failed'),
    classes: countClasses(rows),
  }
}
