import type { KeyObject } from 'node:crypto'

import type { RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Keys } from '../core/keys.ts'
import type { Secret } from '../core/secret.ts'
import { open, seal, secretKeyOf } from './committed-aead.ts'

/** What a wrapped data key is bound to: it cannot be passed off as another one or as one of another scope. */
export interface WrapContext {
  readonly id: string
  readonly scope: string
}

/** A key-encryption key, wherever it lives: it encrypts data keys, which encrypt the data. */
export interface KeyWrapper {
  /** Stands beside what it wrapped, such as `keyring` or `vault:transit/ringwall`. */
  readonly name: string
  wrap(dataKey: Uint8Array, context: WrapContext): Promise<string>
  /** Throws a RingwallError where this is not a data key that it wrapped for that context. */
  unwrap(wrapped: string, context: WrapContext): Promise<Uint8Array>
  /** Whether this was wrapped under the newest version of the key, as far as one can see. */
  isNewest(wrapped: string): boolean
}

/** Bytes of a data key. */
export const DATA_KEY_BYTES = 32
/** Characters of a wrapped data key, wherever it comes from. */
export const MAX_WRAPPED_LENGTH = 8192

/** Wraps with the key `field` of the keyring; older ones unwrap. */
export function keyringWrapper(keys: Keys, random: RandomBytes): KeyWrapper {
  const keyOf = (material: Secret): KeyObject => secretKeyOf(Buffer.from(material.reveal(), 'base64url'))
  return {
    name: 'keyring',
    async wrap(dataKey, context) {
      const { id, material } = keys.current('field')
      return `${id}.${seal(keyOf(material), contextBytes(context), dataKey, random).toString('base64url')}`
    },
    async unwrap(wrapped, context) {
      const [id = '', sealed = ''] = wrapped.split('.', 2)
      const key = keys.find('field', id)
      if (!key)
        throw new RingwallError(
          'data.key-missing',
          `data key \`${context.id}\` is wrapped by \`${id}\`, which the keyring no longer has; restore the keyring from a backup`,
        )
      return opened(
        open(keyOf(key.material), contextBytes(context), Buffer.from(sealed, 'base64url')),
        context,
      )
    },
    isNewest: (wrapped) => wrapped.startsWith(`${keys.current('field').id}.`),
  }
}

/** Wraps with a key from the environment or a file: 32 random bytes in base64 or base64url. */
export function secretWrapper(name: string, secret: Secret, random: RandomBytes): KeyWrapper {
  const bytes = Buffer.from(secret.reveal().trim(), 'base64')
  if (bytes.length !== DATA_KEY_BYTES)
    throw new RingwallError(
      'data.key-length',
      `the key of \`${name}\` must be 32 bytes in base64; make one with \`openssl rand -base64 32\``,
    )
  const key = secretKeyOf(bytes)
  bytes.fill(0)
  return {
    name,
    wrap: async (dataKey, context) => seal(key, contextBytes(context), dataKey, random).toString('base64url'),
    unwrap: async (wrapped, context) =>
      opened(open(key, contextBytes(context), Buffer.from(wrapped, 'base64url')), context),
    isNewest: () => true,
  }
}

/** The two calls of a KMS client that are used; `KMS` of `@aws-sdk/client-kms` fits. */
export interface AwsKmsClient {
  encrypt(input: {
    readonly KeyId: string
    readonly Plaintext: Uint8Array
    readonly EncryptionContext: Record<string, string>
  }): Promise<{ readonly CiphertextBlob?: Uint8Array | undefined }>
  decrypt(input: {
    readonly KeyId: string
    readonly CiphertextBlob: Uint8Array
    readonly EncryptionContext: Record<string, string>
  }): Promise<{ readonly Plaintext?: Uint8Array | undefined }>
}

/**
 * Wraps with a key of AWS KMS, under an encryption context, which KMS authenticates and writes to CloudTrail in clear: keep
 * personal data out of scopes. KMS rotates the key's material by itself and finds the old one by the ciphertext.
 */
export function awsKmsWrapper(client: AwsKmsClient, keyId: string): KeyWrapper {
  const encryptionContext = ({ id, scope }: WrapContext): Record<string, string> => ({
    'ringwall-data-key': id,
    'ringwall-scope': scope,
  })
  return {
    name: `aws:${keyId}`,
    async wrap(dataKey, context) {
      const { CiphertextBlob } = await client.encrypt({
        KeyId: keyId,
        Plaintext: dataKey,
        EncryptionContext: encryptionContext(context),
      })
      if (!CiphertextBlob)
        throw new RingwallError('data.key-service', `AWS KMS gave no ciphertext for \`${keyId}\``)
      return Buffer.from(CiphertextBlob).toString('base64url')
    },
    async unwrap(wrapped, context) {
      const { Plaintext } = await client.decrypt({
        KeyId: keyId,
        CiphertextBlob: Buffer.from(wrapped, 'base64url'),
        EncryptionContext: encryptionContext(context),
      })
      return opened(Plaintext ?? 'tampered', context)
    },
    isNewest: () => true,
  }
}

function contextBytes({ id, scope }: WrapContext): Buffer {
  return Buffer.from(`ringwall data key@v1\0${id}\0${scope}`, 'utf8')
}

/** A data key of the right length, or an error that says which one it was. */
export function opened(found: Uint8Array | string, context: WrapContext): Uint8Array {
  if (typeof found !== 'string' && found.length === DATA_KEY_BYTES) return found
  throw new RingwallError(
    'data.key-unwrap',
    `data key \`${context.id}\` of scope \`${context.scope}\` does not unwrap: it was altered, or belongs to another key or scope; restore it from a backup`,
  )
}
