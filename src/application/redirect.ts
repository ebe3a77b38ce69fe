/** Where redirects may lead beside our own pages. */
export interface RedirectTargets {
  /** Whole origins, such as `https://accounts.example.com`. */
  readonly origins?: readonly string[]
}

/** A Location that may be sent, or why not. */
export type SafeRedirect =
  | { readonly ok: true; readonly location: string }
  | {
      readonly ok: false
      readonly reason: 'too-long' | 'character' | 'not-a-path' | 'origin' | 'credentials'
    }

const MAX_TARGET = 2048
const OWN = 'https://own.invalid'

const refuse = (reason: Extract<SafeRedirect, { ok: false }>['reason']): SafeRedirect => ({
  ok: false,
  reason,
})

/**
 * Judges where an untrusted `next` or `return_to` leads (CWE-601): a path of our own, or a URL of an allowed origin. Everything
 * that a browser repairs into another host is refused and not repaired: white space and control characters (tabs and line breaks
 * vanish in a URL), backslashes (read as slashes), `//` and what becomes it when dots or escapes are resolved, user names.
 */
export function safeRedirect(rawTarget: string, allowed: RedirectTargets = {}): SafeRedirect {
  if (rawTarget.length > MAX_TARGET) return refuse('too-long')
  // Visible ASCII only: a path in another script is percent-encoded, and what folds to a slash (U+FF0F) never is one.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(rawTarget)) return refuse('character')
  if (rawTarget.startsWith('/')) return judgePath(rawTarget)
  return judgeUrl(rawTarget, allowed.origins ?? [])
}

function judgePath(rawTarget: string): SafeRedirect {
  const url = URL.parse(rawTarget, OWN)
  if (!url || url.origin !== OWN) return refuse('not-a-path')
  // INVARIANT: no prefix of the path is `//` or can become it in a reader that decodes once more.
  const isOpen = url.pathname.startsWith('//') || /^\/(%2f|%5c|%09|%0a|%0d)/i.test(url.pathname)
  return isOpen ? refuse('not-a-path') : { ok: true, location: url.pathname + url.search + url.hash }
}

function judgeUrl(rawTarget: string, origins: readonly string[]): SafeRedirect {
  if (!/^https?:\/\/[^/?#]/i.test(rawTarget)) return refuse('not-a-path')
  const url = URL.parse(rawTarget)
  if (!url) return refuse('not-a-path')
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?#]*@/.test(rawTarget))
    return refuse('credentials')
  return origins.includes(url.origin) ? { ok: true, location: url.href } : refuse('origin')
}
