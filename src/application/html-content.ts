import type { HtmlTag } from './html-tag.ts'
import type { ContentModel } from './html-tokenizer.ts'

/** Elements whose text is read otherwise (HTML 13.2.6.2), as a browser with scripting takes them. */
const MODELS: Readonly<Record<string, ContentModel>> = {
  script: 'script',
  style: 'raw',
  title: 'raw',
  textarea: 'raw',
  xmp: 'raw',
  iframe: 'raw',
  noembed: 'raw',
  noframes: 'raw',
  noscript: 'raw',
  plaintext: 'plaintext',
}

/** Start tags that end foreign content wherever they stand (HTML 13.2.6.5). */
const BREAKOUTS = new Set(
  'b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var'.split(
    ' ',
  ),
)

/** Elements of SVG and MathML whose content is HTML again (HTML 13.2.6: integration points). */
const POINTS: Readonly<Record<'svg' | 'math', ReadonlySet<string>>> = {
  svg: new Set(['foreignobject', 'desc', 'title']),
  math: new Set(['mi', 'mo', 'mn', 'ms', 'mtext']),
}

/** How text after each tag is read. Depends on names alone, but inside of SVG and MathML, where a style is no raw text. */
export class ContentModels {
  /** Foreign elements and, in them, integration points that are open. */
  readonly #open: string[] = []

  /** The names that must be told for this to hold. */
  static readonly names: readonly string[] = [...Object.keys(MODELS), 'svg', 'math']

  get isForeign(): boolean {
    return this.#open.length > 0 && this.#isForeignAt(this.#open.length - 1)
  }

  /** Whether anything of SVG or MathML is open, also where HTML stands in it. */
  get isInside(): boolean {
    return this.#open.length > 0
  }

  startTag({ name, attributes, isSelfClosing }: HtmlTag): ContentModel {
    if (!this.isForeign) return this.#htmlStart(name, isSelfClosing)
    const isFont =
      name === 'font' && (attributes.has('color') || attributes.has('face') || attributes.has('size'))
    if (BREAKOUTS.has(name) || isFont) {
      while (this.isForeign) this.#open.pop()
      return 'data'
    }
    if (isSelfClosing) return 'data'
    if (name === 'svg' || name === 'math') this.#push(name)
    else if (POINTS[this.#kind()].has(name) || isHtmlAnnotation(name, attributes)) this.#push(name)
    return 'data'
  }

  endTag(name: string): void {
    if (this.isForeign && (name === 'p' || name === 'br')) {
      while (this.isForeign) this.#open.pop()
      return
    }
    const at = this.#open.lastIndexOf(name)
    if (at !== -1) this.#open.length = at
  }

  #htmlStart(name: string, isSelfClosing: boolean): ContentModel {
    if (name !== 'svg' && name !== 'math')
      return Object.hasOwn(MODELS, name) ? (MODELS[name] ?? 'data') : 'data'
    if (!isSelfClosing) this.#push(name)
    return 'data'
  }

  #push(name: string): void {
    // INVARIANT: bounded. Deeper is as deep as the bound: only pages that mean to confuse nest so far.
    if (this.#open.length < 512) this.#open.push(name)
  }

  #isForeignAt(at: number): boolean {
    return this.#open[at] === 'svg' || this.#open[at] === 'math'
  }

  #kind(): 'svg' | 'math' {
    return this.#open.at(-1) === 'math' ? 'math' : 'svg'
  }
}

function isHtmlAnnotation(name: string, attributes: ReadonlyMap<string, string>): boolean {
  const encoding = name === 'annotation-xml' ? attributes.get('encoding')?.toLowerCase() : undefined
  return encoding === 'text/html' || encoding === 'application/xhtml+xml'
}
