import { readCookie } from '../core/cookies.ts'
import type { HeaderList } from '../core/headers.ts'
import type { RequestValue } from './binding.ts'

/** What is read of a request. */
export interface Valued {
  readonly headers: HeaderList
  readonly route: { readonly params: Readonly<Record<string, string>> }
  readonly target: { readonly ok: true; readonly rawQuery: string } | { readonly ok: false }
}

/** A value of a request as text; undefined where it is absent, there twice, or not UTF-8: then two readers could differ. */
export function decodedValue(request: Valued, { from, name }: RequestValue): string | undefined {
  switch (from) {
    case 'path':
      return decode(request.route.params[name])
    case 'query':
      return request.target.ok ? only(new URLSearchParams(request.target.rawQuery).getAll(name)) : undefined
    case 'cookie':
      return decode(readCookie(request.headers.all('cookie'), name))
    default:
      return from satisfies never
  }
}

/** The same value as one segment of a path. */
export function pathValue(request: Valued, value: RequestValue): string | undefined {
  if (value.from === 'path') return request.route.params[value.name]
  const text = decodedValue(request, value)
  // Of dots alone a path would be made that means something else.
  return text === undefined || /^\.{0,2}$/.test(text) ? undefined : encodeURIComponent(text)
}

function only(values: readonly string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined
}

function decode(raw: string | undefined): string | undefined {
  if (raw === undefined) return undefined
  try {
    return decodeURIComponent(raw)
  } catch {
    return undefined
  }
}
