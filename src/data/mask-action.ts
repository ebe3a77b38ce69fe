import { createHmac } from 'node:crypto'

import type { Secret } from '../core/secret.ts'
import { maskCreditCard, maskEmail, maskPhone, maskSsn } from './mask-guide.ts'
import { groupOf, type MaskKind } from './mask-kinds.ts'

/**
 * What is written in place of a finding.
 *
 * - `mask`: the guide's form (`j******e@example.com`), `***`, or the kind in brackets;
 * - `drop`: nothing;
 * - `keepLast`: stars, but for the last letters and digits - never more than half of them;
 * - `hash`: HMAC-SHA-256 of the value, to be compared with other hashes under this key;
 * - `token`: a short pseudonym, the same for the same value of a kind in a scope (a tenant), whatever its punctuation and case.
 */
export type MaskAction =
  | 'mask'
  | 'drop'
  | { readonly keepLast: number }
  | { readonly hash: Secret }
  | { readonly token: Secret; readonly scope?: string }

/** Actions by kind; `default` for the kinds that are not named. */
export type MaskActions = Readonly<Partial<Record<MaskKind | 'default', MaskAction>>>

/** Writes a value of a kind as it may be seen. */
export type Render = (kind: MaskKind, value: string) => string

/** Compiles actions. */
export function createRender(actions: MaskActions = {}): Render {
  const otherwise = actions.default ?? 'mask'
  return (kind, value) => {
    // What was loaded as a secret is never shown in part, and no hash of it leaves.
    if (kind === 'registered') return '[secret]'
    const action = actions[kind] ?? otherwise
    if (action === 'mask') return maskByKind(kind, value)
    if (action === 'drop') return ''
    if ('keepLast' in action) return keepLast(value, action.keepLast)
    if ('hash' in action) return `[${kind}:${hmac(action.hash, value).toString('hex').slice(0, 32)}]`
    return `[${kind}:${pseudonym(action.token, action.scope ?? '', kind, value)}]`
  }
}

/** The guide's forms, and stars for what no part may be seen of. */
const FORMS: Readonly<Partial<Record<MaskKind, (value: string) => string>>> = {
  email: maskEmail,
  phone: maskPhone,
  card: maskCreditCard,
  us_ssn: maskSsn,
  credential: () => '***',
  url_credentials: () => '***',
  authorization: () => '***',
}

function maskByKind(kind: MaskKind, value: string): string {
  return FORMS[kind]?.(value) ?? `[${kind}]`
}

function isCounted(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code > 127
}

/** Stars for all letters and digits but the last `count`; punctuation stays, but for what would end a string or begin an escape. */
function keepLast(value: string, count: number): string {
  let letters = 0
  for (let i = 0; i < value.length; i++) if (isCounted(value.charCodeAt(i))) letters++
  let hidden = Math.max(letters - count, Math.ceil(letters / 2))
  let out = ''
  for (const character of value) {
    const counts = isCounted(character.charCodeAt(0))
    const isMark = character === '\\' || character === '"'
    out += isMark || (counts && hidden > 0) ? '*' : character
    if (counts) hidden -= character.length
  }
  return out
}

function hmac(key: Secret, value: string): Buffer {
  return createHmac('sha256', key.reveal()).update(value).digest()
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const PSEUDONYM_LENGTH = 12

/** 60 bits, so that among a million people two share one with a chance of one in two million. */
function pseudonym(key: Secret, scope: string, kind: MaskKind, value: string): string {
  const plain = groupOf(kind) === 'secret' ? value : value.toLowerCase().replaceAll(/[\s().-]/g, '')
  const named = kind === 'email' ? value.toLowerCase() : plain
  const bytes = hmac(key, JSON.stringify([scope, kind, named]))
  let out = ''
  for (let i = 0; i < PSEUDONYM_LENGTH; i++) out += ALPHABET.charAt((bytes[i] as number) & 31)
  return out
}
