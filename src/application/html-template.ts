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
  const origin = rawOriginOf(value)
  switch (context.kind) {
    case 'text':
    case 'foreign-text':
      if (Array.isArray(value)) return value.map((one) => write(one as HtmlValue, context)).join('')
      if (origin === undefined) return encodeHtml(textOf(value))
      if (origin === 'sanitiser' && context.kind === 'foreign-text')
        throw misplaced('SVG and MathML, which read it otherwise')
      return String(value)
    case 'plain-text':
      return encodeHtml(textOf(value))
    case 'attribute':
      return encodeAttribute(textOf(value))
    case 'script-string':
      return encodeJavaScriptString(textOf(value))
    case 'url':
      return encodeAttribute(
        context.before.trim() === '' && context.isFirst
          ? safeUrl(textOf(value))
          : encodeUrlComponent(textOf(value)),
      )
  }
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
