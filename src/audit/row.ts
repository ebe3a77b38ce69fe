import type { MaskText } from '../core/keys.ts'
import type { MatchedRule } from '../core/trace.ts'
import type { AuditRecord } from '../core/watch.ts'
import type { SqlValue } from '../store/index.ts'

/** The columns of the audit table, in the order of `rowOf`. */
export const AUDIT_COLUMNS = [
  'id',
  'at',
  'kind',
  'subject',
  'ip',
  'method',
  'host',
  'path',
  'status',
  'verdict',
  'wall',
  'code',
  'detail',
  'duration_us',
  'bytes_in',
  'bytes_out',
  'trace',
  'data',
] as const

const MAX_TEXT = 2048
const MAX_DETAIL = 4096
const MAX_JSON = 16_384
const MAX_RULES = 40
const MAX_RULE_TEXT = 400

/** A record as a row: bounded, masked, and with nothing in it that could forge a line (ASVS 5.0 16.4.1). */
export function rowOf(record: AuditRecord, mask: MaskText): readonly SqlValue[] {
  return [
    record.id,
    record.atMs,
    record.kind,
    textOf(record.subject, 256),
    textOf(record.ip, 64),
    textOf(record.method, 32),
    textOf(record.host, 256),
    maskedOf(record.path, MAX_TEXT, mask),
    record.status ?? null,
    record.verdict,
    textOf(record.wall, 32),
    textOf(record.code, 64),
    maskedOf(record.detail, MAX_DETAIL, mask),
    record.durationMicros ?? null,
    record.bytesIn ?? null,
    record.bytesOut ?? null,
    record.trace === undefined ? null : traceOf(record.trace, mask),
    record.data === undefined ? null : jsonOf(record.data, mask),
  ]
}

function traceOf(trace: NonNullable<AuditRecord['trace']>, mask: MaskText): string {
  const steps = trace.map((step) => ({
    ...step,
    ...(step.saw !== undefined && { saw: maskedOf(step.saw, MAX_DETAIL, mask) ?? '' }),
    ...(step.because && {
      because: step.because.map((line) => maskedLine(line, mask)),
    }),
    ...(step.rules && { rules: step.rules.slice(0, MAX_RULES).map((rule) => maskedRule(rule, mask)) }),
  }))
  const json = JSON.stringify(steps)
  if (json.length <= MAX_JSON) return json
  // The ids of the rules stay when nothing else does.
  return JSON.stringify(
    steps.map((step) => ({
      ...step,
      saw: undefined,
      because: undefined,
      ...(step.rules && { rules: step.rules.map((rule) => ({ ...rule, data: '', variables: [] })) }),
    })),
  )
}

/** A line keeps the blanks that it begins with. */
function maskedLine(line: string, mask: MaskText): string {
  return maskedOf(line, MAX_RULE_TEXT, mask) ?? ''
}

function maskedRule(rule: MatchedRule, mask: MaskText): MatchedRule {
  return {
    ...rule,
    msg: maskedOf(rule.msg, MAX_RULE_TEXT, mask) ?? '',
    data: maskedOf(rule.data, MAX_RULE_TEXT, mask) ?? '',
    variables: rule.variables.map((name) => textOf(name, 100) ?? ''),
  }
}

function jsonOf(data: NonNullable<AuditRecord['data']>, mask: MaskText): string {
  const json = JSON.stringify(data, (_key, value: unknown) =>
    typeof value === 'string' ? mask(value) : value,
  )
  return json.length <= MAX_JSON ? json : JSON.stringify({ cut: `${json.length} characters` })
}

function maskedOf(text: string | undefined, maxLength: number, mask: MaskText): string | null {
  return text === undefined
    ? null
    : textOf(mask(text.length > maxLength ? text.slice(0, maxLength) : text), maxLength)
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

function textOf(text: string | undefined, maxLength: number): string | null {
  if (text === undefined) return null
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 3)}...` : text
  return cut.replaceAll(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
