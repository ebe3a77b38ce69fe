import { RingwallError } from '../../core/errors.ts'
import { readUserAgent, sessionRef } from '../../identity/index.ts'
import type { Kept } from '../../index.ts'
import { columns, type Terminal } from '../terminal.ts'
import { type AddCommand, atDesk, type DeskOptions, when } from './user-desk.ts'

interface RevokeOptions extends DeskOptions {
  readonly session?: string
}

type Session = Awaited<ReturnType<Kept['store']['sessions']['list']>>[number]

/** `user sessions` and `user revoke`: where somebody is signed in, and the end of it. */
export function addSessionCommands(add: AddCommand, terminal: Terminal): void {
  add('sessions <email>', 'list where an account is signed in').action(
    (email: string, options: DeskOptions) =>
      atDesk(options, async ({ identity, find }) => {
        const account = await find(email)
        const nowMs = Date.now()
        const live = (await identity.sessions.list(account.id)).filter(
          (session) =>
            session.session_version === account.sessionVersion &&
            nowMs < Math.min(session.idle_expires_at, session.absolute_expires_at),
        )
        const facts = live.map((session) => ({
          ref: sessionRef(session),
          device: deviceOf(session),
          ip: session.ip,
          place: identity.placeOf(session.ip) ?? '',
          since: when(session.created_at),
          last_used: when(session.last_used_at),
          impersonator: session.impersonator ?? '',
        }))
        if (options.json === true) {
          terminal.out(JSON.stringify(facts, null, 2))
          return
        }
        const head = ['REF', 'DEVICE', 'ADDRESS', 'PLACE', 'SINCE', 'LAST USED', 'BY OPERATOR']
        terminal.out(columns([head, ...facts.map((one) => Object.values(one))]))
      }),
  )
  add('revoke <email>', 'sign an account out everywhere, or end one session')
    .alias('end-sessions')
    .option('--session <ref>', 'only this one, by its ref in `user sessions`')
    .action((email: string, options: RevokeOptions) =>
      atDesk(options, async ({ identity, find, record }) => {
        const account = await find(email)
        const all = await identity.sessions.list(account.id)
        if (options.session === undefined) await identity.accounts.endSessions(account)
        else {
          const chosen = all.find((session) => sessionRef(session) === options.session)
          if (!chosen) {
            throw new RingwallError(
              'cli.no-session',
              `no session \`${options.session}\`; see ringwall user sessions ${email}`,
            )
          }
          await identity.sessions.endByHash(chosen.id_hash)
        }
        const count = options.session === undefined ? all.length : 1
        await record('identity.sessions-ended', account, { count })
        if (options.json === true)
          terminal.out(JSON.stringify({ email: account.email, ended: count }, null, 2))
        else terminal.out(`${account.email}: ${count} ${count === 1 ? 'session' : 'sessions'} ended`)
      }),
    )
}

function deviceOf(session: Session): string {
  const { browser, system } = readUserAgent(session.user_agent)
  return [browser, system].filter((part) => part !== undefined).join(', ') || '-'
}
