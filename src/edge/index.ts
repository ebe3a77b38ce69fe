export { Acme, type AcmeOutcome, acmeChallenges, acmeSources } from './acme.ts'
export { acmeAuthorities } from './acme-account.ts'
export { ALPN_CHALLENGE, AlpnChallenges, ChallengeFolder, HTTP_CHALLENGE_PATH } from './acme-challenges.ts'
export {
  type Certificate,
  type CertificateFiles,
  hostNamesOf,
  readServedCertificate,
  type ServedCertificate,
} from './certificate.ts'
export { mustStaple, ocspResponder, readCertificateFields, renewalCertId } from './certificate-fields.ts'
export { type CertificateSource, CertificateStore } from './certificate-store.ts'
export { clientOf, forwardingFields } from './client.ts'
export { ClientAuthorities, type ClientAuthority, readClientAuthority } from './client-authority.ts'
export { judgeClientCertificate } from './client-certificate.ts'
export {
  type EdgeConfig,
  type EdgeRouteConfig,
  edgeRouteKeys,
  edgeSchema,
  type HeadersConfig,
  headersSchema,
  type NetworkConfig,
  networkSchema,
} from './config.ts'
export { compileCookieFlags, compileCookieNames } from './cookies.ts'
export { compileCors, preflightMethod } from './cors.ts'
export { type DevelopmentCertificate, openDevelopmentCertificate } from './development-certificate.ts'
export { readHost } from './host.ts'
export { doubtInMessage } from './message.ts'
export { OcspStapler } from './ocsp-stapler.ts'
export { type EdgePage, edgePages } from './pages.ts'
export { backupPin, pinOf } from './pins.ts'
export { type ProxiedPeer, type ProxyReading, readProxyHeader } from './proxy-protocol.ts'
export { readRevocationList } from './revocation-list.ts'
export { compileSecurityHeaders } from './security-headers.ts'
export { SECURITY_TXT_PATH, securityTxt, securityTxtExpiry } from './security-txt.ts'
export { SessionCache } from './session-cache.ts'
export { readTarget } from './target.ts'
export { ACME_AUTHORITIES, type TlsConfig, tlsSchema } from './tls-config.ts'
export { TLS_PARAMETERS, TLS_SERVER_OPTIONS, tlsOptions } from './tls.ts'
export { type EdgeParts, edgeWall } from './wall.ts'
