import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'

import type { DataPath } from '../../access/index.ts'
import { describeError, type Place } from '../../core/errors.ts'
import type { FileFault } from './policy-source.ts'

/** A YAML file as plain data that knows where it stands. */
export interface PlainDocument {
  readonly file: string
  readonly text: string
  readonly data: unknown
  readonly placeOf: (path: DataPath) => Place
}

const MAX_ALIASES = 100

/** Reads YAML 1.2; whole numbers beyond 2^53 stay exact. */
export function readYaml(
  file: string,
  text: string,
):
  | { readonly ok: true; readonly document: PlainDocument }
  | { readonly ok: false; readonly fault: FileFault } {
  const lines = new LineCounter()
  const parsed = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    merge: false,
    intAsBigInt: true,
    logLevel: 'error',
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const wrong = parsed.errors[0] ?? parsed.warnings[0]
  if (wrong !== undefined) {
    const message = (wrong.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
    return { ok: false, fault: { message, at: placeAt(wrong.pos[0]), text } }
  }
  try {
    const data: unknown = parsed.toJS({
      maxAliasCount: MAX_ALIASES,
      reviver: (_, value: unknown) => exact(value),
    })
    const placeOf = (path: DataPath): Place => placeAt(offsetOf(parsed.contents, path))
    return { ok: true, document: { file, text, data, placeOf } }
  } catch (thrown) {
    return { ok: false, fault: { message: describeError(thrown), at: { file }, text } }
  }
}

function exact(value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

/** Where a path stands, or as far as it goes. */
function offsetOf(root: unknown, path: DataPath): number {
  let node = root
  let offset = 0
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      if (pair === undefined) return offset
      offset = (pair.key as { readonly range?: readonly number[] }).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = (node as { readonly range?: readonly number[] } | undefined)?.range?.[0] ?? offset
    } else return offset
  }
  return offset
}
