export {
  type ApplicationConfig,
  type ApplicationRouteConfig,
  applicationRouteKeys,
  applicationSchema,
} from './config.ts'
export { doubtInProvenance, type Provenance } from './cross-site.ts'
export { type EgressFault, EgressRefused, openChecked, type Target } from './egress-connection.ts'
export { type Destination, readDestination, validateUrl, type ValidUrl } from './egress-destination.ts'
export { createResolver, type EgressLookup, type ResolverOptions } from './egress-lookup.ts'
export {
  createEgressPolicy,
  type EgressOptions,
  type EgressPolicy,
  type EgressReason,
  type EgressRefusal,
} from './egress-policy.ts'
export { type HeaderValue, headerValue, isHeaderName } from './header-value.ts'
export { logLine } from './log-line.ts'
export { type RedirectTargets, type SafeRedirect, safeRedirect } from './redirect.ts'
export { safeAgent, type SafeAgents } from './safe-agent.ts'
export { safeFetch, type SafeRequestInit } from './safe-fetch.ts'
export { type SpecialNetwork, specialNetwork } from './special-networks.ts'
export { validateUsername } from './username.ts'
export { applicationWall } from './wall.ts'
