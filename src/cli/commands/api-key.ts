import { Command, InvalidArgumentError } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { parseDuration } from '../../core/units.ts'
import { type ApiKey, counts } from '../../gateway/index.ts'
import { when } from '../../grant-desk.ts'
import type { CommandContext } from '../main.ts'
import { columns, type Terminal } from '../terminal.ts'
import { atGrantDesk, commonFlags, type GrantOptions, type OpenDesk } from './grant-desk.ts'

interface Options extends Pick<GrantOptions, 'config' | 'operator' | 'by' | 'all' | 'json'> {
  readonly owner?: string
  readonly role: readonly string[]
  readonly scope: readonly string[]
  readonly route: readonly string[]
  readonly network: readonly string[]
  readonly expires?: number
  readonly limit?: { readonly limit: number; readonly periodMs: number }
  readonly overlap: number
}

const PERIODS: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
}

/** `ringwall api-key`: keys of machines. What takes rights away counts from the next request on. */
export function apiKeyCommand({ terminal, exit }: CommandContext): Command {
  const apiKey = new Command('api-key').description(
    'make, list, rotate and revoke keys of machines, also while the gateway runs',
  )
  const sub = (usage: string, description: string): Command =>
    commonFlags(apiKey.command(usage).description(description)).option('--json', 'as JSON')

  const create = sub('create <name>', 'make a key; it is shown once')
    .option('--owner <name>', 'whom to ask about it (default: who makes it)')
    .option('--expires <when>', 'ends after 90d, or at a date', timeAhead)
    .option('--limit <rate>', 'requests of this key, such as 100/minute', rate)
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall api-key create billing --role support --scope order:read --expires 90d\n  ringwall api-key create importer --route "POST /import" --network 10.0.0.0/8 --limit 100/minute',
    )
  for (const [flag, text] of [
    ['--role <role>', 'a role of the machine'],
    ['--scope <scope>', 'a scope: a permission that it holds, and that routes may ask for'],
    ['--route <name>', 'only for this route; default: all that take keys'],
    ['--network <network>', 'only from this address or network; default: all'],
  ] as const)
    create.option(flag, `${text}; can be given several times`, several, [])
  create.action((name: string, options: Options) =>
    atGrantDesk(options, async (open) => {
      checkRights(open, options)
      const { desk, kept, record } = open
      // The owner must be one who may act; a misspelt one would lock the machine out.
      if (options.owner?.includes('@') === true) await desk.find(options.owner)
      const { expires, limit } = options
      const { key, text } = await kept.apiKeys.create({
        realm: desk.realm,
        name,
        owner: options.owner ?? desk.by,
        by: desk.by,
        roles: options.role,
        scopes: options.scope,
        routes: options.route,
        networks: options.network,
        ...(limit && { rate: limit }),
        ...(expires !== undefined && { expiresMs: expires }),
      })
      await record('gateway.api-key-created', `key:${key.client}`, facts(key))
      tell(terminal, options, key, text.reveal())
    }),
  )

  sub('list', 'list keys: what they are for, when they end, who used them last')
    .option('--all', 'also those that do not count any more')
    .action((options: Options) =>
      atGrantDesk(options, async ({ kept, desk: { realm } }) => {
        const nowMs = Date.now()
        const all = await kept.apiKeys.list(realm)
        show(terminal, options, options.all === true ? all : all.filter((key) => counts(key, nowMs)))
      }),
    )

  sub(
    'show <name>',
    'all keys of a name, with who still uses an old one; ends with 1 where somebody does',
  ).action((name: string, options: Options) =>
    atGrantDesk(options, async ({ kept, desk: { realm } }) => {
      const keys = await kept.apiKeys.list(realm, name)
      if (keys.length === 0) throw noKey(name)
      show(terminal, options, keys)
      const nowMs = Date.now()
      const lingering = keys.filter((key) => {
        const next = keys.find(({ id }) => id === key.replacedBy)
        return next && counts(key, nowMs) && key.lastUsedMs !== null && key.lastUsedMs >= next.createdMs
      })
      for (const key of lingering) {
        terminal.error(
          `${key.id} was replaced and is still used: last at ${when(key.lastUsedMs, 'never')} from ${key.lastUsedIp ?? '?'}; it ends at ${when(key.expiresMs, 'no time')}`,
        )
      }
      if (lingering.length > 0) exit(1)
    }),
  )

  sub('rotate <name>', 'make another key with the same rights; the old one ends after the overlap')
    .option('--overlap <time>', 'how long the old one still counts (default: 7d)', duration, 604_800_000)
    .option('--expires <when>', 'when the new one ends', timeAhead)
    .addHelpText('after', '\nExamples:\n  ringwall api-key rotate billing --overlap 3d')
    .action((name: string, options: Options) =>
      atGrantDesk(options, async ({ desk, kept, record }) => {
        const { expires, overlap } = options
        const { key, text, before } = await kept.apiKeys.rotate(desk.realm, name, {
          overlapMs: overlap,
          by: desk.by,
          ...(expires !== undefined && { expiresMs: expires }),
        })
        const old = before.map(({ id }) => id).join(',')
        await record('gateway.api-key-rotated', `key:${key.client}`, { ...facts(key), before: old })
        tell(terminal, options, key, text.reveal())
        terminal.error(
          `the old one counts until ${when(Date.now() + overlap, '')}; see ringwall api-key show ${name}`,
        )
      }),
    )

  sub('revoke <name-or-id>', 'take a key back, or all of a name, from the next request on')
    .addHelpText('after', '\nExamples:\n  ringwall api-key revoke billing')
    .action((nameOrId: string, options: Options) =>
      atGrantDesk(options, async ({ desk, kept, record }) => {
        const revoked = await kept.apiKeys.revoke(desk.realm, nameOrId, desk.by)
        if (revoked.length === 0) throw noKey(nameOrId)
        for (const key of revoked)
          await record('gateway.api-key-revoked', `key:${key.client}`, { key: key.id, name: key.name })
        if (options.json === true) terminal.out(JSON.stringify(revoked.map(({ id }) => id)))
        else terminal.out(revoked.map(({ name, id }) => `${name} (${id}) is revoked`).join('\n'))
      }),
    )
  return apiKey
}

