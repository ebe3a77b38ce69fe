import { readSecretsSection, type SecretsConfig } from '../../config/index.ts'
import { systemClock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { openSecrets, type OpenSecrets, readSecretsFile, type Secrets } from '../../data/index.ts'
import { findConfigFile, readConfigText } from '../config-file.ts'

/** What the commands about secrets are given. */
export interface SecretOptions {
  readonly config?: string
  readonly json?: boolean
}

/** What they work with: the section of secrets counts by itself, also where the rest of the configuration cannot be loaded here. */
export interface SecretDesk {
  readonly section: SecretsConfig
  /** Keys of the configuration by the reference that stands there. */
  readonly uses: ReadonlyMap<string, readonly string[]>
  readonly secrets: Secrets
  readonly identities: readonly Secret[]
}

/** Opens the providers of a configuration. */
export function openSecretDesk(options: SecretOptions, onNotice?: (line: string) => void): SecretDesk {
  const file = findConfigFile(options.config)
  const { section, uses } = readSecretsSection(readConfigText(file), file === undefined ? {} : { file })
  const given = process.env['RINGWALL_AGE_IDENTITY']
  return {
    section,
    uses,
    secrets: openSecrets(section, { clock: systemClock, ...(onNotice && { onNotice }) }),
    identities: [
      ...(section.age ? [section.age.identity] : []),
      ...(given === undefined || given === '' ? [] : [new Secret(given)]),
    ],
  }
}

/** Opens a file of secrets; undefined where there is none. */
export async function openFileOf(desk: SecretDesk, file: string): Promise<OpenSecrets | undefined> {
  const read = await readSecretsFile(file, desk.identities)
  if (read.ok) return read.file
  if (read.reason === 'absent') return undefined
  throw new RingwallError('secret.file', read.detail)
}
