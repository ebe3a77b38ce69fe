import { ruleError } from './errors.ts'
import type { ActionRef, Origin } from './rule.ts'

/** Reads a list of actions: `id:1,phase:2,msg:'what it is',setvar:'tx.a=+1',deny`. */
export function parseActions(text: string, origin: Origin): ActionRef[] {
  const found: ActionRef[] = []
  for (let i = 0; i < text.length;) {
    while (i < text.length && /[\s,]/.test(text[i] as string)) i++
    if (i >= text.length) break
    const from = i
    while (i < text.length && text[i] !== ':' && text[i] !== ',') i++
    const name = text.slice(from, i).trim().toLowerCase()
    let value = ''
    if (text[i] === ':') {
      i++
      while (text[i] === ' ') i++
      if (text[i] === "'") {
        ;[value, i] = quoted(text, i + 1, origin)
        while (i < text.length && text[i] !== ',') i++
      } else {
        const begin = i
        i = endOfValue(text, i)
        value = text.slice(begin, i).trim()
      }
    }
    found.push({ name, value })
  }
  return found
}

/** Where an unquoted value ends; `setvar:tx.a='b, c'` holds a quoted part. */
function endOfValue(text: string, from: number): number {
  let inQuote = false
  let i = from
  for (; i < text.length && (inQuote || text[i] !== ','); i++) if (text[i] === "'") inQuote = !inQuote
  return i
}

function quoted(text: string, from: number, origin: Origin): [string, number] {
  let value = ''
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\\' && text[i + 1] === "'") {
      value += "'"
      i++
    } else if (text[i] === "'") return [value, i + 1]
    else value += text[i]
  }
  throw ruleError(origin, `the quoted value of an action has no end: '${text.slice(from, from + 40)}`)
}
