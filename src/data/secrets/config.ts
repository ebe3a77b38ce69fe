import { duration, z } from '../../core/schema.ts'
import { KEY_PURPOSES } from '../keyring.ts'
import { parseReference, REFERENCE_FORMS } from './reference.ts'

const MAX_NAMES = 64

/** A reference as text: where a secret is, for who needs it later. */
const referenceText = z
  .string()
  .refine((text) => parseReference(text) !== undefined, `must be a reference: ${REFERENCE_FORMS}`)

/** One row of `security.data.secrets.rotations`. */
export const rotationSchema = z
  .strictObject({
    kind: z
      .enum(['postgres', 'mariadb', 'redis', 'keyring', 'command'])
      .describe(
        'What is rotated: a database password, an ACL password of Redis, a key of the keyring, or what a command makes.',
      ),
    secret: referenceText
      .optional()
      .describe(
        'Where the secret is kept and its next value is written: `file:`, `age:`, `aws:` or `vault:`.',
      ),
    admin: referenceText
      .optional()
      .describe('URL with which passwords may be changed; read only while rotating.'),
    roles: z
      .array(z.string().min(1).max(63))
      .min(1)
      .max(2)
      .optional()
      .describe(
        'The roles that take turns. With one (PostgreSQL only) clients have to read the secret anew at once.',
      ),
    purpose: z.enum(KEY_PURPOSES).optional().describe('Of `keyring`: which key.'),
    command: z
      .array(z.string())
      .min(1)
      .max(MAX_NAMES)
      .optional()
      .describe(
        'Of `command`: the program and its arguments; it gets the step as JSON on its standard input.',
      ),
    overlap: duration({ min: '0s', max: '90d' })
      .prefault('1h')
      .describe('How long the old value works on at least, so that all holders have the new one.'),
    every_days: z
      .number()
      .int()
      .min(1)
      .max(3650)
      .optional()
      .describe('Age at which it is due. Not given: `security.encryption.key_rotation_days`.'),
    used_by: z
      .array(z.string().min(1).max(256))
      .max(MAX_NAMES)
      .default([])
      .describe('Who uses it, for the report.'),
  })
  .superRefine((rotation, context) => {
    const need = (key: 'secret' | 'admin' | 'roles' | 'purpose' | 'command'): void => {
      if (rotation[key] === undefined)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `is missing; \`kind: ${rotation.kind}\` needs it`,
        })
    }
    const { kind } = rotation
    if (kind === 'keyring') return need('purpose')
    need('secret')
    if (kind === 'command') return need('command')
    need('admin')
    if (kind === 'redis') return
    need('roles')
    if (kind === 'mariadb' && rotation.roles?.length === 1)
      context.addIssue({
        code: 'custom',
        path: ['roles'],
        message: 'must be two users that take turns: MariaDB keeps one password for each',
      })
  })

/** `security.data.secrets`, without the providers' own credentials: those are references, which the configuration reads. */
export const secretsSection = z.strictObject({
  cache_ttl: duration({ min: '1s', max: '1d' })
    .prefault('5m')
    .describe('After this a secret that was fetched is read anew.'),
  max_stale: duration({ min: '0s', max: '7d' })
    .prefault('1h')
    .describe('How long the last value serves while its provider is out of reach; then it is refused.'),
  required: z
    .array(referenceText)
    .max(1000)
    .default([])
    .describe('Secrets of the application that have to be there at the start; they are masked in logs too.'),
  rotations: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be a name of lower-case letters, digits, _ and -'),
      rotationSchema,
    )
    .default({})
    .describe('What `ringwall secret rotate` rotates, by name.'),
})

/** AWS Secrets Manager. */
export const awsSection = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region such as eu-central-1')
    .describe('Region of secrets that are named without ARN.'),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'must be a URL' })
    .optional()
    .describe('In place of the public endpoint of the region.'),
})

/** Vault and OpenBao; the configuration adds what is secret. */
export const vaultSection = z.strictObject({
  address: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as https://vault:8200' })
    .describe('Where it is.'),
  namespace: z.string().min(1).optional().describe('Namespace, where there are several.'),
  kubernetes: z
    .strictObject({
      role: z.string().min(1).describe('The role to log in as.'),
      mount: z.string().min(1).default('kubernetes').describe('Where the login method is mounted.'),
      token_file: z
        .string()
        .default('/var/run/secrets/kubernetes.io/serviceaccount/token')
        .describe("The service account's token."),
    })
    .optional()
    .describe('Log in with the token of the service account.'),
  dangerously_allow_http: z
    .boolean()
    .default(false)
    .describe('Take an address without TLS: the token and every secret go over the wire in clear.'),
})

/** One rotation, parsed. */
export type RotationConfig = z.output<typeof rotationSchema>
