import { createHash, timingSafeEqual } from 'node:crypto'

import { type ForeignFormat, fromBase64, fromHex } from './format.ts'

const LDAP: Readonly<
  Record<string, { readonly digest: string; readonly bytes: number; readonly salted: boolean }>
> = {
  SSHA: { digest: 'sha1', bytes: 20, salted: true },
  SSHA256: { digest: 'sha256', bytes: 32, salted: true },
  SSHA512: { digest: 'sha512', bytes: 64, salted: true },
  SMD5: { digest: 'md5', bytes: 16, salted: true },
  SHA: { digest: 'sha1', bytes: 20, salted: false },
  MD5: { digest: 'md5', bytes: 16, salted: false },
}

/** `{SSHA}` and its relatives of LDAP (RFC 2307, OpenLDAP): one digest, the salt behind it. */
export const LDAP_DIGEST: ForeignFormat = {
  name: 'LDAP digest',
  read(stored) {
    const match = /^\{([A-Z0-9]{3,7})\}([A-Za-z0-9+/=]{1,344})$/.exec(stored)
    const kind = match && LDAP[match[1] as string]
    if (!match || !kind) return undefined
    const bytes = fromBase64(match[2] as string)
    if (!bytes || (kind.salted ? bytes.length < kind.bytes + 4 : bytes.length !== kind.bytes))
      return 'out-of-bounds'
    const salt = bytes.subarray(kind.bytes)
    return (password) =>
      timingSafeEqual(
        createHash(kind.digest).update(password).update(salt).digest(),
        bytes.subarray(0, kind.bytes),
      )
  },
}

/** `sha1$salt$hex` and `md5$salt$hex` of old Django: one digest, the salt before the password. */
export const DJANGO_DIGEST: ForeignFormat = {
  name: 'Django digest',
  read(stored) {
    const match = /^(sha1|md5)\$([^$]{0,128})\$([0-9a-f]{1,128})$/.exec(stored)
    if (!match) return undefined
    const hash = fromHex(match[3] as string)
    if (hash?.length !== (match[1] === 'md5' ? 16 : 20)) return 'out-of-bounds'
    return (password) =>
      timingSafeEqual(
        createHash(match[1] as string)
          .update(match[2] as string)
          .update(password)
          .digest(),
        hash,
      )
  },
}
