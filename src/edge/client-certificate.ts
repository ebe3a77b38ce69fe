import { createHash, X509Certificate } from 'node:crypto'

import type { ShownCertificate, VerifiedCertificate } from '../core/exchange.ts'
import { readCertificateFields } from './certificate-fields.ts'
import type { ClientAuthority } from './client-authority.ts'
import type { ClientCertificateRule } from './config.ts'

/** What a route makes of the certificate that a client has shown. */
export type CertificateJudgement =
  | { readonly ok: true; readonly certificate: VerifiedCertificate }
  | { readonly ok: false; readonly reason: string }

const MAX_PATH = 8

/**
 * Judges a client's certificate for one route (RFC 5280 6). OpenSSL has checked the path to any of the configured authorities,
 * with dates, uses and constraints; here it is checked again that a path of signatures leads to the authority of this route,
 * that nothing on it is revoked or has expired since, and that the name is one that the route allows. Revocation and dates
 * are looked at for every request.
 */
export function judgeClientCertificate(
  shown: ShownCertificate,
  authority: ClientAuthority,
  rule: ClientCertificateRule,
  nowMs: number,
): CertificateJudgement {
  if (shown.doubt !== undefined) return { ok: false, reason: `not verified: ${shown.doubt}` }
  const path = pathTo(authority, shown)
  const [leaf] = path
  if (!leaf) return { ok: false, reason: `no path to the authority \`${authority.name}\`` }
  for (const certificate of path)
    if (certificate.validToDate.getTime() <= nowMs || certificate.validFromDate.getTime() > nowMs)
      return { ok: false, reason: 'out of its dates' }
  const revoked = revokedIn(path, authority, nowMs)
  if (revoked !== undefined) return { ok: false, reason: revoked }
  const certificate = describe(leaf, authority.name)
  return isAllowed(certificate, rule)
    ? { ok: true, certificate }
    : { ok: false, reason: `\`${certificate.subject}\` is not among those that the route allows` }
}

const paths = new WeakMap<ClientAuthority, WeakMap<ShownCertificate, readonly X509Certificate[]>>()

/** Signatures do not change: a path is looked for once per connection and state of the authority. Leaf first, anchor last. */
function pathTo(authority: ClientAuthority, shown: ShownCertificate): readonly X509Certificate[] {
  const known = paths.get(authority) ?? new WeakMap<ShownCertificate, readonly X509Certificate[]>()
  paths.set(authority, known)
  const found = known.get(shown) ?? findPath(authority.anchors, shown)
  known.set(shown, found)
  return found
}

function findPath(anchors: readonly X509Certificate[], shown: ShownCertificate): X509Certificate[] {
  const between = shown.chain.slice(0, MAX_PATH).map((der) => new X509Certificate(der))
  const path = [new X509Certificate(shown.der)]
  while (path.length <= MAX_PATH) {
    const last = path.at(-1) as X509Certificate
    const signed = (issuer: X509Certificate): boolean =>
      issuer.ca && last.checkIssued(issuer) && last.verify(issuer.publicKey)
    const anchor = anchors.find(signed)
    if (anchor) return [...path, anchor]
    const next = between.find((issuer) => !path.includes(issuer) && signed(issuer))
    if (!next) return []
    path.push(next)
  }
  return []
}

/**
 * With lists, each authority on the path must have one that is current. Lists are those of the bundle: an authority in between that
 * is not in it has none, and its clients are refused.
 */
function revokedIn(
  path: readonly X509Certificate[],
  { lists, name }: ClientAuthority,
  nowMs: number,
): string | undefined {
  if (lists.length === 0) return undefined
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[i + 1] as X509Certificate
    const list = lists.find((one) => one.issuer.fingerprint256 === issuer.fingerprint256)
    if (!list) return `no revocation list of its issuer in \`${name}\``
    if (list.nextUpdateMs <= nowMs) return `the revocation list of \`${name}\` is out of date`
    if (list.revoked.has(serialOf(certificate))) return 'revoked'
  }
  return undefined
}

const serials = new WeakMap<X509Certificate, string>()

function serialOf(certificate: X509Certificate): string {
  const known = serials.get(certificate)
  if (known !== undefined) return known
  const serial = Buffer.from(readCertificateFields(certificate.raw).serial).toString('hex')
  serials.set(certificate, serial)
  return serial
}

const described = new WeakMap<X509Certificate, VerifiedCertificate>()

function describe(leaf: X509Certificate, authority: string): VerifiedCertificate {
  const known = described.get(leaf)
  if (known?.authority === authority) return known
  const certificate: VerifiedCertificate = {
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    serial: leaf.serialNumber.toLowerCase(),
    names: alternativeNames(leaf.subjectAltName ?? ''),
    fingerprint: createHash('sha256').update(leaf.raw).digest('hex'),
    notAfterMs: leaf.validToDate.getTime(),
    authority,
  }
  described.set(leaf, certificate)
  return certificate
}

/** `CN=a, O=b`. Commas and line breaks inside of values are escaped by OpenSSL, so one line has one reading. */
function oneLine(name: string): string {
  return (name || '').split('\n').join(', ')
}

const ALTERNATIVE_NAME = /(DNS|URI|email|IP Address):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y

/** `DNS:a.example.com`, `URI:spiffe://...`. What is of another kind, or quoted by Node since it could be misread, ends the list. */
export function alternativeNames(text: string): string[] {
  const names: string[] = []
  ALTERNATIVE_NAME.lastIndex = 0
  for (let match = ALTERNATIVE_NAME.exec(text); match; match = ALTERNATIVE_NAME.exec(text)) {
    if (match[2]?.startsWith('"') === true) break
    names.push(`${match[1]}:${match[2]}`)
  }
  return names
}

function isAllowed(certificate: VerifiedCertificate, rule: ClientCertificateRule): boolean {
  const { subjects, names, fingerprints } = rule
  if (subjects.length + names.length + fingerprints.length === 0) return true
  return (
    subjects.includes(certificate.subject) ||
    fingerprints.includes(certificate.fingerprint) ||
    names.some((name) => certificate.names.includes(name))
  )
}
