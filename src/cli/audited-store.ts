import { AuditLog } from '../audit/index.ts'
import type { Config } from '../config/index.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { createIdSource } from '../core/id.ts'
import { createTextMask } from '../data/index.ts'
import type { Account, Accounts } from '../identity/index.ts'
import { type Kept, openKept } from '../index.ts'
import { readConfig } from './config-file.ts'

/** What a command that changes something works with. */
export interface AuditedStore {
  readonly config: Config
  readonly kept: Kept
  /** Writes to the audit log, before the command says that it is done. */
  record(
    kind: string,
    subject: string | undefined,
    data: Readonly<Record<string, string | number>>,
  ): Promise<void>
}

/** Opens the store of a configuration and its audit log, also beside a running gateway, and closes both afterwards. */
export async function withAuditedStore(
  options: { readonly config?: string },
  work: (store: AuditedStore) => Promise<void>,
): Promise<void> {
  const { config } = readConfig(options.config)
  const kept = await openKept(config)
  const log = new AuditLog({
    database: kept.store.database,
    config: config.security.audit,
    mask: createTextMask(kept.secrets.registry),
  })
  const nextId = createIdSource(systemClock, systemRandom)
  try {
    await work({
      config,
      kept,
      record: (kind, subject, data) =>
        log.recordDurably([
          {
            id: nextId(),
            atMs: Date.now(),
            kind,
            ...(subject !== undefined && { subject }),
            verdict: 'success',
            data,
          },
        ]),
    })
  } finally {
    await log.close()
    await kept.close()
  }
}

/** The account of this address, or an error that says so. */
export async function findAccount(
  accounts: Accounts,
  realm: Account['realm'],
  email: string,
): Promise<Account> {
  const account = await accounts.findByEmail(email)
  if (account) return account
  throw new RingwallError(
    'cli.no-account',
    `there is no ${realm} account \`${email}\`; see ringwall user list`,
  )
}
