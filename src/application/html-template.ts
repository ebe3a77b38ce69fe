import { RingwallError } from '../core/errors.ts'
import { encodeAttribute, encodeHtml, encodeJavaScriptString, encodeUrlComponent, safeUrl } from './encode.ts'
import { contextsOf, type HoleContext } from './html-context.ts'
import { markRaw, type RawHtml, rawOriginOf } from './raw-html.ts'

/** What may stand in a template. Lists only between tags. */
export type HtmlValue = string | number | bigint | boolean | null | undefined | RawHtml | readonly HtmlValue[]

const compiled = new WeakMap<TemplateStringsArray, readonly HoleContext[]>()

/**
 * Builds markup in which every value is encoded for the place where it stands: text, attribute, address, string of a script. `null`,
 * `undefined` and `false` are nothing. Templates are read once for each place in the source (OWASP XSS Prevention).
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): RawHtml {
  let contexts = compiled.get(strings)
  if (!contexts) {
    // A frozen array with `raw` is what a tag is given; a text made at run time is not a template.
    if (!Array.isArray(strings) || !Object.isFrozen(strings) || !('raw' in strings))
      throw new RingwallError('application.template', 'call `html` as a tag, html`...`, not as a function')
    // Static text is what the author wrote, escapes read: an escape that cannot be read gives none.
    if (strings.some((text) => text === undefined))
      throw new RingwallError('application.template', 'the template holds an escape that cannot be read')
    contexts = contextsOf(strings)
    compiled.set(strings, contexts)
  }
  let text = strings[0] as string
  for (const [i, context] of contexts.entries())
    text += write(values[i], context) + (strings[i + 1] as string)
  return markRaw(text, 'template')
}

function write(value: HtmlValue, context: HoleContext): string {
  if (context.kind === 'text' || context.kind === 'foreign-text') return writeText(value, context)
  const text = textOf(value)
  if (context.kind === 'plain-text') return encodeHtml(text)
  if (context.kind === 'script-string') return encodeJavaScriptString(text)
  if (context.kind === 'attribute') return encodeAttribute(text)
  const isWhole = context.before.trim() === '' && context.isFirst
  return encodeAttribute(isWhole ? safeUrl(text) : encodeUrlComponent(text))
}

function writeText(value: HtmlValue, context: HoleContext): string {
  if (Array.isArray(value)) return value.map((one) => writeText(one as HtmlValue, context)).join('')
  const origin = rawOriginOf(value)
  if (origin === undefined) return encodeHtml(textOf(value))
  if (origin === 'sanitiser' && context.kind === 'foreign-text')
    throw misplaced('SVG and MathML, which read it otherwise')
  return String(value)
}

function textOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (rawOriginOf(value) !== undefined) throw misplaced('an attribute, a script or a text area')
  if (typeof value === 'object' || typeof value === 'function')
    throw new RingwallError(
      'application.template',
      'a value must be a text, a number or markup of `html`, not an object',
    )
  return String(value)
}

function misplaced(where: string): RingwallError {
  return new RingwallError('application.template', `markup cannot stand in ${where}; pass a text`)
}
