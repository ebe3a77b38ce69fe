import { readFileSync } from 'node:fs'

import { RingwallError } from '../core/errors.ts'
import type { SecurityTxtConfig } from './config.ts'

/** Where it is looked for (RFC 9116 3). */
export const SECURITY_TXT_PATH = '/.well-known/security.txt'

/** The text of `/.well-known/security.txt` (RFC 9116 2): from the keys, or the signed file as it is. */
export function securityTxt(config: SecurityTxtConfig): string {
  if (config.signed_file !== undefined) return readSigned(config.signed_file)
  const lines = [
    ...config.contact.map((uri) => `Contact: ${uri}`),
    `Expires: ${new Date(config.expires).toISOString()}`,
    ...config.encryption.map((uri) => `Encryption: ${uri}`),
    ...config.acknowledgments.map((uri) => `Acknowledgments: ${uri}`),
    ...(config.preferred_languages.length > 0
      ? [`Preferred-Languages: ${config.preferred_languages.join(', ')}`]
      : []),
    ...config.canonical.map((uri) => `Canonical: ${uri}`),
    ...config.policy.map((uri) => `Policy: ${uri}`),
    ...config.hiring.map((uri) => `Hiring: ${uri}`),
  ]
  return `${lines.join('\n')}\n`
}

const MAX_BYTES = 32 * 1024

/** RFC 9116 2.3: an OpenPGP cleartext signature around the fields. Expires in it is what counts, and must be the one of the keys. */
function readSigned(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('edge.security-txt', 'cannot read the signed file; check its path and mode', {
      at: { file },
      cause,
    })
  }
  const lines = text.split(/\r?\n/)
  const has = (name: string): boolean => lines.some((line) => line.toLowerCase().startsWith(`${name}: `))
  if (
    text.length <= MAX_BYTES &&
    lines[0] === '-----BEGIN PGP SIGNED MESSAGE-----' &&
    has('contact') &&
    has('expires')
  )
    return text
  throw new RingwallError(
    'edge.security-txt',
    'not a cleartext-signed security.txt with Contact and Expires; make it with `gpg --clearsign`',
    { at: { file } },
  )
}

/** When the text stops to count, in milliseconds since 1970: of the signed file where there is one. */
export function securityTxtExpiry(config: SecurityTxtConfig): number {
  if (config.signed_file === undefined) return Date.parse(config.expires)
  const line = readSigned(config.signed_file)
    .split(/\r?\n/)
    .find((one) => one.toLowerCase().startsWith('expires: '))
  return Date.parse(line?.slice('expires: '.length) ?? '')
}
