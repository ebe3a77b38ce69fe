import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { RingwallError } from '../core/errors.ts'
import { openKept } from '../index.ts'
import type { Database } from '../store/index.ts'
import { readConfig } from './config-file.ts'

/** Opens the audit log of a configuration for reading, also beside a running gateway. */
export async function withDatabase(
  options: { readonly config?: string },
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const { config } = readConfig(options.config)
  const { directory, postgres } = config.store
  // To read must not make: an empty log in the wrong folder would look like a quiet gateway.
  if (postgres === undefined && !existsSync(join(directory, 'ringwall.sqlite'))) {
    throw new RingwallError(
      'cli.no-log',
      `there is no audit log in \`${directory}\`; run this where \`ringwall up\` was started, or name its --config`,
    )
  }
  const kept = await openKept(config)
  try {
    await work(kept.store.database)
  } finally {
    await kept.close()
  }
}
