import { join } from 'node:path'

import type { AuthenticationConfig } from './config.ts'
import { PasswordFilter } from './password-filter.ts'
import { fill, wordsIn } from './words.ts'

/** Longer input is refused before it is hashed. */
export const MAX_PASSWORD_LENGTH = 1024

/** A rule that a password misses; the texts of pages are found by its name. */
export interface Violation {
  readonly rule:
    | 'minLength'
    | 'maxLength'
    | 'uppercase'
    | 'lowercase'
    | 'digit'
    | 'special'
    | 'context'
    | 'common'
    | 'breached'
    | 'weak'
    | 'history'
  readonly limit: number
}

/** Whose password it is, as far as a password should not say. */
export interface PasswordOwner {
  readonly email: string
  readonly name: string
}

type Policy = AuthenticationConfig['password']
type ClassRules = Pick<
  Policy,
  'min_length' | 'require_uppercase' | 'require_lowercase' | 'require_digit' | 'require_special'
>

/** The guide's rules with the guide's names and messages (Password Storage). */
export const PasswordPolicy = {
  MIN_LENGTH: 12,
  REQUIRE_UPPERCASE: true,
  REQUIRE_LOWERCASE: true,
  REQUIRE_DIGIT: true,
  REQUIRE_SPECIAL: true,

  /** Returns the list of policy violations. Any character that is no letter, digit or space is special. */
  validate(password: string): readonly string[] {
    return classViolations(password, {
      min_length: this.MIN_LENGTH,
      require_uppercase: this.REQUIRE_UPPERCASE,
      require_lowercase: this.REQUIRE_LOWERCASE,
      require_digit: this.REQUIRE_DIGIT,
      require_special: this.REQUIRE_SPECIAL,
    }).map(messageOf)
  },
}

/** What a password misses, in the guide's words. Empty when it may be taken. Strength, breaches and history are asked elsewhere. */
export function validatePassword(
  rawPassword: string,
  policy: Policy,
  account: PasswordOwner,
): readonly string[] {
  return passwordViolations(rawPassword, policy, account).map(messageOf)
}

/** A violation in English, the guide's words where it has them. */
export function messageOf(violation: Violation): string {
  return fill(wordsIn('en').violations[violation.rule], { limit: violation.limit })
}

/** What a password misses of everything that can be told at once, without hashing. */
export function passwordViolations(
  rawPassword: string,
  policy: Policy,
  owner: PasswordOwner,
): readonly Violation[] {
  const violations = [...classViolations(rawPassword, policy)]
  const lower = rawPassword.toLowerCase()
  if (contextWords(policy, owner).some((word) => word.length >= 4 && lower.includes(word)))
    violations.push({ rule: 'context', limit: 0 })
  if (violations.length > 0) return violations
  if (policy.block_common && isCommon(rawPassword)) violations.push({ rule: 'common', limit: 0 })
  else if (policy.breach_list !== undefined && listAt(policy.breach_list).has(rawPassword))
    violations.push({ rule: 'breached', limit: 0 })
  return violations
}

/** Words that an attacker tries first: of the person, of the address, of the site. Lower-case. */
export function contextWords(policy: Policy, owner: PasswordOwner): readonly string[] {
  const [local = '', domain = ''] = owner.email.split('@')
  const words = [local, ...local.split(/[._+-]/), domain.split('.').at(-2) ?? '', ...owner.name.split(/\s+/)]
  return [...words, ...policy.context_words].map((word) => word.toLowerCase()).filter((word) => word !== '')
}

function classViolations(rawPassword: string, policy: ClassRules): readonly Violation[] {
  const violations: Violation[] = []
  const length = Array.from(rawPassword).length
  const miss = (rule: Violation['rule'], limit = 0): void => void violations.push({ rule, limit })
  if (length < policy.min_length) miss('minLength', policy.min_length)
  if (length > MAX_PASSWORD_LENGTH) miss('maxLength', MAX_PASSWORD_LENGTH)
  if (policy.require_uppercase && !/\p{Lu}/u.test(rawPassword)) miss('uppercase')
  if (policy.require_lowercase && !/\p{Ll}/u.test(rawPassword)) miss('lowercase')
  if (policy.require_digit && !/\d/.test(rawPassword)) miss('digit')
  if (policy.require_special && !/[^\p{L}\p{N}\s]/u.test(rawPassword)) miss('special')
  return violations
}

const lists = new Map<string, PasswordFilter>()

/** A list is opened once for each path; a new one is taken with a restart. */
function listAt(file: string): PasswordFilter {
  const known = lists.get(file) ?? PasswordFilter.open(file)
  lists.set(file, known)
  return known
}

/** Opens the lists of a policy now, so that a mistake is told at the start. */
export function openPasswordLists(policy: Policy): void {
  if (policy.block_common) listAt(COMMON)
  if (policy.breach_list !== undefined) listAt(policy.breach_list)
}

const COMMON = join(import.meta.dirname, 'common-passwords.filter')
const LEET: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
  '+': 't',
}

/** Whether a password is on the list of common ones, whatever its case, and with letters that were drawn as signs. */
function isCommon(rawPassword: string): boolean {
  const list = listAt(COMMON)
  const lower = rawPassword.toLowerCase()
  if (list.has(lower)) return true
  let end = lower.length
  while (end > 0 && !/[a-z]/.test(lower[end - 1] as string)) end--
  const [stem, ending] = [lower.slice(0, end), lower.slice(end)]
  return ['i', 'l'].some((one) => {
    const letters = [...stem]
      .map((char) => (char === '1' || char === '!' ? one : (LEET[char] ?? char)))
      .join('')
    return letters !== stem && list.has(letters + ending)
  })
}
