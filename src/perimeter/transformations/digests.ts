import { createHash } from 'node:crypto'

/** The 16 raw bytes of MD5 (RFC 1321); rules name files and values by it, nothing is protected with it. */
export function md5(value: string): string {
  return createHash('md5').update(value, 'latin1').digest('latin1')
}

/** The 20 raw bytes of SHA-1 (RFC 3174); rules make keys of it, nothing is protected with it. */
export function sha1(value: string): string {
  return createHash('sha1').update(value, 'latin1').digest('latin1')
}
