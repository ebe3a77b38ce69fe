import { type Clock, type RandomBytes, systemRandom } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { fault, type SecretFault, type SecretProvider } from './provider.ts'
import { formatSecretsFile, type OpenSecrets, openSecretsFile, withValues } from './sealed-secrets.ts'
import { isSameFile, readSecretFile, replaceFile } from './secret-file.ts'

/** What is needed to open files of secrets. */
export interface AgeOptions {
  readonly identities: readonly Secret[]
  readonly clock: Clock
  readonly random?: RandomBytes
}

/** Secrets in files that are encrypted with age and kept in git. */
export function ageProvider({ identities, clock, random = systemRandom }: AgeOptions): SecretProvider {
  return {
    scheme: 'age',
    async read({ name, field = '' }) {
      const read = await readSecretsFile(name, identities)
      if (!read.ok) return read
      const found = read.file.values.get(field)
      if (!found)
        return fault(
          'absent',
          `\`${name}\` holds no \`${field}\`; add it with \`ringwall secret edit ${name}\``,
        )
      return { ok: true, secret: found.value, version: read.version, changedMs: found.changedMs }
    },
    isCurrent: ({ name }, version) => isSameFile(name, version),
    async write({ name, field = '' }, value, previous) {
      const read = await readSecretsFile(name, identities)
      if (!read.ok) return read
      const now = read.file.values.get(field)?.value
      if (previous && now?.reveal() !== previous.reveal())
        return {
          ok: false,
          reason: 'changed',
          detail: `\`${field}\` in \`${name}\` was changed by somebody else`,
        }
      try {
        const changed = withValues(read.file, new Map([[field, value]]), clock.now(), random)
        replaceFile(name, formatSecretsFile(changed))
        return { ok: true }
      } catch (thrown) {
        return fault('denied', `cannot write \`${name}\`: ${describeError(thrown)}`)
      }
    },
  }
}

/** Reads and opens a file of secrets. Everybody may read it: it is sealed. */
export async function readSecretsFile(
  name: string,
  identities: readonly Secret[],
): Promise<{ readonly ok: true; readonly file: OpenSecrets; readonly version: string } | SecretFault> {
  const read = readSecretFile(name, true)
  if (!read.ok) return read
  if (identities.length === 0)
    return fault(
      'denied',
      `no age identity to open \`${name}\` with; set \`security.data.secrets.age.identity\` or RINGWALL_AGE_IDENTITY`,
    )
  const file = await openSecretsFile(read.text, identities)
  return file.ok
    ? { ok: true, file, version: read.version }
    : fault('denied', `\`${name}\` does not open: ${file.detail}`)
}
