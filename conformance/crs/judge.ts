import type { RuleMatch } from '../../src/perimeter/engine/facts.ts'
import type { Stage } from './cases.ts'

/** What came of a stage. */
export interface StageResult {
  /** Undefined where there was no answer. */
  readonly status: number | undefined
  readonly matches: readonly RuleMatch[]
}

const SEVERITIES = ['EMERGENCY', 'ALERT', 'CRITICAL', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG']

/** A match as ModSecurity's error log writes it, which the suite's expressions are made for. */
export function logLine(match: RuleMatch): string {
  const tags = match.tags.map((tag) => ` [tag "${tag}"]`).join('')
  const severity = match.severity === undefined ? '' : ` [severity "${SEVERITIES[match.severity]}"]`
  return `Matched. [file "${match.file}"] [line "${match.line}"] [id "${match.id}"] [msg "${escapeBytes(match.msg)}"] [data "${escapeBytes(match.data)}"]${severity} [ver "${match.ver}"]${tags}`
}

/** Why a stage did not go as the suite expects; undefined where it did. */
export function disagreement({ output }: Stage, { status, matches }: StageResult): string | undefined {
  // Either the connection breaks, or the log says why.
  if (output.expect_error === true && status === undefined) return undefined
  if (output.status !== undefined && status !== output.status) return `status ${status}, not ${output.status}`
  const { log } = output
  if (!log) return undefined
  const logged = matches.filter((match) => match.isLogged)
  const ids = new Set(logged.map((match) => match.id))
  const missing = (log.expect_ids ?? []).filter((id) => !ids.has(id))
  if (missing.length > 0) return `rule ${missing.join(', ')} does not match`
  const surplus = (log.no_expect_ids ?? []).filter((id) => ids.has(id))
  if (surplus.length > 0) return `rule ${surplus.join(', ')} matches`
  const text = logged.map(logLine).join('\n')
  if (log.match_regex !== undefined && !new RegExp(log.match_regex.trim()).test(text))
    return `the log does not hold /${log.match_regex}/`
  if (log.no_match_regex !== undefined && new RegExp(log.no_match_regex.trim()).test(text))
    return `the log holds /${log.no_match_regex}/`
  return undefined
}

/** As Apache's log has them, so that a line stays a line. */
function escapeBytes(text: string): string {
  return text.replaceAll(/[^ -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
