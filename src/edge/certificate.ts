import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

import { describeError, RingwallError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { TLS_PARAMETERS } from './tls.ts'

/** A certificate chain and its key, as PEM. */
export interface Certificate {
  readonly certificatePem: string
  readonly keyPem: string
}

/** Where a certificate and its key are: a pair of PEM files, or one PKCS#12 file. */
export interface CertificateFiles {
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  readonly pkcs12?: string | undefined
  /** Of an encrypted key or of the PKCS#12 file. */
  readonly passphrase?: Secret | undefined
  /** Host names it is for, in place of those that stand in it. */
  readonly names?: readonly string[] | undefined
}

/** A certificate that was checked and can be served. */
export interface ServedCertificate {
  /** Leaf first. */
  readonly leaf: X509Certificate
  /** Who signed the leaf, where that is known: OCSP needs it. */
  readonly issuer: X509Certificate | undefined
  readonly names: readonly string[]
  readonly context: SecureContext
  /** What the context was made of, for a server's default. */
  readonly options: SecureContextOptions
}

/** Reads the operator's certificate and key, and says in one line what is wrong with them. */
export function readServedCertificate(files: CertificateFiles, nowMs: number): ServedCertificate {
  return files.pkcs12 === undefined
    ? readPemPair(files.certificate ?? '', files.key ?? '', files, nowMs)
    : readPkcs12(files.pkcs12, files, nowMs)
}

/** The same for PEM that is in memory. `file` is what messages name. */
export function servePem(
  pair: Certificate,
  places: { readonly certificate: string; readonly key: string },
  nowMs: number,
  more: Pick<CertificateFiles, 'passphrase' | 'names'> = {},
): ServedCertificate {
  const chain = readChain(pair.certificatePem, places.certificate)
  const [leaf] = chain as [X509Certificate, ...X509Certificate[]]
  const key = readKey(pair.keyPem, more.passphrase, places.key)
  if (!leaf.checkPrivateKey(key))
    throw new RingwallError('edge.key-mismatch', `the key is not that of \`${places.certificate}\``, {
      at: { file: places.key },
    })
  for (const [i, certificate] of chain.slice(0, -1).entries())
    if (!certificate.checkIssued(chain[i + 1] as X509Certificate))
      throw new RingwallError(
        'edge.chain-broken',
        `certificate ${i + 2} of the file did not sign certificate ${i + 1}; put the leaf first and its issuers after it`,
        { at: { file: places.certificate, line: lineOf(pair.certificatePem, i + 1) } },
      )
  const options = {
    cert: pair.certificatePem,
    key: key.export({ type: 'pkcs8', format: 'pem' }),
  }
  return served(leaf, chain[1], options, more.names, nowMs, places.certificate)
}

function readPemPair(
  certificate: string,
  key: string,
  files: CertificateFiles,
  nowMs: number,
): ServedCertificate {
  const pair = { certificatePem: readText(certificate), keyPem: readText(key) }
  return servePem(pair, { certificate, key }, nowMs, files)
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,200000}?-----END CERTIFICATE-----/g

/** Every certificate of a PEM text, in order. A block that is damaged is told with its line. */
export function readChain(pem: string, file: string): X509Certificate[] {
  const begins = pem.split('-----BEGIN CERTIFICATE-----').length - 1
  const blocks = [...pem.matchAll(PEM_BLOCK)]
  if (begins === 0)
    throw new RingwallError('edge.certificate-unreadable', 'not a PEM certificate', { at: { file } })
  return Array.from({ length: begins }, (_, i) => {
    try {
      return new X509Certificate(blocks[i]?.[0] ?? '')
    } catch (cause) {
      throw new RingwallError('edge.certificate-unreadable', 'not a PEM certificate', {
        at: { file, line: lineOf(pem, i) },
        cause,
      })
    }
  })
}

/** The line on which certificate `index` begins. */
function lineOf(pem: string, index: number): number {
  const before = pem
    .split('-----BEGIN CERTIFICATE-----')
    .slice(0, index + 1)
    .join('-')
  return before.split('\n').length
}

function readKey(pem: string, passphrase: Secret | undefined, file: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase && { passphrase: passphrase.reveal() }) })
  } catch (cause) {
    const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(pem)
    const message = !isEncrypted
      ? 'not a PEM private key'
      : passphrase
        ? 'the passphrase does not open the private key'
        : 'the private key is encrypted; give its `passphrase` by reference'
    throw new RingwallError('edge.key-unreadable', message, { at: { file }, cause })
  }
}

