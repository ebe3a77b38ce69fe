/**
 * What is done to a text before it is compared, in the order declared: `nfkc` (UAX 15: full-width and composed forms),
 * `casefold` (without a locale), `trim`, `spaces` (runs of white space become one space), `digits` (only 0 to 9 stay).
 */
export type Normalization = 'nfkc' | 'casefold' | 'trim' | 'spaces' | 'digits'

const STEPS: Readonly<Record<Normalization, (text: string) => string>> = {
  nfkc: (text) => text.normalize('NFKC'),
  casefold: foldCase,
  trim: (text) => text.trim(),
  spaces: collapseSpaces,
  digits: keepDigits,
}

/** Whether a text names a step. */
export function isNormalization(text: string): text is Normalization {
  return Object.hasOwn(STEPS, text)
}

/** A text in the form that is compared. */
export function normalize(text: string, steps: readonly Normalization[]): string {
  let current = text
  for (const step of steps) current = STEPS[step](current)
  return current
}

/**
 * Upper, then lower: so that sharp s and `SS` are one. A final sigma becomes an ordinary one, since whether it is final depends on
 * what follows, and a prefix must fold as the whole does.
 */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll('\u03c2', '\u03c3')
}

function collapseSpaces(text: string): string {
  let out = ''
  let wasSpace = false
  for (const character of text) {
    const isSpace = character.trim() === ''
    if (!isSpace) out += character
    else if (!wasSpace) out += ' '
    wasSpace = isSpace
  }
  return out
}

function keepDigits(text: string): string {
  let out = ''
  for (const character of text)
    if (character >= '0' && character <= '9' && character.length === 1) out += character
  return out
}
