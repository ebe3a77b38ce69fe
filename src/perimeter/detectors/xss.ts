import { findScripting } from '../cross-site-scripting.ts'

/** `@detectXSS`: a walk as an HTML tokeniser makes it, from text and from inside of attributes and scripts. Linear. */
export function detectXss(value: string): boolean {
  return findScripting(value) !== undefined
}
