/** A check that is ready to run: bounded parameters are already read. */
export type Verify = (password: Buffer) => boolean

/** A way in which other systems store passwords. */
export interface ForeignFormat {
  readonly name: string
  /**
   * Reads a stored text. Undefined: not this format. `out-of-bounds`: this format, with costs that one check may not have, or
   * damaged.
   */
  readonly read: (stored: string) => Verify | 'out-of-bounds' | undefined
}

/** Memory that one check may take. */
export const MAX_MEMORY_BYTES = 256 * 1024 ** 2
/** Rounds of PBKDF2 and of the crypt family. */
export const MAX_ROUNDS = 2_000_000

/** Bytes of base64 as the format writes it, or undefined. `.` stands for `+` where passlib wrote it. */
export function fromBase64(text: string, maxBytes = 256): Buffer | undefined {
  const plain = text.replaceAll('.', '+').replace(/={1,2}$/, '')
  if (!/^[A-Za-z0-9+/_-]*$/.test(plain) || plain.length % 4 === 1) return undefined
  const bytes = Buffer.from(plain, 'base64')
  return bytes.length <= maxBytes ? bytes : undefined
}

/** Bytes of hexadecimal digits, or undefined. */
export function fromHex(text: string, maxBytes = 256): Buffer | undefined {
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(text) || text.length / 2 > maxBytes) return undefined
  return Buffer.from(text, 'hex')
}