function readPkcs12(file: string, files: CertificateFiles, nowMs: number): ServedCertificate {
  const options = {
    pfx: readBytes(file),
    ...(files.passphrase && { passphrase: files.passphrase.reveal() }),
  }
  let context: { getCertificate(): Buffer | null; getIssuer(): Buffer | null }
  try {
    context = createSecureContext(options).context as typeof context
  } catch (cause) {
    const text = describeError(cause)
    const message = text.includes('mac verify')
      ? files.passphrase
        ? 'the passphrase does not open the PKCS#12 file'
        : 'the PKCS#12 file is encrypted; give its `passphrase` by reference'
      : text.includes('unsupported')
        ? 'the PKCS#12 file uses ciphers of old; export it again with AES (openssl pkcs12 -export without -legacy)'
        : 'not a PKCS#12 file with a certificate and its key'
    throw new RingwallError('edge.certificate-unreadable', message, { at: { file }, cause })
  }
  const leaf = context.getCertificate()
  const issuer = context.getIssuer()
  if (!leaf)
    throw new RingwallError('edge.certificate-unreadable', 'the PKCS#12 file has no certificate', {
      at: { file },
    })
  return served(
    new X509Certificate(leaf),
    issuer ? new X509Certificate(issuer) : undefined,
    options,
    files.names,
    nowMs,
    file,
  )
}

function served(
  leaf: X509Certificate,
  issuer: X509Certificate | undefined,
  options: SecureContextOptions,
  names: readonly string[] | undefined,
  nowMs: number,
  file: string,
): ServedCertificate {
  if (leaf.validToDate.getTime() <= nowMs)
    throw new RingwallError(
      'edge.certificate-expired',
      `the certificate expired on ${leaf.validTo}; renew it`,
      { at: { file } },
    )
  if (leaf.validFromDate.getTime() > nowMs + MAX_SKEW_MS)
    throw new RingwallError(
      'edge.certificate-early',
      `the certificate is not valid before ${leaf.validFrom}; is the clock right?`,
      { at: { file } },
    )
  let context: SecureContext
  try {
    context = createSecureContext({ ...TLS_PARAMETERS, ...options })
  } catch (cause) {
    throw new RingwallError('edge.certificate-unusable', `cannot be served: ${describeError(cause)}`, {
      at: { file },
      cause,
    })
  }
  return { leaf, issuer, names: names ?? hostNamesOf(leaf), context, options }
}

const MAX_SKEW_MS = 300_000

/** DNS names of a certificate, lower-case; the common name counts for nothing (RFC 9525 2). */
export function hostNamesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName
    .split(', ')
    .filter((name) => /^DNS:[A-Za-z0-9.*_-]+$/.test(name))
    .map((name) => name.slice(4).toLowerCase())
}

function readText(file: string): string {
  return readBytes(file).toString('utf8')
}

const MAX_FILE_BYTES = 1024 * 1024

function readBytes(file: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw new RingwallError('edge.certificate-unreadable', 'cannot read the file; check its path and mode', {
      at: { file },
      cause,
    })
  }
  if (bytes.length <= MAX_FILE_BYTES) return bytes
  throw new RingwallError('edge.certificate-unreadable', 'larger than any certificate', { at: { file } })
}
