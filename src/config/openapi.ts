import { LineCounter, parseDocument } from 'yaml'

import { RingwallError } from '../core/errors.ts'
import { type RouteConfig, routeSchema } from './schema.ts'

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const
const EXTENSION = 'x-ringwall'
const MAX_BYTES = 4 * 1024 * 1024

/**
 * Routes of an OpenAPI 3.1 document: one for each operation that has `x-ringwall`, which takes the keys of a route but for
 * `path` and `methods`. An operation with an identifier in its path says who may use which: `access`, or `access: off`.
 * Throws RingwallError with file and line.
 */
export function openapiRoutes(text: string, file: string): RouteConfig[] {
  const { value, at } = readDocument(text, file)
  const paths = (value as { readonly paths?: unknown } | null)?.paths
  if (!isRecord(paths)) throw wrong('has no `paths`', { file })
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => isRecord(item) && isRecord(item[method])).flatMap((method) => {
      const operation = (item as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[method]
      const place = at(['paths', path, method])
      const name = `${method.toUpperCase()} ${path}`
      if (operation?.[EXTENSION] === undefined) {
        if (!path.includes('{')) return []
        throw wrong(
          `${name} has an identifier in its path, and nothing says who may use which; add \`${EXTENSION}: { access: ... }\`, or \`access: off\``,
          place,
        )
      }
      const extension = operation[EXTENSION]
      const parsed = routeSchema.safeParse({
        ...(isRecord(extension) ? extension : {}),
        name,
        path,
        methods: [method.toUpperCase()],
      })
      if (!parsed.success || !isRecord(extension)) {
        const issue = parsed.error?.issues[0]
        throw wrong(
          `${name}: ${EXTENSION}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'must be a section'}`,
          place,
        )
      }
      if (path.includes('{') && parsed.data.access === undefined)
        throw wrong(`${name}: \`${EXTENSION}\` has no \`access\``, place)
      return [{ ...parsed.data, name }]
    }),
  )
}

/** A document in YAML or JSON as plain values, and where each of its parts stands. Throws RingwallError with file and line. */
export function readDocument(
  text: string,
  file: string,
): {
  readonly value: unknown
  readonly at: (path: readonly string[]) => { readonly file: string; readonly line?: number }
} {
  if (Buffer.byteLength(text) > MAX_BYTES) throw wrong(`larger than ${MAX_BYTES} bytes`, { file })
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core' })
  const [error] = document.errors
  if (error) {
    const { line, col } = lines.linePos(error.pos[0])
    throw wrong(error.message.split('\n')[0] ?? 'cannot be read', { file, line, column: col })
  }
  return {
    value: document.toJS({ maxAliasCount: 100 }),
    at: (path) => {
      const node = document.getIn(path, true) as { readonly range?: readonly number[] } | undefined
      const offset = node?.range?.[0]
      return offset === undefined ? { file } : { file, line: lines.linePos(offset).line }
    },
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(
  message: string,
  at: { readonly file: string; readonly line?: number; readonly column?: number },
): RingwallError {
  return new RingwallError('config.openapi', message, { at })
}
