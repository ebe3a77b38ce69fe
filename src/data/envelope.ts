import { SEALED_OVERHEAD } from './committed-aead.ts'

/**
 * What is stored in an encrypted column, taken apart. Text: `rw1.` key id `.` base64url(type || sealed). Bytes: 0x01 ||
 * key id (9 bytes) || type || sealed. The key id stands apart so that a database can count what is under which key.
 */
export interface Envelope {
  /** 12 characters of base64url: 9 random bytes. */
  readonly keyId: string
  /** {@link FieldType} as a number; the highest bit says that the plain text is padded. */
  readonly typeByte: number
  readonly sealed: Uint8Array
}

/** How an encrypted value is stored: as text, or as bytes, which takes three quarters of the place. */
export type StoredForm = 'text' | 'bytes'

/** Why something is no envelope. */
export type NoEnvelope = 'not-encrypted' | 'malformed' | 'too-long'

/** Characters of a key id. */
export const KEY_ID_LENGTH = 12
/** Bytes of a key id. */
export const KEY_ID_BYTES = 9
/** The highest bit of the type: the plain text is padded. */
export const PADDED = 0x80

const TEXT_PREFIX = 'rw1.'
const TEXT_HEAD = TEXT_PREFIX.length + KEY_ID_LENGTH + 1
const VERSION = 1
const BYTES_HEAD = 1 + KEY_ID_BYTES
const KEY_ID = /^[A-Za-z0-9_-]{12}$/

/** Bytes of an envelope in its byte form that are not ciphertext. */
export const ENVELOPE_OVERHEAD = BYTES_HEAD + 1 + SEALED_OVERHEAD

/** Whether a text has the form of a key id. */
export function isKeyId(text: string): boolean {
  return KEY_ID.test(text)
}

/** Writes an envelope: `body` is the type byte and what was sealed. */
export function formatEnvelope(form: 'text', keyId: string, body: Buffer): string
export function formatEnvelope(form: StoredForm, keyId: string, body: Buffer): string | Buffer
export function formatEnvelope(form: StoredForm, keyId: string, body: Buffer): string | Buffer {
  if (form === 'text') return `${TEXT_PREFIX}${keyId}.${body.toString('base64url')}`
  return Buffer.concat([Uint8Array.of(VERSION), Buffer.from(keyId, 'base64url'), body])
}

/**
 * Reads an envelope strictly: each has one text and one byte form and nothing else is taken (RFC 4648 3.5: no pad bits,
 * no padding, no other characters). Bounded by `maxBytes` of ciphertext before anything is decoded.
 */
export function parseEnvelope(raw: unknown, maxBytes: number): Envelope | NoEnvelope {
  if (typeof raw === 'string') return parseText(raw, maxBytes)
  if (raw instanceof Uint8Array) return parseBytes(raw, maxBytes)
  return 'not-encrypted'
}

function parseText(raw: string, maxBytes: number): Envelope | NoEnvelope {
  if (!raw.startsWith(TEXT_PREFIX)) return 'not-encrypted'
  if (raw.length > TEXT_HEAD + Math.ceil(((maxBytes + 1 + SEALED_OVERHEAD) * 4) / 3)) return 'too-long'
  const keyId = raw.slice(TEXT_PREFIX.length, TEXT_HEAD - 1)
  if (!isKeyId(keyId) || raw[TEXT_HEAD - 1] !== '.') return 'malformed'
  const encoded = raw.slice(TEXT_HEAD)
  const body = Buffer.from(encoded, 'base64url')
  // Node's decoder passes over what it does not know; only what encodes back to the same text is taken.
  if (body.length <= SEALED_OVERHEAD || body.toString('base64url') !== encoded) return 'malformed'
  return { keyId, typeByte: body[0] as number, sealed: body.subarray(1) }
}

function parseBytes(raw: Uint8Array, maxBytes: number): Envelope | NoEnvelope {
  if (raw[0] !== VERSION) return 'not-encrypted'
  if (raw.length > maxBytes + ENVELOPE_OVERHEAD) return 'too-long'
  if (raw.length < ENVELOPE_OVERHEAD) return 'malformed'
  return {
    keyId: Buffer.from(raw.buffer, raw.byteOffset + 1, KEY_ID_BYTES).toString('base64url'),
    typeByte: raw[BYTES_HEAD] as number,
    sealed: raw.subarray(BYTES_HEAD + 1),
  }
}

/** What every value under a key begins with, for a database to count by. */
export function envelopePrefix(form: StoredForm, keyId: string): string | Buffer {
  if (form === 'text') return `${TEXT_PREFIX}${keyId}.`
  return Buffer.concat([Uint8Array.of(VERSION), Buffer.from(keyId, 'base64url')])
}
