import { fault, type UploadFault } from './upload-fault.ts'

const MAX_NAME_BYTES = 255

/** Control, surrogate, private and unassigned characters, and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/u
/** Characters that turn the reading direction: `gpj.exe` shown as `exe.jpg` (Trojan Source, UTR 36 3). */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
/** Characters that are not seen. The joiners U+200C and U+200D belong to Persian words and emoji. */
const INVISIBLE = /\u034f|[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0\ufff9-\ufffb]/
/** Characters that look like a dot or that systems fold to one. The ellipsis U+2026 is ordinary. */
const DOT_LIKE = /[\u0660\u06f0\u0701\u0702\u2024\u2025\u3002\ua4f8\ua4fa\ua60e\ufe52\uff0e\uff61]/
/** Characters that look like a slash or that systems fold to one. */
const SLASH_LIKE = /[\u2044\u2215\u2216\u29f5\u29f8\u29f9\u2571\ufe68\uff0f\uff3c]/
/** Separators, wildcards, streams and quotes of file systems and shells. */
const RESERVED = /[/\\:*?"<>|`]/
/** Windows device names, with any extension (also with superscript digits). */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])$/
/** Names that a server obeys. */
const OBEYED = new Set([
  'web.config',
  'php.ini',
  'crossdomain.xml',
  'clientaccesspolicy.xml',
  'desktop.ini',
  'autorun.inf',
])
/** Extensions that a server or a desktop runs, wherever they stand in the name. */
const RUNS = new Set(
  (
    'php php3 php4 php5 php7 php8 pht phtm phtml phar phps pgif shtml shtm stm jsp jspx jspf jsw jsv jhtml do war ear jar class ' +
    'asp aspx asa asax ascx ashx asmx axd cer cdx config cshtml vbhtml soap rem razor cfm cfml cfc cgi fcgi pl pm py pyc pyw rb ' +
    'erb lua sh bash zsh ksh csh fish exe dll com scr pif bat cmd msi msp msc mst cpl sys drv ocx hta htm html xhtml xht mht ' +
    'mhtml js mjs cjs jse vbs vbe wsf wsh ws ps1 ps2 psm1 psd1 ps1xml lnk url desktop reg inf scf chm hlp jnlp swf xap xbap ' +
    'application appref-ms gadget elf bin run so dylib app dmg pkg deb rpm apk ipa wasm node docm dotm xlsm xltm xlam pptm potm ' +
    'ppam ppsm sldm xml xsl xslt svg svgz htc iso img vhd vhdx htaccess htpasswd ini env'
  ).split(' '),
)
/** Of these, what a server runs also before another extension, or what is put there to deceive. `example.com.pdf` is ordinary. */
const RUNS_INSIDE =
  /^(php\d?|pht|phtml?|phar|phps|pgif|shtml?|stm|jspx?|jspf|jsw|jsv|jhtml|asp|aspx|asa|asax|ascx|ashx|asmx|cer|cshtml|vbhtml|cfml?|cfc|f?cgi|exe|scr|pif|bat|cmd|vbs|vbe|wsf|hta|lnk|ps1|dll|msi|jar|htaccess)$/
/** Of these, what is an ordinary last extension where the policy lists it. */
const ENDS_ORDINARILY = new Set(['xml', 'svg', 'html', 'htm', 'js', 'css', 'bin', 'iso', 'img', 'py', 'ini'])

/**
 * What is wrong with the name of a file: whatever a file system, a shell, a server or a reader takes for something else.
 * Names in any script, with spaces, dots and accents are fine.
 */
export function faultInFileName(name: string): UploadFault | undefined {
  const wrong = wrongIn(name) ?? wrongDecoded(name)
  return wrong === undefined ? undefined : fault('name', `${wrong} in ${shown(name)}`)
}

/** The extension, lower case, without the dot; empty where there is none. */
export function extensionOf(name: string): string {
  const at = name.lastIndexOf('.')
  return at <= 0 ? '' : name.slice(at + 1).toLowerCase()
}

/** Whether files of this extension are run somewhere. */
export function isRunExtension(extension: string): boolean {
  return RUNS.has(extension)
}

function wrongIn(name: string): string | undefined {
  if (name === '') return 'nothing'
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `more than ${MAX_NAME_BYTES} bytes`
  if (UNPRINTABLE.test(name)) return 'a control or unassigned character'
  if (DIRECTION.test(name)) return 'a character that turns the direction'
  if (INVISIBLE.test(name)) return 'an invisible character'
  if (DOT_LIKE.test(name)) return 'a character that looks like a dot'
  if (SLASH_LIKE.test(name)) return 'a character that looks like a slash'
  if (RESERVED.test(name) || name.includes('$(')) return 'a reserved character'
  if (name.startsWith('.')) return 'a leading dot'
  if (name.startsWith('-') || name.startsWith('~')) return 'a leading dash or tilde'
  if (name.startsWith(' ') || name.trimStart() !== name) return 'a leading space'
  if (name.endsWith('.') || name.trimEnd() !== name) return 'a trailing dot or space'
  if (/[./\\]/.test(folded(name)) && dotsOf(folded(name)) !== dotsOf(name))
    return 'a character that folds to a dot or slash'
  if (OBEYED.has(name.toLowerCase())) return 'a name that servers obey'
  return wrongInPieces(name.toLowerCase())
}

function wrongInPieces(name: string): string | undefined {
  const pieces = name.split('.')
  if (DEVICE.test((pieces[0] as string).trimEnd())) return 'a device name'
  if (pieces.length === 1) return undefined
  const last = pieces.at(-1) as string
  if (!/^[a-z0-9_+-]{1,16}$/.test(last)) return 'an extension that is not plain'
  // A server that knows not the last extension goes by one before it; an old one stops at a semicolon.
  const runs = name
    .split(/[.;]/)
    .slice(1, -1)
    .map((piece) => piece.trim())
    .find((piece) => RUNS_INSIDE.test(piece))
  if (runs !== undefined) return `the extension \`${runs}\` before another`
  return RUNS.has(last) && !ENDS_ORDINARILY.has(last) ? `the extension \`${last}\`` : undefined
}

/** The same name as an application sees it that decodes it once or twice more. */
function wrongDecoded(name: string): string | undefined {
  let text = name
  for (let i = 0; i < 2 && text.includes('%'); i++) {
    const decoded = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === text) return undefined
    text = decoded
    if (/[\u0000-\u001f/\\]/.test(text) || text.startsWith('.') || /[. ]$/.test(text) || text.includes('..'))
      return 'an encoded separator, dot or control character'
    const wrong = wrongInPieces(text.toLowerCase())
    if (wrong?.startsWith('the extension') === true) return `${wrong}, encoded`
  }
  return undefined
}

/** Compatibility folding (UAX 15), as some systems do it, without the ellipsis. */
function folded(name: string): string {
  return name.replaceAll('\u2026', '').normalize('NFKC')
}

function dotsOf(text: string): number {
  let count = 0
  for (const character of text) if (character === '.' || character === '/' || character === '\\') count++
  return count
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80)).replace(
    /[^ -~]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
