import type { EdgeConfig } from './config.ts'

/** Adds the flags that a Set-Cookie field lacks (RFC 6265bis 4.1.2); what is there is left as it is. */
export function compileCookieFlags(
  config: EdgeConfig['cookies'],
): (rawCookie: string, isHttps: boolean) => string {
  const except = new Set(config.except)
  const sameSite = config.same_site === 'off' ? undefined : `SameSite=${capitalise(config.same_site)}`
  return (rawCookie, isHttps) => {
    const [pair = '', ...attributes] = rawCookie.split(';')
    const name = pair.slice(0, pair.indexOf('=')).trim()
    if (except.has(name)) return rawCookie
    const present = new Set(
      attributes.map((attribute) => (attribute.split('=')[0] as string).trim().toLowerCase()),
    )
    let cookie = rawCookie
    if (config.http_only && !present.has('httponly')) cookie += '; HttpOnly'
    // Browsers drop a SameSite=None cookie without Secure.
    if (sameSite !== undefined && !present.has('samesite') && (isHttps || config.same_site !== 'none'))
      cookie += `; ${sameSite}`
    if (config.secure && isHttps && !present.has('secure')) cookie += '; Secure'
    return cookie
  }
}

function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
