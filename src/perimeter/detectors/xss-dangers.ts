/** Elements that run, load or restyle something by being there; those of old engines too, which a page may still meet. */
const ELEMENTS = new Set(
  (
    'applet base basefont bgsound comment embed fencedframe frame frameset handler iframe ilayer import isindex layer link listener ' +
    'meta noscript object portal script style vmlframe xml xss'
  ).split(' '),
)
/** Harmless without an attribute, and then more often a type or a placeholder: `List<Object>`, `<link>`. */
const HARMLESS_BARE = new Set('applet base embed frame handler import link listener meta object'.split(' '))
/** Their content is text, also where it looks like a comment. */
const RAW_TEXT = new Set('iframe noembed noframes noscript plaintext style textarea title xmp'.split(' '))

/** What an attribute can do: run script, follow an address, style, hold a document, name another attribute. */
type AttributeKind = 'none' | 'script' | 'address' | 'style' | 'document' | 'indirect' | 'namespace'

const ATTRIBUTES: ReadonlyMap<string, AttributeKind> = new Map<string, AttributeKind>([
  ...(
    'action archive background by cite classid code codebase content data dynsrc folder formaction from handler href icon ' +
    'longdesc lowsrc manifest ping poster profile src to usemap values xlink:href xml:base'
  )
    .split(' ')
    .map((name) => [name, 'address'] as const),
  ['style', 'style'],
  ['filter', 'style'],
  ['srcdoc', 'document'],
  ['attributename', 'indirect'],
  ['datasrc', 'script'],
  ['dataformatas', 'script'],
])

/** How the names of events begin after `on`, in HTML, SVG and old engines. */
const EVENTS = (
  'abort activate after animation auxclick before begin blur bounce cancel canplay cell change click close command compassneeds ' +
  'content context controlselect copy cuechange cut data dblclick device drag drop durationchange emptied encrypted end enter error ' +
  'exit filterchange finish focus formdata fullscreen gamepad gesture gotpointer hashchange help input invalid key layout load lose lost message ' +
  'mouse move offline online orientation outofsync page paint paste pause play pointer popstate popup progress property ratechange ' +
  'readystate receive repeat rejection reset resize resume reverse row scroll search security seek select show slotchange stalled start stop ' +
  'storage submit suspend synch text time toggle touch track transition unhandled unload url user volume waiting webkit wheel zoom'
).split(' ')

const SCRIPT_SCHEMES = 'javascript vbscript livescript jscript ecmascript mocha view-source data'.split(' ')
const RASTER_IMAGES = ['image/png', 'image/gif', 'image/jpeg', 'image/jpg', 'image/webp', 'image/avif']
const MAX_ADDRESS = 32

const NAMED: ReadonlyMap<string, string> = new Map([
  ['tab', '\t'],
  ['newline', '\n'],
  ['colon', ':'],
  ['sol', '/'],
  ['lpar', '('],
  ['nbsp', ' '],
  ['amp', '&'],
])

/** Whether a tag of this name (lower-cased) is one to stop at. */
export function isDangerousElement(rawName: string, isBare: boolean): boolean {
  const name = rawName.slice(rawName.lastIndexOf(':') + 1)
  if (name.startsWith('svg') || rawName.startsWith('xsl:') || name === 'xsl') return true
  return ELEMENTS.has(name) && !(isBare && HARMLESS_BARE.has(name))
}

/** Whether what follows a tag of this name is text and nothing else. */
export function holdsRawText(name: string): boolean {
  return RAW_TEXT.has(name)
}

/** What an attribute of this name (lower-cased) can do. */
function kindOfAttribute(name: string): AttributeKind {
  if (name.length >= 5 && name.startsWith('on')) return 'script'
  if (name.startsWith('xmlns')) return 'namespace'
  return ATTRIBUTES.get(name) ?? 'none'
}

type Judge = (value: string, name: string) => boolean

const always: Judge = () => true
const never: Judge = () => false

