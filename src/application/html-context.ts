import { RingwallError } from '../core/errors.ts'
import { decodeReferences } from './html-references.ts'
import { ScriptText } from './html-script-text.ts'

/** Where a value stands, and so how it is encoded. */
export type HoleContext =
  | { readonly kind: 'text' }
  /** In `title` and `textarea`, where markup is text. */
  | { readonly kind: 'plain-text' }
  | { readonly kind: 'foreign-text' }
  | { readonly kind: 'attribute' }
  /** `before` is the static beginning of the address. */
  | { readonly kind: 'url'; readonly before: string; readonly isFirst: boolean }
  | { readonly kind: 'script-string' }

const PLAIN_ATTRIBUTES = new Set(
  'abbr accept accept-charset alt autocapitalize autocomplete class cols colspan color content coords cx cy d datetime dir download enctype enterkeyhint fill for form headers height high hreflang id inputmode kind label lang list low max maxlength method min minlength name optimum pattern placeholder points r rel role rows rowspan scope size sizes slot span spellcheck start step stroke stroke-width tabindex title translate type value viewbox width wrap x x1 x2 y y1 y2'.split(
    ' ',
  ),
)
const URL_ATTRIBUTES = new Set(['href', 'src', 'action', 'formaction', 'cite', 'poster'])
/** Elements whose addresses, types or contents decide what runs: no value stands in any of their attributes but `data-` ones and `nonce`. */
const RUNNING = new Set(
  'script style link base object embed applet iframe frame meta use animate set animatetransform animatemotion param portal'.split(
    ' ',
  ),
)
const META = new Set(['content'])
const OPAQUE = new Set(['style', 'iframe', 'noscript', 'noembed', 'noframes', 'xmp', 'plaintext'])
const SCRIPT_TYPES = new Set([
  '',
  'module',
  'text/javascript',
  'application/javascript',
  'application/json',
  'application/ld+json',
])

/**
 * Reads the static strings of a template once and finds the context of each value between them. Where nothing is safe it throws, so
 * that the mistake shows at the first use and not when somebody makes use of it.
 */
export function contextsOf(strings: readonly string[]): readonly HoleContext[] {
  const reader = new ContextReader()
  const contexts: HoleContext[] = []
  for (const [i, text] of strings.entries()) {
    reader.read(text)
    if (i < strings.length - 1) contexts.push(reader.hole())
  }
  reader.end()
  return contexts
}

type State =
  | 'text'
  | 'markup'
  | 'name'
  | 'tag'
  | 'attribute'
  | 'after-name'
  | 'before-value'
  | 'value'
  | 'unquoted'
  | 'comment'
  | 'raw'

class ContextReader {
  #state: State = 'text'
  /** Static text read so far in this state. */
  #piece = ''
  #tag = ''
  #isEnd = false
  #attribute = ''
  #quote = ''
  #value = ''
  #hasHole = false
  #types = ''
  #foreign = 0
  #hasRefresh = false
  #hasMetaHole = false
  #script = new ScriptText()

  read(text: string): void {
    for (const character of text) this.#next(character)
  }

