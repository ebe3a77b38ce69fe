import { readText } from './texts.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_ELEMENTS = 100_000
const MAX_DEPTH = 256

/** Elements that draw (SVG 2, appendix F), lower case. Whatever is not here and has no prefix is refused. */
const DRAWS = new Set(
  (
    'svg g defs symbol use title desc metadata path rect circle ellipse line polyline polygon text tspan textpath image ' +
    'switch marker pattern mask clippath lineargradient radialgradient stop style filter view a animate animatetransform ' +
    'animatemotion mpath set feblend fecolormatrix fecomponenttransfer fecomposite feconvolvematrix fediffuselighting ' +
    'fedisplacementmap fedistantlight fedropshadow feflood fefunca fefuncb fefuncg fefuncr fegaussianblur feimage femerge ' +
    'femergenode femorphology feoffset fepointlight fespecularlighting fespotlight fetile feturbulence'
  ).split(' '),
)
/** Local names that run or load under any prefix. */
const RUNS =
  /^(script|foreignobject|iframe|object|embed|handler|listener|audio|video|body|html|form|base|link|meta|applet|import|include)$/
const NAME = /^[A-Za-z_][\w.-]{0,60}(:[A-Za-z_][\w.-]{0,60})?$/

const active = (detail: string): UploadFault => fault('active-content', `${detail} in an SVG`)

/** Whether a text is an SVG at all: its first element is. */
export function isSvg(text: string): boolean {
  return /<([a-z_][\w.-]{0,40}:)?svg[\s>/]/i.test(text.slice(0, 4096))
}

/**
 * What makes an SVG more than a drawing: scripts, event handlers, foreignObject, references to elsewhere, entities,
 * anything that is not well-formed XML. The reading is strict, since a browser reads SVG both as XML and inside HTML.
 */
export function faultInSvg(bytes: Uint8Array): UploadFault | undefined {
  const reading = readText(bytes)
  if (!('text' in reading)) return reading
  const { text } = reading
  const open: string[] = []
  let elements = 0
  let at = 0
  const declaration = /^<\?xml [^<>?]{1,200}\?>/.exec(text)
  if (declaration) {
    if (/encoding/.test(declaration[0]) && !/encoding=["']utf-8["']/i.test(declaration[0]))
      return active('another encoding')
    at = declaration[0].length
  }
  while (at < text.length) {
    const next = text.indexOf('<', at)
    const between = text.slice(at, next < 0 ? text.length : next)
    const wrong =
      entityIn(between) ??
      (open.at(-1)?.endsWith('style') === true ? styleFault(decodeReferences(between)) : undefined)
    if (wrong) return wrong
    if (open.length === 0 && between.trim() !== '') return fault('damaged', 'text outside the SVG')
    if (next < 0) break
    at = next
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at + 4)
      if (end < 0 || text.slice(at + 4, end).includes('--')) return active('an odd comment')
      at = end + 3
    } else if (text.startsWith('<![CDATA[', at)) {
      const end = text.indexOf(']]>', at)
      if (end < 0 || open.at(-1) !== 'style') return active('a CDATA section')
      const inside = text.slice(at + 9, end)
      if (inside.includes('<')) return active('markup in a CDATA section')
      const wrong = styleFault(inside)
      if (wrong) return wrong
      at = end + 3
    } else if (text.startsWith('<!', at)) return active('a document type or entity')
    else if (text.startsWith('<?', at)) return active('a processing instruction')
    else {
      const end = tagEnd(text, at)
      if (end < 0) return fault('damaged', 'a tag of the SVG does not end')
      if (++elements > MAX_ELEMENTS) return fault('archive-bomb', `an SVG of more than ${MAX_ELEMENTS} tags`)
      const wrong = visitTag(text.slice(at + 1, end), open, elements === 1)
      if (wrong) return wrong
      at = end + 1
    }
  }
  return open.length > 0 || elements === 0 ? fault('damaged', 'the SVG does not end') : undefined
}

/** Where a tag ends, quotes respected. */
function tagEnd(text: string, from: number): number {
  let quote = ''
  for (let at = from + 1; at < text.length; at++) {
    const one = text.charAt(at)
    if (quote !== '') {
      if (one === quote) quote = ''
    } else if (one === '"' || one === "'") quote = one
    else if (one === '>') return at
    else if (one === '<') return -1
  }
  return -1
}

