import { RingwallError } from '../core/errors.ts'
import type { RouteMatch } from '../core/exchange.ts'
import { matchesHost } from '../core/host-pattern.ts'

/** What a row of the routing table is made of. */
export interface RoutePattern {
  readonly name: string
  /** Lower-case host names, or `*.example.com`. Empty: any host. */
  readonly hosts?: readonly string[] | undefined
  /** `/orders/{id}`: literal segments, `{name}` or `*` for one segment, `**` at the end for any number. */
  readonly path: string
  /** Upper-case methods. Empty: any. HEAD goes wherever GET does (RFC 9110 9.3.2). */
  readonly methods?: readonly string[] | undefined
}

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one'; readonly name: string | undefined }
  | { readonly kind: 'rest' }

interface Row {
  readonly index: number
  readonly pattern: RoutePattern
  readonly hosts: readonly string[]
  readonly segments: readonly Segment[]
  readonly methods: readonly string[]
}

const RANK = { literal: 0, one: 1, rest: 2 } as const

/**
 * Finds the row for host, path and method. The most specific pattern wins, whatever the order of the rows: a named host
 * before a wildcard before any; in the path a literal segment before `{one}` before `**`, from the left. Matching costs
 * the rows times the segments, without regular expressions.
 */
export class RouteTable {
  readonly #rows: readonly Row[]

  constructor(patterns: readonly RoutePattern[]) {
    const rows = patterns.map((pattern, index): Row => ({
      index,
      pattern,
      hosts: pattern.hosts ?? [],
      segments: parsePattern(pattern.path, pattern.name),
      methods: pattern.methods ?? [],
    }))
    refuseDuplicates(rows)
    this.#rows = rows.sort(compareRows)
  }

  /** The rows in the order in which they are tried, each by its place in the list that was given. */
  get order(): readonly number[] {
    return this.#rows.map(({ index }) => index)
  }

  /** The row, or why there is none: no row for the path, or none for this method (`allow` lists those there are). */
  match(
    host: string | undefined,
    path: string,
    method: string,
  ): { readonly match: RouteMatch; readonly index: number | undefined } {
    const parts = path.slice(1).split('/')
    const allow = new Set<string>()
    for (const row of this.#rows) {
      if (!matchesHosts(row.hosts, host)) continue
      const params = matchSegments(row.segments, parts)
      if (!params) continue
      if (takesMethod(row.methods, method)) {
        return { index: row.index, match: { name: row.pattern.name, kind: 'found', params, allow: [] } }
      }
      for (const one of row.methods) allow.add(one)
      if (row.methods.includes('GET')) allow.add('HEAD')
    }
    const kind = allow.size > 0 ? 'method-not-allowed' : 'no-route'
    return { index: undefined, match: { name: '-', kind, params: {}, allow: [...allow].sort() } }
  }
}

function parsePattern(path: string, name: string): Segment[] {
  const wrong = (why: string): RingwallError =>
    new RingwallError('gateway.path-pattern', `route \`${name}\`: the path \`${path}\` ${why}`)
  if (!path.startsWith('/')) throw wrong('must begin with a slash')
  const texts = path.slice(1).split('/')
  return texts.map((text, i): Segment => {
    if (text === '**') {
      if (i !== texts.length - 1) throw wrong('may have `**` at its end only')
      return { kind: 'rest' }
    }
    if (text === '*') return { kind: 'one', name: undefined }
    const param = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/.exec(text)
    if (param) return { kind: 'one', name: param[1] }
    if (/[{}*]/.test(text)) throw wrong(`has \`${text}\`; a segment is a literal, {name}, * or **`)
    if (text === '' && i !== texts.length - 1) throw wrong('has an empty segment')
    return { kind: 'literal', text }
  })
}

function matchSegments(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  for (const [i, segment] of segments.entries()) {
    if (segment.kind === 'rest') return params
    const part = parts[i]
    if (part === undefined) return undefined
    if (segment.kind === 'literal') {
      if (part !== segment.text) return undefined
    } else {
      if (part === '') return undefined
      if (segment.name !== undefined) params[segment.name] = part
    }
  }
  return parts.length === segments.length ? params : undefined
}

function matchesHosts(patterns: readonly string[], host: string | undefined): boolean {
  return (
    patterns.length === 0 || (host !== undefined && patterns.some((pattern) => matchesHost(host, pattern)))
  )
}

function takesMethod(methods: readonly string[], method: string): boolean {
  return methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
}

function hostRank(hosts: readonly string[]): number {
  if (hosts.length === 0) return 2
  return hosts.some((host) => host.startsWith('*.')) ? 1 : 0
}

function compareRows(a: Row, b: Row): number {
  const byHost = hostRank(a.hosts) - hostRank(b.hosts)
  if (byHost !== 0) return byHost
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const [one, other] = [a.segments[i], b.segments[i]]
    // The longer of two that are alike so far, except that `**` also stands for nothing more.
    if (!one || !other) return one ? (one.kind === 'rest' ? 1 : -1) : other?.kind === 'rest' ? -1 : 1
    if (one.kind !== other.kind) return RANK[one.kind] - RANK[other.kind]
  }
  // Rows for some methods before rows for all, then the order of the file.
  return Number(a.methods.length === 0) - Number(b.methods.length === 0) || a.index - b.index
}

function refuseDuplicates(rows: readonly Row[]): void {
  const seen = new Map<string, string>()
  for (const row of rows) {
    const shape = row.segments
      .map((segment) => (segment.kind === 'literal' ? `/${segment.text}` : `/<${segment.kind}>`))
      .join('')
    const hosts = row.hosts.length === 0 ? ['any'] : row.hosts
    const methods = row.methods.length === 0 ? ['any'] : row.methods
    for (const key of hosts.flatMap((host) => methods.map((method) => `${host} ${method} ${shape}`))) {
      const other = seen.get(key)
      if (other !== undefined) {
        throw new RingwallError(
          'gateway.route-twice',
          `routes \`${other}\` and \`${row.pattern.name}\` match the same requests (${key}); remove one`,
        )
      }
      seen.set(key, row.pattern.name)
    }
  }
}
