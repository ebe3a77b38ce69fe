import { readFileSync } from 'node:fs'

import { Command } from 'commander'

import { createEgressPolicy, createResolver, type EgressOptions, logLine } from '../../application/index.ts'
import { systemClock, systemRandom } from '../../core/clock.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import { createIdSource } from '../../core/id.ts'
import { parseIp, parseNetwork } from '../../core/ip.ts'
import { parseDuration, parseSize } from '../../core/units.ts'
import { createTextMask } from '../../data/index.ts'
import { type EgressRecord, startEgressProxy } from '../../egress-proxy.ts'
import type { CommandContext } from '../main.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly listen: string
  readonly allow: readonly string[]
  readonly allowFile?: string
  readonly block: readonly string[]
  readonly port: readonly string[]
  readonly client: readonly string[]
  readonly dns: readonly string[]
  readonly timeout: string
  readonly maxResponse: string
  readonly dangerouslyAllowPrivate: readonly string[]
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** `ringwall egress`: the forward proxy of applications in any language. */
export function egressCommand({ terminal }: CommandContext): Command {
  return new Command('egress')
    .description('run a forward proxy that keeps the requests of an application out of the inside network')
    .option('--listen <address>', 'host:port of the proxy', '127.0.0.1:4750')
    .option(
      '--allow <host>',
      'name, *.name, address or network that may be reached; nothing else then',
      several,
      [],
    )
    .option('--allow-file <file>', 'the same, one a line; # begins a comment')
    .option('--block <host>', 'name, *.name, address or network that may not be reached', several, [])
    .option('--port <number>', 'port that may be reached (default: 80 and 443)', several, [])
    .option('--client <network>', 'who may use the proxy (default: this machine)', several, [])
    .option('--dns <server>', 'DNS server to ask (default: those of the system)', several, [])
    .option('--timeout <duration>', 'the longest that one plain request may take', '30s')
    .option('--max-response <size>', 'the largest answer to one plain request', '100MB')
    .option('--dangerously-allow-private <network>', 'inside network that may be reached', several, [])
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall egress --allow api.example.com --allow "*.example.org"\n  http_proxy=http://127.0.0.1:4750 https_proxy=http://127.0.0.1:4750 ./application',
    )
    .action(async (options: Options) => {
      const proxy = await startEgressProxy({
        listen: readAddress(options.listen),
        policy: createEgressPolicy(readOptions(options)),
        clock: systemClock,
        nextId: createIdSource(systemClock, systemRandom),
        onRecord: recorder(terminal),
        ...(options.client.length > 0 && { allowedClients: options.client.map(readClient) }),
      })
      terminal.error(`the egress proxy listens at ${proxy.url}`)
      await untilSignal()
      await proxy.close()
    })
}

function readOptions(options: Options): EgressOptions {
  const allowed = [...options.allow, ...readLines(options.allowFile)]
  const timeoutMs = parseDuration(options.timeout)
  const maxResponseBytes = parseSize(options.maxResponse)
  if (timeoutMs === undefined)
    throw new RingwallError('cli.flag', `--timeout takes a duration such as 30s, not \`${options.timeout}\``)
  if (maxResponseBytes === undefined)
    throw new RingwallError(
      'cli.flag',
      `--max-response takes a size such as 100MB, not \`${options.maxResponse}\``,
    )
  return {
    timeoutMs,
    maxResponseBytes,
    blockedHosts: options.block,
    ...((options.allow.length > 0 || options.allowFile !== undefined) && { allowedHosts: allowed }),
    ...(options.port.length > 0 && { ports: options.port.map(Number) }),
    ...(options.dangerouslyAllowPrivate.length > 0 && {
      dangerouslyAllowPrivateNetworks: options.dangerouslyAllowPrivate,
    }),
    ...(options.dns.length > 0 && { lookup: createResolver({ servers: options.dns.map(readServer) }) }),
  }
}

function readClient(text: string): string {
  if (parseNetwork(text)) return text
  throw new RingwallError(
    'cli.flag',
    `--client: \`${text}\` is not an address or a network such as 10.0.0.0/8`,
  )
}

function readServer(text: string): string {
  const host =
    /^\[(.+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? (parseIp(text) ? text : text.replace(/:\d{1,5}$/, ''))
  if (parseIp(host)) return text
  throw new RingwallError('cli.flag', `--dns: \`${text}\` is not an address with or without a port`)
}

function readLines(file: string | undefined): readonly string[] {
  if (file === undefined) return []
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('cli.unreadable', `cannot read \`${file}\`: ${describeError(cause)}`, { cause })
  }
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535)
    throw new RingwallError('cli.flag', `--listen must be host:port, not \`${text}\``)
  return { host: (match[1] ?? match[2]) as string, port }
}

/** One line of JSON for each request. What the client wrote is masked and holds no control character. */
function recorder(terminal: Terminal): (record: EgressRecord) => void {
  const mask = createTextMask()
  const clean = (text: string): string => logLine(mask(text), 500)
  return (record) => {
    const { atMs, host, detail, method, ...rest } = record
    terminal.out(
      JSON.stringify({
        at: new Date(atMs).toISOString(),
        method: clean(method),
        host: clean(host),
        ...rest,
        ...(detail !== undefined && { detail: clean(detail) }),
      }),
    )
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
