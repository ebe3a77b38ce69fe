// Authorities and certificates for tests, made anew each time.
import 'reflect-metadata'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import * as x509 from '@peculiar/x509'

export { x509 }

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

interface Keys {
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

/** What a certificate is made with. */
export interface Wish {
  readonly subject?: string
  readonly names?: readonly { type: 'dns' | 'url' | 'ip' | 'email'; value: string }[]
  readonly use?: 'server' | 'client' | 'ocsp'
  readonly days?: number
  readonly serial?: string
  readonly extensions?: readonly x509.Extension[]
}

/** A certificate with its key, as PEM. `chain` has the issuers after it, without the root. */
export interface Made {
  readonly certificate: x509.X509Certificate
  readonly keys: Keys
  readonly pem: string
  readonly keyPem: string
}

/** An authority of a test. */
export class TestAuthority {
  readonly made: Made
  #serial = 1000

  private constructor(made: Made) {
    this.made = made
  }

  get pem(): string {
    return this.made.pem
  }

  static async create(name = 'Test authority', under?: TestAuthority, days = 30): Promise<TestAuthority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const dates = datesFor(days)
    const extensions = [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ]
    const certificate = under
      ? await x509.X509CertificateGenerator.create({
          serialNumber: '77',
          subject: `CN=${name}`,
          issuer: under.made.certificate.subject,
          ...dates,
          publicKey: keys.publicKey,
          signingKey: under.made.keys.privateKey,
          signingAlgorithm: ALGORITHM,
          extensions,
        })
      : await x509.X509CertificateGenerator.createSelfSigned({
          name: `CN=${name}`,
          ...dates,
          keys,
          signingAlgorithm: ALGORITHM,
          extensions,
        })
    return new TestAuthority(await madeOf(certificate, keys))
  }

  async issue(wish: Wish = {}): Promise<Made> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const use = {
      server: x509.ExtendedKeyUsage.serverAuth,
      client: x509.ExtendedKeyUsage.clientAuth,
      ocsp: '1.3.6.1.5.5.7.3.9',
    }[wish.use ?? 'server']
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: wish.serial ?? String(++this.#serial),
      subject: wish.subject ?? 'CN=leaf',
      issuer: this.made.certificate.subject,
      ...datesFor(wish.days ?? 10),
      publicKey: keys.publicKey,
      signingKey: this.made.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([use]),
        await x509.AuthorityKeyIdentifierExtension.create(this.made.keys.publicKey),
        ...(wish.names ? [new x509.SubjectAlternativeNameExtension([...wish.names])] : []),
        ...(wish.extensions ?? []),
      ],
    })
    return madeOf(certificate, keys)
  }

  /** A revocation list with these serials, valid for so many days from now. */
  async revoke(serials: readonly string[], days = 5): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.made.certificate.subject,
      thisUpdate: new Date(Date.now() - DAY_MS),
      nextUpdate: new Date(Date.now() + days * DAY_MS),
      entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: new Date() })),
      signingKey: this.made.keys.privateKey,
      signingAlgorithm: ALGORITHM,
    })
    return x509.PemConverter.encode(list.rawData, 'X509 CRL')
  }
}

function datesFor(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - 2 * DAY_MS), notAfter: new Date(now + days * DAY_MS) }
}

async function madeOf(certificate: x509.X509Certificate, keys: Keys): Promise<Made> {
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificate,
    keys,
    pem: `${certificate.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  }
}

/** A folder that goes away after the tests, and what writes files in it. */
export function testFolder(name: string): {
  readonly path: string
  write(file: string, text: string | Uint8Array): string
} {
  const path = mkdtempSync(join(tmpdir(), `ringwall-${name}-`))
  after(() => rmSync(path, { recursive: true, force: true }))
  return {
    path,
    write(file, text) {
      const whole = join(path, file)
      writeFileSync(whole, text, { mode: 0o600 })
      return whole
    },
  }
}
