import { createCipheriv, timingSafeEqual } from 'node:crypto'

import { deriveScrypt, isScryptCost } from './derived.ts'
import { type ForeignFormat, fromBase64 } from './format.ts'

/**
 * Firebase's scrypt: the derived key encrypts the project's signer key with AES-256-CTR, and the ciphertext is the hash. Written
 * `$firescrypt$ln=14,r=8,p=1$salt$hash$separator$signer`, where Firebase's `rounds` is r and `mem_cost` is ln.
 */
export const FIREBASE: ForeignFormat = {
  name: 'Firebase scrypt',
  read(stored) {
    const match =
      /^\$firescrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]{1,128})\$([^$]{1,344})\$([^$]{0,64})\$([^$]{1,344})$/.exec(
        stored,
      )
    if (!match) return stored.startsWith('$firescrypt$') ? 'out-of-bounds' : undefined
    const [ln = 0, r = 0, p = 0] = match.slice(1, 4).map(Number)
    const [salt, hash, separator, signer] = match.slice(4).map((part) => fromBase64(part))
    const cost = { N: 2 ** ln, r, p }
    if (!salt || !hash || !separator || !signer || signer.length !== hash.length || !isScryptCost(cost))
      return 'out-of-bounds'
    return (password) => {
      const key = deriveScrypt(password, Buffer.concat([salt, separator]), cost, 32)
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
      return timingSafeEqual(Buffer.concat([cipher.update(signer), cipher.final()]), hash)
    }
  },
}
