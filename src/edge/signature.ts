import { type KeyObject, verify } from 'node:crypto'

import { bitsOf, type DerValue, oidOf, partsOf } from './der.ts'

/** Hash by the identifier of the signature algorithm; null where the key says it (RFC 8410). SHA-1 is not among them. */
const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
}

/** Whether the key made the signature of a signed structure: what is signed, the algorithm, the bits. */
export function isSignedBy(
  key: KeyObject,
  signed: DerValue,
  algorithm: DerValue | undefined,
  signature: DerValue | undefined,
): boolean {
  const oid = oidOf(partsOf(algorithm)[0])
  const hash = HASHES[oid]
  if (hash === undefined) return false
  const isRsa = oid.startsWith('1.2.840.113549')
  if (isRsa !== (key.asymmetricKeyType === 'rsa')) return false
  return verify(hash, signed.whole, key, bitsOf(signature))
}
