/** Whether every byte is below 0x80. Counting UTF-8 bytes is native and, from some 50 characters on, many times a loop's speed. */
export function isAscii(value: string): boolean {
  return Buffer.byteLength(value) === value.length
}
