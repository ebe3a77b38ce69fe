import { duration, size, z } from '../core/schema.ts'

const PERIODS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const requests = z
  .number()
  .int()
  .min(1)
  .max(1_000_000_000)
  .describe('Requests that are allowed in the period.')
const period = z.enum(['second', 'minute', 'hour', 'day']).describe('The period.')
const matchList = z
  .array(z.string().regex(/^([A-Z]+ )?\/\S*$/, 'must be a path, or METHOD and path, such as `POST /login`'))
  .describe('Paths that this limit counts, with or without a method; patterns as in `routes`.')

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
  .catchall(z.strictObject({ requests, period, match: matchList.default([]) }))
  .prefault({})

/** `security.gateway`. */
export const gatewaySchema = z
  .strictObject({
    max_body: size({ min: '1B', max: '100GB' }).prefault('10MB').describe('Largest request body.'),
    body_timeout: duration({ min: '1s', max: '1h' })
      .prefault('30s')
      .describe('The longest pause between two pieces of a request body.'),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const gatewayRouteKeys = {
  max_body: size({ min: '1B', max: '100GB' }).optional().describe('Largest request body of this route.'),
  rate_limit: z
    .union([z.string().min(1), z.strictObject({ requests, period })])
    .optional()
    .describe(
      'Name of a limit of `security.rate_limiting`, `off`, or a limit of its own (requests, period).',
    ),
}

/** `security.gateway`, parsed. */
export type GatewayConfig = z.output<typeof gatewaySchema>
/** `security.rate_limiting`, parsed. */
export type RateLimitingConfig = z.output<typeof rateLimitingSchema>
/** What this wall reads of a route. */
export type GatewayRouteConfig = z.output<z.ZodObject<typeof gatewayRouteKeys>> & { readonly name: string }

/** Milliseconds of a period's name. */
export function periodMs(name: keyof typeof PERIODS): number {
  return PERIODS[name]
}
