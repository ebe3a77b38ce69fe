// Names of references (HTML 13.5) that stand for ASCII: the only ones by which an address, a scheme or a method can hide.
const ASCII_NAMES: Readonly<Record<string, string>> = {
  Tab: '\t',
  NewLine: '\n',
  excl: '!',
  quot: '"',
  QUOT: '"',
  num: '#',
  dollar: '$',
  percnt: '%',
  amp: '&',
  AMP: '&',
  apos: "'",
  lpar: '(',
  rpar: ')',
  ast: '*',
  midast: '*',
  plus: '+',
  comma: ',',
  period: '.',
  sol: '/',
  colon: ':',
  semi: ';',
  lt: '<',
  LT: '<',
  equals: '=',
  gt: '>',
  GT: '>',
  quest: '?',
  commat: '@',
  lsqb: '[',
  lbrack: '[',
  bsol: '\\',
  rsqb: ']',
  rbrack: ']',
  Hat: '^',
  lowbar: '_',
  UnderBar: '_',
  grave: '`',
  DiacriticalGrave: '`',
  lcub: '{',
  lbrace: '{',
  verbar: '|',
  vert: '|',
  VerticalLine: '|',
  rcub: '}',
  rbrace: '}',
  fjlig: 'fj',
}

/** What the numbers 128 to 159 mean (HTML 13.2.5.80). Zeros stay as they are. */
const WINDOWS_1252 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
  0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
  0x0153, 0, 0x017e, 0x0178,
]

const REFERENCE =
  /&(?:#[xX]([0-9a-fA-F]+);?|#([0-9]+);?|([a-zA-Z]{2,24});|(quot|QUOT|amp|AMP|lt|LT|gt|GT)(?![=0-9a-zA-Z]))/g

/**
 * Decodes the references of an attribute's value: numbers and those names that stand for ASCII (HTML 13.2.5.72). A name for
 * another character stays as it is: it cannot make a scheme, a host or a method of what is none.
 */
export function decodeReferences(value: string): string {
  if (!value.includes('&')) return value
  return value.replace(
    REFERENCE,
    (
      whole,
      hex: string | undefined,
      digits: string | undefined,
      name: string | undefined,
      bare: string | undefined,
    ) => {
      if (hex !== undefined) return ofNumber(hex.length > 6 ? bounded(hex, 16) : Number.parseInt(hex, 16))
      if (digits !== undefined) return ofNumber(digits.length > 7 ? bounded(digits, 10) : Number(digits))
      const named = name ?? bare ?? ''
      return Object.hasOwn(ASCII_NAMES, named) ? (ASCII_NAMES[named] as string) : whole
    },
  )
}

function bounded(digits: string, radix: number): number {
  const significant = digits.replace(/^0+/, '')
  return significant.length > 7 ? Number.POSITIVE_INFINITY : Number.parseInt(significant || '0', radix)
}

function ofNumber(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd'
  if (code >= 0x80 && code <= 0x9f) return String.fromCodePoint(WINDOWS_1252[code - 0x80] || code)
  return String.fromCodePoint(code)
}
