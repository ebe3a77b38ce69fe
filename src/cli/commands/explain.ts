import { Command } from 'commander'

import { formatTrace } from '../../audit/index.ts'
import type { Config } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { parseIp } from '../../core/ip.ts'
import { type ExplainRequest, explainWalk } from '../../index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'

interface Options {
  readonly config?: string
  readonly host?: string
  readonly header: readonly string[]
  readonly body?: string
  readonly ip?: string
  readonly https?: boolean
  readonly json?: boolean
}

/** `ringwall explain`: the walk of an imagined request, without sending it. */
export function explainCommand({ terminal, exit }: CommandContext): Command {
  return new Command('explain')
    .description('print what each wall would say of a request, without sending, counting or recording it')
    .argument('<method>', 'such as GET')
    .argument('<path>', 'path and query, encoded as on the wire')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--host <name>', 'the Host field (default: the first host of the configuration, else localhost)')
    .option(
      '-H, --header <field>',
      'a field `Name: value`; can be given several times',
      (field, all: string[]) => [...all, field],
      [],
    )
    .option('--body <text>', 'the body')
    .option('--ip <address>', "the client's address (default: 127.0.0.1)")
    .option('--https', 'as if it came over HTTPS')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      "\nExamples:\n  ringwall explain GET /orders/7\n  ringwall explain GET \"/search?q=%27%20OR%201=1\"\n  ringwall explain POST /comments --body 'text=hello' -H 'Origin: https://evil.example'",
    )
    .action(async (method: string, target: string, options: Options) => {
      const { config } = readConfig(options.config)
      const headers = options.header.flatMap((field) => {
        const at = field.indexOf(':')
        if (at < 1) throw new RingwallError('cli.header', `\`${field}\` is not a field; write Name: value`)
        return [field.slice(0, at), field.slice(at + 1).trim()]
      })
      if (options.ip !== undefined && !parseIp(options.ip))
        throw new RingwallError(
          'cli.ip',
          `\`${options.ip}\` is not an address; write 192.0.2.7 or 2001:db8::7`,
        )
      const request: ExplainRequest = {
        method,
        target,
        headers,
        host: options.host ?? firstHost(config),
        ...(options.body !== undefined && { body: options.body }),
        ...(options.ip !== undefined && { ip: options.ip }),
        ...(options.https === true && { https: true }),
      }
      const explanation = await explainWalk(config, request)
      terminal.out(options.json === true ? JSON.stringify(explanation, null, 2) : formatTrace(explanation))
      if (explanation.verdict === 'refuse') exit(1)
    })
}

/** A name that is served, so that a walk without --host is not refused for its host. */
function firstHost({ security, routes }: Config): string {
  const names = [...security.edge.hosts, ...routes.flatMap((route) => route.hosts ?? [])]
  return names.find((name) => !name.startsWith('*')) ?? 'localhost'
}
