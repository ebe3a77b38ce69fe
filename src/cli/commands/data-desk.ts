import { dirname, join, resolve } from 'node:path'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import {
  createDataKeyTable,
  type DataKeys,
  declareColumns,
  type EncryptedColumns,
  fileDataKeyStore,
  keyringWrapper,
  type KeyWrapper,
  type Mapping,
  openDataKeys,
  openKeyring,
  openSession,
  readMapping,
  secretWrapper,
  sqlDataKeyStore,
  type SqlSession,
} from '../../data/index.ts'
import { readConfig } from '../config-file.ts'

/** What the commands about encrypted columns are given. */
export interface DataOptions {
  readonly config?: string
  readonly database?: string
}

/** What they work with. */
export interface DataDesk {
  readonly session: SqlSession
  readonly keys: DataKeys
  readonly columns: EncryptedColumns
}

/** Opens the database and the data keys of a mapping, works, and closes them. */
export async function withDataDesk(
  mappingFile: string,
  options: DataOptions,
  work: (desk: DataDesk) => Promise<void>,
): Promise<void> {
  const mapping = readMapping(mappingFile)
  const session = await openSession(databaseOf(options.database))
  try {
    if (mapping.keys === 'table') await createDataKeyTable(session)
    const store =
      mapping.keys === 'table'
        ? sqlDataKeyStore(session)
        : fileDataKeyStore(resolve(dirname(mappingFile), mapping.keys))
    const wrapper = wrapperOf(mapping, options)
    const keys = await openDataKeys({ store, wrappers: [wrapper], clock: systemClock, random: systemRandom })
    await work({ session, keys, columns: declareColumns(mapping.tables, keys) })
  } finally {
    await session.close()
  }
}

/** Where the keyring of a configuration is. */
export function keyringFile(options: { readonly config?: string }): string {
  const { directory } = readConfig(options.config).config.store
  if (directory !== ':memory:') return join(directory, 'keyring.json')
  throw new RingwallError(
    'cli.no-keyring',
    'this configuration keeps its keys in memory; set store.directory',
  )
}

function wrapperOf({ wrapper }: Mapping, options: DataOptions): KeyWrapper {
  if (wrapper === 'keyring')
    return keyringWrapper(openKeyring(keyringFile(options), systemClock), systemRandom)
  return secretWrapper(wrapper, environmentSecret(wrapper.slice('env:'.length)), systemRandom)
}

/** `env:NAME`, so that a password does not stand in the list of processes; or a URL or path without one. */
function databaseOf(text: string | undefined): Secret {
  if (text === undefined)
    throw new RingwallError(
      'cli.database',
      'name the database: --database env:DATABASE_URL, a URL, or a SQLite file',
    )
  if (text.startsWith('env:')) return environmentSecret(text.slice('env:'.length))
  if ((URL.parse(text)?.password ?? '') === '') return new Secret(text)
  throw new RingwallError(
    'cli.database',
    'a password on the command line can be read by everybody on this machine; put the URL in the environment and write --database env:NAME',
  )
}

function environmentSecret(name: string): Secret {
  const value = process.env[name]
  if (value !== undefined && value !== '') return new Secret(value)
  throw new RingwallError('cli.environment', `the environment variable ${name} is not set`)
}
