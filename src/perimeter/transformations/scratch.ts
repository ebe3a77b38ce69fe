const KEPT_BYTES = 64 * 1024

const kept = Buffer.allocUnsafe(KEPT_BYTES)

/**
 * Bytes to write an output of at most `size` bytes into. The same bytes for every caller up to 64 KiB, so nothing may be
 * kept of them after `textOf`; more than that is a buffer of its own, so that one large value holds no memory afterwards.
 */
export function scratchFor(size: number): Buffer {
  return size <= KEPT_BYTES ? kept : Buffer.allocUnsafe(size)
}

/** The first `length` bytes as a byte string. */
export function textOf(bytes: Buffer, length: number): string {
  return bytes.toString('latin1', 0, length)
}
