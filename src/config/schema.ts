import {
  accessRouteKeys,
  authorizationSchema,
  authzenCaller,
  authzenSection,
  databaseSection,
  policySection,
} from '../access/index.ts'
import { applicationRouteKeys, applicationSchema } from '../application/index.ts'
import { auditSchema } from '../audit/index.ts'
import { duration, z } from '../core/schema.ts'
import {
  awsSection,
  dataRouteKeys,
  dataSchema,
  encryptionSchema,
  secretsSection,
  vaultSection,
} from '../data/index.ts'
import { edgeRouteKeys, edgeSchema, headersSchema, networkSchema, tlsSchema } from '../edge/index.ts'
import { gatewayRouteKeys, gatewaySchema, rateLimitingSchema } from '../gateway/index.ts'
import { authenticationSchema, identityRouteKeys, mailSection } from '../identity/index.ts'
import { perimeterRouteKeys, perimeterSchema } from '../perimeter/index.ts'
import { laterSecretReference, localReference, secretReference } from './secret-reference.ts'

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
    forward_auth: z
      .union([OFF, address])
      .prefault('off')
      .describe('Address where another proxy asks before it passes requests on, or `off`.'),
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

const withUrl = (value: unknown): unknown => (typeof value === 'string' ? { url: value } : value)

const server = z.preprocess(
  withUrl,
  z.strictObject({
    url: originUrl.describe(
      'Where the application is: http://host:port, https://host:port; h2:// and h2c:// where it speaks HTTP/2, with and without TLS.',
    ),
    weight: z.number().int().min(1).max(1000).default(1).describe('Its part of the requests.'),
    backup: z.boolean().default(false).describe('Asked only when no other is in service.'),
  }),
)

const healthCheck = z.strictObject({
  path: z
    .string()
    .regex(/^\/[!-~]*$/, 'must be a path such as /healthz')
    .describe('Path that answers 200 to 399 when the server is well.'),
  interval: duration({ min: '100ms', max: '1h' }).prefault('10s').describe('Between two questions.'),
  timeout: duration({ min: '10ms', max: '1m' }).prefault('2s').describe('For an answer.'),
  healthy: z.number().int().min(1).max(100).default(2).describe('Good answers until it is in service.'),
  unhealthy: z.number().int().min(1).max(100).default(3).describe('Bad answers until it is out of service.'),
})

const circuitBreaker = z.strictObject({
  failures: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe('Failures in a row (no answer, 502, 503, 504) until a server is left alone.'),
  open_for: duration({ min: '100ms', max: '5m' })
    .prefault('5s')
    .describe('For how long; twice as long each time that it fails again.'),
})

const upstream = z.preprocess(
  withUrl,
  z
    .strictObject({
      url: originUrl.optional().describe('Where the application is: http://host:port.'),
      servers: z
        .array(server)
        .min(1)
        .max(100)
        .optional()
        .describe('In place of `url`: several servers of the same application.'),
      balance: z
        .enum(['least_requests', 'round_robin', 'client'])
        .default('least_requests')
        .describe(
          'Which server a request goes to; `client`: one address always to the same, while it is there.',
        ),
      retries: z
        .number()
        .int()
        .min(0)
        .max(5)
        .default(1)
        .describe('Other servers that are asked when one fails and nothing can have been done.'),
      health_check: healthCheck.optional().describe('Asks each server again and again whether it is well.'),
      circuit_breaker: z
        .union([z.literal('off'), z.literal(false).transform(() => 'off' as const), circuitBreaker])
        .prefault({})
        .describe('Leaves a server alone that fails, or `off`. Counts where there are several servers.'),
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
        .describe('Connections to each server at most; more requests wait.'),
    })
    .transform(({ url, servers, ...rest }, context) => {
      if (url !== undefined && servers === undefined)
        return { ...rest, servers: [{ url, weight: 1, backup: false }] }
      if (servers !== undefined && url === undefined) return { ...rest, servers }
      context.addIssue({ code: 'custom', message: 'needs `url`, or `servers`, and not both' })
      return z.NEVER
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

const mail = mailSection
  .extend({
    smtp: secretReference
      .optional()
      .describe(
        'URL of the mail server, such as smtps://user:password@mail.example.com; by reference. Without it mails are written to a folder.',
      ),
  })
  .prefault({})
const policy = policySection.extend({
  database: databaseSection
    .extend({
      url: laterSecretReference
        .optional()
        .describe(
          'URL of the database as one who may make roles; by reference. Only `ringwall db` reads it, not the gateway.',
        ),
      key: laterSecretReference
        .optional()
        .describe('The key of the tokens that say who a transaction is for; by reference, as `url`.'),
    })
    .optional()
    .describe('What `ringwall db` plans, applies and verifies: roles, GRANTs, and who sees which rows.'),
})

const vault = vaultSection
  .extend({
    token: localReference.optional().describe('A token; by `${env:NAME}` or `file:`.'),
    approle: z
      .strictObject({
        role_id: z.string().min(1).describe('Id of the role.'),
        secret_id: localReference.describe('Its secret id; by `${env:NAME}` or `file:`.'),
        mount: z.string().min(1).default('approle').describe('Where the login method is mounted.'),
      })
      .optional()
      .describe('Log in with AppRole.'),
  })
  .refine(
    ({ token, approle, kubernetes }) => [token, approle, kubernetes].filter(Boolean).length === 1,
    'must have exactly one of token, approle and kubernetes',
  )

/** `security.data.secrets`. */
export const secretsSchema = secretsSection
  .extend({
    age: z
      .strictObject({
        identity: localReference.describe(
          'The age identity that opens files of secrets; by `${env:NAME}` or `file:`.',
        ),
      })
      .optional()
      .describe('Files of secrets that are encrypted with age, for `age:FILE#NAME`.'),
    aws: awsSection.optional().describe('AWS Secrets Manager, for `aws:NAME`.'),
    vault: vault.optional().describe('Vault or OpenBao, for `vault:MOUNT/PATH#field`.'),
  })
  .prefault({})

const security = z
  .strictObject({
    authentication: authenticationSchema
      .unwrap()
      .extend({ mail: mail.describe('Sending mail.') })
      .prefault({})
      .describe('Layer 4, identity: passwords, sessions, factors, lockout.'),
    authorization: authorizationSchema
      .unwrap()
      .extend({
        policy: policy.optional().describe('A policy in Cedar, by which routes with `access` are decided.'),
        authzen: authzen.describe('The AuthZEN decision point.'),
      })
      .prefault({})
      .describe('Layer 4, access: roles and permissions.'),
    rate_limiting: rateLimitingSchema.describe('Layer 3: how often.'),
    headers: headersSchema.describe('Layer 2: security headers.'),
    encryption: encryptionSchema.describe('Layer 6: encryption of stored fields.'),
    perimeter: perimeterSchema.describe('Layer 1: address lists, flood limit, attack rules.'),
    edge: edgeSchema.describe('Layer 2: hosts, HTTPS, cookies.'),
    tls: tlsSchema(secretReference).describe('Layer 2: certificates, of this server and of clients.'),
    network: networkSchema.describe('Proxies in front.'),
    gateway: gatewaySchema.describe('Layer 3: body limits.'),
    application: applicationSchema.describe('Layer 5: cross-site requests, error pages.'),
    data: dataSchema
      .unwrap()
      .extend({ secrets: secretsSchema.describe('Where secrets are, and how they are rotated.') })
      .prefault({})
      .describe('Layer 6: masking, secrets.'),
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
/** `security.data.secrets`, parsed. */
export type SecretsConfig = z.output<typeof secretsSchema>
