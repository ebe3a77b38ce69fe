import { createHash, createHmac } from 'node:crypto'

import { compareSync } from 'bcryptjs'

import type { ForeignFormat, Verify } from './format.ts'

const MAX_COST = 15

/** bcrypt cuts at 72 bytes and ends at a zero byte; so did the system that made the hash. */
function bcrypt(stored: string): Verify | 'out-of-bounds' | undefined {
  const match = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/.exec(stored)
  if (!match) return /^\$2[abxy]?\$/.test(stored) ? 'out-of-bounds' : undefined
  const cost = Number(match[1])
  if (cost < 4 || cost > MAX_COST) return 'out-of-bounds'
  return (password) => compareSync(password.toString('utf8'), stored)
}

/** `$2a$`, `$2b$`, `$2y$`, also behind Django's `bcrypt$`. */
export const BCRYPT: ForeignFormat = {
  name: 'bcrypt',
  read: (stored) => bcrypt(stored.startsWith('bcrypt$$') ? stored.slice(7) : stored),
}

/** `bcrypt_sha256$$2b$...` of Django: bcrypt of the hexadecimal SHA-256. */
export const DJANGO_BCRYPT: ForeignFormat = {
  name: 'Django bcrypt with SHA-256',
  read(stored) {
    if (!stored.startsWith('bcrypt_sha256$$')) return undefined
    const verify = bcrypt(stored.slice(14))
    if (typeof verify !== 'function') return 'out-of-bounds'
    return (password) => verify(Buffer.from(createHash('sha256').update(password).digest('hex')))
  },
}

/** `$wp$2y$...` of WordPress 6.8: bcrypt of base64 of an HMAC-SHA-384 of the trimmed password. */
export const WORDPRESS: ForeignFormat = {
  name: 'WordPress bcrypt',
  read(stored) {
    if (!stored.startsWith('$wp$2')) return undefined
    const verify = bcrypt(stored.slice(3))
    if (typeof verify !== 'function') return 'out-of-bounds'
    return (password) =>
      verify(
        Buffer.from(
          createHmac('sha384', 'wp-sha384').update(password.toString('utf8').trim()).digest('base64'),
        ),
      )
  },
}
