import type { Render } from './mask-action.ts'
import { maskFieldText } from './mask-body.ts'
import type { FieldMask } from './mask-fields.ts'

/** Why a text was not masked: it is no JSON (RFC 8259), or it goes beyond a bound. */
export type JsonFault = 'malformed' | 'too-deep' | 'too-long'

/** What comes out of a JSON text. After a fault nothing of the text may be used that is not out yet. */
export type JsonPiece =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: JsonFault }

/** How a JSON text is masked. */
export interface JsonMasking {
  readonly fieldMask: (name: string) => FieldMask | undefined
  readonly render: Render
  /** Masks strings of fields that are not sensitive. */
  readonly text: ((text: string) => string) | undefined
  readonly maxDepth: number
  /** Longest string, in characters as written. */
  readonly maxString: number
}

/** Masks a JSON text that comes in pieces. */
export interface JsonMask {
  write(piece: string): JsonPiece
  end(): JsonPiece
}

type State = 'value' | 'first-item' | 'first-key' | 'key' | 'colon' | 'after' | 'done'

const OBJECT = 123
const LIST = 91
const MAX_WORD = 400
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const HIDDEN = '"***"'

/**
 * Masks the values of sensitive fields at any depth, without reading the text into memory: one pass over strict JSON, bounded by its
 * depth and by the longest string. An object or a list under a sensitive name is hidden whole. Everything else comes out as it was.
 */
export function createJsonMask(masking: JsonMasking): JsonMask {
  const stack: number[] = []
  let state: State = 'value'
  let out = ''
  /** What was read of a string (with its quote) or of a number or word that is not at its end. */
  let token = ''
  let isEscaped = false
  let mask: FieldMask | undefined
  /** The depth of the object or list that is hidden; nothing comes out until it is closed. */
  let hiddenAt = 0
  let fault: JsonFault | undefined

  function emit(text: string): void {
    if (hiddenAt === 0) out += text
  }

  function beginsValue(): boolean {
    return state === 'value' || state === 'first-item'
  }

  function endValue(): void {
    mask = undefined
    state = stack.length === 0 ? 'done' : 'after'
  }

  function open(code: number, character: string): void {
    if (!beginsValue()) return fail('malformed')
    if (stack.length >= masking.maxDepth) return fail('too-deep')
    if (mask !== undefined && hiddenAt === 0) {
      emit(HIDDEN)
      hiddenAt = stack.length + 1
    } else emit(character)
    mask = undefined
    stack.push(code)
    state = code === OBJECT ? 'first-key' : 'first-item'
  }

  function close(code: number, character: string): void {
    const isEmpty = state === (code === OBJECT ? 'first-key' : 'first-item')
    if (stack.at(-1) !== code || (state !== 'after' && !isEmpty)) return fail('malformed')
    const wasHidden = hiddenAt === stack.length
    emit(character)
    stack.pop()
    if (wasHidden) hiddenAt = 0
    endValue()
  }

  /** A string with its quotes. */
  function string(raw: string): void {
    const value = read(raw)
    if (value === undefined) return fail('malformed')
    if (state === 'key' || state === 'first-key') {
      emit(raw)
      mask = masking.fieldMask(value)
      state = 'colon'
      return
    }
    if (!beginsValue()) return fail('malformed')
    const masked =
      mask === undefined ? (masking.text?.(value) ?? value) : maskFieldText(mask, value, masking.render)
    emit(masked === value ? raw : JSON.stringify(masked))
    endValue()
  }

  /** A number, `true`, `false` or `null`. */
  function word(raw: string): void {
    const isWord = raw === 'null' || raw === 'true' || raw === 'false'
    if (!beginsValue() || (!isWord && !NUMBER.test(raw))) return fail('malformed')
    if (mask !== undefined && raw !== 'null') emit(JSON.stringify(maskFieldText(mask, raw, masking.render)))
    else emit(masking.text === undefined || isWord ? raw : maskedNumber(raw, masking.text))
    endValue()
  }

  function fail(why: JsonFault): void {
    fault ??= why
  }

  function mark(code: number, character: string): void {
    if (code === 32 || code === 10 || code === 13 || code === 9) emit(character)
    else if (code === OBJECT || code === LIST) open(code, character)
    else if (code === 125) close(OBJECT, character)
    else if (code === 93) close(LIST, character)
    else if (code === 58 && state === 'colon') {
      emit(character)
      state = 'value'
    } else if (code === 44 && state === 'after') {
      emit(character)
      state = stack.at(-1) === OBJECT ? 'key' : 'value'
    } else fail('malformed')
  }

  /** Reads on in a string or a word from `at`; gives where to go on. */
  function resume(piece: string, at: number): number {
    const isString = token.charCodeAt(0) === 34
    let to = at
    while (to < piece.length) {
      const code = piece.charCodeAt(to)
      if (isString && !isEscaped && code === 34) {
        const raw = token + piece.slice(at, to + 1)
        token = ''
        string(raw)
        return to + 1
      }
      if (isString) isEscaped = !isEscaped && code === 92
      else if (!isWordCode(code)) {
        const raw = token + piece.slice(at, to)
        token = ''
        word(raw)
        return to
      }
      to++
    }
    token += piece.slice(at, to)
    if (token.length > (isString ? masking.maxString : MAX_WORD)) fail(isString ? 'too-long' : 'malformed')
    return to
  }

  function taken(): JsonPiece {
    if (fault !== undefined) return { ok: false, fault }
    const text = out
    out = ''
    return { ok: true, text }
  }

  return {
    write(piece) {
      let at = 0
      while (at < piece.length) {
        if (fault !== undefined) break
        if (token !== '') {
          at = resume(piece, at)
          continue
        }
        const code = piece.charCodeAt(at)
        if (code === 34 || isWordCode(code)) {
          token = piece.charAt(at)
          isEscaped = false
        } else mark(code, piece.charAt(at))
        at++
      }
      return taken()
    },
    end() {
      if (token !== '' && token.charCodeAt(0) !== 34) {
        const raw = token
        token = ''
        word(raw)
      }
      if (state !== 'done' || token !== '') fail('malformed')
      return taken()
    },
  }
}

/** Digits that are a card or another number to mask become a string. */
function maskedNumber(raw: string, text: (text: string) => string): string {
  const masked = text(raw)
  return masked === raw ? raw : JSON.stringify(masked)
}

/** The characters of numbers and of `true`, `false`, `null`. */
function isWordCode(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 97 && code <= 122) ||
    code === 45 ||
    code === 43 ||
    code === 46 ||
    code === 69
  )
}

/** What a string literal stands for. */
function read(raw: string): string | undefined {
  try {
    return JSON.parse(raw) as string
  } catch {
    return undefined
  }
}
