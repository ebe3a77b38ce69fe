import { RingwallError } from '../core/errors.ts'
import type { RouteMatch, Target } from '../core/exchange.ts'
import type { HeaderList } from '../core/headers.ts'

type Place = { readonly name: string; readonly path: string }
type ReadTarget = Extract<Target, { ok: true }>

/** How the path that is sent on differs from the one that was asked for. */
export interface PathRewrite {
  /** The target that the application gets. */
  target(target: ReadTarget, match: RouteMatch): ReadTarget
  /** Leads what the application says about its own paths back to those that clients know. */
  reply(headers: HeaderList, host: string): void
}

/** `strip_prefix` and `add_prefix` of a route. Throws RingwallError where the prefix is not that of the route's path. */
export function prefixRewrite(
  route: Place,
  {
    strip_prefix: strip = '',
    add_prefix: add = '',
  }: { strip_prefix?: string | undefined; add_prefix?: string | undefined },
): PathRewrite {
  if (strip !== '' && route.path !== strip && !route.path.startsWith(`${strip}/`))
    throw new RingwallError(
      'gateway.rewrite',
      `route \`${route.name}\`: \`strip_prefix\` is \`${strip}\`, but the path \`${route.path}\` does not begin with it`,
    )
  const moved = (path: string, from: string, to: string): string | undefined => {
    if (path !== from && !path.startsWith(`${from}/`)) return undefined
    const rest = to + path.slice(from.length)
    return rest === '' ? '/' : rest
  }
  return {
    target(target) {
      const path = moved(target.path, strip, add) ?? target.path
      return { ...target, path, decodedPath: moved(target.decodedPath, strip, add) ?? path }
    },
    reply(headers, host) {
      headers.rewrite('location', (value) => {
        const own = value.startsWith('/') && !value.startsWith('//') ? '' : originIn(value, host)
        if (own === undefined) return value
        const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(value.slice(own.length)) ?? []
        return own + (moved(path === '' ? '/' : path, add, strip) ?? path) + rest
      })
      headers.rewrite('set-cookie', (value) =>
        value.replace(/(;\s*path=)([^;]*)/i, (all: string, name: string, path: string) => {
          const back = moved(path.trim(), add, strip)
          return back === undefined ? all : `${name}${back}`
        }),
      )
    },
  }
}

/** The origin of an absolute URL, if it is on the host that the client asked. */
function originIn(value: string, host: string): string | undefined {
  const origin = /^https?:\/\/[^/?#]+/i.exec(value)?.[0]
  if (origin === undefined || origin.replace(/^https?:\/\//i, '').toLowerCase() !== host.toLowerCase())
    return undefined
  return origin
}

/**
 * Where a redirect leads: `/new/{id}` or `https://www.example.com/{id}` with the values of the path, and `{**}` for what
 * `**` stands for. Values fill the path only, never the host. Throws RingwallError naming the route.
 */
export function redirectTarget(route: Place, to: string): (match: RouteMatch, path: string) => string {
  const fail = (why: string): RingwallError =>
    new RingwallError('gateway.redirect', `route \`${route.name}\`: \`redirect.to\` ${why}`)
  const parts = to.split(/(\{[^{}]*\})/)
  const head = parts[0] ?? ''
  if (!/^(https?:\/\/[^/{}]+)?\/(?!\/)/.test(head)) throw fail('must be a path, or a URL with its whole host')
  const names = new Set([...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string))
  const segments = route.path.split('/')
  const restAt = segments.at(-1) === '**' ? segments.length - 1 : undefined
  for (const part of parts.slice(1)) {
    if (part === '{**}' ? restAt !== undefined : !/[{}]/.test(part) || names.has(part.slice(1, -1))) continue
    throw fail(`has \`${part}\`, which the path \`${route.path}\` does not have`)
  }
  return ({ params }, path) =>
    parts
      .map((part) => {
        if (part === '{**}') return path.split('/').slice(restAt).join('/')
        return part.startsWith('{') ? (params[part.slice(1, -1)] ?? '') : part
      })
      .join('')
}
