import { userInfo } from 'node:os'

import { type Command, InvalidArgumentError } from 'commander'

import type { Config } from '../../config/index.ts'
import {
  type Giving,
  GrantDesk,
  type GrantScope,
  readEnd,
  readScope,
  type RecordEvent,
} from '../../grant-desk.ts'
import type { Kept } from '../../index.ts'
import { withAuditedStore } from '../audited-store.ts'

/** Flags that the commands about roles and grants share. */
export interface GrantOptions {
  readonly config?: string
  readonly operator?: boolean
  readonly reason?: string
  readonly by?: string
  readonly expires?: number
  readonly on?: GrantScope
  readonly approvedBy?: string
  readonly all?: boolean
  readonly json?: boolean
}

/** What a command about roles and grants works with. */
export interface OpenDesk {
  readonly config: Config
  readonly kept: Kept
  readonly desk: GrantDesk
  /** Writes an event with realm and giver to the audit log. */
  readonly record: RecordEvent
}

/** Opens the store of the configuration, also beside a running gateway, and closes it afterwards. */
export async function atGrantDesk(
  options: GrantOptions,
  work: (open: OpenDesk) => Promise<void>,
): Promise<void> {
  await withAuditedStore(options, async ({ config, kept, record: write }) => {
    const { authorization } = config.security
    const realm = options.operator === true ? 'operator' : 'site'
    const by = options.by ?? systemName()
    const desk = new GrantDesk({ authorization, kept, realm, by, record: write })
    const record: RecordEvent = (kind, subject, data) => write(kind, subject, { realm, by, ...data })
    await work({ config, kept, desk, record })
  })
}

/** What the flags say of something that is to be given. */
export function givingOf(email: string, { reason = '', on, expires }: GrantOptions): Giving {
  return { email, reason, ...(on && { on }), ...(expires !== undefined && { expiresMs: expires }) }
}

/** The flags that all of the commands have. */
export function commonFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--operator', "an operator's account, not one of the site")
    .option('--by <name>', 'who gives or takes it (default: who is signed in to this machine)')
}

/** The flags of what gives something. */
export function givingFlags(command: Command): Command {
  return command
    .option('--reason <text>', 'why; it is in the log and in every review')
    .option('--expires <when>', 'ends after 15m, 8h, 30d, or at a date', timeAhead)
    .option('--on <resource>', 'for one resource only, Order::7, or for all of a type, Order::*', resourceOf)
}

function timeAhead(text: string): number {
  const at = readEnd(text, Date.now())
  if (at !== undefined) return at
  throw new InvalidArgumentError('write 15m, 8h, 30d, or a date to come such as 2026-11-24T09:00:00Z')
}

function resourceOf(text: string): GrantScope {
  const scope = readScope(text)
  if (scope) return scope
  throw new InvalidArgumentError('write Type::id, such as Order::7, or Order::*')
}

function systemName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry, as in containers.
    return 'command line'
  }
}
