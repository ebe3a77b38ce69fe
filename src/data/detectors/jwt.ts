import { BASE64URL, DOT, runEnd } from './characters.ts'

const MAX_HEADER = 4096
/** More than servers take in a header field. */
export const MAX_JWT = 16_384
const MIN_PART = 10

/**
 * Where to go on after a word that begins with `eyJ`, base64url for `{"`: `isToken` tells whether a token ends there. Three parts
 * when signed (the last is empty without signature), five when encrypted (RFC 7515 3.1, RFC 7516 3.1).
 * INVARIANT: what is not a token is stepped over as a whole, so that no character is read for two words.
 */
export function readJwt(text: string, start: number): { readonly to: number; readonly isToken: boolean } {
  const header = runEnd(text, start, BASE64URL, MAX_HEADER)
  const isHeader = header - start >= MIN_PART && text.charCodeAt(header) === 46
  if (!isHeader) return { to: header, isToken: false }
  const payload = runEnd(text, header + 1, BASE64URL, MAX_JWT)
  // The second part of an encrypted token is empty where the key is agreed on.
  const isPayload = text.charCodeAt(payload) === 46 && (payload - header > MIN_PART || payload === header + 1)
  if (!isPayload) return { to: payload, isToken: false }
  return { to: runEnd(text, payload, BASE64URL | DOT, MAX_JWT), isToken: true }
}
