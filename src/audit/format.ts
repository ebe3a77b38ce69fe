import { WALL_NAMES } from '../core/wall.ts'
import type { AuditEvent } from './query.ts'

const LAYER_OF: Readonly<Record<string, number>> = {
  perimeter: 1,
  edge: 2,
  gateway: 3,
  identity: 4,
  access: 4,
  application: 5,
  data: 6,
}

/** One event on one line: time, verdict, who, what, why. */
export function formatLine(event: AuditEvent): string {
  const time = new Date(event.atMs).toISOString()
  const what =
    event.kind === 'exchange'
      ? `${event.method} ${event.host}${event.path} ${event.status}`
      : `${event.kind} ${event.path ?? ''}`
  const why =
    event.code === null
      ? ''
      : ` ${event.code}${event.detail === null || event.detail === '' ? '' : `: ${event.detail}`}`
  const who = `${event.ip ?? '-'} ${event.subject ?? '-'}`
  return `${time} ${event.verdict.padEnd(7)} ${who} ${what.trimEnd()}${why} ${event.id}`
}

/** The walk of one exchange: the six layers in order, what each wall saw and said, and how long it took. */
export function formatTrace(event: AuditEvent): string {
  const steps = event.trace ?? []
  const lines = [
    `${event.method ?? ''} ${event.host ?? ''}${event.path ?? ''}  ${event.status ?? ''} ${event.verdict}  ${event.id}`,
    `${new Date(event.atMs).toISOString()}  from ${event.ip ?? '-'}  subject ${event.subject ?? '-'}  ${formatMicros(event.durationMicros ?? 0)}`,
    '',
    'layer  wall         moment    said     time       saw',
  ]
  const row = (
    layer: string,
    wall: string,
    moment: string,
    said: string,
    time: string,
    saw: string,
  ): string =>
    `${layer.padEnd(7)}${wall.padEnd(13)}${moment.padEnd(10)}${said.padEnd(9)}${time.padEnd(11)}${saw}`.trimEnd()
  const inward = steps.filter((step) => step.moment !== 'response' && step.layer > 0)
  for (const wall of WALL_NAMES) {
    const asked = inward.filter((step) => step.wall === wall)
    const layer = String(LAYER_OF[wall])
    if (asked.length === 0) lines.push(row(layer, wall, '', 'not reached', '', ''))
    for (const step of asked) {
      const saw = [step.code, step.saw].filter((part) => part !== undefined).join('  ')
      lines.push(row(layer, wall, step.moment, step.said, formatMicros(step.micros), saw))
    }
  }
  for (const step of steps.filter((one) => one.layer === 0)) {
    lines.push(row('', 'application', '', step.said, formatMicros(step.micros), step.saw ?? ''))
  }
  for (const step of steps.filter((one) => one.moment === 'response')) {
    const saw = [step.code, step.saw].filter((part) => part !== undefined).join('  ')
    lines.push(row(String(step.layer), step.wall, step.moment, step.said, formatMicros(step.micros), saw))
  }
  if (event.code !== null) lines.push('', `${event.code}: ${event.detail ?? ''}`)
  return lines.join('\n')
}

/**
 * Every rule that matched in an exchange: what it is, what it saw, through which transformations, and where it stands; and
 * what a policy said.
 */
export function formatWhy(event: AuditEvent): string {
  const rules = (event.trace ?? []).flatMap((step) => step.rules ?? [])
  const policy = (event.trace ?? []).flatMap((step) => step.because ?? [])
  const lines = policy.length === 0 ? [] : ['', ...policy]
  if (rules.length === 0) return lines.join('\n')
  lines.push('', 'rules that matched')
  for (const rule of rules) {
    const level = rule.tags.find((tag) => tag.startsWith('paranoia-level/'))?.slice(15)
    const through = rule.transformations.length === 0 ? '' : `, through ${rule.transformations.join(', ')}`
    lines.push(
      `  ${rule.id}  ${rule.msg}`,
      `          phase ${rule.phase}${level === undefined ? '' : `, paranoia level ${level}`}, in ${rule.variables.join(', ')}${through}`,
    )
    if (rule.data !== '') lines.push(`          ${rule.data}`)
    lines.push(`          ${rule.at}`)
  }
  return lines.join('\n')
}

function formatMicros(micros: number): string {
  return micros >= 10_000 ? `${(micros / 1000).toFixed(1)} ms` : `${micros.toFixed(1)} us`
}
