import { accessRouteKeys, authorizationSchema, authzenCaller, authzenSection } from '../access/index.ts'
import { applicationRouteKeys, applicationSchema } from '../application/index.ts'
import { auditSchema } from '../audit/index.ts'
import { duration, z } from '../core/schema.ts'
import { dataRouteKeys, dataSchema, encryptionSchema } from '../data/index.ts'
import { edgeRouteKeys, edgeSchema, headersSchema, networkSchema } from '../edge/index.ts'
import { gatewayRouteKeys, gatewaySchema, rateLimitingSchema } from '../gateway/index.ts'
import { authenticationSchema, identityRouteKeys } from '../identity/index.ts'
import { perimeterRouteKeys, perimeterSchema } from '../perimeter/index.ts'
import { secretReference } from './secret-reference.ts'

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const OFF = z.union([z.literal('off'), z.literal(false)]).transform(() => undefined)

const address = z
  .string('must be host:port such as 127.0.0.1:8080')
  .transform((text, context): ListenAddress => {
    const match = /^(?:(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/.exec(text)
    const port = Number(match?.[2])
    if (match && port <= 65_535) return { host: match[1]?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port }
    context.addIssue({
      code: 'custom',
      message: `must be host:port such as 127.0.0.1:8080, or off, not \`${text}\``,
    })
    return z.NEVER
  })

const listen = z
  .strictObject({
    http: z.union([OFF, address]).prefault('127.0.0.1:8080').describe('Address for plain HTTP, or `off`.'),
    https: z.union([OFF, address]).prefault('127.0.0.1:8443').describe('Address for HTTPS, or `off`.'),
    operator: z
      .union([OFF, address])
      .prefault('127.0.0.1:8090')
      .describe("The operator's own door, or `off`. Keep it on an address that only operators reach."),
    http2: z
      .boolean()
      .default(true)
      .describe('Speak HTTP/2 on the HTTPS addresses with clients that ask for it.'),
    h2c: z
      .boolean()
      .default(false)
      .describe('Speak HTTP/2 without TLS on the HTTP address with clients that begin with its preface.'),
    certificate: z
      .string()
      .optional()
      .describe('PEM file with the certificate and its chain. Without it one is made for this machine.'),
    key: z.string().optional().describe('PEM file with the private key of the certificate.'),
  })
  .prefault({})

const store = z
  .strictObject({
    directory: z
      .string()
      .default('.ringwall')
      .describe('Where the embedded database, the keyring and the development certificate are.'),
    postgres: secretReference
      .optional()
      .describe('URL of PostgreSQL in place of the embedded database; by reference.'),
    redis: secretReference
      .optional()
      .describe('URL of Redis for counters and sessions that several gateways share; by reference.'),
  })
  .prefault({})

const originUrl = z.string().transform((text, context): string => {
  const url = URL.parse(text)
  if (url && (url.username !== '' || url.password !== '')) {
    context.addIssue({ code: 'custom', message: 'must not hold a user name or a password' })
    return z.NEVER
  }
  if (
    url &&
    /^(https?|h2c?):$/.test(url.protocol) &&
    url.host !== '' &&
    (url.pathname === '/' || url.pathname === '') &&
    url.search === '' &&
    url.hash === ''
  ) {
    return `${url.protocol}//${url.host}`
  }
  context.addIssue({ code: 'custom', message: `must be http://host:port without a path, not \`${text}\`` })
  return z.NEVER
})

const upstream = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z.strictObject({
    url: originUrl.describe(
      'Where the application is: http://host:port, https://host:port; h2:// and h2c:// where it speaks HTTP/2, with and without TLS.',
    ),
    connect_timeout: duration({ min: '10ms', max: '1m' }).prefault('2s').describe('For the connection.'),
    timeout: duration({ min: '100ms', max: '1h' })
      .prefault('30s')
      .describe('From the request to the head of the answer.'),
    idle_timeout: duration({ min: '1s', max: '1d' })
      .prefault('5m')
      .describe('Between two pieces of the answer.'),
    max_connections: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(128)
      .describe('Connections at most; more requests wait.'),
  }),
)

/** One row of `routes`. */
export const routeSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Name in traces and logs; by default methods, host and path.'),
  hosts: z.array(z.string()).optional().describe('Host names, or `*.example.com`. Not given: any.'),
  path: z.string().describe('Pattern: `/orders/{id}`, `*` for one segment, `**` at the end for the rest.'),
  methods: z
    .array(z.string().regex(/^[A-Z]+$/, 'must be upper-case'))
    .optional()
    .describe('Methods; HEAD goes with GET. Not given: any.'),
  upstream: z.string().optional().describe('Name of an upstream; may be left out when there is one.'),
  ...perimeterRouteKeys,
  ...edgeRouteKeys,
  ...gatewayRouteKeys,
  ...identityRouteKeys,
  ...accessRouteKeys,
  ...applicationRouteKeys,
  ...dataRouteKeys,
})

const authzen = authzenSection
  .extend({
    callers: z
      .record(
        z.string().min(1).max(64),
        authzenCaller.extend({
          token: secretReference.describe('Its bearer token, 32 characters or more; by reference.'),
        }),
      )
      .default({})
      .describe('Who may ask, by a name for the audit log. Nobody is answered without a token.'),
  })
  .prefault({})

const security = z
  .strictObject({
    authentication: authenticationSchema.describe(
      'Layer 4, identity: passwords, sessions, factors, lockout.',
    ),
    authorization: authorizationSchema
      .unwrap()
      .extend({ authzen: authzen.describe('The AuthZEN decision point.') })
      .prefault({})
      .describe('Layer 4, access: roles and permissions.'),
    rate_limiting: rateLimitingSchema.describe('Layer 3: how often.'),
    headers: headersSchema.describe('Layer 2: security headers.'),
    encryption: encryptionSchema.describe('Layer 6: encryption of stored fields.'),
    perimeter: perimeterSchema.describe('Layer 1: address lists, flood limit, attack rules.'),
    edge: edgeSchema.describe('Layer 2: hosts, HTTPS, cookies.'),
    network: networkSchema.describe('Proxies in front.'),
    gateway: gatewaySchema.describe('Layer 3: body limits.'),
    application: applicationSchema.describe('Layer 5: cross-site requests, error pages.'),
    data: dataSchema.describe('Layer 6: masking.'),
    audit: auditSchema.describe('The watch.'),
  })
  .prefault({})

/** The whole of `security_config.yaml`. */
export const configSchema = z.strictObject({
  profile: z
    .enum(['guide', 'nist-800-63b-4', 'asvs-l3'])
    .default('guide')
    .describe(
      "Values of `security.authentication` that the file does not set: the guide's, or those of the newer standards.",
    ),
  listen: listen.describe('Addresses.'),
  store: store.describe('Where things are kept.'),
  upstreams: z
    .record(z.string(), upstream)
    .default({})
    .describe('The applications behind the walls, by name.'),
  routes: z
    .array(routeSchema)
    .default([])
    .describe('Which request goes where, and what it needs. Empty: everything to the only upstream.'),
  security: security.describe('The walls.'),
})

/** A configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>
type Parsed = z.output<typeof configSchema>
/** A row of `routes` with its name. */
export type RouteConfig = Parsed['routes'][number] & { readonly name: string }
/** A configuration that is complete, checked and frozen. */
export type Config = Omit<Parsed, 'routes'> & { readonly routes: readonly RouteConfig[] }
/** One upstream. */
export type UpstreamConfig = Parsed['upstreams'][string]
