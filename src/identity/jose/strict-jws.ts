import { compactVerify, importJWK } from 'jose'

import { isCanonical, type PinnedKey } from './key-set.ts'

/** What a token says, once its signature holds; or why it is not looked at. */
export type JwsCheck =
  | {
      readonly ok: true
      readonly header: Readonly<Record<string, unknown>>
      readonly payload: Uint8Array
      readonly key: PinnedKey
    }
  | { readonly ok: false; readonly reason: string }

const MAX_TOKEN = 16_384

/**
 * Verifies a compact JWS (RFC 7515 5.2) with keys that `readKeySet` took: one spelling of base64url, no JSON
 * serialisation, no extensions, the algorithm of the key and not of the token, exactly one key that can be meant.
 */
export async function verifyJws(keys: readonly PinnedKey[], rawToken: string): Promise<JwsCheck> {
  if (rawToken.length > MAX_TOKEN) return refused('the token is too long')
  const parts = rawToken.split('.')
  const [head = '', , signature = ''] = parts
  if (parts.length !== 3 || head === '' || signature === '' || !parts.every(isCanonical))
    return refused('the token is not in canonical compact form')
  const header = readHeader(head)
  if (!header) return refused('the header is not a JSON object')
  // What we do not know may change what the rest means (RFC 7515 4.1.11, RFC 7797).
  if ('crit' in header || 'b64' in header) return refused('the token has extensions')
  for (const name of ['jwk', 'jku', 'x5u', 'x5c'])
    if (name in header) return refused('the token brings its own key')
  const { kid, alg } = header
  const meant = kid === undefined && keys.length === 1 ? keys : keys.filter((key) => key.kid === kid)
  const [key] = meant
  if (meant.length !== 1 || !key) return refused('no key, or more than one, is meant')
  if (alg !== key.alg) return refused('the algorithm is not that of the key')
  try {
    const publicKey = await importJWK(key.jwk, key.alg)
    const { payload } = await compactVerify(rawToken, publicKey, { algorithms: [key.alg] })
    return { ok: true, header, payload, key }
  } catch {
    return refused('the signature does not verify')
  }
}

function readHeader(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const bytes = Buffer.from(part, 'base64url')
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const header: unknown = JSON.parse(text)
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined
    // JSON.parse keeps the last of two members with one name; others keep the first (RFC 7515 4: names are unique).
    const names = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map((match) => match[1])
    if (new Set(names).size !== names.length) return undefined
    return header as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

function refused(reason: string): JwsCheck {
  return { ok: false, reason }
}
