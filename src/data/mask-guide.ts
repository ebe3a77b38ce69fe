// The guide's DataMasker, with exactly its results.

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
  let digits = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) digits += text.charAt(i)
  }
  return digits
}

function maskDigits(text: string): string {
  let count = 0
  let last = ''
  for (let i = text.length - 1; i >= 0; i--) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) continue
    if (++count <= 4) last = text.charAt(i) + last
  }
  return count < 4 ? '***' : '*'.repeat(count - 4) + last
}
