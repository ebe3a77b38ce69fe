import { duration, z } from '../core/schema.ts'

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
    block_common: z
      .boolean()
      .default(true)
      .describe('Refuse common passwords, by a list of 377,001 that is in the program.'),
    min_strength: z
      .number()
      .int()
      .min(0)
      .max(4)
      .default(2)
      .describe('Least estimate of strength by zxcvbn, from 0 (no estimate) to 4.'),
    context_words: z
      .array(z.string().min(3).max(64))
      .max(50)
      .default([])
      .describe('Words that a password may not hold, such as the name of the site.'),
    breach_list: z
      .string()
      .optional()
      .describe('List of breached passwords, made by `ringwall password-list import`.'),
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
    bind: z
      .enum(['none', 'network', 'device'])
      .default('none')
      .describe(
        'What a session is bound to: nothing, the network of the client (/24, /64) or its device cookie. Elsewhere it ends.',
      ),
  })
  .prefault({})

const mfa = z
  .strictObject({
    required: z
      .boolean()
      .default(false)
      .describe('Everyone needs a second factor: who has none sets one up before anything else.'),
    required_roles: z
      .array(z.string().min(1).max(64))
      .max(64)
      .default([])
      .describe('Roles whose accounts need a second factor.'),
    operators: z
      .enum(['required', 'optional'])
      .default('required')
      .describe("Whether operators need a second factor at the operator's door."),
    totp_window: z
      .number()
      .int()
      .min(0)
      .max(2)
      .default(1)
      .describe('Steps of 30 seconds that a one-time code may be early or late. Each code is taken once.'),
    backup_codes_count: z.number().int().min(1).max(20).default(10).describe('Backup codes of an account.'),
    remember_devices: z
      .boolean()
      .default(true)
      .describe('Offer to ask for no second factor on this device for 30 days.'),
  })
  .prefault({})

const passkeys = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Offer passkeys, as the first factor and as the second.'),
    rp_id: z
      .string()
      .regex(/^[a-z0-9.-]{1,253}$/, 'must be a domain such as example.com')
      .optional()
      .describe('Domain that passkeys are bound to. Not given: the host that is asked.'),
    name: z
      .string()
      .min(1)
      .max(64)
      .default('Ringwall')
      .describe('What authenticators call this site, also in the list of an authenticator application.'),
    user_verification: z
      .enum(['required', 'preferred'])
      .default('preferred')
      .describe(
        'Whether a passkey after the password must ask for PIN or finger too. Without a password it always must.',
      ),
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
      .describe('How long the first lock holds; each further one within a day twice as long, a day at most.'),
    max_attempts_anywhere: z
      .number()
      .int()
      .min(5)
      .max(1000)
      .default(100)
      .describe(
        'Wrong passwords in a row for one account from all devices that it does not know. Then only known devices and the reset link get in.',
      ),
    delay: z.boolean().default(true).describe('Answer each further wrong password later, up to two seconds.'),
  })
  .prefault({})

const registration = z
  .strictObject({
    mode: z
      .enum(['closed', 'invited', 'open'])
      .default('closed')
      .describe(
        '`closed`: accounts are made by operators. `invited`: by whoever got an invitation. `open`: by anybody who reads mail at an address.',
      ),
    roles: z.array(z.string()).default([]).describe('Roles of an account that registered itself.'),
  })
  .prefault({})

const deletion = z
  .strictObject({
    self_service: z.boolean().default(true).describe('People may delete their own account.'),
    grace_days: z
      .number()
      .int()
      .min(0)
      .max(365)
      .default(14)
      .describe('Days in which the owner can take a deletion back.'),
  })
  .prefault({})

const colour = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #9a3b1e')
  .optional()

const pages = z
  .strictObject({
    name: z.string().min(1).max(60).optional().describe('Name of the site on pages and in mails.'),
    logo: z
      .string()
      .regex(/^\/(?!\/)[\x21-\x7e]*$/, 'must be a path of this site such as /logo.svg')
      .max(512)
      .optional()
      .describe('Path of a picture on this site, shown above the pages.'),
    accent: colour.describe('Colour of buttons and links on light ground.'),
    accent_dark: colour.describe('The same on dark ground.'),
    language: z
      .enum(['en', 'de', 'es'])
      .default('en')
      .describe('Language for whoever asks for none that there is.'),
  })
  .prefault({})

/** `security.authentication.mail` without its server, which is a secret by reference. */
export const mailSection = z.strictObject({
  from: z
    .string()
    .regex(/^[^\r\n]{3,320}$/, 'must be one line')
    .default('Ringwall <ringwall@localhost>')
    .describe('Sender of mails.'),
  directory: z
    .string()
    .optional()
    .describe('Where mails are written when there is no server; by default `mail` below `store.directory`.'),
  dangerously_allow_plain: z
    .boolean()
    .default(false)
    .describe('Send without TLS where the server offers none. Links in the mails can be read on the way.'),
})

/** `security.authentication`, the guide's section. */
export const authenticationSchema = z
  .strictObject({
    password: password.describe('Password policy.'),
    session: session.describe('Sessions.'),
    mfa: mfa.describe('Second factors.'),
    passkeys: passkeys.describe('Passkeys (WebAuthn).'),
    lockout: lockout.describe('Locking after wrong passwords.'),
    registration: registration.describe('Who may make an account.'),
    deletion: deletion.describe('How accounts end.'),
    public_url: z
      .string()
      .regex(/^https?:\/\/[^/?#@\s]+$/, 'must be http(s)://host[:port] without a path')
      .optional()
      .describe(
        'Where the site is, for links in mails. By default the first of `security.edge.hosts`, or the address that is listened on.',
      ),
    mail: mailSection.prefault({}).describe('Sending mail.'),
    pages: pages.describe('Name and colours of the pages.'),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const identityRouteKeys = {
  authentication: z
    .strictObject({
      level: z
        .union([z.literal(1), z.literal(2)])
        .optional()
        .describe('2: two factors, or a passkey that verified its user, in this session.'),
      max_age: duration({ min: '1s', max: '30d' })
        .optional()
        .describe('How old the authentication may be, whatever the session has done since.'),
    })
    .optional()
    .describe(
      'Step-up (RFC 9470): how strong and how new the authentication must be. Implies `sign_in: required`.',
    ),
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
