import { readFileSync, statSync } from 'node:fs'

import { Command } from 'commander'

import type { Config } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { type Explanation, imagineWalls } from '../../index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { type RecordedRequest, readTraffic } from '../recorded-traffic.ts'

/** More is to be cut first. */
const MAX_FILE_BYTES = 512 * 1024 * 1024
const SHOWN = 20

/** One recorded request that the perimeter would refuse, and why. */
export interface ReplayRefusal {
  readonly at: string
  readonly method: string
  readonly target: string
  readonly code: string
  readonly rules: readonly number[]
  readonly detail: string
}

/** `ringwall rules replay`: what would be refused of recorded traffic. */
export function replayCommand({ terminal, exit }: CommandContext): Command {
  return new Command('replay')
    .description('say what the perimeter would refuse of recorded traffic, as if everything were enforced')
    .argument('<file>', 'a HAR file, or an access log in the common or combined format')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--json', 'every refusal as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall rules replay /var/log/nginx/access.log\n  ringwall rules replay site.har --json\n\nAn access log has no bodies and few fields: what it does not show is not judged.',
    )
    .action(async (file: string, options: { readonly config?: string; readonly json?: boolean }) => {
      const { requests, unread } = readTraffic(readRecording(file), file)
      const { config } = readConfig(options.config)
      const refusals = await replay(config, requests, (done) => {
        if (done % 1000 === 0 && options.json !== true) terminal.error(`${done} of ${requests.length}`)
      })
      if (options.json === true) {
        terminal.out(JSON.stringify({ requests: requests.length, unread, refusals }, null, 2))
      } else {
        for (const { at, method, target, code, detail } of refusals.slice(0, SHOWN))
          terminal.out(`${at}  ${method} ${target.slice(0, 100)}\n    ${code}: ${detail}`)
        if (refusals.length > SHOWN) terminal.out(`... and ${refusals.length - SHOWN} more; --json has all`)
        for (const [rule, count] of countByRule(refusals))
          terminal.out(`${String(count).padStart(7)}  ${rule}`)
        const left = unread > 0 ? `, ${unread} lines could not be read` : ''
        terminal.out(`${refusals.length} of ${requests.length} requests would be refused${left}`)
      }
      if (refusals.length > 0) exit(1)
    })
}

/** The text of a recording, bytes as they are. */
export function readRecording(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) throw new RingwallError('cli.recording', `there is no file ${file}`)
  if (size > MAX_FILE_BYTES)
    throw new RingwallError('cli.recording', `${file} is larger than ${MAX_FILE_BYTES} bytes; cut it first`)
  return readFileSync(file, 'utf8')
}

/** What the perimeter of a configuration refuses, with its rules enforced everywhere and nothing counted. */
export async function replay(
  config: Config,
  requests: readonly RecordedRequest[],
  onProgress: (done: number) => void = () => undefined,
): Promise<readonly ReplayRefusal[]> {
  const walls = await imagineWalls(enforced(config))
  const refusals: ReplayRefusal[] = []
  try {
    for (const [i, { at, request }] of requests.entries()) {
      const event = await walls.walk(request)
      if (event.verdict === 'refuse' && event.wall === 'perimeter')
        refusals.push({ at, method: request.method, target: request.target, ...reasonOf(event) })
      onProgress(i + 1)
    }
    return refusals
  } finally {
    await walls.close()
  }
}

/** The configuration as it would be with the attack rules enforced everywhere; floods and names of bots say nothing of one request. */
function enforced(config: Config): Config {
  const { perimeter } = config.security
  return Object.freeze({
    ...config,
    routes: config.routes.map((route) =>
      route.inspect === 'detect' ? { ...route, inspect: 'enforce' as const } : route,
    ),
    security: {
      ...config.security,
      perimeter: {
        ...perimeter,
        core_rule_set: { ...perimeter.core_rule_set, mode: 'enforce' as const },
        bots: { ...perimeter.bots, verify: false },
        rules: { ...perimeter.rules, RATE_LIMIT: { ...perimeter.rules.RATE_LIMIT, enabled: false } },
      },
    },
  })
}

function reasonOf({ code, detail, trace }: Explanation): Pick<ReplayRefusal, 'code' | 'rules' | 'detail'> {
  const rules = new Set((trace ?? []).flatMap((step) => step.rules ?? []).map(({ id }) => id))
  return { code: code ?? '', rules: [...rules], detail: detail ?? '' }
}

function countByRule(refusals: readonly ReplayRefusal[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const { code, rules } of refusals)
    for (const rule of rules.length === 0 ? [code] : rules.map((id) => `rule ${id}`))
      counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)
}
