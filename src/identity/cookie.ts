/** Name and flags of the session cookie for one realm and scheme. */
export interface SessionCookie {
  readonly name: string
  /** The Set-Cookie value for a token. */
  set(token: string): string
  /** The Set-Cookie value that takes the cookie away. */
  clear(): string
}

/**
 * Over HTTPS the name begins with `__Host-`, so that no subdomain and no plain page can set or read it (RFC 6265bis
 * 4.1.3.2). Over plain HTTP, which is for this machine only, it cannot. Each realm has a name of its own, and so has
 * what is not a session (`part`).
 */
export function sessionCookie(
  realm: 'site' | 'operator',
  isHttps: boolean,
  sameSite: 'strict' | 'lax',
  part = '',
): SessionCookie {
  const bare = `${realm === 'operator' ? 'ringwall-operator' : 'ringwall'}${part && `-${part}`}`
  const name = isHttps ? `__Host-${bare}` : bare
  const flags = `Path=/; HttpOnly; SameSite=${sameSite === 'strict' ? 'Strict' : 'Lax'}${isHttps ? '; Secure' : ''}`
  return {
    name,
    set: (token) => `${name}=${token}; ${flags}`,
    clear: () => `${name}=; Max-Age=0; ${flags}`,
  }
}

/** Where to go after signing in: a path of this site, or the front page. Never another site. */
export function safeReturnPath(rawPath: string | null | undefined): string {
  if (
    rawPath == null ||
    rawPath.length > 2048 ||
    !/^\/(?![/\\])[\x21-\x7e]*$/.test(rawPath) ||
    rawPath.includes('\\')
  )
    return '/'
  const url = URL.parse(rawPath, 'http://here.invalid')
  // Dot segments can leave a path that begins with two slashes, which is another host: `/.//evil.example`.
  if (url?.origin !== 'http://here.invalid' || url.pathname.startsWith('//')) return '/'
  return url.pathname + url.search
}
