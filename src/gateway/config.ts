import { duration, ipNetwork, size, z } from '../core/schema.ts'
import { answerRouteKeys, maintenanceSchema } from './answer-config.ts'
import { graphqlRouteKeys } from './graphql/graphql-config.ts'
import { schemaRouteKeys } from './schema/schema-config.ts'

const PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const PATTERN = /^([A-Z]+ )?\/\S*$/
const PATTERN_MESSAGE = 'must be a path, or METHOD and path, such as `POST /login`'

const requests = z
  .number()
  .int()
  .min(1)
  .max(1_000_000_000)
  .describe('Requests (or points, see `cost`) that are allowed in the period.')
const period = z.enum(['second', 'minute', 'hour', 'day']).describe('The period.')
const matchList = z
  .array(z.string().regex(PATTERN, PATTERN_MESSAGE))
  .describe('Paths that this limit counts, with or without a method; patterns as in `routes`.')

const KEY_PART =
  /^(address|subject|api_key|route|host|header:[A-Za-z0-9-]{1,64}|body:[\w-]{1,64}(\.[\w-]{1,64}){0,7})$/
const keyPart = z
  .string()
  .regex(KEY_PART, 'must be address, subject, api_key, route, host, header:NAME or body:FIELD')

/** What may be set for any limit beside how many in which period. */
const limitKeys = {
  by: z
    .union([keyPart, z.array(keyPart).min(1).max(4)])
    .default('address')
    .describe(
      'What is counted apart: address (IPv6 by /64), subject, api_key, route, host, header:NAME, body:FIELD, or a list of these together.',
    ),
  concurrent: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Requests that may be under way at once; each gateway counts its own.'),
  cost: z
    .record(z.string().regex(PATTERN, PATTERN_MESSAGE), z.number().int().min(0).max(1_000_000))
    .default({})
    .describe('What a request to these paths costs of the limit; 1 where nothing is said.'),
  mode: z
    .enum(['enforce', 'shadow'])
    .default('enforce')
    .describe('`shadow` counts and says in the trace what it would refuse, and refuses nothing.'),
}

function limit(
  requestsDefault: number,
  periodDefault: keyof typeof PERIODS,
  matchDefault: readonly string[],
) {
  return z
    .strictObject({
      requests: requests.default(requestsDefault),
      period: period.default(periodDefault),
      match: matchList.default([...matchDefault]),
      ...limitKeys,
    })
    .prefault({})
}

const SIGN_IN = '/.well-known/ringwall/sign-in'

/** `security.rate_limiting`, the guide's section. Limits of other names can be added. */
export const rateLimitingSchema = z
  .object({
    login: limit(5, 'minute', [
      `POST ${SIGN_IN}`,
      ...['login', 'signin', 'sign-in', 'session', 'sessions'].flatMap((name) => [
        `POST /${name}`,
        `POST /api/${name}`,
      ]),
      'POST /auth/login',
      'POST /api/auth/login',
      'POST /users/sign_in',
    ]).describe('Sign-in attempts, per client address.'),
    api: limit(100, 'minute', ['/api/**']).describe('Requests to the API, per client address.'),
    password_reset: limit(3, 'hour', [
      'POST /.well-known/ringwall/forgot',
      'POST /.well-known/ringwall/register',
      ...['password-reset', 'reset-password', 'forgot-password', 'password_reset'].flatMap((name) => [
        `POST /${name}`,
        `POST /api/${name}`,
      ]),
    ]).describe('Password resets, per client address.'),
  })
  .catchall(
    z
      .strictObject({
        requests: requests.optional(),
        period: period.optional(),
        match: matchList.default([]),
        ...limitKeys,
      })
      .refine(
        (one) => (one.requests === undefined) === (one.period === undefined),
        'needs both `requests` and `period`, or only `concurrent`',
      )
      .refine(
        (one) => one.requests !== undefined || one.concurrent !== undefined,
        'needs `requests` and `period`, or `concurrent`',
      ),
  )
  .prefault({})

/** `security.gateway`. */
export const gatewaySchema = z
  .strictObject({
    max_body: size({ min: '1B', max: '100GB' }).prefault('10MB').describe('Largest request body.'),
    body_timeout: duration({ min: '1s', max: '1h' })
      .prefault('30s')
      .describe('The longest pause between two pieces of a request body.'),
    maintenance: maintenanceSchema.describe('Closing the site for a while.'),

    limits_without_redis: z
      .enum(['local', 'closed', 'open'])
      .default('local')
      .describe(
        'While Redis is away, limits hold for each gateway by itself (`local`), refuse (`closed`) or pass (`open`).',
      ),
    forward_auth: z
      .strictObject({
        proxy: z
          .enum(['nginx', 'traefik', 'caddy', 'envoy'])
          .default('nginx')
          .describe('Whose form of question is read; only its fields are, each exactly once.'),
        trusted: z
          .array(ipNetwork)
          .default(['127.0.0.1', '::1'])
          .describe('Addresses of proxies that may ask; connections of others are closed.'),
      })
      .prefault({})
      .describe('Questions of a proxy that stands in front, at `listen.forward_auth`.'),
  })
  .prefault({})

const apiKeyMode = z.enum(['required', 'optional', 'off'])

/** Keys of a route that this wall reads. */
export const gatewayRouteKeys = {
  ...answerRouteKeys,
  ...schemaRouteKeys,
  ...graphqlRouteKeys,
  max_body: size({ min: '1B', max: '100GB' }).optional().describe('Largest request body of this route.'),
  rate_limit: z
    .union([
      z.string().min(1),
      z.array(z.string().min(1)).min(1).max(8),
      z.strictObject({ requests, period, ...limitKeys }),
    ])
    .optional()
    .describe(
      'Names of limits of `security.rate_limiting`, `off`, or a limit of its own (requests, period, by ...).',
    ),
  api_key: z
    .union([
      apiKeyMode,
      z.strictObject({
        mode: apiKeyMode
          .exclude(['off'])
          .default('required')
          .describe('Whether requests without a key are refused.'),
        scopes: z
          .array(z.string().min(1).max(128))
          .default([])
          .describe('Scopes that a key must have, all of them.'),
      }),
    ])
    .optional()
    .describe(
      'Keys of machines in X-API-Key or as a Bearer: `required`, `optional`, `off` (the default), or with scopes.',
    ),
  cost: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('What a request to this route costs of each limit that says nothing else; 1 if not given.'),
}

/** `security.gateway`, parsed. */
export type GatewayConfig = z.output<typeof gatewaySchema>
/** `security.gateway.forward_auth`, parsed. */
export type ForwardAuthConfig = GatewayConfig['forward_auth']
/** `security.rate_limiting`, parsed. */
export type RateLimitingConfig = z.output<typeof rateLimitingSchema>
/** One limit as it is written. */
export interface LimitConfig {
  readonly requests?: number | undefined
  readonly period?: keyof typeof PERIODS | undefined
  readonly concurrent?: number | undefined
  readonly by: string | readonly string[]
  readonly cost: Readonly<Record<string, number>>
  readonly mode: 'enforce' | 'shadow'
}
/** What this wall reads of a route. */
export type GatewayRouteConfig = z.output<z.ZodObject<typeof gatewayRouteKeys>> & { readonly name: string }

/** Milliseconds of a period's name. */
export function periodMs(name: keyof typeof PERIODS): number {
  return PERIODS[name]
}
