const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Everything but HTAB, printable ASCII and obs-text (RFC 9110 5.5). */
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/

/** Whether this is a field name (RFC 9110 5.1). */
export function isFieldName(text: string): boolean {
  return NAME.test(text)
}

/** Whether these bytes (latin1) can stand in a field value. */
export function isFieldValue(text: string): boolean {
  return !UNFIT.test(text)
}

/** A flat list of fields: name, value, name, value; or why these lines are none. */
export type FieldLines =
  | { readonly ok: true; readonly fields: string[] }
  | { readonly ok: false; readonly why: string }

/**
 * Reads field lines without their line ends (RFC 9112 5). Space before the colon, folded lines, names that are no tokens and
 * control bytes are faults: each of them has made two readers see two messages.
 */
export function readFieldLines(lines: readonly string[], from: number): FieldLines {
  const fields: string[] = []
  for (let i = from; i < lines.length; i++) {
    const line = lines[i] as string
    const colon = line.indexOf(':')
    if (colon < 0) return { ok: false, why: 'a field line without a colon' }
    const name = line.slice(0, colon)
    if (!NAME.test(name)) return { ok: false, why: 'a field name that is no token' }
    let start = colon + 1
    let end = line.length
    while (start < end && isBlank(line.charCodeAt(start))) start++
    while (end > start && isBlank(line.charCodeAt(end - 1))) end--
    const value = line.slice(start, end)
    if (UNFIT.test(value)) return { ok: false, why: `a control byte in the field \`${name}\`` }
    // Node's and other parsers do not take the tab off here, and see another coding.
    if (isFraming(name) && line.includes('\t')) return { ok: false, why: `a tab around \`${name}\`` }
    fields.push(name, value)
  }
  return { ok: true, fields }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function isFraming(name: string): boolean {
  return (
    (name.length === 17 && name.toLowerCase() === 'transfer-encoding') ||
    (name.length === 14 && name.toLowerCase() === 'content-length')
  )
}
