const MAX_ROUNDS = 3

/**
 * The forms in which readers behind us could see a value: as it is, and with percent-encoding (up to three rounds), HTML
 * entities and \u escapes undone. Values are byte strings. Each step is one pass, and a form that changes nothing is not
 * repeated.
 */
export function decodings(value: string): readonly string[] {
  const forms = [value]
  const add = (form: string): void => {
    if (!forms.includes(form)) forms.push(form)
  }
  let current = value
  for (let round = 0; round < MAX_ROUNDS && current.includes('%'); round++) {
    current = decodePercent(current)
    add(current)
  }
  if (current.includes('&')) add(decodeEntities(current))
  if (current.includes('\\')) add(decodeEscapes(current))
  return forms
}

/** `%41` and `%u0041`; what is damaged stays as it is. Overlong UTF-8 of dot, slash and backslash becomes what it stands for. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text
  const decoded = text.replace(
    /%(?:u([0-9a-fA-F]{4})|([0-9a-fA-F]{2}))/g,
    (_whole, wide: string | undefined, byte: string) =>
      String.fromCharCode(Number.parseInt(wide ?? byte, 16)),
  )
  return decoded.replace(/\xc0[\xae\xaf]|\xc1\x9c|\xe0\x80[\xae\xaf]/g, (bytes) => OVERLONG[bytes] as string)
}

const OVERLONG: Readonly<Record<string, string>> = {
  '\xc0\xae': '.',
  '\xc0\xaf': '/',
  '\xc1\x9c': '\\',
  '\xe0\x80\xae': '.',
  '\xe0\x80\xaf': '/',
}

const NAMED: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
  colon: ':',
  tab: '\t',
  newline: '\n',
  lpar: '(',
  rpar: ')',
  sol: '/',
  bsol: '\\',
  equals: '=',
  nbsp: ' ',
}

/** The entities that attacks are written with; digits are bounded, the semicolon is optional as in browsers. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(?:[xX]([0-9a-fA-F]{1,8})|(\d{1,8}))|([A-Za-z]{2,8}));?/g,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole
      const code = Number.parseInt(hex ?? (decimal as string), hex === undefined ? 10 : 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

/** `\u0041`, `\x41` and `\u{41}` of JavaScript and JSON; other backslashes stay. */
export function decodeEscapes(text: string): string {
  return text.replace(
    /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/g,
    (whole, braced: string | undefined, wide: string | undefined, byte: string | undefined) => {
      const code = Number.parseInt(braced ?? wide ?? (byte as string), 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

/** `+` is a blank in queries and forms; the rest is percent-encoding. */
export function decodeFormValue(text: string): string {
  return decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text)
}
