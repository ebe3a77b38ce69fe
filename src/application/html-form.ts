import type { HtmlTag } from './html-tag.ts'

/**
 * Whether a form sends POST requests to the origin of its page. Only such a form gets a token: one that posts elsewhere would give it
 * away. An address that cannot be read goes nowhere.
 */
export function postsToOwnOrigin(form: HtmlTag, baseUrl: string, pageUrl: string): boolean {
  if (form.isCut || form.attributes.get('method')?.toLowerCase() !== 'post') return false
  const rawAction = form.attributes.get('action')?.trim() ?? ''
  // An empty action is the page itself, whatever its base (HTML 4.10.21.3).
  const target = URL.parse(rawAction === '' ? pageUrl : rawAction, baseUrl)
  return target !== null && target.origin === new URL(pageUrl).origin
}
