import { duration, z } from '../core/schema.ts'
import type { Secret } from '../core/secret.ts'

/** Public authorities that are known by name. Others are given with their directory. */
export const ACME_AUTHORITIES = ['letsencrypt', 'zerossl', 'google'] as const

/** The schema of `security.tls`, given how secrets are referred to. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a schema is what it is inferred from
export function tlsSchema<T extends z.ZodType>(secret: T) {
  const hostName = z
    .string()
    .regex(/^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a lower-case host name, or *.name')
  return z
    .strictObject({
      certificates: z
        .array(
          z
            .strictObject({
              certificate: z
                .string()
                .optional()
                .describe('PEM file with the certificate and its chain, leaf first.'),
              key: z.string().optional().describe('PEM file with its private key.'),
              pkcs12: z.string().optional().describe('PKCS#12 file, in place of both.'),
              passphrase: secret
                .optional()
                .describe('Of an encrypted key or of the PKCS#12 file; by reference.'),
              names: z
                .array(hostName)
                .optional()
                .describe('Host names it is for, or `*.name`. By default those in the certificate.'),
            })
            .refine(
              ({ certificate, key, pkcs12 }) =>
                pkcs12 === undefined
                  ? certificate !== undefined && key !== undefined
                  : certificate === undefined && key === undefined,
              'must have `certificate` and `key`, or `pkcs12`',
            ),
        )
        .default([])
        .describe(
          'Certificates by name (SNI), beside `listen.certificate`. The first of all is the default. Files that change are read again.',
        ),
      expiry_warning: duration({ min: '1d', max: '365d' })
        .prefault('21d')
        .describe('How long before it expires `ringwall check` warns of a certificate.'),
      session_cache: z
        .number()
        .int()
        .min(0)
        .max(1_000_000)
        .default(20_000)
        .describe('TLS sessions that can be resumed, per process; about 500 bytes each. 0: none.'),
      session_timeout: duration({ min: '1m', max: '1d' })
        .prefault('1d')
        .describe('How long a TLS session can be resumed.'),
      ocsp_stapling: z
        .boolean()
        .default(true)
        .describe('Staple the answer of the OCSP responder where a certificate names one.'),
      client_authorities: z
        .record(
          z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
          z.strictObject({
            ca: z.string().describe('PEM file with the certificates of the authorities that sign clients.'),
            revocation_lists: z
              .array(z.string())
              .default([])
              .describe('Files with their revocation lists (PEM or DER), checked for every request.'),
          }),
        )
        .default({})
        .describe('Who may sign the certificates of clients, by a name that routes use.'),
      acme: z
        .strictObject({
          certificates: z
            .record(
              z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be lower-case letters, digits and hyphens'),
              z
                .array(
                  hostName.refine(
                    (name) => !name.startsWith('*.'),
                    'must be a name without wildcard: those need a challenge in DNS',
                  ),
                )
                .min(1)
                .max(100),
            )
            .describe('Certificates to get, each with its host names.'),
          email: z.email().optional().describe('For the authority, where it writes to its customers.'),
          agree_to_terms: z
            .literal(true, 'must be true: you agree to the terms of the authorities')
            .describe('That you agree to the terms of service of the authorities.'),
          challenge: z
            .enum(['http-01', 'tls-alpn-01'])
            .default('http-01')
            .describe('How control of the names is shown: on port 80, or in a TLS handshake on port 443.'),
          staging: z
            .boolean()
            .default(false)
            .describe(
              "Use the authorities' staging addresses, to try things out: browsers do not trust these certificates.",
            ),
          keep_key: z
            .boolean()
            .default(false)
            .describe('Keep the key when a certificate is renewed, for clients that pin it.'),
          authorities: z
            .array(
              z
                .union([
                  z.enum(ACME_AUTHORITIES),
                  z.strictObject({
                    directory: z
                      .union([z.enum(ACME_AUTHORITIES), z.url({ protocol: /^https$/ })])
                      .describe(
                        'Its name where it is known, or the address of its directory (RFC 8555 7.1.1).',
                      ),
                    ca: z
                      .string()
                      .optional()
                      .describe('PEM file with who signs its own certificate, for private ones.'),
                    key_id: z.string().optional().describe('Key identifier of an external account.'),
                    key: secret
                      .optional()
                      .describe('Key of the external account in base64url; by reference.'),
                  }),
                ])
                .describe('One that is known by name, or one with its directory.'),
            )
            .min(1)
            .default(['letsencrypt'])
            .describe('Authorities, in the order in which they are tried.'),
        })
        .optional()
        .describe('Certificates that are got and renewed by ACME (RFC 8555).'),
    })
    .prefault({})
}

/** `security.tls`, parsed. */
export type TlsConfig = z.output<ReturnType<typeof tlsSchema<z.ZodType<Secret>>>>
