import { ipNetwork, z } from '../core/schema.ts'

const headerText = z.string().regex(/^[\x20-\x7e]+$/, 'must be one line of printable ASCII')

/** `security.headers`, the guide's section. */
export const headersSchema = z
  .strictObject({
    hsts_max_age: z
      .number()
      .int()
      .min(0)
      .default(31_536_000)
      .describe('Seconds that browsers stay on HTTPS (Strict-Transport-Security). 0 switches it off.'),
    hsts_preload: z
      .boolean()
      .default(false)
      .describe('Ask to be put on the preload lists of browsers; hard to take back.'),
    csp_enabled: z
      .boolean()
      .default(true)
      .describe('Send a Content-Security-Policy where the application sends none.'),
    csp: headerText
      .optional()
      .describe("The policy; by default the guide's without 'unsafe-inline' for scripts."),
    frame_options: z.enum(['DENY', 'SAMEORIGIN']).default('DENY').describe('Who may show pages in a frame.'),
    referrer_policy: z
      .enum(['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'])
      .default('strict-origin-when-cross-origin')
      .describe('What other sites learn of the page that a link was on.'),
    permissions_policy: headerText
      .default('geolocation=(), microphone=(), camera=(), payment=()')
      .describe('Browser features that pages may use.'),
    xss_protection: z
      .enum(['0', '1; mode=block'])
      .default('0')
      .describe(
        "X-XSS-Protection: `0`, since the filter of old browsers does harm; the guide's value is available.",
      ),
    override: z
      .boolean()
      .default(false)
      .describe('Replace headers of these names that the application sends.'),
  })
  .prefault({})

/** `security.edge`. */
export const edgeSchema = z
  .strictObject({
    hosts: z
      .array(z.string().regex(/^(\*\.)?[a-z0-9.[\]:-]+$/, 'must be a lower-case host name, or *.name'))
      .default([])
      .describe('Host names that are served. Empty: any well-formed name.'),
    require_https: z
      .enum(['auto', 'always', 'never'])
      .default('auto')
      .describe(
        'Redirect plain HTTP to HTTPS. `auto`: for clients that are not on this machine, where HTTPS is listened on.',
      ),
    allow_get_body: z.boolean().default(false).describe('Let GET requests carry a body.'),
    cookies: z
      .strictObject({
        secure: z.boolean().default(true).describe('Add Secure to cookies sent over HTTPS.'),
        http_only: z
          .boolean()
          .default(true)
          .describe('Add HttpOnly, so that scripts cannot read the cookie.'),
        same_site: z
          .enum(['strict', 'lax', 'none', 'off'])
          .default('lax')
          .describe('Add SameSite where it is missing.'),
        except: z
          .array(z.string())
          .default([])
          .describe('Names of cookies that are left as the application sets them.'),
      })
      .prefault({})
      .describe("Flags that are added to the application's cookies where it does not set them."),
  })
  .prefault({})

/** `security.network`. */
export const networkSchema = z
  .strictObject({
    trusted_proxies: z
      .array(ipNetwork)
      .default([])
      .describe(
        'Addresses and networks of proxies in front, whose Forwarded and X-Forwarded-For are believed.',
      ),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const edgeRouteKeys = {
  csp: headerText
    .optional()
    .describe('Content-Security-Policy of this route, in place of `security.headers.csp`.'),
  frame_options: z.enum(['DENY', 'SAMEORIGIN']).optional().describe('X-Frame-Options of this route.'),
}

/** `security.headers`, parsed. */
export type HeadersConfig = z.output<typeof headersSchema>
/** `security.edge`, parsed. */
export type EdgeConfig = z.output<typeof edgeSchema>
/** `security.network`, parsed. */
export type NetworkConfig = z.output<typeof networkSchema>
/** What this wall reads of a route. */
export type EdgeRouteConfig = z.output<z.ZodObject<typeof edgeRouteKeys>>
