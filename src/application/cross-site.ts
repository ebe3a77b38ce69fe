/** What a request says of where it comes from. */
export interface Provenance {
  readonly method: string
  readonly isUpgrade: boolean
  /** Our own origin as the client sees it: scheme, host and port. */
  readonly ownOrigin: string
  readonly rawOrigin: string | undefined
  readonly rawFetchSite: string | undefined
  readonly rawReferer: string | undefined
  readonly hasCookie: boolean
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Why a request that changes something must be taken for another site's, or undefined. Browsers tell by Sec-Fetch-Site
 * and Origin, which scripts cannot set (Fetch 3.1; W3C Fetch Metadata). A client that sends neither and no cookie is not
 * a browser with somebody's session, and passes. A WebSocket handshake counts as a change: it is not held by CORS.
 */
export function doubtInProvenance(
  request: Provenance,
  allowedOrigins: ReadonlySet<string>,
): string | undefined {
  if (SAFE.has(request.method) && !request.isUpgrade) return undefined
  const { rawOrigin, rawFetchSite, rawReferer, ownOrigin } = request
  if (rawOrigin !== undefined) {
    // INVARIANT: an Origin decides alone; `null` is never ours.
    return rawOrigin === ownOrigin || allowedOrigins.has(rawOrigin) ? undefined : `Origin \`${rawOrigin}\``
  }
  if (rawFetchSite !== undefined) {
    return rawFetchSite === 'same-origin' || rawFetchSite === 'none'
      ? undefined
      : `Sec-Fetch-Site \`${rawFetchSite}\``
  }
  if (!request.hasCookie) return undefined
  if (rawReferer === undefined) return 'a cookie without Origin, Sec-Fetch-Site or Referer'
  const referer = URL.parse(rawReferer)
  const isOurs = referer !== null && (referer.origin === ownOrigin || allowedOrigins.has(referer.origin))
  return isOurs ? undefined : 'a Referer of another site'
}
