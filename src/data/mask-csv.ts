import { maskFieldText } from './mask-body.ts'
import type { FieldMask } from './mask-fields.ts'
import { countingText, countMasked, type MaskCounts, type ReplyMask } from './mask-reply.ts'

/** Why a table was not masked: it breaks RFC 4180, its columns are in doubt, or a cell goes beyond its bound. */
export type CsvFault = 'malformed' | 'columns' | 'too-long'

/** What comes out of a table. */
export type CsvPiece =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: CsvFault }

/** Masks a table that comes in pieces. */
export interface CsvMask {
  write(piece: string): CsvPiece
  end(): CsvPiece
}

const MAX_CELL = 65_536
const MAX_COLUMNS = 1024
const SEPARATORS = ',;\t'

interface Row {
  readonly cells: readonly string[]
  readonly next: number
}

/**
 * Masks columns by the names of the first row (RFC 4180, with `;` and tab as separators as well). What could be read in two ways -
 * two separators in the row of names, a row of another length, a stray quote - is a fault, since a cell would be taken for another.
 */
export function createCsvMask(mask: ReplyMask, roles: readonly string[], counts?: MaskCounts): CsvMask {
  const masker = mask.masker.unmaskFor(roles)
  const text = mask.scansText ? countingText(masker.text, counts) : undefined
  let held = ''
  let separator = ''
  let columns: readonly (readonly [string, FieldMask | undefined])[] | undefined
  let fault: CsvFault | undefined

  function maskRow(raw: string, cells: readonly string[]): string {
    const known = columns
    if (!known) {
      const isDoubtful = new Set(cells.map((one) => one.trim().toLowerCase())).size !== cells.length
      if (isDoubtful || cells.some((one) => !isName(one))) fault ??= 'columns'
      columns = cells.map((name) => [name, masker.fieldMask(name.trim())])
      return raw
    }
    if (cells.length !== known.length) {
      // A line with nothing on it is no row, but where there is one column only.
      if (raw === '') return raw
      fault ??= 'columns'
      return ''
    }
    let isChanged = false
    const masked = cells.map((cell, i) => {
      const [name, how] = known[i] as readonly [string, FieldMask | undefined]
      const out =
        how !== undefined && cell !== ''
          ? maskFieldText(how, cell, masker.render)
          : how === undefined
            ? (text?.(cell) ?? cell)
            : cell
      if (how !== undefined && out !== cell && counts) countMasked(counts, name)
      isChanged ||= out !== cell
      return out
    })
    return isChanged ? masked.map((cell) => writeCell(cell, separator)).join(separator) : raw
  }

  function take(isEnd: boolean): CsvPiece {
    let out = ''
    let at = 0
    while (fault === undefined && at < held.length) {
      if (separator === '') {
        const found = separatorOf(held, isEnd)
        if (found === undefined) break
        if (found === 'doubt') fault = 'columns'
        else separator = found
        continue
      }
      const row = readRow(held, at, separator, isEnd)
      if (row === 'more') {
        // A quote that is never closed.
        if (isEnd) fault = 'malformed'
        break
      }
      if (typeof row === 'string') {
        fault = row
        break
      }
      const raw = held.slice(at, row.next)
      const ending = /\r?\n$/.exec(raw)?.[0] ?? ''
      out += maskRow(raw.slice(0, raw.length - ending.length), row.cells) + ending
      at = row.next
    }
    held = held.slice(at)
    if (held.length > MAX_CELL * 16) fault ??= 'too-long'
    return fault === undefined ? { ok: true, text: out } : { ok: false, fault }
  }

  return {
    write(piece) {
      held += piece
      return piece.includes('\n') || held.length > MAX_CELL * 16 ? take(false) : { ok: true, text: '' }
    },
    end: () => take(true),
  }
}

/** A name of a column, and no value that stands there for want of one. */
function isName(cell: string): boolean {
  return /^\s*[\p{L}_][^@]{0,127}$/u.test(cell)
}

/** The one separator of the row of names; undefined while the row is not whole. */
function separatorOf(text: string, isEnd: boolean): string | undefined {
  const found = new Set<string>()
  let isQuoted = false
  let at = 0
  for (; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && character === '\n') break
    else if (!isQuoted && SEPARATORS.includes(character)) found.add(character)
  }
  if (at === text.length && !isEnd) return undefined
  const [one = ',', ...more] = found
  return more.length > 0 ? 'doubt' : one
}

function readRow(text: string, from: number, separator: string, isEnd: boolean): Row | CsvFault | 'more' {
  const cells: string[] = []
  let at = from
  for (;;) {
    if (cells.length >= MAX_COLUMNS) return 'too-long'
    const cell = text.charAt(at) === '"' ? readQuoted(text, at) : readBare(text, at, separator)
    if (typeof cell === 'string') return cell
    if (cell.value.length > MAX_CELL) return 'too-long'
    cells.push(cell.value)
    at = cell.next
    if (at >= text.length) return isEnd ? { cells, next: at } : 'more'
    if (text.charAt(at) === separator) at++
    else if (text.startsWith('\r\n', at)) return { cells, next: at + 2 }
    else if (text.charAt(at) === '\n') return { cells, next: at + 1 }
    else return at === text.length - 1 && text.charAt(at) === '\r' && !isEnd ? 'more' : 'malformed'
  }
}

interface Cell {
  readonly value: string
  readonly next: number
}

function readBare(text: string, from: number, separator: string): Cell | 'malformed' {
  let at = from
  for (; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === separator || character === '\n' || character === '\r') break
    if (character === '"') return 'malformed'
  }
  return { value: text.slice(from, at), next: at }
}

function readQuoted(text: string, from: number): Cell | 'more' | 'malformed' {
  let value = ''
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return 'more'
    value += text.slice(at, quote)
    if (text.charAt(quote + 1) !== '"') return { value, next: quote + 1 }
    value += '"'
    at = quote + 2
  }
}

function writeCell(cell: string, separator: string): string {
  return cell.includes('"') || cell.includes(separator) || /[\r\n]/.test(cell)
    ? `"${cell.replaceAll('"', '""')}"`
    : cell
}