function tell(terminal: Terminal, options: Options, key: ApiKey, text: string): void {
  if (options.json === true) {
    terminal.out(JSON.stringify({ id: key.id, name: key.name, key: text }))
    return
  }
  terminal.out(text)
  terminal.error(`key ${key.name} (${key.id}); it is shown once and kept nowhere`)
}

function show(terminal: Terminal, options: Options, keys: readonly ApiKey[]): void {
  if (options.json === true) {
    terminal.out(JSON.stringify(keys, null, 2))
    return
  }
  const nowMs = Date.now()
  const rows = keys.map((key) => [
    key.name,
    `${key.hint}...`,
    stateOf(key, nowMs),
    key.owner,
    [...key.roles, ...key.scopes].join(',') || '-',
    key.routes.join(',') || 'all',
    key.networks.join(',') || 'all',
    key.rate ? `${key.rate.limit}/${key.rate.periodMs / 1000}s` : '-',
    when(key.expiresMs, 'never'),
    when(key.lastUsedMs, 'never'),
    key.lastUsedIp ?? '-',
    String(key.uses),
    key.id,
  ])
  const head =
    'NAME,KEY,STATE,OWNER,ROLES AND SCOPES,ROUTES,NETWORKS,LIMIT,ENDS,LAST USED,FROM,USES,ID'.split(',')
  terminal.out(columns([head, ...rows]))
}

function stateOf(key: ApiKey, nowMs: number): string {
  if (key.revokedMs !== null) return 'revoked'
  if (!counts(key, nowMs)) return 'expired'
  return key.replacedBy === null ? 'current' : 'replaced'
}

/** A misspelt role would be a key that can do nothing, found when it is needed. */
function checkRights({ desk: { rbac }, config }: OpenDesk, { role, scope, route }: Options): void {
  const badRole = role.find((name) => !rbac.isRole(name))
  if (badRole !== undefined)
    throw new RingwallError('cli.role', `no role \`${badRole}\`; there is ${rbac.roles.join(', ')}`)
  const asked = config.routes.flatMap(({ api_key: own }) => (typeof own === 'object' ? own.scopes : []))
  const badScope = scope.find((name) => !rbac.isPermission(name) && !asked.includes(name))
  if (badScope !== undefined)
    throw new RingwallError('cli.scope', `\`${badScope}\` is no permission, and no route asks for it`)
  const names = config.routes.map(({ name }) => name)
  const badRoute = route.find((name) => !names.includes(name))
  if (badRoute !== undefined)
    throw new RingwallError('cli.route', `no route \`${badRoute}\`; there is ${names.join(', ') || 'none'}`)
}

function facts(key: ApiKey): Readonly<Record<string, string>> {
  return {
    key: key.id,
    name: key.name,
    owner: key.owner,
    rights: [...key.roles, ...key.scopes].join(','),
    expires: when(key.expiresMs, 'never'),
  }
}

function noKey(name: string): RingwallError {
  return new RingwallError('cli.no-key', `there is no key \`${name}\`; see ringwall api-key list --all`)
}

function several(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}

function rate(text: string): Options['limit'] {
  const [, limit = '', period = ''] = /^(\d{1,9})\/(\w+)$/.exec(text) ?? []
  const periodMs = PERIODS[period]
  if (Number(limit) < 1 || periodMs === undefined)
    throw new InvalidArgumentError('write 100/minute; periods are second, minute, hour, day')
  return { limit: Number(limit), periodMs }
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('write 30m, 12h or 7d')
  return ms
}

function timeAhead(text: string): number {
  const inMs = parseDuration(text)
  const at = inMs === undefined ? Date.parse(text) : Date.now() + inMs
  if (Number.isNaN(at) || at <= Date.now())
    throw new InvalidArgumentError('write 90d, or a date to come such as 2027-01-01T00:00:00Z')
  return at
}
