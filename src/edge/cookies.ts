import type { HeaderList } from '../core/headers.ts'
import type { EdgeConfig } from './config.ts'

const HOST_PREFIX = '__Host-'

/**
 * Adds the flags that a Set-Cookie field lacks (RFC 6265bis 4.1.2); what is there is left as it is. Cookies of `host_prefix`
 * go out over HTTPS as `__Host-NAME`, bound to this host and the whole of it, so that no other host can set them (4.1.3.2).
 */
export function compileCookieFlags(
  config: EdgeConfig['cookies'],
): (rawCookie: string, isHttps: boolean) => string {
  const except = new Set(config.except)
  const prefixed = new Set(config.host_prefix)
  const sameSite = config.same_site === 'off' ? undefined : `SameSite=${capitalise(config.same_site)}`
  return (rawCookie, isHttps) => {
    const name = rawCookie.slice(0, Math.max(0, rawCookie.indexOf('='))).trim()
    const isBound = isHttps && prefixed.has(name)
    const [pair = '', ...attributes] = (isBound ? bindToHost(rawCookie.trim()) : rawCookie).split(';')
    const whole = [pair, ...attributes].join(';')
    if (except.has(name)) return whole
    const present = new Set(attributes.map(nameOfAttribute))
    let cookie = whole
    if (config.http_only && !present.has('httponly')) cookie += '; HttpOnly'
    // Browsers drop a SameSite=None cookie without Secure.
    if (sameSite !== undefined && !present.has('samesite') && (isHttps || config.same_site !== 'none'))
      cookie += `; ${sameSite}`
    if (config.secure && isHttps && !present.has('secure')) cookie += '; Secure'
    return cookie
  }
}

/** `__Host-` asks for Secure, the path `/` and no domain; browsers drop the cookie otherwise. */
function bindToHost(cookie: string): string {
  const [pair = '', ...attributes] = cookie.split(';')
  const kept = attributes.filter(
    (attribute) => !['domain', 'path', 'secure'].includes(nameOfAttribute(attribute)),
  )
  return [HOST_PREFIX + pair, ...kept, ' Path=/', ' Secure'].join(';')
}

function nameOfAttribute(attribute: string): string {
  return (attribute.split('=')[0] as string).trim().toLowerCase()
}

/**
 * The way back: the application gets its cookie under the name that it gave it. A cookie of the bare name is dropped, since
 * another host of the domain could have set it.
 */
export function compileCookieNames(
  config: EdgeConfig['cookies'],
): ((headers: HeaderList) => void) | undefined {
  const prefixed = new Set(config.host_prefix)
  if (prefixed.size === 0) return undefined
  return (headers) => {
    const fields = headers.all('cookie')
    if (fields.length === 0) return
    headers.delete('cookie')
    for (const field of fields) {
      const pairs = field.split(';').flatMap((rawPair) => {
        const pair = rawPair.trim()
        const name = pair.split('=')[0] as string
        if (prefixed.has(name)) return []
        const isBound = name.startsWith(HOST_PREFIX) && prefixed.has(name.slice(HOST_PREFIX.length))
        return [isBound ? pair.slice(HOST_PREFIX.length) : pair]
      })
      if (pairs.length > 0) headers.append('Cookie', pairs.join('; '))
    }
  }
}

function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
