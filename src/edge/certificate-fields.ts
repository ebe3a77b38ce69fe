import { bitsOf, bodyOf, DER, DerFault, type DerValue, oidOf, partsOf, readDer } from './der.ts'

/** Parts of a certificate that `X509Certificate` does not give (RFC 5280 4.1). */
export interface CertificateFields {
  /** The bytes of the INTEGER, sign byte included. */
  readonly serial: Uint8Array
  /** DER of the issuer's and the subject's name. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** DER of SubjectPublicKeyInfo, which pins are made of, and the bits of the key alone. */
  readonly publicKeyInfo: Uint8Array
  readonly publicKey: Uint8Array
  /** Contents of the extensions by identifier. */
  readonly extensions: ReadonlyMap<string, Uint8Array>
}

const AUTHORITY_KEY = '2.5.29.35'
const AUTHORITY_ACCESS = '1.3.6.1.5.5.7.1.1'
const OCSP_ACCESS = '1.3.6.1.5.5.7.48.1'
const TLS_FEATURE = '1.3.6.1.5.5.7.1.24'
const STATUS_REQUEST = 5

/** Reads a certificate that OpenSSL has read already. Throws `DerFault` for bytes that are none. */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const [tbs] = partsOf(readDer(der))
  const parts = partsOf(tbs)
  const at = parts[0]?.tag === 0xa0 ? 1 : 0
  const [serial, , issuer, , subject, info] = parts.slice(at)
  if (!issuer || !subject || !info) throw new DerFault('a certificate that breaks off')
  return {
    serial: bodyOf(serial, DER.integer),
    issuer: issuer.whole,
    subject: subject.whole,
    publicKeyInfo: info.whole,
    publicKey: bitsOf(partsOf(info)[1]),
    extensions: readExtensions(parts.find(({ tag }) => tag === 0xa3)),
  }
}

function readExtensions(wrapped: DerValue | undefined): Map<string, Uint8Array> {
  if (!wrapped) return new Map()
  return new Map(
    partsOf(readDer(wrapped.body)).map((extension) => {
      const parts = partsOf(extension)
      return [oidOf(parts[0]), bodyOf(parts.at(-1), DER.octets)] as const
    }),
  )
}

/** The address of the OCSP responder that the certificate names, if it names one over plain HTTP (RFC 5280 4.2.2.1). */
export function ocspResponder({ extensions }: CertificateFields): string | undefined {
  const access = extensions.get(AUTHORITY_ACCESS)
  if (!access) return undefined
  for (const description of partsOf(readDer(access))) {
    const [method, location] = partsOf(description)
    if (oidOf(method) !== OCSP_ACCESS || location?.tag !== 0x86) continue
    const url = Buffer.from(location.body).toString('latin1')
    if (URL.parse(url)?.protocol === 'http:') return url
  }
  return undefined
}

/** Whether clients will refuse the certificate without a stapled answer (RFC 7633). */
export function mustStaple({ extensions }: CertificateFields): boolean {
  const features = extensions.get(TLS_FEATURE)
  return (
    features !== undefined &&
    partsOf(readDer(features)).some(({ body }) => body.length === 1 && body[0] === STATUS_REQUEST)
  )
}

/** The name of a certificate for renewal information: its authority's key identifier and its serial (RFC 9773 4.1). */
export function renewalCertId({ extensions, serial }: CertificateFields): string | undefined {
  const authority = extensions.get(AUTHORITY_KEY)
  const keyId = authority && partsOf(readDer(authority)).find(({ tag }) => tag === 0x80)
  if (!keyId) return undefined
  return `${Buffer.from(keyId.body).toString('base64url')}.${Buffer.from(serial).toString('base64url')}`
}
