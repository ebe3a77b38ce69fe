import { createCipheriv, createDecipheriv } from 'node:crypto'

import type { RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Keys } from '../core/keys.ts'

const SEALED = /^\$ringwall\$v=1\$k=([\w-]{1,64})\$([\w-]{1,1024})$/

/**
 * Encrypts a small secret (AES-256-GCM) with the pepper key of the keyring, whose id stands before it, so that a stolen
 * table is useless without the keyring and the key can be rotated. What the secret belongs to is authenticated with
 * it: a sealed text that is moved to another account or purpose does not open.
 */
export function sealSecret(keys: Keys, random: RandomBytes, secret: Uint8Array, belongsTo: string): string {
  const key = keys.current('pepper')
  const nonce = Buffer.from(random(12))
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material.reveal(), 'base64url'), nonce)
  cipher.setAAD(Buffer.from(`${key.id}|${belongsTo}`))
  const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  return `$ringwall$v=1$k=${key.id}$${sealed.toString('base64url')}`
}

/** Opens what `sealSecret` made. Throws where the key is gone, or where it is not what was sealed. */
export function openSecret(keys: Keys, stored: string, belongsTo: string): Buffer {
  const match = SEALED.exec(stored)
  const key = match && keys.find('pepper', match[1] as string)
  if (!match || !key) {
    throw new RingwallError(
      'identity.secret-unreadable',
      'a sealed secret needs a key that the keyring does not have',
    )
  }
  const sealed = Buffer.from(match[2] as string, 'base64url')
  const material = Buffer.from(key.material.reveal(), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', material, sealed.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(`${key.id}|${belongsTo}`))
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}
