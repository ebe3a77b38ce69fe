import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'

import { RingwallError } from '../../core/errors.ts'
import type { KeyPurpose } from '../../core/keys.ts'
import { Secret } from '../../core/secret.ts'
import type { Keyring } from '../keyring.ts'
import type { RotationDriver, RotationTarget } from './rotation-driver.ts'

/** What these keys made has a short life; what the others made is needed as long as the data. */
const SHORT_LIVED: readonly KeyPurpose[] = ['assertion', 'cookie']

/** Keys of the keyring. The value that goes through the steps is the key's id; both keys verify until the old one is retired. */
export function keyringDriver(keyring: Keyring, purpose: KeyPurpose): RotationDriver {
  return {
    async create(before) {
      // A crash may have come after the new key was made.
      const current = keyring.current(purpose).id
      const id = current === before.reveal() ? keyring.rotate(purpose).id : current
      return { value: new Secret(id), facts: { purpose, old: before.reveal(), new: id } }
    },
    set: async () => undefined,
    async test(candidate) {
      const key = keyring.find(purpose, candidate.reveal())
      if (!key) throw new RingwallError('secret.test', `the keyring has no key \`${candidate.reveal()}\``)
      const material = key.material.reveal()
      if (purpose === 'assertion') signOnce(material)
      else if (Buffer.from(material, 'base64url').length !== 32)
        throw new RingwallError('secret.test', 'the new key does not have 32 bytes')
    },
    holders: async () => undefined,
    async retire(before) {
      if (SHORT_LIVED.includes(purpose) && keyring.find(purpose, before.reveal()))
        keyring.retire(purpose, before.reveal())
    },
    reinstate: async () => undefined,
    undo: async (candidate) => {
      throw new RingwallError(
        'secret.no-way-back',
        `the key \`${candidate.reveal()}\` may have made things already; rotate once more, and retire it later`,
      )
    },
  }
}

/** The newest key of the keyring is the one in use: there is nothing to write. */
export function keyringTarget(keyring: Keyring, purpose: KeyPurpose): RotationTarget {
  return {
    read: async () => new Secret(keyring.current(purpose).id),
    write: async () => undefined,
  }
}

function signOnce(jwk: string): void {
  const privateKey = createPrivateKey({ key: JSON.parse(jwk) as Record<string, string>, format: 'jwk' })
  const data = Buffer.from('ringwall')
  const signature = sign('sha256', data, privateKey)
  if (!verify('sha256', data, createPublicKey(privateKey), signature))
    throw new RingwallError('secret.test', 'the new key does not verify what it signs')
}
