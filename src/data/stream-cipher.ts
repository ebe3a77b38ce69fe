import { type KeyObject, timingSafeEqual } from 'node:crypto'

import { type RandomBytes, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { expandOneBlock, expandSecondBlock, openGcm, sealGcm, secretKeyOf } from './committed-aead.ts'

/** Plain bytes of every chunk but the last. */
export const CHUNK_BYTES = 16_384
/** Bytes of a chunk's tag. */
export const CHUNK_TAG_BYTES = 16
/** Salt and commitment at the beginning. */
export const STREAM_HEAD_BYTES = 56

const SALT_BYTES = 24
const SEALED_CHUNK = CHUNK_BYTES + CHUNK_TAG_BYTES
const MAX_CHUNKS = 2 ** 38
const INFO = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0', 'ascii')

/** Why an encrypted stream is refused. What was read before it is authentic, but it is not the whole. */
export type StreamRefusal = 'wrong-key-or-context' | 'altered' | 'truncated'

/** The key of a stream and what it is bound to. */
export interface StreamKey {
  /** 32 uniformly random bytes; never a password. */
  readonly key: Uint8Array | KeyObject
  /** Bound to the stream and not stored in it, such as the file's id. */
  readonly context?: Uint8Array
}

/** What one message is encrypted with. */
export interface MessageKeys {
  readonly key: KeyObject
  readonly baseNonce: Buffer
  readonly commitment: Buffer
}

/** Refuses an encrypted stream: the operator's key is wrong, or somebody altered the bytes. */
export function refuseStream(reason: StreamRefusal): RingwallError {
  const messages: Readonly<Record<StreamRefusal, string>> = {
    'wrong-key-or-context': 'this stream was encrypted with another key or for another context',
    altered: 'the stream was altered after it was encrypted; do not use what was read of it',
    truncated: 'the end of the stream is missing; do not use what was read of it',
  }
  return new RingwallError(`data.stream-${reason}`, messages[reason])
}

/**
 * Keys of one message by C2SP chunked-encryption, Cobblestone-256: HKDF-Expand with SHA-512 over its salt and context gives
 * key(32), base nonce(12) and commitment(32).
 */
export function deriveMessageKeys({ key, context = EMPTY }: StreamKey, salt: Uint8Array): MessageKeys {
  const size = key instanceof Uint8Array ? key.length : key.symmetricKeySize
  if (size !== 32) throw new RingwallError('data.key-length', `the key of a stream has 32 bytes, not ${size}`)
  const first = expandOneBlock(key, INFO, salt, context)
  // RFC 5869 2.3: T(2) = HMAC(PRK, T(1) || info || 0x02); 76 bytes are needed, one block has 64.
  const okm = Buffer.concat([first, expandSecondBlock(key, first, INFO, salt, context)])
  const keys = {
    key: secretKeyOf(okm.subarray(0, 32)),
    baseNonce: Buffer.from(okm.subarray(32, 44)),
    commitment: Buffer.from(okm.subarray(44, 76)),
  }
  okm.fill(0)
  return keys
}

const EMPTY = new Uint8Array(0)

/** Encrypts a stream of any length in memory that does not grow: `pipeline(source, (s) => encryptStream(s, key), target)`. */
export async function* encryptStream(
  source: AsyncIterable<Uint8Array>,
  streamKey: StreamKey,
  random: RandomBytes = systemRandom,
): AsyncGenerator<Buffer, void, undefined> {
  const salt = random(SALT_BYTES)
  const keys = deriveMessageKeys(streamKey, salt)
  yield Buffer.concat([salt, keys.commitment])
  const chunks = new Chunks(CHUNK_BYTES)
  let number = 0
  for await (const part of source) {
    // Chunk by chunk: to put them together would cost more than to encrypt them.
    for (const chunk of chunks.take(part)) yield* sealChunk(keys, number++, chunk)
  }
  // INVARIANT: the last chunk is shorter than a whole one, if need be empty; that is what marks the end.
  yield* sealChunk(keys, number, chunks.rest())
}

/**
 * Decrypts a stream. Every byte that it yields is authentic; only when it ends without an error is the whole there, so
 * write beside and rename at the end.
 */
export async function* decryptStream(
  source: AsyncIterable<Uint8Array>,
  streamKey: StreamKey,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = new Chunks(SEALED_CHUNK)
  let head = Buffer.alloc(0)
  let keys: MessageKeys | undefined
  let number = 0
  for await (const part of source) {
    let rest = part
    if (!keys) {
      const missing = STREAM_HEAD_BYTES - head.length
      head = Buffer.concat([head, part.subarray(0, missing)])
      if (head.length < STREAM_HEAD_BYTES) continue
      keys = openHead(streamKey, head)
      rest = part.subarray(missing)
    }
    for (const chunk of chunks.take(rest)) yield openChunk(keys, number++, chunk)
  }
  const last = chunks.rest()
  if (!keys || last.length < CHUNK_TAG_BYTES) throw refuseStream('truncated')
  const plain = openChunk(keys, number, last)
  if (plain.length > 0) yield plain
}

/** The keys of a message whose first bytes these are, if it is of this key and context. */
export function openHead(streamKey: StreamKey, head: Uint8Array): MessageKeys {
  if (head.length < STREAM_HEAD_BYTES) throw refuseStream('truncated')
  const keys = deriveMessageKeys(streamKey, head.subarray(0, SALT_BYTES))
  if (!timingSafeEqual(keys.commitment, head.subarray(SALT_BYTES, STREAM_HEAD_BYTES)))
    throw refuseStream('wrong-key-or-context')
  return keys
}

/** Ciphertext and tag of one chunk. */
export function sealChunk(keys: MessageKeys, number: number, plain: Uint8Array): [Buffer, Buffer] {
  return sealGcm(keys.key, nonceOf(keys, number), EMPTY, plain)
}

/** The plain bytes of one chunk; throws where it is not the chunk of that number. */
export function openChunk(keys: MessageKeys, number: number, sealed: Uint8Array): Buffer {
  const end = sealed.length - CHUNK_TAG_BYTES
  const plain = openGcm(keys.key, nonceOf(keys, number), EMPTY, sealed.subarray(0, end), sealed.subarray(end))
  if (plain) return plain
  throw refuseStream('altered')
}

/** The base nonce XOR the chunk's number, big-endian; the number stays below 2^38. */
function nonceOf({ baseNonce }: MessageKeys, number: number): Buffer {
  if (number >= MAX_CHUNKS) throw new RingwallError('data.too-long', 'a stream has at most 4 PiB')
  const nonce = Buffer.from(baseNonce)
  const high = Math.floor(number / 2 ** 32)
  nonce[7] = (nonce[7] as number) ^ high
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ (number % 2 ** 32)) >>> 0, 8)
  return nonce
}

/** Cuts what comes in into chunks of one size, holding less than one. */
class Chunks {
  readonly #size: number
  readonly #held: Buffer
  length = 0

  constructor(size: number) {
    this.#size = size
    this.#held = Buffer.alloc(size)
  }

  take(part: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = []
    let at = 0
    if (this.length > 0) {
      at = Math.min(part.length, this.#size - this.length)
      this.#held.set(part.subarray(0, at), this.length)
      this.length += at
      if (this.length < this.#size) return chunks
      chunks.push(Buffer.from(this.#held))
      this.length = 0
    }
    for (; part.length - at >= this.#size; at += this.#size) chunks.push(part.subarray(at, at + this.#size))
    this.#held.set(part.subarray(at), 0)
    this.length = part.length - at
    return chunks
  }

  rest(): Uint8Array {
    return this.#held.subarray(0, this.length)
  }
}
