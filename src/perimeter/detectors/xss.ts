import { holdsRawText, isDangerousElement, isDangerousInTag, isDangerousOutside } from './xss-dangers.ts'

/** What the value stands in: text, or the value of an attribute with the quote that the application has opened. */
type HtmlContext = 'text' | 'unquoted' | "'" | '"' | '`'

const QUOTES = ["'", '"', '`'] as const
const MAX_NAME = 64

/**
 * Finds cross-site scripting: a walk over the value as the tokeniser of HTML would make it (HTML Living Standard, 13.2.5), once as
 * text and once in each place that an attribute's value can stand in; a tag, attribute, address or declaration that runs something
 * is found. The idea of the five beginnings is libinjection's. Linear in the value's length.
 */
export function detectXss(value: string): boolean {
  const hasTag = value.includes('<')
  if (!hasTag && !value.includes('=')) return false
  if (hasTag && walk(value, 'text')) return true
  if (walk(value, 'unquoted')) return true
  return QUOTES.some((quote) => value.includes(quote) && walk(value, quote))
}

interface Walk {
  readonly value: string
  at: number
  /** Inside an element whose content is text: comments hide nothing there. */
  isRawText: boolean
}

/** Whether something dangerous is met on the way. */
function walk(value: string, context: HtmlContext): boolean {
  const way: Walk = { value, at: 0, isRawText: false }
  if (context !== 'text') {
    way.at = context === 'unquoted' ? endOfUnquoted(value, 0) : behind(value, context, 0)
    if (attributes(way, isDangerousOutside)) return true
  }
  for (;;) {
    const open = value.indexOf('<', way.at)
    if (open < 0) return false
    way.at = open + 1
    if (markup(way)) return true
  }
}

/** From behind a `<`. */
function markup(way: Walk): boolean {
  const { value } = way
  while (value.charCodeAt(way.at) === 0) way.at++
  const char = value[way.at]
  if (char === '!') return declaration(way)
  if (char === '?' || char === '%') return bogusComment(way, way.at + 1)
  const isEnd = char === '/'
  if (isEnd) way.at++
  while (value.charCodeAt(way.at) === 0) way.at++
  if (!isLetter(value.charCodeAt(way.at))) return isEnd && way.at < value.length && bogusComment(way, way.at)
  const name = nameAt(way, isEndOfTagName)
  if (isEnd && name === 'script') return true
  const isBare = value[way.at] === '>' || way.at >= value.length
  if (!isEnd && isDangerousElement(name, isBare)) return true
  if (holdsRawText(name)) way.isRawText = !isEnd
  // `<scr<script>`: what one reader takes for a name another takes for a tag.
  return value[way.at] !== '<' && attributes(way, isDangerousInTag)
}

/** From a `!` behind a `<`: a comment, a document type, or what old engines take for one. */
function declaration(way: Walk): boolean {
  const { value } = way
  if (value.startsWith('--', way.at + 1)) return comment(way, way.at + 3)
  if (value.slice(way.at + 1, way.at + 8).toLowerCase() === 'doctype') return true
  return bogusComment(way, way.at + 1)
}

function comment(way: Walk, from: number): boolean {
  const { value } = way
  if (way.isRawText) {
    way.at = from
    return false
  }
  let end = value.length
  way.at = value.length
  // `<!-->` and `<!--->` are whole comments.
  if (value[from] === '>' || value.startsWith('->', from)) {
    way.at = from + 1
    return false
  }
  for (let dash = value.indexOf('--', from); dash >= 0; dash = value.indexOf('--', dash + 1)) {
    const isClosed = value[dash + 2] === '>' || value.startsWith('!>', dash + 2)
    if (!isClosed) continue
    end = dash
    way.at = dash + 3
    break
  }
  return isActiveComment(value, from, end)
}

/** What is neither a tag nor a comment: it ends at the next `>`. */
function bogusComment(way: Walk, from: number): boolean {
  const { value } = way
  const close = value.indexOf('>', from)
  const end = close < 0 ? value.length : close
  way.at = close < 0 ? value.length : close + 1
  return isActiveComment(value, from, end)
}

const ACTIVE_BEGINNINGS = ['[if', 'xml', 'import', 'entity']

/** Comments that Internet Explorer runs (conditional, or ended by a backtick), processing instructions, entities. */
function isActiveComment(value: string, from: number, end: number): boolean {
  let at = from
  while (at < end && isBlank(value.charCodeAt(at))) at++
  if (at === end) return false
  const beginning = value.slice(at, Math.min(end, at + 8)).toLowerCase()
  if (ACTIVE_BEGINNINGS.some((word) => beginning.startsWith(word))) return true
  while (at < end && value.charCodeAt(at) !== 96) at++
  return at < end
}

/** Walks the attributes up to the end of the tag; says whether one is dangerous. */
function attributes(way: Walk, isDangerous: (name: string, value: string) => boolean): boolean {
  const { value } = way
  while (way.at < value.length) {
    const code = value.charCodeAt(way.at)
    if (code === 62 /* > */) {
      way.at++
      return false
    }
    if (isBlank(code) || code === 47 /* / */) {
      way.at++
      continue
    }
    const name = nameAt(way, isEndOfAttributeName)
    while (isBlank(value.charCodeAt(way.at))) way.at++
    if (value[way.at] !== '=') continue
    way.at++
    while (isBlank(value.charCodeAt(way.at))) way.at++
    if (isDangerous(name, attributeValue(way))) return true
  }
  return false
}

function attributeValue(way: Walk): string {
  const { value, at } = way
  const quote = value[at]
  if (quote === '"' || quote === "'" || quote === '`') {
    way.at = behind(value, quote, at + 1)
    const isClosed = way.at > at + 1 && value[way.at - 1] === quote
    return value.slice(at + 1, isClosed ? way.at - 1 : way.at)
  }
  way.at = endOfUnquoted(value, at)
  return value.slice(at, way.at)
}

/** A name in lower case without the zero bytes that old engines pass over; at least one character is taken. */
function nameAt(way: Walk, isEnd: (code: number) => boolean): string {
  const { value, at } = way
  let end = at + 1
  while (end < value.length && !isEnd(value.charCodeAt(end))) end++
  way.at = end
  const name = value.slice(at, Math.min(end, at + MAX_NAME)).toLowerCase()
  return name.includes('\0') ? name.replaceAll('\0', '') : name
}

function isEndOfTagName(code: number): boolean {
  return (isBlank(code) && code !== 0) || code === 47 || code === 62 || code === 60
}

function isEndOfAttributeName(code: number): boolean {
  return (isBlank(code) && code !== 0) || code === 47 || code === 62 || code === 61
}

function endOfUnquoted(value: string, from: number): number {
  let end = from
  while (end < value.length && value.charCodeAt(end) !== 62 && !isBlank(value.charCodeAt(end))) end++
  return end
}

function behind(value: string, quote: string, from: number): number {
  const close = value.indexOf(quote, from)
  return close < 0 ? value.length : close + 1
}

function isBlank(code: number): boolean {
  return (code >= 9 && code <= 13) || code === 32 || code === 0
}

function isLetter(code: number): boolean {
  return (code | 32) >= 97 && (code | 32) <= 122
}
