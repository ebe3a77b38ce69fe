import { Command } from 'commander'

import { queryAudit } from '../../audit/index.ts'
import type { Config } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { clientNetwork } from '../../core/ip.ts'
import { parseDuration } from '../../core/units.ts'
import { limitKey, namedLimits, type NamedLimit, ownLimit } from '../../gateway/index.ts'
import type { Kept } from '../../index.ts'
import { requestReset } from '../../store/index.ts'
import { withAuditedStore } from '../audited-store.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly json?: boolean
  readonly since: string
  readonly key?: string
}

/** Who was refused by a limit, from the audit log. */
interface Refused {
  readonly limit: string
  readonly key: string
  readonly times: number
  readonly lastMs: number
  readonly ip: string
  /** Whether the next request would be refused; unknown where counters are in the memory of the gateway. */
  readonly isOver: boolean | undefined
}

const MAX_EVENTS = 10_000

/** `ringwall limits`: what is limited, who was refused, and a way to let somebody in again. */
export function limitsCommand({ terminal }: CommandContext): Command {
  const limits = new Command('limits').description('see rate limits and who is over them; reset one')
  const common = (command: Command): Command =>
    command.option(
      '-c, --config <file>',
      'configuration file (default: security_config.yaml here, if there is one)',
    )
  common(limits.command('list', { isDefault: true }).description('every limit, and who was refused lately'))
    .option('--since <time>', 'how far back to look for refusals', '1h')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  ringwall limits\n  ringwall limits list --since 1d --json')
    .action(async (options: Options) => {
      const sinceMs = parseDuration(options.since)
      if (sinceMs === undefined)
        throw new RingwallError('cli.since', `write 15m, 1h or 1d, not \`${options.since}\``)
      await withAuditedStore(options, async ({ config, kept }) => {
        const all = limitsOf(config)
        const refused = await whoWasRefused(kept, config, all, Date.now() - sinceMs)
        if (options.json === true) {
          terminal.out(JSON.stringify({ limits: all.map(plain), refused }, null, 2))
          return
        }
        const rows = all.map((limit) => [
          limit.name,
          ruleOf(limit),
          limit.by.join('+'),
          limit.isShadow ? 'shadow' : 'enforce',
          limit.match,
        ])
        terminal.out(columns([['LIMIT', 'RULE', 'BY', 'MODE', 'COUNTS'], ...rows]))
        if (refused.length === 0) {
          terminal.out(`\nnobody was refused in the last ${options.since}`)
          return
        }
        const lines = refused.map((one) => [
          one.limit,
          one.key,
          String(one.times),
          new Date(one.lastMs).toISOString().slice(0, 19).concat('Z'),
          one.ip,
          one.isOver === undefined ? '?' : one.isOver ? 'yes' : 'no',
        ])
        terminal.out(`\n${columns([['REFUSED BY', 'KEY', 'TIMES', 'LAST', 'FROM', 'OVER NOW'], ...lines])}`)
      })
    })
  common(
    limits
      .command('reset <limit> [values...]')
      .description('forget what was counted; counts within a second on every gateway'),
  )
    .option('--key <key>', 'the key as the list shows it, in place of the values')
    .addHelpText(
      'after',
      '\nOne value for each thing that the limit counts by.\n\nExamples:\n  ringwall limits reset login 192.0.2.7\n  ringwall limits reset account ann@example.com',
    )
    .action(async (name: string, values: readonly string[], options: Options) => {
      await withAuditedStore(options, async ({ config, kept, record }) => {
        const key = options.key ?? keyFor(limitsOf(config), name, values)
        await kept.store.counters.reset(key)
        await requestReset(kept.store.database, key, Date.now())
        await record('gateway.limit-reset', undefined, { by: 'command line', limit: name, key })
        terminal.out(`${name}: ${key} starts anew`)
      })
    })
  return limits
}

type ShownLimit = NamedLimit & { readonly match: string }

/** Those of `security.rate_limiting`, and those that a route has of its own. */
function limitsOf(config: Config): readonly ShownLimit[] {
  const { rate_limiting: named } = config.security
  return [
    ...namedLimits(named).map((limit) => ({
      ...limit,
      match: named[limit.name]?.match.join(' ') || 'routes that name it',
    })),
    ...config.routes.flatMap((route) => {
      const own = ownLimit(route)
      return own ? [{ ...own, match: route.path }] : []
    }),
  ]
}

function ruleOf({ rule, concurrent }: NamedLimit): string {
  const rate = rule ? `${rule.limit} in ${rule.periodMs / 1000} s` : ''
  const places = concurrent === undefined ? '' : `${concurrent} at once`
  return [rate, places].filter(Boolean).join(', ')
}

function plain(limit: ShownLimit) {
  const { name, rule, concurrent, by, isShadow, match } = limit
  return { name, rule: rule ?? null, concurrent: concurrent ?? null, by, shadow: isShadow, match }
}

async function whoWasRefused(
  kept: Kept,
  config: Config,
  limits: readonly NamedLimit[],
  sinceMs: number,
): Promise<readonly Refused[]> {
  const events = await queryAudit(kept.store.database, {
    code: 'gateway.rate-limited',
    sinceMs,
    limit: MAX_EVENTS,
  })
  const found = new Map<string, Refused>()
  for (const { detail, atMs, ip } of events) {
    const [, limit = '?', key = '?'] = /^limit `([^`]*)`: .* key `([^`]*)`$/.exec(detail ?? '') ?? []
    const known = found.get(key)
    const isNewer = known === undefined || atMs >= known.lastMs
    found.set(key, {
      limit,
      key,
      times: (known?.times ?? 0) + 1,
      lastMs: isNewer ? atMs : known.lastMs,
      ip: isNewer ? (ip ?? '?') : known.ip,
      isOver: undefined,
    })
  }
  const refused = [...found.values()].toSorted((a, b) => b.lastMs - a.lastMs)
  if (!config.store.redis) return refused
  return Promise.all(
    refused.map(async (one) => {
      const rule = limits.find(({ name }) => name === one.limit)?.rule
      // A cost of nothing only looks.
      const state = rule && (await kept.store.counters.take(one.key, 0, rule, Date.now()))
      return { ...one, isOver: state && state.remaining === 0 }
    }),
  )
}

function keyFor(limits: readonly NamedLimit[], name: string, values: readonly string[]): string {
  const limit = limits.find((one) => one.name === name)
  if (!limit) {
    const names = limits.map((one) => `\`${one.name}\``).join(', ')
    throw new RingwallError('cli.limit', `no limit \`${name}\`; there is ${names}`)
  }
  if (values.length !== limit.parts.length) {
    throw new RingwallError(
      'cli.limit-values',
      `limit \`${name}\` counts by ${limit.by.join(' and ')}: give ${limit.parts.length} value(s), or --key`,
    )
  }
  return limitKey(limit, (part, i) => {
    const value = values[i] as string
    return part.kind === 'address' ? clientNetwork(value) : value
  })
}
