const MAX_LABEL = 100
/** More than a PEM of an RSA key of 16,384 bits. */
export const MAX_PEM = 16_384

/** A private key in PEM (RFC 7468 2), OpenSSH or PGP armour that begins with the hyphen at `at`. */
export interface PemKey {
  readonly to: number
  /** Whether its last line is there; else it goes to the bound or to the end of the text. */
  readonly isWhole: boolean
}

/** What begins at `at`, where `-----BEGIN ` has to stand. */
export function privateKeyAt(text: string, at: number): PemKey | undefined {
  if (!text.startsWith('-----BEGIN ', at)) return undefined
  const head = text.slice(at + 11, at + 11 + MAX_LABEL)
  const label = head.slice(0, Math.max(0, head.indexOf('-----')))
  if (!label.endsWith('PRIVATE KEY') && !label.endsWith('PRIVATE KEY BLOCK')) return undefined
  const body = at + 11 + label.length + 5
  const bound = Math.min(text.length, at + MAX_PEM)
  const after = text.slice(body, bound)
  const tail = after.indexOf('-----END')
  // A string ends before the key does: the key was cut.
  const quote = quoteIn(after)
  if (quote >= 0 && (tail < 0 || quote < tail)) return { to: body + quote, isWhole: true }
  if (tail < 0) return { to: bound, isWhole: false }
  const ending = body + tail + 8
  const last = text.slice(ending, ending + MAX_LABEL).indexOf('-----')
  const to = last < 0 ? Math.min(text.length, ending + MAX_LABEL) : ending + last + 5
  return { to, isWhole: true }
}

/** Where the first quote is, with the backslashes before it; -1 where there is none. */
function quoteIn(text: string): number {
  let quote = text.indexOf('"')
  while (quote > 0 && text.charCodeAt(quote - 1) === 92) quote--
  return quote
}
