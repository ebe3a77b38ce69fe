/** NUL bytes go. */
export function removeNulls(value: string): string {
  return value.includes('\0') ? value.split('\0').join('') : value
}

/** NUL bytes become blanks. */
export function replaceNulls(value: string): string {
  return value.includes('\0') ? value.split('\0').join(' ') : value
}
