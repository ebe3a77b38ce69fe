import type { HeaderList } from '../core/headers.ts'
import type { EdgeRouteConfig, HeadersConfig } from './config.ts'

/** Fields that tell an attacker what runs here. */
const TELLTALE = [
  'server',
  'x-powered-by',
  'x-aspnet-version',
  'x-aspnetmvc-version',
  'x-generator',
  'x-runtime',
]

/**
 * The guide's security headers and their modern forms, compiled once. What the application sends itself is kept, unless
 * `override` says otherwise; so is what a page of Ringwall's own sends. HSTS goes out over HTTPS only (RFC 6797 7.2).
 */
export function compileSecurityHeaders(
  config: HeadersConfig,
  route: EdgeRouteConfig,
): (headers: HeaderList, isHttps: boolean, isOwn: boolean) => void {
  const frameOptions = route.frame_options ?? config.frame_options
  const fields: (readonly [string, string])[] = [
    ['X-Frame-Options', frameOptions],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-XSS-Protection', config.xss_protection],
    ['Referrer-Policy', route.referrer_policy ?? config.referrer_policy],
    ['Permissions-Policy', route.permissions_policy ?? config.permissions_policy],
    ['Cross-Origin-Opener-Policy', route.opener_policy ?? config.opener_policy],
  ]
  const resource = route.resource_policy ?? config.resource_policy
  const embedder = route.embedder_policy ?? config.embedder_policy
  if (resource !== 'off') fields.push(['Cross-Origin-Resource-Policy', resource])
  if (embedder !== 'off') fields.push(['Cross-Origin-Embedder-Policy', embedder])
  if (config.csp_enabled)
    fields.push(['Content-Security-Policy', route.csp ?? config.csp ?? defaultCsp(frameOptions)])
  const preload = config.hsts_preload ? '; preload' : ''
  const hsts =
    config.hsts_max_age > 0 ? `max-age=${config.hsts_max_age}; includeSubDomains${preload}` : undefined
  return (headers, isHttps, isOwn) => {
    for (const name of TELLTALE) headers.delete(name)
    const replaces = config.override && !isOwn
    for (const [name, value] of fields) if (replaces || !headers.has(name)) headers.set(name, value)
    if (isHttps && hsts !== undefined) headers.set('Strict-Transport-Security', hsts)
  }
}

/** The guide's policy, without `'unsafe-inline'` for scripts and with plugins off. */
function defaultCsp(frameOptions: HeadersConfig['frame_options']): string {
  return [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: https:",
    "font-src 'self'",
    "connect-src 'self'",
    `frame-ancestors ${frameOptions === 'DENY' ? "'none'" : "'self'"}`,
    "base-uri 'self'",
    "form-action 'self'",
    "object-src 'none'",
  ].join('; ')
}
