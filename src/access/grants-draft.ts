import { RingwallError } from '../core/errors.ts'
import type { GrantDraft } from './grants.ts'

const MAX_TEXT = 500
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
const TYPE_NAME = /^[A-Za-z_]\w{0,63}(?:::[A-Za-z_]\w{0,63}){0,7}$/

/** Refuses a grant that nobody could answer for later: without a reason, a giver, or with an end before its beginning. */
export function checkDraft(draft: GrantDraft, nowMs: number): void {
  const { kind, name, subject, reason, by, approvedBy, resourceType, resourceId } = draft
  for (const [what, text] of Object.entries({ [kind]: name, subject, reason, giver: by }))
    checkText(what, text)
  if (approvedBy !== undefined) checkText('approver', approvedBy)
  if (resourceId !== undefined) checkText('resource', resourceId)
  if (resourceType === undefined ? resourceId !== undefined : !isTypeName(resourceType))
    throw wrong('the type of the resource must be a name such as Order; write Order or Order::7')
  const { expiresMs, notBeforeMs = nowMs, isElevation = false } = draft
  if (![notBeforeMs, expiresMs ?? 0].every(Number.isSafeInteger))
    throw wrong('times are whole milliseconds since 1970')
  if (isElevation && expiresMs === undefined) throw wrong('an elevation must end')
  if (expiresMs !== undefined && expiresMs <= Math.max(nowMs, notBeforeMs))
    throw wrong('it would end before it begins')
}

/** Whether a text can name a type in Cedar: `Order`, `Shop::Order`. */
export function isTypeName(text: string): boolean {
  return TYPE_NAME.test(text)
}

function checkText(what: string, text: string): void {
  if (text.trim() === '') throw wrong(`it needs a ${what}`)
  if (text.length > MAX_TEXT) throw wrong(`the ${what} is longer than ${MAX_TEXT} characters`)
  if (CONTROL.test(text)) throw wrong(`the ${what} has control characters or line ends in it`)
}

function wrong(message: string): RingwallError {
  return new RingwallError('access.grant-invalid', message)
}
