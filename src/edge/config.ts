import { duration, ipNetwork, z } from '../core/schema.ts'

const headerText = z.string().regex(/^[\x20-\x7e]+$/, 'must be one line of printable ASCII')

const openerPolicy = z.enum([
  'same-origin',
  'same-origin-allow-popups',
  'noopener-allow-popups',
  'unsafe-none',
])
const resourcePolicy = z.enum(['same-origin', 'same-site', 'cross-origin', 'off'])
const embedderPolicy = z.enum(['require-corp', 'credentialless', 'off'])
const referrerPolicy = z.enum([
  'no-referrer',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
])
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
    referrer_policy: referrerPolicy
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
    opener_policy: openerPolicy
      .default('same-origin')
      .describe('Cross-Origin-Opener-Policy: which windows share a process and a handle with pages.'),
    resource_policy: resourcePolicy
      .default('same-origin')
      .describe(
        'Cross-Origin-Resource-Policy: which sites may embed images, scripts and the like of this one.',
      ),
    embedder_policy: embedderPolicy
      .default('off')
      .describe('Cross-Origin-Embedder-Policy: what pages may embed of other origins.'),
    override: z
      .boolean()
      .default(false)
      .describe('Replace headers of these names that the application sends.'),
  })
  .prefault({})

const uri = z
  .string()
  .refine(
    (text) => /^(https:|mailto:|tel:|dns:|openpgp4fpr:)\S+$/.test(text),
    'must be an https:, mailto: or tel: URI',
  )
const uris = z.array(uri).default([])

/** `security.edge.security_txt` (RFC 9116 2.5). */
const securityTxtSchema = z.strictObject({
  contact: z.array(uri).min(1, 'must name at least one contact').describe('How to report, best first: URIs.'),
  expires: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/, 'must be a date such as 2027-06-30')
    .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a date that exists')
    .describe('When it stops to count; less than a year ahead.'),
  encryption: uris.describe('Keys for reports.'),
  acknowledgments: uris.describe('Where reporters are thanked.'),
  preferred_languages: z
    .array(z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language tag such as en'))
    .default([])
    .describe('Languages that are understood.'),
  canonical: uris.describe('Where this file is.'),
  policy: uris.describe('Rules for reporters.'),
  hiring: uris.describe('Open positions.'),
  signed_file: z
    .string()
    .optional()
    .describe('A file with an OpenPGP cleartext signature, served as it is in place of the keys.'),
})

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
    security_txt: securityTxtSchema
      .optional()
      .describe('What `/.well-known/security.txt` says. Not given: the application answers.'),
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
        host_prefix: z
          .array(
            z
              .string()
              .regex(
                /^(?!__)[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/,
                'must be the name of a cookie without prefix',
              ),
          )
          .default([])
          .describe(
            'Names of cookies that go to browsers as `__Host-NAME`, so that no other host can set them; the application keeps its name.',
          ),
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
    proxy_protocol: z
      .array(ipNetwork)
      .default([])
      .describe(
        'Addresses and networks of load balancers that begin each connection to `http` and `https` with a PROXY header (version 1 or 2). They must, and nobody else may.',
      ),
  })
  .prefault({})

const origin = z
  .string()
  .refine(
    (text) => text === '*' || URL.parse(text)?.origin === text,
    'must be an origin such as https://app.example.com, or *',
  )
const fieldNames = z.array(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a field'))

const corsSchema = z.union([
  z.enum(['deny', 'application']),
  z
    .strictObject({
      origins: z.array(origin).min(1).describe('Origins whose pages may read answers, or `*` for all.'),
      methods: z
        .array(z.string().regex(/^[A-Z]+$/, 'must be upper-case'))
        .default(['GET', 'HEAD', 'POST'])
        .describe('Methods that such pages may use.'),
      headers: fieldNames.default(['content-type']).describe('Request fields that such pages may set.'),
      expose: fieldNames.default([]).describe('Fields of answers that such pages may read.'),
      credentials: z.boolean().default(false).describe('Whether cookies go along. Never with `*`.'),
      max_age: duration({ min: '0s', max: '1d' })
        .prefault('10m')
        .describe('How long browsers keep the answer to a preflight.'),
    })
    .refine(
      (cors) => !(cors.credentials && cors.origins.includes('*')),
      'must name the origins where `credentials` is on; `*` would let every site act for its visitors',
    ),
])

const clientCertificateSchema = z.union([
  z.literal('off'),
  z.strictObject({
    authority: z.string().describe('One of `security.tls.client_authorities`.'),
    mode: z
      .enum(['required', 'optional'])
      .default('required')
      .describe('`optional`: without a certificate the request goes on; a wrong one is refused in both.'),
    subjects: z
      .array(z.string())
      .default([])
      .describe('Subjects that are allowed, such as `CN=billing, O=Example`. Empty: any of the authority.'),
    names: z
      .array(
        z
          .string()
          .regex(
            /^(DNS|URI|email|IP Address):./,
            'must be such as DNS:a.example.com or URI:spiffe://example.com/billing',
          ),
      )
      .default([])
      .describe(
        'Alternative names that are allowed. With `subjects` or `fingerprints` one of all must match.',
      ),
    fingerprints: z
      .array(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hex digits'))
      .default([])
      .describe('SHA-256 fingerprints of certificates that are allowed.'),
  }),
])

/** Keys of a route that this wall reads. */
export const edgeRouteKeys = {
  cors: corsSchema
    .optional()
    .describe('Which origins may read answers. `deny`: none, the default; `application`: it says so itself.'),
  client_certificate: clientCertificateSchema
    .optional()
    .describe('Mutual TLS: the certificate that a client must show, or `off`.'),
  require_https: z
    .enum(['auto', 'always', 'never'])
    .optional()
    .describe('In place of `security.edge.require_https`.'),
  permissions_policy: headerText.optional().describe('Permissions-Policy of this route.'),
  referrer_policy: referrerPolicy.optional().describe('Referrer-Policy of this route.'),
  opener_policy: openerPolicy.optional().describe('Cross-Origin-Opener-Policy of this route.'),
  resource_policy: resourcePolicy.optional().describe('Cross-Origin-Resource-Policy of this route.'),
  embedder_policy: embedderPolicy.optional().describe('Cross-Origin-Embedder-Policy of this route.'),
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
/** The policy of a route for other origins, parsed. */
export type CorsConfig = NonNullable<EdgeRouteConfig['cors']>
/** What a route asks of client certificates, parsed. */
export type ClientCertificateRule = Exclude<NonNullable<EdgeRouteConfig['client_certificate']>, 'off'>
/** `security.edge.security_txt`, parsed. */
export type SecurityTxtConfig = NonNullable<EdgeConfig['security_txt']>
