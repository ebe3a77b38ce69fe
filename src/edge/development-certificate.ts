import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../core/clock.ts'
import type { Certificate } from './certificate.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** A certificate for this machine, and where the authority that signed it is, so that a browser can be told to trust it. */
export interface DevelopmentCertificate extends Certificate {
  readonly authorityFile: string
  readonly certificateFile: string
  readonly keyFile: string
}

/**
 * Makes a certificate for localhost on first start, signed by an authority of this installation alone, and the same one
 * again until 30 days before it expires. The authority's key is thrown away once it has signed: nobody can sign with it.
 */
export async function openDevelopmentCertificate(
  directory: string,
  clock: Clock,
): Promise<DevelopmentCertificate> {
  const files = {
    authority: join(directory, 'development-ca.pem'),
    certificate: join(directory, 'development.pem'),
    key: join(directory, 'development.key'),
  }
  if (!isUsable(files, clock)) await makeFiles(directory, files, clock)
  return {
    certificatePem: readFileSync(files.certificate, 'utf8'),
    keyPem: readFileSync(files.key, 'utf8'),
    authorityFile: files.authority,
    certificateFile: files.certificate,
    keyFile: files.key,
  }
}

interface Files {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

function isUsable(files: Files, clock: Clock): boolean {
  if (!Object.values(files).every((file) => existsSync(file))) return false
  const certificate = new X509Certificate(readFileSync(files.certificate))
  return certificate.validToDate.getTime() - clock.now() > 30 * DAY_MS
}

async function makeFiles(directory: string, files: Files, clock: Clock): Promise<void> {
  // Loaded only when a certificate is made: it is heavy, and it wants metadata reflection to be there first.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const authorityKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const notBefore = new Date(clock.now() - DAY_MS)
  const notAfter = new Date(clock.now() + 397 * DAY_MS)
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Ringwall development authority',
    notBefore,
    notAfter,
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: authority.subject,
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'dns', value: '*.localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  })
  const keyPem = x509.PemConverter.encode(
    await crypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  )
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(files.authority, `${authority.toString('pem')}\n`, { mode: 0o600 })
  writeFileSync(files.certificate, `${certificate.toString('pem')}\n${authority.toString('pem')}\n`, {
    mode: 0o600,
  })
  writeFileSync(files.key, `${keyPem}\n`, { mode: 0o600 })
}
