export { clientOf, forwardingFields } from './client.ts'
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
export { compileCookieFlags } from './cookies.ts'
export { type DevelopmentCertificate, openDevelopmentCertificate } from './development-certificate.ts'
export { readHost } from './host.ts'
export { doubtInMessage } from './message.ts'
export { compileSecurityHeaders } from './security-headers.ts'
export { readTarget } from './target.ts'
export { type Certificate, readCertificate, tlsOptions } from './tls.ts'
export { type EdgeParts, edgeWall } from './wall.ts'
