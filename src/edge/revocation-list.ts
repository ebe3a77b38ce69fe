import type { X509Certificate } from 'node:crypto'

import { readCertificateFields } from './certificate-fields.ts'
import { bodyOf, DER, DerFault, oidOf, partsOf, readDer, timeOf } from './der.ts'
import { isSignedBy } from './signature.ts'

/** A certificate revocation list whose signature was checked (RFC 5280 5). */
export interface RevocationList {
  /** Serial numbers in hex, as the bytes stand in certificates. */
  readonly revoked: ReadonlySet<string>
  readonly issuer: X509Certificate
  readonly nextUpdateMs: number
}

const MAX_BYTES = 32 * 1024 * 1024
const CRL_NUMBER = '2.5.29.20'
const AUTHORITY_KEY = '2.5.29.35'
const INVALIDITY_REASON = new Set(['2.5.29.21', '2.5.29.24'])

/**
 * Reads a list in DER or PEM and checks that one of these authorities signed it. Strict: a critical extension that is not
 * known, such as those of delta and indirect lists, makes the list unusable, since it may not say all.
 */
export function readRevocationList(
  bytes: Buffer,
  issuers: readonly X509Certificate[],
): RevocationList | { readonly wrong: string } {
  if (bytes.length > MAX_BYTES) return { wrong: `larger than ${MAX_BYTES} bytes` }
  try {
    return read(derOf(bytes), issuers)
  } catch (thrown) {
    if (thrown instanceof DerFault) return { wrong: `not a revocation list: ${thrown.message}` }
    throw thrown
  }
}

function derOf(bytes: Buffer): Uint8Array {
  if (bytes[0] === DER.sequence) return bytes
  const text = bytes.toString('latin1')
  const start = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (start < 0 || end < start) throw new DerFault('neither DER nor PEM')
  return Buffer.from(text.slice(start + BEGIN.length, end), 'base64')
}

const BEGIN = '-----BEGIN X509 CRL-----'
const END = '-----END X509 CRL-----'

function read(
  der: Uint8Array,
  issuers: readonly X509Certificate[],
): RevocationList | { readonly wrong: string } {
  const [list, algorithm, signature] = partsOf(readDer(der))
  const parts = partsOf(list)
  let at = parts[0]?.tag === DER.integer ? 1 : 0
  at++ // the algorithm, once more
  const issuerName = parts[at++]
  timeOf(parts[at++])
  const next = parts[at]
  if (next?.tag !== DER.utcTime && next?.tag !== DER.generalizedTime)
    return { wrong: 'it does not say when the next one comes' }
  at++
  const entries = parts[at]?.tag === DER.sequence ? partsOf(parts[at++]) : []
  const extensions = parts[at]?.tag === 0xa0 ? partsOf(readDer((parts[at] as { body: Uint8Array }).body)) : []
  const strange = criticalOf(extensions.map((extension) => partsOf(extension))).find(
    (oid) => oid !== CRL_NUMBER && oid !== AUTHORITY_KEY,
  )
  if (strange !== undefined)
    return {
      wrong: `it has the critical extension ${strange}; only complete lists of one authority are read`,
    }
  if (!list || !issuerName) throw new DerFault('it breaks off')
  const issuer = issuers.find(
    (candidate) =>
      Buffer.compare(readCertificateFields(candidate.raw).subject, issuerName.whole) === 0 &&
      isSignedBy(candidate.publicKey, list, algorithm, signature),
  )
  if (!issuer) return { wrong: 'none of the authorities of the bundle signed it' }
  const revoked = new Set<string>()
  for (const entry of entries) {
    const [serial, , extra] = partsOf(entry)
    const unknown =
      extra &&
      criticalOf(partsOf(extra).map((one) => partsOf(one))).some((oid) => !INVALIDITY_REASON.has(oid))
    if (unknown) return { wrong: 'an entry has a critical extension that is not known' }
    revoked.add(Buffer.from(bodyOf(serial, DER.integer)).toString('hex'))
  }
  return { revoked, issuer, nextUpdateMs: timeOf(next) }
}

/** Identifiers of the extensions that a reader must understand. */
function criticalOf(
  extensions: readonly (readonly { tag: number; body: Uint8Array; whole: Uint8Array }[])[],
): string[] {
  return extensions
    .filter(([, second]) => second?.tag === DER.boolean && second.body[0] === 0xff)
    .map(([oid]) => oidOf(oid))
}
