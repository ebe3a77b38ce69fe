import { foldSqli, type SqliReading } from './sqli-folding.ts'
import { isInjection } from './sqli-rules.ts'
import { isWordByte, type SqliQuote } from './sqli-tokens.ts'

const MAX_FINGERPRINT = 5

/**
 * Finds SQL injection, and gives its fingerprint (`s&1c`): the value is read as the databases would read it alone, inside single
 * quotes and inside double quotes, with the comments of the standard and of MySQL; what the tokens come to after folding is held
 * against rules. The idea and the letters are those of libinjection (Nick Galbreath, Black Hat 2012), which has a list of known
 * fingerprints where this has rules. Linear in the value's length.
 */
export function detectSqli(value: string): string | undefined {
  const marks = marksOf(value)
  if (marks === PLAIN) return undefined
  const hasEscapedQuote = (marks & BACKSLASH) !== 0 && (value.includes("\\'") || value.includes('\\"'))
  return (
    readBoth(value, '', true) ??
    ((marks & SINGLE) !== 0 ? readBoth(value, "'", true) : undefined) ??
    ((marks & DOUBLE) !== 0 ? readBoth(value, '"', true) : undefined) ??
    // To a database that keeps to the standard a backslash before a quote hides nothing.
    (hasEscapedQuote ? (readBoth(value, "'", false) ?? readBoth(value, '"', false)) : undefined)
  )
}

/** Reads with the comments of the standard, and again with those of MySQL where it makes a difference. */
function readBoth(value: string, quote: SqliQuote, hasEscapes: boolean): string | undefined {
  const reading = foldSqli(value, quote, { isMysql: false, hasEscapes })
  if (isInjection(reading)) return fingerprintOf(reading)
  if (!reading.hasStyledComment) return undefined
  const again = foldSqli(value, quote, { isMysql: true, hasEscapes })
  return isInjection(again) ? fingerprintOf(again) : undefined
}

function fingerprintOf({ types }: SqliReading): string {
  return types.includes('X') ? 'X' : types.slice(0, MAX_FINGERPRINT)
}

const PLAIN = 0
const MARKED = 1
const SINGLE = 2
const DOUBLE = 4
const BACKSLASH = 8

/**
 * What the value holds that SQL needs. A value of words, numbers and the signs of names, dates, paths and addresses, without a
 * blank between, is plain: it can be neither a comparison nor a query.
 */
function marksOf(value: string): number {
  let marks = PLAIN
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (isWordByte(code)) continue
    switch (code) {
      case 39:
        marks |= SINGLE
        break
      case 34:
        marks |= DOUBLE
        break
      case 92:
        marks |= BACKSLASH
        break
      case 45:
        if (value.charCodeAt(i + 1) === 45) marks |= MARKED
        break
      case 43: // +
      case 44: // ,
      case 46: // .
      case 47: // /
      case 58: // :
      case 64: // @
        break
      default:
        marks |= MARKED
    }
  }
  return marks
}
