import { describeError, RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'

/** Bytes of a wrapped data key at most: 64 recipients, post-quantum ones too. */
const MAX_WRAPPED_BYTES = 262_144

/** Encrypts a data key for these recipients (`age1...`, `age1pq1...`). The library is loaded when it is asked for. */
export async function wrapWithAge(dataKey: Uint8Array, recipients: readonly string[]): Promise<Buffer> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch (thrown) {
      throw new RingwallError(
        'secret.recipients',
        `\`${recipient.slice(0, 80)}\` is not an age recipient: ${describeError(thrown)}`,
      )
    }
  }
  return Buffer.from(await encrypter.encrypt(dataKey))
}

/** Decrypts it with one of our identities; undefined where none fits or the bytes were altered. */
export async function unwrapWithAge(
  wrapped: Uint8Array,
  identities: readonly Secret[],
): Promise<Uint8Array | undefined> {
  const lines = identities.flatMap((identity) => identityLines(identity))
  if (lines.length === 0 || wrapped.length > MAX_WRAPPED_BYTES) return undefined
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  try {
    for (const line of lines) decrypter.addIdentity(line)
    return await decrypter.decrypt(wrapped)
  } catch {
    return undefined
  }
}

/** The identities in the text of an identity file: lines that begin with `#` are comments. */
function identityLines(identity: Secret): string[] {
  return identity
    .reveal()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** A new identity and its recipient; with `isHybrid` one that also holds against quantum computers. */
export async function generateAgeIdentity(
  isHybrid: boolean,
): Promise<{ readonly identity: Secret; readonly recipient: string }> {
  const { generateHybridIdentity, generateX25519Identity, identityToRecipient } =
    await import('age-encryption')
  const identity = await (isHybrid ? generateHybridIdentity() : generateX25519Identity())
  return { identity: new Secret(identity), recipient: await identityToRecipient(identity) }
}

/** The recipients of the identities in an identity file. */
export async function recipientsOf(identity: Secret): Promise<readonly string[]> {
  const { identityToRecipient } = await import('age-encryption')
  try {
    return await Promise.all(identityLines(identity).map((line) => identityToRecipient(line)))
  } catch (thrown) {
    throw new RingwallError('secret.identity', `this is not an age identity: ${describeError(thrown)}`)
  }
}
