/** Elements that run something, load something or change the page's base by being there. */
const ACTIVE_ELEMENTS = new Set(
  (
    'script iframe frame frameset object embed applet base meta link style svg math form xml noscript noembed noframes ' +
    'foreignobject animate animatetransform animatemotion set handler listener portal isindex plaintext xmp import body html head bgsound layer ilayer fencedframe'
  ).split(' '),
)
/** Attributes whose value is an address that is followed or loaded. */
const ADDRESS_ATTRIBUTES = new Set(
  'href src action formaction data poster background xlink:href srcdoc srcset to from values code codebase lowsrc dynsrc ping'.split(
    ' ',
  ),
)

/** Event handlers as attributes: the beginnings of their names in HTML, SVG and old engines. */
const HANDLER =
  /^on(?:abort|activate|after|animation|auxclick|before|begin|blur|bounce|cancel|canplay|change|click|close|contextmenu|copy|cuechange|cut|dblclick|drag|drop|duration|end|ended|error|filterchange|finish|focus|formdata|fullscreen|gotpointer|hashchange|input|invalid|key|language|load|lost|message|mouse|move|offline|online|page|paste|pause|play|pointer|popstate|progress|property|ratechange|ready|repeat|reset|resize|row|scroll|search|security|seek|select|show|slotchange|stalled|start|storage|submit|suspend|timeupdate|toggle|touch|transition|unhandled|unload|volume|waiting|webkit|wheel)[a-z]*$/

