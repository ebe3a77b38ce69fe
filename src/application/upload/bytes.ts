/** A view of the same bytes with the methods of Buffer; nothing is copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Two bytes, little end first; -1 where there are none. */
export function u16le(bytes: Uint8Array, at: number): number {
  return at >= 0 && at + 2 <= bytes.length ? (bytes[at] as number) | ((bytes[at + 1] as number) << 8) : -1
}

/** Two bytes, big end first; -1 where there are none. */
export function u16be(bytes: Uint8Array, at: number): number {
  return at >= 0 && at + 2 <= bytes.length ? ((bytes[at] as number) << 8) | (bytes[at + 1] as number) : -1
}

/** Three bytes, little end first; -1 where there are none. */
export function u24le(bytes: Uint8Array, at: number): number {
  const low = u16le(bytes, at)
  return low >= 0 && at + 3 <= bytes.length ? low + (bytes[at + 2] as number) * 65_536 : -1
}

/** Four bytes, little end first; -1 where there are none. */
export function u32le(bytes: Uint8Array, at: number): number {
  const low = u16le(bytes, at)
  const high = u16le(bytes, at + 2)
  return high < 0 ? -1 : high * 65_536 + low
}

/** Four bytes, big end first; -1 where there are none. */
export function u32be(bytes: Uint8Array, at: number): number {
  const high = u16be(bytes, at)
  const low = u16be(bytes, at + 2)
  return low < 0 ? -1 : high * 65_536 + low
}

/** Whether the bytes of this text (latin1) stand at a place. */
export function hasAt(bytes: Uint8Array, at: number, text: string): boolean {
  if (at < 0 || at + text.length > bytes.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}

/** A piece as text, one character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return bufferOf(bytes).toString('latin1', Math.max(0, start), Math.max(0, Math.min(end, bytes.length)))
}

/** Whether everything from a place on is NUL. */
export function isZeroFrom(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < bytes.length; i++) if (bytes[i] !== 0) return false
  return true
}

/** The text of valid UTF-8; undefined where it is not. A byte order mark is kept. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
