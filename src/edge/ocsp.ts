import { createHash, X509Certificate } from 'node:crypto'

import { readCertificateFields } from './certificate-fields.ts'
import {
  bodyOf,
  DER,
  DerFault,
  type DerValue,
  oidOf,
  partsOf,
  readDer,
  timeOf,
  writeDer,
  writeOid,
} from './der.ts'
import { isSignedBy } from './signature.ts'

/** What a responder says of a certificate. */
export type OcspReading =
  | {
      readonly ok: true
      readonly status: 'good' | 'revoked' | 'unknown'
      readonly thisUpdateMs: number
      readonly nextUpdateMs: number
    }
  | { readonly ok: false; readonly reason: string }

const SHA1 = '1.3.14.3.2.26'
const BASIC = '1.3.6.1.5.5.7.48.1.1'
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
/** Answers without an end are taken for so long. */
const DEFAULT_VALIDITY_MS = 86_400_000
const MAX_SKEW_MS = 300_000

/** The question about one certificate (RFC 6960 4.1). SHA-1 names the issuer here, as RFC 5019 2.1.1 asks; it protects nothing. */
export function ocspRequest(leaf: X509Certificate, issuer: X509Certificate): Uint8Array {
  return writeDer(
    DER.sequence,
    writeDer(DER.sequence, writeDer(DER.sequence, writeDer(DER.sequence, certId(leaf, issuer)))),
  )
}

function certId(leaf: X509Certificate, issuer: X509Certificate): Uint8Array {
  const { issuer: name, serial } = readCertificateFields(leaf.raw)
  const { publicKey } = readCertificateFields(issuer.raw)
  const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()
  return writeDer(
    DER.sequence,
    writeDer(DER.sequence, writeOid(SHA1), writeDer(DER.null)),
    writeDer(DER.octets, sha1(name)),
    writeDer(DER.octets, sha1(publicKey)),
    writeDer(DER.integer, serial),
  )
}

/**
 * Reads an answer and checks it (RFC 6960 3.2): it is about this certificate, its issuer signed it or somebody whom the issuer
 * named for that, and it is of now. Only then may it be stapled.
 */
export function readOcspResponse(
  der: Uint8Array,
  leaf: X509Certificate,
  issuer: X509Certificate,
  nowMs: number,
): OcspReading {
  try {
    return read(der, leaf, issuer, nowMs)
  } catch (thrown) {
    if (thrown instanceof DerFault) return { ok: false, reason: `not an OCSP answer: ${thrown.message}` }
    throw thrown
  }
}

const STATES = ['', 'malformedRequest', 'internalError', 'tryLater', '', 'sigRequired', 'unauthorized']

function read(der: Uint8Array, leaf: X509Certificate, issuer: X509Certificate, nowMs: number): OcspReading {
  const [status, wrapped] = partsOf(readDer(der))
  const [code] = bodyOf(status, DER.enumerated)
  if (code !== 0) return wrong(`the responder says ${STATES[code ?? 0] || `status ${code}`}`)
  const [type, octets] = partsOf(partsOf(wrapped, 0xa0)[0])
  if (oidOf(type) !== BASIC) return wrong('an answer of a kind that is not known')
  const [data, algorithm, signature, extra] = partsOf(readDer(bodyOf(octets, DER.octets)))
  if (!data) throw new DerFault('it breaks off')
  const parts = partsOf(data)
  if (parts[0]?.tag === 0xa0) parts.shift()
  const [responder, , singles] = parts
  const signer = signerOf(responder, extra, issuer, nowMs)
  if (!signer) return wrong('neither the issuer nor anybody it named for that has signed')
  if (!isSignedBy(signer.publicKey, data, algorithm, signature)) return wrong('the signature is wrong')
  const wanted = Buffer.from(certId(leaf, issuer))
  for (const single of partsOf(singles)) {
    const [id, state, thisUpdate, next] = partsOf(single)
    if (!id || !isSameId(id, wanted)) continue
    const thisUpdateMs = timeOf(thisUpdate)
    const nextUpdateMs =
      next?.tag === 0xa0 ? timeOf(partsOf(next, 0xa0)[0]) : thisUpdateMs + DEFAULT_VALIDITY_MS
    if (thisUpdateMs > nowMs + MAX_SKEW_MS) return wrong('it is of the future')
    if (nextUpdateMs <= nowMs) return wrong('it is out of date')
    const said = state?.tag === 0x80 ? 'good' : state?.tag === 0xa1 ? 'revoked' : 'unknown'
    return { ok: true, status: said, thisUpdateMs, nextUpdateMs }
  }
  return wrong('it is about another certificate')
}

function wrong(reason: string): OcspReading {
  return { ok: false, reason }
}

/** The hash algorithm may be written with or without its empty parameters, so the other three parts are compared. */
function isSameId(id: DerValue, wanted: Uint8Array): boolean {
  const [algorithm, ...ours] = partsOf(id)
  const [, ...theirs] = partsOf(readDer(wanted))
  return (
    oidOf(partsOf(algorithm)[0]) === SHA1 &&
    ours.length === theirs.length &&
    ours.every(({ whole }, i) => Buffer.compare(whole, theirs[i]?.whole ?? new Uint8Array()) === 0)
  )
}

/** The issuer itself, or a certificate that comes along, which the issuer signed for this use (RFC 6960 4.2.2.2). */
function signerOf(
  responder: DerValue | undefined,
  extra: DerValue | undefined,
  issuer: X509Certificate,
  nowMs: number,
): X509Certificate | undefined {
  if (!responder) throw new DerFault('no responder')
  if (isNamed(responder, issuer)) return issuer
  const sent = extra?.tag === 0xa0 ? partsOf(partsOf(extra, 0xa0)[0]) : []
  return sent
    .slice(0, 8)
    .map(({ whole }) => certificateOf(whole))
    .find(
      (candidate) =>
        isNamed(responder, candidate) &&
        candidate.checkIssued(issuer) &&
        candidate.verify(issuer.publicKey) &&
        (candidate.keyUsage as readonly string[] | undefined)?.includes(OCSP_SIGNING) === true &&
        candidate.validFromDate.getTime() <= nowMs &&
        candidate.validToDate.getTime() > nowMs,
    )
}

function certificateOf(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw new DerFault('a certificate that is none')
  }
}

function isNamed(responder: DerValue, certificate: X509Certificate): boolean {
  const { subject, publicKey } = readCertificateFields(certificate.raw)
  if (responder.tag === 0xa1) return Buffer.compare(responder.body, subject) === 0
  if (responder.tag !== 0xa2) return false
  const hash = bodyOf(readDer(responder.body), DER.octets)
  return Buffer.compare(hash, createHash('sha1').update(publicKey).digest()) === 0
}