  hole(): HoleContext {
    if (this.#state === 'text') return { kind: this.#foreign > 0 ? 'foreign-text' : 'text' }
    if (this.#state === 'value') return this.#valueHole()
    if (this.#state === 'raw') return this.#rawHole()
    if (this.#state === 'comment') throw refusal('a comment', 'leave it out')
    if (this.#state === 'unquoted' || this.#state === 'before-value')
      throw refusal('an attribute without quotes', 'put quotes around it')
    throw refusal('the name of a tag or attribute', 'write the names out')
  }

  end(): void {
    if (this.#state !== 'text')
      throw new RingwallError(
        'application.template',
        `a template ends inside of ${this.#state === 'raw' ? `<${this.#tag}>` : 'a tag or comment'}; close it in the same template`,
      )
  }

  #rawHole(): HoleContext {
    if (/<\/?[a-z]*$/.test(this.#piece))
      throw refusal('the name of a tag or attribute', 'write the names out')
    this.#piece += 'x'
    if (this.#tag === 'title' || this.#tag === 'textarea') return { kind: 'plain-text' }
    if (this.#tag !== 'script') throw refusal(`<${this.#tag}>`, 'use a class or a data- attribute')
    if (!SCRIPT_TYPES.has(this.#types))
      throw refusal(`a script of type \`${this.#types}\``, 'use a data- attribute')
    if (!this.#script.isInString)
      throw refusal(
        'a script outside of a string',
        'put it into quotes, or into a data- attribute that the script reads',
      )
    this.#script.note('x')
    return { kind: 'script-string' }
  }

  #valueHole(): HoleContext {
    const name = this.#attribute
    const isFirst = !this.#hasHole
    this.#hasHole = true
    const where = `\`${name}\` of <${this.#tag}>`
    if (name.startsWith('data-') || name.startsWith('aria-')) return { kind: 'attribute' }
    if (name === 'nonce') return { kind: 'attribute' }
    if (this.#tag === 'meta' && META.has(name)) {
      this.#hasMetaHole = true
      return { kind: 'attribute' }
    }
    if (RUNNING.has(this.#tag)) throw refusal(where, 'write it out')
    if (URL_ATTRIBUTES.has(name)) {
      const before = decodeReferences(this.#value)
      this.#value += 'x'
      if (/^[^/?#]*:/.test(before) && !/^\s*(https?|mailto|tel):/i.test(before))
        throw refusal(`${where} after \`${before}\``, 'use another scheme')
      return { kind: 'url', before, isFirst }
    }
    if (PLAIN_ATTRIBUTES.has(name)) return { kind: 'attribute' }
    throw refusal(where, 'use a data- attribute')
  }

  #next(character: string): void {
    const isSpace = /[\t\n\f\r ]/.test(character)
    switch (this.#state) {
      case 'text':
        if (character === '<') this.#go('markup')
        return
      case 'markup':
        return this.#markup(character)
      case 'name':
        if (isSpace || character === '/') return this.#go('tag')
        if (character === '>') return this.#closeTag()
        this.#tag += character.toLowerCase()
        return
      case 'tag':
        if (character === '>') return this.#closeTag()
        if (isSpace || character === '/') return
        this.#attribute = character.toLowerCase()
        return this.#go('attribute')
      case 'attribute':
      case 'after-name':
        return this.#attributeName(character, isSpace)
      case 'before-value':
        if (isSpace) return
        if (character === '>') return this.#closeTag()
        this.#value = ''
        this.#hasHole = false
        if (character === '"' || character === "'") {
          this.#quote = character
          return this.#go('value')
        }
        this.#value = character
        return this.#go('unquoted')
      case 'value':
        if (character === this.#quote) return this.#closeValue()
        this.#value += character
        return
      case 'unquoted':
        if (isSpace) return this.#closeValue()
        if (character === '>') {
          this.#closeValue()
          return this.#closeTag()
        }
        this.#value += character
        return
      case 'comment':
        this.#piece += character
        if (/^-?>$/.test(this.#piece) || /--!?>$/.test(this.#piece.slice(-4))) this.#go('text')
        return
      case 'raw':
        return this.#raw(character)
    }
  }

  #markup(character: string): void {
    if (/[A-Za-z]/.test(character)) {
      this.#isEnd = this.#piece === '/'
      this.#tag = character.toLowerCase()
      this.#types = ''
      this.#hasRefresh = false
      this.#hasMetaHole = false
      return this.#go('name')
    }
    this.#piece += character
    if (this.#piece === '!--') return this.#go('comment')
    if (this.#piece === '/' || this.#piece === '!' || this.#piece === '!-') return
    if (/^![Dd]/.test(this.#piece)) {
      this.#tag = '!doctype'
      this.#isEnd = true
      return this.#go('name')
    }
    if (/^[!?/]/.test(this.#piece))
      throw new RingwallError(
        'application.template',
        `a template holds \`<${this.#piece}\`, which is no tag; write \`&lt;\``,
      )
    // `<<b>` begins a tag at its second sign.
    this.#go(character === '<' ? 'markup' : 'text')
  }

  #attributeName(character: string, isSpace: boolean): void {
    if (character === '=') return this.#go('before-value')
    if (character === '>') return this.#closeTag()
    if (character === '/') return this.#go('tag')
    if (isSpace) return this.#go('after-name')
    if (this.#state === 'after-name') {
      this.#attribute = ''
      this.#go('attribute')
    }
    this.#attribute += character.toLowerCase()
  }

  #closeValue(): void {
    if (this.#attribute === 'type') this.#types = this.#value.trim().toLowerCase()
    // `${a}:b` would let a value choose the scheme.
    const address = this.#hasHole && URL_ATTRIBUTES.has(this.#attribute) ? decodeReferences(this.#value) : ''
    if (/^[^/?#]*:/.test(address) && !/^\s*(https?|mailto|tel):/i.test(address))
      throw refusal(`the scheme of \`${this.#attribute}\``, 'write the scheme out')
    if (this.#attribute === 'http-equiv') this.#hasRefresh = true
    this.#go('tag')
  }

  #closeTag(): void {
    if (this.#tag === 'meta' && this.#hasRefresh && this.#hasMetaHole)
      throw refusal('`content` of <meta http-equiv>', 'write it out')
    if (this.#tag === 'svg' || this.#tag === 'math') this.#foreign += this.#isEnd ? -1 : 1
    const isRaw =
      !this.#isEnd && (OPAQUE.has(this.#tag) || ['script', 'title', 'textarea'].includes(this.#tag))
    if (isRaw) this.#script = new ScriptText()
    this.#go(isRaw ? 'raw' : 'text')
  }

  #raw(character: string): void {
    this.#piece = (this.#piece + character.toLowerCase()).slice(-16)
    const tail = this.#piece.slice(-this.#tag.length - 3)
    if (tail.startsWith(`</${this.#tag}`) && /[\t\n\f\r />]$/.test(tail)) {
      this.#isEnd = true
      return character === '>' ? this.#closeTag() : this.#go('tag')
    }
    if (this.#tag !== 'script') return
    if (this.#piece.endsWith('<!--'))
      throw new RingwallError(
        'application.template',
        'a script of a template holds `<!--`, which hides its end; leave it out',
      )
    this.#script.note(character)
  }

  #go(state: State): void {
    this.#state = state
    this.#piece = ''
  }
}

function refusal(where: string, advice: string): RingwallError {
  return new RingwallError(
    'application.template',
    `a value cannot stand in ${where}, where nothing is safe; ${advice}`,
  )
}
