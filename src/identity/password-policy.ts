import type { AuthenticationConfig } from './config.ts'

/** Longer input is refused before it is hashed. */
export const MAX_PASSWORD_LENGTH = 1024

/** What a password misses, in the guide's words (PasswordPolicy.validate). Empty when it may be taken. */
export function validatePassword(
  rawPassword: string,
  policy: AuthenticationConfig['password'],
  account: { readonly email: string; readonly name: string },
): readonly string[] {
  const violations: string[] = []
  const length = Array.from(rawPassword).length
  if (length < policy.min_length) violations.push(`Password must be at least ${policy.min_length} characters`)
  if (length > MAX_PASSWORD_LENGTH)
    violations.push(`Password must be at most ${MAX_PASSWORD_LENGTH} characters`)
  if (policy.require_uppercase && !/\p{Lu}/u.test(rawPassword))
    violations.push('Password must contain uppercase letter')
  if (policy.require_lowercase && !/\p{Ll}/u.test(rawPassword))
    violations.push('Password must contain lowercase letter')
  if (policy.require_digit && !/\d/.test(rawPassword)) violations.push('Password must contain digit')
  if (policy.require_special && !/[^\p{L}\p{N}\s]/u.test(rawPassword))
    violations.push('Password must contain special character')
  const lower = rawPassword.toLowerCase()
  const words = [account.email.split('@')[0] ?? '', ...account.name.split(/\s+/)].map((word) =>
    word.toLowerCase(),
  )
  if (words.some((word) => word.length >= 4 && lower.includes(word))) {
    violations.push('Password must not contain your name or e-mail address')
  }
  return violations
}