function visitTag(tag: string, open: string[], isFirst: boolean): UploadFault | undefined {
  if (tag.startsWith('/'))
    return open.pop() === tag.slice(1).trimEnd()
      ? undefined
      : fault('damaged', 'tags of the SVG do not match')
  const isEmpty = tag.endsWith('/')
  const inner = isEmpty ? tag.slice(0, -1) : tag
  const name = /^[^\s]{1,130}/.exec(inner)?.[0] ?? ''
  if (!NAME.test(name)) return fault('damaged', 'an odd tag in the SVG')
  if (open.length === 0 && !isFirst) return fault('damaged', 'more than one element at the top of the SVG')
  const local = localName(name)
  if (isFirst && local !== 'svg') return fault('type-mismatch', 'the content is not an SVG')
  if (RUNS.test(local)) return active(`the element ${local}`)
  if (!name.includes(':') && !DRAWS.has(local)) return active(`the unknown element ${local.slice(0, 40)}`)
  const wrong = attributeFault(local, inner.slice(name.length))
  if (wrong) return wrong
  if (!isEmpty) {
    open.push(name)
    if (open.length > MAX_DEPTH) return fault('archive-bomb', `an SVG deeper than ${MAX_DEPTH}`)
  }
  return undefined
}

function attributeFault(element: string, text: string): UploadFault | undefined {
  const seen = new Set<string>()
  let at = 0
  while (text.slice(at).trim() !== '') {
    const match = /^\s{1,200}([^\s=<>"']{1,130})\s{0,50}=\s{0,50}("[^"<]*"|'[^'<]*')/.exec(text.slice(at))
    if (!match) return fault('damaged', 'an odd attribute in the SVG')
    const name = match[1] as string
    if (!NAME.test(name) || seen.has(name) || seen.size > 100)
      return fault('damaged', 'an odd attribute in the SVG')
    seen.add(name)
    const raw = (match[2] as string).slice(1, -1)
    const wrong = entityIn(raw) ?? valueFault(element, name, decodeReferences(raw))
    if (wrong) return wrong
    at += match[0].length
  }
  return undefined
}

function valueFault(element: string, name: string, value: string): UploadFault | undefined {
  const local = localName(name)
  if (local.startsWith('on')) return active(`the handler ${local.slice(0, 40)}`)
  if (name.startsWith('xmlns'))
    return /xhtml|xml-events|xinclude|xslt/i.test(value) ? active('a foreign namespace') : undefined
  if (local === 'attributename' && /^\s*([\w-]+:)?(href|on\w*|style|src)\s*$/i.test(value))
    return active('an animation of a reference')
  const plain = value.replace(/[\u0000-\u0020]/g, '').toLowerCase()
  if (/(javascript|vbscript|livescript):/.test(plain)) return active('a script reference')
  const refers = [
    'href',
    'src',
    'data',
    'action',
    'formaction',
    'base',
    'from',
    'to',
    'values',
    'by',
  ].includes(local)
  if (local === 'href' || local === 'src') {
    const isInside = plain.startsWith('#') || plain === ''
    const isLink = element === 'a' && /^(https?:\/\/|mailto:)/.test(plain)
    const isPicture = /^data:image\/(png|jpe?g|gif|webp);base64,[a-z0-9+/=]*$/.test(plain)
    return isInside || isLink || isPicture ? undefined : active('a reference to elsewhere')
  }
  if (local === 'base') return active('another base')
  if (refers && plain.startsWith('data:')) return active('data in a reference')
  return plain.includes('url(') || local === 'style' ? styleFault(value) : undefined
}

/** CSS that loads or runs; escapes hide either. */
function styleFault(css: string): UploadFault | undefined {
  if (css.trim() === '') return undefined
  if (
    /\\|@import|@namespace|@font-face|expression\s{0,10}\(|behaviou?r\s{0,10}:|-moz-binding|image-set\s{0,10}\(|src\s{0,10}\(/i.test(
      css,
    )
  )
    return active('style that loads or runs')
  for (const match of css.matchAll(/url\s{0,10}\(\s{0,50}["']?\s{0,50}(.{0,12})/gis))
    if (!(match[1] as string).startsWith('#')) return active('a reference to elsewhere in a style')
  return undefined
}

/** References to anything but single characters (XML 1.0, 4.1 and 4.6). */
function entityIn(text: string): UploadFault | undefined {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1))
    if (!/^&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});/.test(text.slice(at, at + 12)))
      return active('an entity')
  return undefined
}

function decodeReferences(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g,
    (_, dec?: string, hex?: string) => {
      const code = dec === undefined ? Number.parseInt(hex ?? '3f', 16) : Number(dec)
      return code <= 0x10ffff ? String.fromCodePoint(code) : '?'
    },
  )
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1).toLowerCase()
}
