/** HTML that is meant as HTML. */
export class Markup {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** What may stand in a template: markup as it is, everything else escaped. */
export type Part = Markup | string | number | bigint | null | undefined | Uint8Array | readonly Markup[]

/** A template of HTML. Values are escaped; where the shop does it wrong, it says `unescaped(...)`. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let out = texts[0] ?? ''
  for (const [i, part] of parts.entries()) out += render(part) + (texts[i + 1] ?? '')
  return new Markup(out)
}

function render(part: Part): string {
  if (part instanceof Markup) return part.toString()
  if (Array.isArray(part)) return part.map(String).join('')
  if (part === null || part === undefined || part instanceof Uint8Array) return ''
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** HOLE xss (Common Vulnerabilities: XSS Prevention): text of strangers goes into the page as if it were markup. */
export function unescaped(text: Part): Markup {
  return new Markup(text instanceof Uint8Array ? '' : String(text ?? ''))
}

/** An amount of money, for people. */
export function money(cents: unknown): string {
  const amount = Number(cents) / 100
  return Number.isFinite(amount)
    ? `€ ${amount.toLocaleString('en-IE', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
    : String(cents)
}
