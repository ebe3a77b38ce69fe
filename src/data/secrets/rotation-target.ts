import { RingwallError } from '../../core/errors.ts'
import type { SecretProvider } from './provider.ts'
import type { SecretReference } from './reference.ts'
import type { RotationTarget } from './rotation-driver.ts'

/** A secret where a provider keeps it, past all caches. */
export function providerTarget(provider: SecretProvider, reference: SecretReference): RotationTarget {
  return {
    async read() {
      const read = await provider.read(reference)
      if (read.ok) return read.secret
      throw new RingwallError(`secret.${read.reason}`, read.detail)
    },
    async write(next, previous) {
      if (!provider.write)
        throw new RingwallError(
          'secret.not-writable',
          `\`${reference.text}\` cannot be written; keep what is rotated in file:, age:, aws: or vault:`,
        )
      const written = await provider.write(reference, next, previous)
      if (!written.ok) throw new RingwallError(`secret.${written.reason}`, written.detail)
    },
  }
}
