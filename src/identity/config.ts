import { z } from '../core/schema.ts'

const days = z.number().int().min(0).max(3650)

const password = z
  .strictObject({
    min_length: z
      .number()
      .int()
      .min(8)
      .max(128)
      .default(12)
      .describe('Characters that a password must have.'),
    require_uppercase: z.boolean().default(true).describe('Ask for an upper-case letter.'),
    require_lowercase: z.boolean().default(true).describe('Ask for a lower-case letter.'),
    require_digit: z.boolean().default(true).describe('Ask for a digit.'),
    require_special: z.boolean().default(true).describe('Ask for a special character.'),
    max_age_days: days.default(90).describe('Age after which a password must be changed; 0 for never.'),
    history: z
      .number()
      .int()
      .min(0)
      .max(24)
      .default(5)
      .describe('Former passwords that are not taken again.'),
  })
  .prefault({})

const session = z
  .strictObject({
    ttl_seconds: z
      .number()
      .int()
      .min(60)
      .max(2_592_000)
      .default(3600)
      .describe('A session ends after so long without a request.'),
    refresh_threshold: z
      .number()
      .int()
      .min(1)
      .default(300)
      .describe('Seconds of use after which the idle end is moved; spares a write for each request.'),
    absolute_ttl_seconds: z
      .number()
      .int()
      .min(60)
      .max(31_536_000)
      .default(43_200)
      .describe('A session ends after so long, used or not.'),
    secure_cookie: z.boolean().default(true).describe('Sign-in over HTTPS only, except from this machine.'),
    same_site: z.enum(['strict', 'lax']).default('strict').describe('SameSite of the session cookie.'),
  })
  .prefault({})

const mfa = z
  .strictObject({
    required: z
      .boolean()
      .default(false)
      .refine((required) => !required, 'second factors are not built yet; set it to false')
      .describe('Ask everyone for a second factor. Not built yet: only `false` is taken.'),
    totp_window: z
      .number()
      .int()
      .min(0)
      .max(2)
      .default(1)
      .describe('Steps of clock drift that a one-time code may have. Not used yet.'),
    backup_codes_count: z
      .number()
      .int()
      .min(1)
      .max(20)
      .default(10)
      .describe('Backup codes of an account. Not used yet.'),
  })
  .prefault({})

const lockout = z
  .strictObject({
    max_attempts: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe('Wrong passwords for one account from one client until it is locked there.'),
    lockout_duration_minutes: z
      .number()
      .int()
      .min(1)
      .max(10_080)
      .default(15)
      .describe('How long the lock holds.'),
  })
  .prefault({})

/** `security.authentication`, the guide's section. */
export const authenticationSchema = z
  .strictObject({
    password: password.describe('Password policy.'),
    session: session.describe('Sessions.'),
    mfa: mfa.describe('Second factors.'),
    lockout: lockout.describe('Locking after wrong passwords.'),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const identityRouteKeys = {
  sign_in: z
    .enum(['required', 'optional', 'off'])
    .optional()
    .describe(
      '`required`: only signed-in subjects. `optional` (default): who is signed in is told to the application. `off`: sessions are not looked at.',
    ),
}

/** `security.authentication`, parsed. */
export type AuthenticationConfig = z.output<typeof authenticationSchema>
/** What this wall reads of a route. */
export type IdentityRouteConfig = z.output<z.ZodObject<typeof identityRouteKeys>>
