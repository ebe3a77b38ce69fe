import { Command } from 'commander'

import type { Config, RouteConfig } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { readTarget } from '../../edge/index.ts'
import { RouteTable } from '../../gateway/index.ts'
import { configuredRoutes } from '../../sites.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly host?: string
  readonly json?: boolean
}

/** `ringwall routes`: the routing table in the order in which it is tried, and what the walls of each route ask. */
export function routesCommand({ terminal, exit }: CommandContext): Command {
  return new Command('routes')
    .description('print the routing table and what each wall asks, or the row that a request falls on')
    .argument('[method]', 'such as GET')
    .argument('[path]', 'path as on the wire')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--host <name>', 'the host that is asked')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  ringwall routes\n  ringwall routes GET /orders/7 --host shop.test')
    .action((method: string | undefined, path: string | undefined, options: Options) => {
      const { config } = readConfig(options.config)
      const routes = configuredRoutes(config)
      const table = new RouteTable(routes)
      const order = method === undefined ? table.order : rowFor(table, method, path, options.host)
      const rows = order.map((index) => rowOf(config, routes[index] as RouteConfig))
      if (options.json === true) terminal.out(JSON.stringify(rows, null, 2))
      else if (rows.length === 0) terminal.out(`no route takes ${method ?? ''} ${path ?? ''}`)
      else terminal.out(columns([COLUMNS.map((name) => name.toUpperCase()), ...rows.map(cellsOf)]))
      if (rows.length === 0) exit(1)
    })
}

const COLUMNS = ['methods', 'hosts', 'path', 'to', 'rules', 'limit', 'body', 'sign-in', 'access'] as const
type Row = Readonly<Record<(typeof COLUMNS)[number] | 'name', string>>

function rowFor(
  table: RouteTable,
  method: string,
  rawPath: string | undefined,
  host: string | undefined,
): readonly number[] {
  if (rawPath === undefined)
    throw new RingwallError('cli.path', 'write method and path, such as GET /orders/7')
  const target = readTarget(rawPath, host)
  if (!target.ok)
    throw new RingwallError('cli.path', `\`${rawPath}\` has no single reading: ${target.reason}`)
  const { index } = table.match(host, target.path, method)
  return index === undefined ? [] : [index]
}

function rowOf({ security, upstreams }: Config, route: RouteConfig): Row {
  const level = route.paranoia_level === undefined ? '' : ` level ${route.paranoia_level}`
  return {
    name: route.name,
    methods: route.methods?.join(',') ?? 'any',
    hosts: route.hosts?.join(',') ?? 'any',
    path: route.path,
    to: goesTo(route, Object.keys(upstreams)),
    rules: (route.inspect ?? 'enforce') + level,
    limit: limitText(route.rate_limit),
    body: formatSize(route.max_body ?? security.gateway.max_body),
    'sign-in':
      route.sign_in ?? (route.permission === undefined && !hasPolicy(route) ? 'optional' : 'required'),
    access: accessText(route),
  }
}

function goesTo({ redirect, respond, upstream, rewrite }: RouteConfig, upstreams: readonly string[]): string {
  if (redirect) return `${redirect.status} ${redirect.to}`
  if (respond) return `answer ${respond.status}`
  const { strip_prefix: strip = '', add_prefix: add = '' } = rewrite ?? {}
  const path = rewrite ? ` ${strip === '' ? '' : `-${strip}`}${add === '' ? '' : `+${add}`}` : ''
  return `${upstream ?? upstreams[0] ?? 'nothing'}${path}`
}

function limitText(limit: RouteConfig['rate_limit']): string {
  if (limit === undefined) return 'by path'
  if (typeof limit === 'string') return limit
  return 'requests' in limit ? `${limit.requests} a ${limit.period}` : limit.join(', ')
}

const hasPolicy = ({ access }: RouteConfig): boolean => access !== undefined && access !== 'off'

function accessText({ access, permission }: RouteConfig): string {
  const asks = [
    ...(permission === undefined ? [] : [permission]),
    ...(access === undefined || access === 'off'
      ? []
      : [`policy ${access.action} on ${access.resource.type}`]),
  ]
  return asks.join(', ') || 'anybody'
}

function cellsOf(row: Row): readonly string[] {
  return COLUMNS.map((name) => row[name])
}
