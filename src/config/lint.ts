import { isLoopback } from '../core/ip.ts'
import type { Config } from './schema.ts'

/** Something in a configuration that works, and is weaker than it looks or than its field advises. */
export interface Finding {
  readonly id: string
  readonly level: 'risk' | 'advice'
  /** The key it is about. */
  readonly path: string
  /** What is so, and what to do. */
  readonly message: string
  /** Where it is written: the guide's chapter or a standard. */
  readonly source: string
}

type Rule = (config: Config) => Omit<Finding, 'id'> | undefined

const risk = (path: string, message: string, source: string): Omit<Finding, 'id'> => ({
  level: 'risk',
  path,
  message,
  source,
})
const advice = (path: string, message: string, source: string): Omit<Finding, 'id'> => ({
  level: 'advice',
  path,
  message,
  source,
})

/** The rules, by id. Each looks at one thing. */
const RULES: Readonly<Record<string, Rule>> = {
  'password-age': ({ security }) =>
    security.authentication.password.max_age_days > 0
      ? advice(
          'security.authentication.password.max_age_days',
          'passwords that must change periodically get weaker; set 0, or `profile: nist-800-63b-4`',
          'SP 800-63B-4 3.1.1.2, ASVS 5.0 6.2.10; the guide sets 90',
        )
      : undefined,
  'password-classes': ({ security: { authentication } }) =>
    authentication.password.require_special || authentication.password.require_digit
      ? advice(
          'security.authentication.password',
          'rules on kinds of characters are discouraged; length counts',
          'SP 800-63B-4 3.1.1.2, ASVS 5.0 6.2.5; the guide asks for four kinds',
        )
      : undefined,
  'password-length': ({ security }) =>
    security.authentication.password.min_length < 12
      ? risk(
          'security.authentication.password.min_length',
          'shorter than the 12 characters of the guide',
          'guide: Password Storage',
        )
      : undefined,
  'secure-cookie': ({ security }) =>
    security.authentication.session.secure_cookie
      ? undefined
      : risk(
          'security.authentication.session.secure_cookie',
          'sessions can be read on the way; set true',
          'guide: Session Management',
        ),
  'csp-off': ({ security }) =>
    security.headers.csp_enabled
      ? undefined
      : risk(
          'security.headers.csp_enabled',
          'scripts of others are not held back; set true',
          'guide: Security Headers',
        ),
  'csp-inline-scripts': ({ security, routes }) => {
    const policies = [security.headers.csp, ...routes.map((route) => route.csp)].filter(
      (policy) => policy !== undefined,
    )
    return policies.some((policy) => /script-src[^;]*'unsafe-(inline|eval)'/.test(policy))
      ? risk(
          'security.headers.csp',
          "'unsafe-inline' or 'unsafe-eval' for scripts gives the policy away",
          'guide: XSS Prevention, CSP 3',
        )
      : undefined
  },
  'hsts-off': ({ security, listen }) =>
    listen.https && security.headers.hsts_max_age < 15_768_000
      ? risk(
          'security.headers.hsts_max_age',
          'less than half a year; browsers fall back to HTTP too soon',
          'RFC 6797, guide: Layer 2',
        )
      : undefined,
  'hsts-preload-refused': ({ security: { headers, edge }, listen }) =>
    headers.hsts_preload &&
    (headers.hsts_max_age < 31_536_000 || edge.require_https === 'never' || !listen.https)
      ? risk(
          'security.headers.hsts_preload',
          'the preload lists refuse this site: they ask for `hsts_max_age` of a year, HTTPS, and a redirect to it',
          'hstspreload.org',
        )
      : undefined,
  'acme-ports': ({ security: { tls }, listen }) =>
    tls.acme && (tls.acme.challenge === 'http-01' ? !listen.http : !listen.https)
      ? risk(
          'security.tls.acme.challenge',
          `nothing listens where the authority looks: ${tls.acme.challenge === 'http-01' ? 'set `listen.http`, which must be reached on port 80' : 'set `listen.https`, which must be reached on port 443'}`,
          tls.acme.challenge === 'http-01' ? 'RFC 8555 8.3' : 'RFC 8737 3',
        )
      : undefined,
  'cors-everyone': ({ routes }) => {
    const open = routes.find(({ cors }) => typeof cors === 'object' && cors.origins.includes('*'))
    return (
      open &&
      advice(
        'routes',
        `pages of every site may read the answers of route \`${open.name}\` (\`cors\` with \`*\`)`,
        'OWASP ASVS 5.0 3.4.2',
      )
    )
  },
  'hsts-preload': ({ security }) =>
    security.headers.hsts_preload
      ? advice(
          'security.headers.hsts_preload',
          'every subdomain must keep HTTPS for months after it is taken back',
          'hstspreload.org',
        )
      : undefined,
  'xss-protection': ({ security }) =>
    security.headers.xss_protection === '0'
      ? undefined
      : advice(
          'security.headers.xss_protection',
          'switched off in browsers, harmful in old ones; set 0',
          'the guide sets 1; mode=block',
        ),
  'trust-everyone': ({ security }) => {
    const wide = security.network.trusted_proxies.find((network) => /^(0\.0\.0\.0|::)\/0$/.test(network))
    return wide === undefined
      ? undefined
      : risk(
          'security.network.trusted_proxies',
          `\`${wide}\` lets every client choose its address`,
          'RFC 7239 8.1',
        )
  },
  'proxy-protocol-everyone': ({ security }) => {
    const wide = security.network.proxy_protocol.find((network) => /^(0\.0\.0\.0|::)\/0$/.test(network))
    return wide === undefined
      ? undefined
      : risk(
          'security.network.proxy_protocol',
          `\`${wide}\` lets every client choose its address`,
          'PROXY protocol, 2: accepted from trusted senders only',
        )
  },
  'plain-listen': ({ listen, security }) =>
    listen.http && !isLocal(listen.http.host) && (!listen.https || security.edge.require_https === 'never')
      ? risk(
          'listen.http',
          'plain HTTP on an address that others reach, without a redirect to HTTPS',
          'guide: TLS Configuration',
        )
      : undefined,
  'operator-listen': ({ listen }) =>
    listen.operator && !isLocal(listen.operator.host)
      ? risk(
          'listen.operator',
          'the operator door is open to the network; bind it to this machine or a management network',
          'guide: Network Segmentation',
        )
      : undefined,
  'development-certificate': ({ listen, security: { tls } }) =>
    listen.https &&
    !isLocal(listen.https.host) &&
    listen.certificate === undefined &&
    tls.certificates.length === 0 &&
    !tls.acme
      ? risk(
          'listen.certificate',
          'clients on the network cannot verify the certificate that is made for this machine',
          'guide: TLS Configuration',
        )
      : undefined,
  'no-upstream': ({ upstreams }) =>
    Object.keys(upstreams).length === 0
      ? advice(
          'upstreams',
          'nothing is protected yet; name the application, or start with `ringwall up http://localhost:3000`',
          'README',
        )
      : undefined,
  'attack-rule-off': ({ security: { perimeter } }) => {
    const weak = Object.entries(perimeter.rules).find(
      ([name, rule]) =>
        name !== 'GEO_BLOCK' && (!rule.enabled || ('action' in rule && rule.action === 'COUNT')),
    )
    return (
      weak &&
      risk(
        `security.perimeter.rules.${weak[0]}`,
        'the rule is off or only counts; set enabled: true and action: BLOCK',
        'guide: Layer 1',
      )
    )
  },
  'inspection-off': ({ routes }) => {
    const open = routes.find((route) => route.inspect === 'off' || route.inspect === 'detect')
    return (
      open &&
      risk(
        'routes',
        `route \`${open.name}\` is not held by the attack rules (inspect: ${open.inspect})`,
        'guide: Layer 1',
      )
    )
  },
  'cross-site-allowed': ({ routes }) => {
    const open = routes.find((route) => route.cross_site === 'allow')
    return (
      open &&
      advice(
        'routes',
        `route \`${open.name}\` takes requests of other sites; for webhooks only`,
        'guide: CSRF Prevention',
      )
    )
  },
  'limit-off': ({ routes }) => {
    const open = routes.find((route) => route.rate_limit === 'off')
    return (
      open && advice('routes', `route \`${open.name}\` has no rate limit`, 'guide: Missing Rate Limiting')
    )
  },
  'limit-shadow': ({ security: { rate_limiting: limits } }) => {
    const open = (['login', 'api', 'password_reset'] as const).find((name) => limits[name].mode === 'shadow')
    return (
      open &&
      risk(
        `security.rate_limiting.${open}.mode`,
        'the limit counts and refuses nothing; set enforce',
        'guide: Missing Rate Limiting',
      )
    )
  },
  'limits-open': ({ security: { gateway } }) =>
    gateway.limits_without_redis === 'open'
      ? risk(
          'security.gateway.limits_without_redis',
          'whoever brings Redis down has no limit; set local or closed',
          'guide: Missing Rate Limiting',
        )
      : undefined,
  'identifier-without-permission': ({ routes }) => {
    const open = routes.find(
      ({ path, permission, access }) =>
        /\{\w+\}/.test(path) && permission === undefined && access === undefined,
    )
    return (
      open &&
      advice(
        'routes',
        `route \`${open.name}\` has an identifier in its path, and neither \`access\` nor \`permission\``,
        'guide: Insecure Direct Object Reference',
      )
    )
  },
  'errors-pass': ({ security }) =>
    security.application.errors === 'pass'
      ? risk(
          'security.application.errors',
          'error pages of the application go out as they are; set generic',
          'guide: Verbose Error Messages',
        )
      : undefined,
  'audit-optional': ({ security }) =>
    security.audit.on_failure === 'serve_and_alarm'
      ? advice(
          'security.audit.on_failure',
          'requests are served while nothing can be recorded',
          'ASVS 5.0 16.3, guide: Insufficient Logging',
        )
      : undefined,
  'logs-unmasked': ({ security }) =>
    security.data.mask_logs
      ? undefined
      : risk('security.data.mask_logs', 'personal data stands in the logs', 'guide: Data Masking'),
}

/** What `ringwall check` has to say of a configuration. */
export function lintConfig(config: Config): readonly Finding[] {
  return Object.entries(RULES).flatMap(([id, rule]) => {
    const found = rule(config)
    return found ? [{ id, ...found }] : []
  })
}

function isLocal(host: string): boolean {
  return host === 'localhost' || isLoopback(host)
}
