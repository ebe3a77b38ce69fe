import type { MaskText } from '../core/keys.ts'
import type { Secret } from '../core/secret.ts'

/** `j******e@example.com`: first and last of the name stay, the domain stays (the guide's DataMasker.mask_email). */
export function maskEmail(email: string): string {
  const at = email.indexOf('@')
  if (at < 0) return '***'
  const local = email.slice(0, at)
  const masked =
    local.length <= 2 ? '*'.repeat(local.length) : `${local[0]}${'*'.repeat(local.length - 2)}${local.at(-1)}`
  return `${masked}@${email.slice(at + 1)}`
}

/** `*******4567`: the last four digits stay (the guide's mask_phone). */
export function maskPhone(phone: string): string {
  return maskDigits(phone)
}

/** The last four digits stay (the guide's mask_credit_card). */
export function maskCreditCard(card: string): string {
  return maskDigits(card)
}

/** `***-**-6789` (the guide's mask_ssn). */
export function maskSsn(ssn: string): string {
  const digits = digitsOf(ssn)
  return digits.length === 9 ? `***-**-${digits.slice(-4)}` : '***-**-****'
}

/** Masks the named fields of an object and of objects in it, by what their names say (the guide's mask_dict). */
export function maskDict(
  data: Readonly<Record<string, unknown>>,
  sensitiveFields: ReadonlySet<string>,
): Record<string, unknown> {
  const masked: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(data)) {
    if (sensitiveFields.has(key)) masked[key] = maskByName(key, String(value))
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      masked[key] = maskDict(value as Record<string, unknown>, sensitiveFields)
    } else masked[key] = value
  }
  return masked
}

function maskByName(key: string, value: string): string {
  const name = key.toLowerCase()
  if (name.includes('email')) return maskEmail(value)
  if (name.includes('phone')) return maskPhone(value)
  if (name.includes('card')) return maskCreditCard(value)
  if (name.includes('ssn')) return maskSsn(value)
  return '***'
}

function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '')
}

function maskDigits(text: string): string {
  const digits = digitsOf(text)
  return digits.length < 4 ? '***' : '*'.repeat(digits.length - 4) + digits.slice(-4)
}

/** A masker for free text in logs: e-mail addresses, card, phone and social security numbers, and every loaded secret. */
export function createTextMask(secrets: readonly Secret[] = []): MaskText {
  const values = secrets.map((secret) => secret.reveal()).filter((value) => value.length >= 6)
  return (text) => {
    let masked = text
    for (const value of values) masked = masked.replaceAll(value, '[secret]')
    return maskText(masked)
  }
}

/**
 * Masks personal data in free text. One pass over the characters with two small scanners, each of which reads a
 * bounded number of characters from where it stands: linear on any input.
 */
export function maskText(text: string): string {
  let out = ''
  let copied = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    let found: { readonly from: number; readonly to: number; readonly masked: string } | undefined
    if (code === 64) found = emailAround(text, at, copied)
    else if ((isDigit(code) || code === 43 || code === 40) && !isWordBefore(text, at))
      found = numberAt(text, at)
    if (!found) continue
    out += text.slice(copied, found.from) + found.masked
    copied = found.to
    at = found.to - 1
  }
  return copied === 0 ? text : out + text.slice(copied)
}

const MAX_LOCAL = 64
const MAX_DOMAIN = 255

/** An address around an `@` (RFC 5321 4.5.3.1 bounds), not before `from`. */
function emailAround(
  text: string,
  at: number,
  from: number,
): { from: number; to: number; masked: string } | undefined {
  let start = at
  while (start > from && at - start < MAX_LOCAL && isLocalPart(text.charCodeAt(start - 1))) start--
  let end = at + 1
  while (end < text.length && end - at <= MAX_DOMAIN && isDomain(text.charCodeAt(end))) end++
  while (end > at + 1 && !isAlphanumeric(text.charCodeAt(end - 1))) end--
  const domain = text.slice(at + 1, end)
  if (start === at || !domain.includes('.')) return undefined
  return { from: start, to: end, masked: maskEmail(text.slice(start, end)) }
}

const MAX_NUMBER = 32

/** A card, a phone or a social security number that begins here. */
function numberAt(text: string, at: number): { from: number; to: number; masked: string } | undefined {
  let end = at
  let digits = ''
  for (; end < text.length && end - at < MAX_NUMBER; end++) {
    const code = text.charCodeAt(end)
    if (isDigit(code)) digits += text[end]
    else if (!isNumberPunctuation(code) || (code === 43 && end > at)) break
  }
  while (end > at && !isDigit(text.charCodeAt(end - 1))) end--
  if (end < text.length && isAlphanumeric(text.charCodeAt(end))) return undefined
  const raw = text.slice(at, end)
  if (digits.length >= 13 && digits.length <= 19 && passesLuhn(digits))
    return { from: at, to: end, masked: maskCreditCard(digits) }
  if (isSsn(raw, digits)) return { from: at, to: end, masked: maskSsn(digits) }
  if (isPhone(raw, digits)) return { from: at, to: end, masked: maskPhone(digits) }
  // Not one number as a whole: step over it, so that its tail is not read as another.
  return raw.length > 4 ? { from: at, to: end, masked: raw } : undefined
}

/** ISO/IEC 7812-1 annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const doubled = i % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** AAA-GG-SSSS; never area 000, 666 or 900 and up, group 00, serial 0000 (SSA, since 2011). */
function isSsn(raw: string, digits: string): boolean {
  if (digits.length !== 9 || !/^\d{3}([- ])\d{2}\1\d{4}$/.test(raw)) return false
  const area = digits.slice(0, 3)
  return (
    area !== '000' &&
    area !== '666' &&
    area < '900' &&
    digits.slice(3, 5) !== '00' &&
    digits.slice(5) !== '0000'
  )
}

/** International (E.164, with a plus) or ten digits grouped as a North American number. Bare digits are not taken for one. */
function isPhone(raw: string, digits: string): boolean {
  if (raw.startsWith('+')) return digits.length >= 8 && digits.length <= 15
  return /^(?:1[- .])?(?:\(\d{3}\) ?|\d{3}[- .])\d{3}[- .]\d{4}$/.test(raw)
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

function isWordBefore(text: string, at: number): boolean {
  if (at === 0) return false
  const code = text.charCodeAt(at - 1)
  return isAlphanumeric(code) || code === 95
}

function isLocalPart(code: number): boolean {
  return (
    isAlphanumeric(code) ||
    code === 46 ||
    code === 95 ||
    code === 37 ||
    code === 43 ||
    code === 45 ||
    code === 39
  )
}

function isDomain(code: number): boolean {
  return isAlphanumeric(code) || code === 46 || code === 45
}

function isNumberPunctuation(code: number): boolean {
  return code === 32 || code === 45 || code === 46 || code === 40 || code === 41 || code === 43
}
