import { decodePercentBytes } from './url-encoded.ts'

/** The Content-Disposition of a form part. Every name and file name that is written in it is listed, the first one first. */
export interface Disposition {
  readonly type: string
  readonly names: readonly string[]
  readonly fileNames: readonly string[]
  readonly hasInvalidQuoting: boolean
  /** What is wrong with it, in a word; nothing when it is as RFC 7578 4.2 and RFC 2183 2 want it. */
  readonly error: string | undefined
}

/**
 * Reads a Content-Disposition as leniently as applications do and as strictly as RFC 7578 is: names are found in whatever
 * is written, and everything that readers could understand differently is an error. `\"` and `\\` are unescaped; other
 * backslashes stay, as browsers send paths unescaped.
 */
export function parseDisposition(value: string): Disposition {
  const scan = new DispositionScan(value)
  scan.run()
  return scan
}

class DispositionScan implements Disposition {
  type = ''
  readonly names: string[] = []
  readonly fileNames: string[] = []
  hasInvalidQuoting = false
  error: string | undefined
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  run(): void {
    this.type = this.#until(';').trim().toLowerCase()
    while (this.#at < this.#text.length) {
      this.#at++
      const written = this.#until('=;')
      if (this.#text[this.#at] !== '=') {
        if (written.trim() !== '' || this.#at < this.#text.length) this.#fail('parameter')
        continue
      }
      this.#at++
      const value = this.#value()
      this.#take(written.trimStart(), value)
    }
  }

  #take(written: string, value: string): void {
    const name = written.trim().toLowerCase()
    if (name !== written) this.#fail('parameter name')
    if (value.includes("'") && !name.endsWith('*')) this.hasInvalidQuoting = true
    if (name === 'name') {
      if (this.names.length > 0) this.#fail('duplicate name')
      this.names.push(value)
    } else if (name === 'filename') {
      if (this.fileNames.length > 0) this.#fail('duplicate filename')
      this.fileNames.push(value)
    } else {
      this.#fail('unknown parameter')
      // RFC 7578 4.2: must not be used in forms. Many servers prefer it to `filename`.
      if (name.startsWith('filename*')) this.fileNames.push(decodeExtended(value))
      else if (name.startsWith('name*')) this.names.push(decodeExtended(value))
    }
  }

  #value(): string {
    const start = this.#at
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++
    if (this.#at > start) this.#fail('whitespace')
    const quote = this.#text[this.#at]
    if (quote === '"' || quote === "'") {
      if (quote === "'") this.hasInvalidQuoting = true
      return this.#quoted(quote)
    }
    const value = this.#until(';').trimEnd()
    if (value === '' || !isToken(value)) this.#fail('value')
    return value
  }

  #quoted(quote: string): string {
    const text = this.#text
    let value = ''
    let kept = this.#at + 1
    for (let i = kept; i < text.length; i++) {
      if (text[i] === '\\' && (text[i + 1] === quote || text[i + 1] === '\\')) {
        value += text.slice(kept, i)
        kept = ++i
      } else if (text[i] === quote) {
        this.#at = i + 1
        value += text.slice(kept, i)
        const junk = this.#until(';').trim()
        if (junk === '') return value
        this.hasInvalidQuoting = true
        this.#fail('data after a quoted value')
        return value + quote + junk
      }
    }
    this.#at = text.length
    this.#fail('quote')
    return value + text.slice(kept)
  }

  /** The text up to one of these characters or the end; the position is on it. */
  #until(ends: string): string {
    const start = this.#at
    while (this.#at < this.#text.length && !ends.includes(this.#text[this.#at] as string)) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #fail(what: string): void {
    this.error ??= what
  }
}

/** `utf-8''a%20b` of RFC 8187 3.2 without its charset. */
function decodeExtended(value: string): string {
  const first = value.indexOf("'")
  const second = first < 0 ? -1 : value.indexOf("'", first + 1)
  return decodePercentBytes(value.slice(second + 1))
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Whether a text is a token (RFC 2045 5.1). */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f || '()<>@,;:\\"/[]?='.includes(text[i] as string)) return false
  }
  return text !== ''
}
