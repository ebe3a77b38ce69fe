import { createHash, createPublicKey, generateKeyPairSync, type X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { RingwallError } from '../core/errors.ts'
import { readCertificateFields } from './certificate-fields.ts'

/** The pin of a certificate's key: SHA-256 of its SubjectPublicKeyInfo in base64 (RFC 7469 2.4). */
export function pinOf(certificate: X509Certificate): string {
  return pin(readCertificateFields(certificate.raw).publicKeyInfo)
}

function pin(publicKeyInfo: Uint8Array): string {
  return createHash('sha256').update(publicKeyInfo).digest('base64')
}

/**
 * The pin of a backup key, which is made and kept the first time, in a file of mode 0600. Clients that pin must know a key that
 * is not in use yet: without one, losing the first locks them out for good (RFC 7469 4.3).
 */
export function backupPin(file: string): string {
  if (!statSync(file, { throwIfNoEntry: false })) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  }
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new RingwallError(
      'edge.backup-key',
      `others can read the backup key (mode ${mode.toString(8)}); run chmod 600`,
      {
        at: { file },
      },
    )
  return pin(createPublicKey(readFileSync(file)).export({ type: 'spki', format: 'der' }))
}