const IN_TAG: Readonly<Record<AttributeKind, Judge>> = {
  none: never,
  script: always,
  address: isScriptAddress,
  style: always,
  document: always,
  indirect: isIndirect,
  namespace: always,
}

const OUTSIDE: Readonly<Record<AttributeKind, Judge>> = {
  none: never,
  script: (value, name) => (isEvent(name) && !isOneWord(value)) || value.includes('(') || value.includes('`'),
  address: isScriptAddress,
  style: (value) => value.includes(':') || value.includes('\\') || value.includes('&'),
  document: (value) => value.includes('<') || value.includes('&'),
  indirect: isIndirect,
  namespace: never,
}

/** An attribute inside a tag that the value itself opens. */
export function isDangerousInTag(name: string, value: string): boolean {
  return IN_TAG[kindOfAttribute(name)](value, name)
}

/** An attribute in a tag that the application has opened, or in a sentence that only looks like one: more must speak for it. */
export function isDangerousOutside(name: string, value: string): boolean {
  return OUTSIDE[kindOfAttribute(name)](value, name)
}

function isIndirect(value: string): boolean {
  return kindOfAttribute(value.trim().toLowerCase()) !== 'none'
}

/** `onclick = 5` and `onload=true` run nothing. */
function isOneWord(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (!isLetter(code) && !(code >= 48 && code <= 57)) return false
  }
  return value !== ''
}

function isEvent(name: string): boolean {
  if (!name.startsWith('on')) return true
  for (let i = 2; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 97 || code > 122) return false
  }
  return EVENTS.some((event) => name.startsWith(event, 2))
}

/**
 * Whether an address runs script: its scheme, read as a browser does (blanks and controls before it and inside it count for
 * nothing, character references are replaced). Pictures made of pixels are let pass.
 */
function isScriptAddress(value: string): boolean {
  const address = beginningOf(value)
  const scheme = SCRIPT_SCHEMES.find((name) => address.startsWith(`${name}:`))
  if (scheme === 'data') return !RASTER_IMAGES.some((type) => address.startsWith(type, 5))
  return scheme !== undefined
}

/** The first significant characters in lower case. */
function beginningOf(value: string): string {
  let address = ''
  let at = 0
  while (at < value.length && address.length < MAX_ADDRESS) {
    let code = value.charCodeAt(at)
    let next = at + 1
    if (code === 38 /* & */) {
      const reference = referenceAt(value, at)
      if (reference) {
        code = reference.code
        next = reference.end
      }
    }
    const isBlank = code <= 31 || code === 127 || ((code === 32 || code > 127) && address === '')
    if (!isBlank) address += String.fromCharCode(code)
    at = next
  }
  return address.toLowerCase()
}

function referenceAt(value: string, at: number): { readonly code: number; readonly end: number } | undefined {
  if (value[at + 1] !== '#') {
    let end = at + 1
    while (end < value.length && end < at + 10 && isLetter(value.charCodeAt(end))) end++
    const named = NAMED.get(value.slice(at + 1, end).toLowerCase())
    return named === undefined
      ? undefined
      : { code: named.charCodeAt(0), end: value[end] === ';' ? end + 1 : end }
  }
  const isHex = value[at + 2] === 'x' || value[at + 2] === 'X'
  const from = at + (isHex ? 3 : 2)
  let end = from
  let code = 0
  for (; end < value.length; end++) {
    const digit = digitOf(value.charCodeAt(end))
    if (digit >= (isHex ? 16 : 10)) break
    code = Math.min(code * (isHex ? 16 : 10) + digit, 0x10ffff)
  }
  if (end === from) return undefined
  return { code: code > 0xff ? 0xff : code, end: value[end] === ';' ? end + 1 : end }
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = (code | 32) - 87
  return letter >= 10 && letter < 36 ? letter : 99
}

function isLetter(code: number): boolean {
  return (code | 32) >= 97 && (code | 32) <= 122
}