const SINKS =
  /^(?:(?:alert|confirm|prompt|eval|fetch|import|atob|function|settimeout|setinterval|document|window|self|top|parent|globalthis|string|constructor|xmlhttprequest|navigator|this)\s*[([.=`]|location\s*(?:[[=]|\.(?:href|assign|replace)))/

type Found = { readonly rule: string; readonly at: number } | undefined

/**
 * Finds cross-site scripting: a walk over the value as an HTML tokeniser would make it (tags, attributes, addresses), and the
 * shapes by which a value leaves the attribute or script string that it stands in. Plain formatting tags pass. Linear in the
 * value's length.
 */
export function findScripting(rawValue: string): Found {
  const value = rawValue.includes('\0') ? rawValue.replaceAll('\0', '') : rawValue
  return (
    (value.includes('<') ? findTag(value) : undefined) ??
    findBreakout(value) ??
    findAddress(value) ??
    (value.includes('{{') ? findTemplate(value) : undefined)
  )
}

function findTag(value: string): Found {
  for (let at = value.indexOf('<'); at >= 0; at = value.indexOf('<', at + 1)) {
    let i = at + 1
    if (value[i] === '/') i++
    if (!isLetter(value.charCodeAt(i))) continue
    let end = i
    while (
      end < value.length &&
      !isTagSpace(value.charCodeAt(end)) &&
      value[end] !== '>' &&
      value[end] !== '/'
    )
      end++
    const name = value.slice(i, Math.min(end, i + 40)).toLowerCase()
    // A prefix (`svg:script`) does not change what the element is.
    const local = name.includes(':') ? name.slice(name.lastIndexOf(':') + 1) : name
    if (ACTIVE_ELEMENTS.has(local)) return { rule: `xss.element`, at }
    const inTag = findInAttributes(value, end)
    if (inTag.found) return inTag.found
    at = Math.max(at, inTag.end - 1)
  }
  return undefined
}

/** Reads attributes up to the end of the tag, or of the value: browsers take a tag that never ends, too. */
function findInAttributes(value: string, from: number): { readonly found: Found; readonly end: number } {
  let i = from
  while (i < value.length) {
    while (
      i < value.length &&
      (isTagSpace(value.charCodeAt(i)) || value[i] === '/' || value[i] === '"' || value[i] === "'")
    )
      i++
    if (i >= value.length || value[i] === '>') return { found: undefined, end: i + 1 }
    // A new tag begins inside an unfinished one: the outer loop looks at it.
    if (value[i] === '<' && i > from) return { found: undefined, end: i }
    const nameAt = i
    while (i < value.length && !isTagSpace(value.charCodeAt(i)) && !'=>/"\'<'.includes(value[i] as string))
      i++
    if (i === nameAt) i++
    const name = value.slice(nameAt, Math.min(i, nameAt + 40)).toLowerCase()
    let j = i
    while (j < value.length && isTagSpace(value.charCodeAt(j))) j++
    if (value[j] !== '=') continue
    if (HANDLER.test(name)) return { found: { rule: 'xss.handler', at: nameAt }, end: j }
    j++
    while (j < value.length && isTagSpace(value.charCodeAt(j))) j++
    const quote = value[j] === '"' || value[j] === "'" || value[j] === '`' ? (value[j] as string) : undefined
    let end: number
    if (quote === undefined) {
      end = j
      while (end < value.length && !isTagSpace(value.charCodeAt(end)) && value[end] !== '>') end++
    } else {
      j++
      const close = value.indexOf(quote, j)
      end = close < 0 ? value.length : close
    }
    const text = value.slice(j, end)
    if (name === 'srcdoc' || (ADDRESS_ATTRIBUTES.has(name) && isScriptAddress(text)))
      return { found: { rule: 'xss.address', at: nameAt }, end }
    if (name === 'style' && /expression\s*\(|-moz-binding|behaviou?r\s*:|javascript:/i.test(text)) {
      return { found: { rule: 'xss.style', at: nameAt }, end }
    }
    i = quote === undefined ? end : end + 1
  }
  return { found: undefined, end: i }
}

/** A value that leaves an attribute (`" onfocus=`), or a script's string (`';alert(1)//`). */
function findBreakout(value: string): Found {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    // A handler: `on`, letters, blanks, `=`; before it a blank, a quote or a slash, or nothing.
    if (
      (code === 111 || code === 79) &&
      (value[i + 1] === 'n' || value[i + 1] === 'N') &&
      isBoundary(value, i)
    ) {
      let end = i + 2
      while (end < value.length && end < i + 32 && isLetter(value.charCodeAt(end))) end++
      let j = end
      while (j < value.length && isTagSpace(value.charCodeAt(j))) j++
      const isAssigned = value[j] === '=' && value[j + 1] !== '='
      if (isAssigned && HANDLER.test(value.slice(i, end).toLowerCase()) && isCodeAhead(value, j + 1))
        return { rule: 'xss.handler', at: i }
      i = end - 1
    } else if (code === 39 || code === 34 || code === 96) {
      let j = i + 1
      while (j < value.length && ';+-*/,)]}|&?^%!~:= \t\r\n('.includes(value[j] as string)) j++
      if (j > i + 1 && SINKS.test(value.slice(j, j + 40).toLowerCase()))
        return { rule: 'xss.script-string', at: i }
    } else if (
      code === 36 &&
      value[i + 1] === '{' &&
      SINKS.test(value.slice(afterBlanks(value, i + 2), afterBlanks(value, i + 2) + 40).toLowerCase())
    ) {
      return { rule: 'xss.template-literal', at: i }
    }
  }
  return undefined
}

/** After a handler's `=` stands something that could be code: a quote, a call, an assignment. */
function isCodeAhead(value: string, from: number): boolean {
  const at = afterBlanks(value, from)
  return /[("'`=[:./]/.test(value.slice(at, at + 200))
}

function afterBlanks(value: string, from: number): number {
  let at = from
  while (at < value.length && isTagSpace(value.charCodeAt(at))) at++
  return at
}

function isBoundary(value: string, at: number): boolean {
  if (at === 0) return true
  const before = value.charCodeAt(at - 1)
  return isTagSpace(before) || before === 34 || before === 39 || before === 96 || before === 47
}

/** A value, or a link in it, whose scheme runs a script. */
function findAddress(value: string): Found {
  const colon = value.indexOf(':')
  if (colon < 0) return undefined
  if (isScriptAddress(value) && /[(`=[%]|\/\//.test(value.slice(colon + 1)))
    return { rule: 'xss.address', at: 0 }
  for (let at = value.indexOf(']('); at >= 0; at = value.indexOf('](', at + 2)) {
    if (isScriptAddress(value, at + 2)) return { rule: 'xss.address', at }
  }
  return undefined
}

/** Blanks and control characters inside the scheme are skipped, as browsers do. */
function isScriptAddress(text: string, from = 0): boolean {
  let scheme = ''
  for (let i = from; i < text.length && scheme.length < 40; i++) {
    const code = text.charCodeAt(i)
    if (code <= 32 || code === 127) continue
    scheme += text[i]
    if (
      code === 58 &&
      !scheme.toLowerCase().startsWith('data:') &&
      !scheme.toLowerCase().startsWith('view-source:')
    )
      break
  }
  const lower = scheme.toLowerCase()
  return (
    /^(?:javascript|vbscript|livescript|mocha):/.test(lower) ||
    /^data:(?:text\/html|image\/svg|application\/x|text\/xml|application\/xml)/.test(lower)
  )
}

/** `{{constructor.constructor('...')()}}`: template engines of browsers. */
function findTemplate(value: string): Found {
  const at = value.indexOf('{{')
  return /constructor|__proto__|\$eval|\$on\b/.test(value.slice(at))
    ? { rule: 'xss.template', at }
    : undefined
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

function isTagSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}
