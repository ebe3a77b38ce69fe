import { ruleError } from './errors.ts'
import type { Origin } from './rule.ts'

/** One directive: its name and arguments, unquoted. */
export interface Line {
  readonly origin: Origin
  readonly name: string
  readonly args: readonly string[]
}

const MAX_LINE = 262_144

/**
 * Splits a SecLang file into directives: Apache's syntax, where a backslash at the end of a line joins it with the next, `#`
 * begins a comment line, and arguments are words or quoted.
 */
export function* readLines(file: string, text: string): Generator<Line> {
  const physical = text.split('\n')
  for (let i = 0; i < physical.length;) {
    const origin = { file, line: i + 1 }
    let logical = ''
    for (let joins = true; joins && i < physical.length; i++) {
      const part = withoutReturn(physical[i] as string)
      joins = part.endsWith('\\')
      logical += joins ? part.slice(0, -1) : part
      // A comment does not swallow the line after it.
      if (logical.trimStart().startsWith('#')) joins = false
    }
    if (logical.length > MAX_LINE) throw ruleError(origin, `a directive of more than ${MAX_LINE} bytes`)
    const trimmed = logical.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [name, ...args] = splitArguments(trimmed, origin)
    yield { origin, name: name as string, args }
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function splitArguments(text: string, origin: Origin): string[] {
  const found: string[] = []
  for (let i = 0; i < text.length;) {
    const char = text[i] as string
    if (char === ' ' || char === '\t') {
      i++
      continue
    }
    if (char === '"' || char === "'") {
      let value = ''
      let from = ++i
      while (i < text.length && text[i] !== char) {
        if (text[i] === '\\' && text[i + 1] === char) {
          value += text.slice(from, i)
          from = ++i
        } else if (text[i] === '\\') i++
        i++
      }
      if (i >= text.length) throw ruleError(origin, `an argument that begins with ${char} has no end`)
      found.push(value + text.slice(from, i))
      i++
    } else {
      const from = i
      while (i < text.length && text[i] !== ' ' && text[i] !== '\t') i++
      found.push(text.slice(from, i))
    }
  }
  return found
}
