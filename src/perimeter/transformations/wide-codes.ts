/**
 * The byte that stands for a 16-bit code: its low byte, and plain ASCII for the full-width forms U+FF01 to U+FF5E, which
 * several servers and databases read as such.
 */
export function byteOfCode(code: number): number {
  const low = code & 0xff
  return code >>> 8 === 0xff && low > 0 && low < 0x5f ? low + 0x20 : low
}
