/** A field value that can be sent, or why not. */
export type HeaderValue =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: 'too-long' | 'line-break' | 'control-character' | 'not-latin1' }

const MAX_VALUE = 8192

/**
 * A value for a header field that cannot end the field (RFC 9110 5.5): no CR, LF, NUL or other control character, and no
 * character beyond one byte, since a writer that cuts U+010A to a byte writes a line break. White space around it falls away.
 */
export function headerValue(rawValue: string, maxChars: number = MAX_VALUE): HeaderValue {
  if (rawValue.length > maxChars) return { ok: false, reason: 'too-long' }
  for (let at = 0; at < rawValue.length; at++) {
    const code = rawValue.charCodeAt(at)
    if (code === 10 || code === 13) return { ok: false, reason: 'line-break' }
    if ((code < 32 && code !== 9) || code === 127) return { ok: false, reason: 'control-character' }
    if (code > 255) return { ok: false, reason: 'not-latin1' }
  }
  return { ok: true, value: rawValue.replace(/^[ \t]+/, '').trimEnd() }
}

/** Whether a text is the name of a header field: a token (RFC 9110 5.6.2). */
export function isHeaderName(rawName: string): boolean {
  return rawName.length > 0 && rawName.length <= 256 && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(rawName)
}
