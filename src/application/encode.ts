const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '`': '&#96;',
  '\0': '\ufffd',
}

/** For text between tags (OWASP XSS Prevention, rule 1). */
export function encodeHtml(untrusted: string): string {
  return untrusted.replace(/[&<>"'`\0]/g, (character) => HTML[character] as string)
}

/** For the value of an attribute in quotes of either kind; white space that could end an unquoted one is encoded as well. */
export function encodeAttribute(untrusted: string): string {
  return untrusted.replace(/[&<>"'`=\0-\x20\x7f]/g, (character) =>
    character === ' ' ? ' ' : (HTML[character] ?? `&#${character.charCodeAt(0)};`),
  )
}

/** For the inside of a quoted string of JavaScript or JSON: everything but letters, digits, space, `_`, `.` and `,` becomes `\uXXXX`. */
export function encodeJavaScriptString(untrusted: string): string {
  return eachUnit(untrusted, /[^A-Za-z0-9_., ]/g, (hex) => `\\u${hex.padStart(4, '0')}`)
}

/** For one component of an address: a segment, a name or value of the query (RFC 3986 2.3). A lone surrogate becomes U+FFFD. */
export function encodeUrlComponent(untrusted: string): string {
  return encodeURIComponent(untrusted.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** For the inside of a quoted string of CSS: everything but letters and digits becomes an escape of six digits, which needs no end (CSS Syntax 4.3.7). */
export function encodeCssString(untrusted: string): string {
  return untrusted
    .toWellFormed()
    .replace(/[^A-Za-z0-9]/gu, (character) =>
      character === '\0'
        ? '\\00fffd'
        : `\\${(character.codePointAt(0) as number).toString(16).padStart(6, '0')}`,
    )
}

function eachUnit(text: string, pattern: RegExp, write: (hex: string) => string): string {
  return text.replace(pattern, (unit) => write(unit.charCodeAt(0).toString(16)))
}

const SAFE_SCHEMES = new Set(['http', 'https', 'mailto', 'tel'])

/**
 * An address that may stand in `href` or `src`: relative, or of a scheme that runs nothing. Anything else becomes `about:invalid`.
 * Control characters and white space, which browsers drop before they look for the scheme, are dropped here too (URL 4.4).
 */
export function safeUrl(untrusted: string): string {
  const seen = untrusted.replace(/^[\0-\x20]+/, '').replace(/[\t\n\r]/g, '')
  const scheme = /^([^:/?#]*):/.exec(seen)?.[1]
  return scheme === undefined || SAFE_SCHEMES.has(scheme.toLowerCase()) ? seen : 'about:invalid'
}
