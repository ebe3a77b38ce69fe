import { Pattern } from '../regex/pattern.ts'
import type { Operator, OperatorArgument } from './operator.ts'

/** Candidates that are checked in one value; more are no text of a person. */
const MAX_CANDIDATES = 100

/** `@verifyCC`, `@verifyCPF`, `@verifySSN`, `@verifySVNR`: the pattern finds candidates, the check decides. */
export function verified(check: (digits: string) => boolean) {
  return ({ text }: OperatorArgument): Operator => {
    const pattern = new Pattern(text)
    const find = (value: string): string | undefined => {
      let rest = value
      for (let i = 0; i < MAX_CANDIDATES; i++) {
        const found = pattern.exec(rest)?.[0]
        if (found === undefined || found === '') return undefined
        if (check(found.replaceAll(/\D/g, ''))) return found
        rest = rest.slice(rest.indexOf(found) + 1)
      }
      return undefined
    }
    return {
      matches: (value) => find(value) !== undefined,
      captures: (value) => [find(value)],
    }
  }
}

/** The check digit of payment cards (ISO/IEC 7812-1, Luhn). */
export function isCardNumber(digits: string): boolean {
  if (digits.length < 12 || digits.length > 19) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const doubled = i % 2 === 0 ? digit : digit * 2
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** Brazil's Cadastro de Pessoas Fisicas: two check digits modulo 11. */
export function isCpf(digits: string): boolean {
  if (digits.length !== 11 || /^(\d)\1*$/.test(digits)) return false
  const check = (length: number): number => {
    let sum = 0
    for (let i = 0; i < length; i++) sum += Number(digits[i]) * (length + 1 - i)
    return ((sum * 10) % 11) % 10
  }
  return check(9) === Number(digits[9]) && check(10) === Number(digits[10])
}

/** A United States social security number that can have been given out: no 000, 666 or 9xx area, no zero group. */
export function isSsn(digits: string): boolean {
  if (digits.length !== 9) return false
  const area = Number(digits.slice(0, 3))
  return area !== 0 && area !== 666 && area < 900 && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000'
}

/** Austria's Sozialversicherungsnummer: the fourth digit checks the others. */
export function isSvnr(digits: string): boolean {
  if (digits.length !== 10) return false
  const weights = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]
  const sum = weights.reduce((total, weight, i) => total + weight * Number(digits[i]), 0)
  return sum % 11 === Number(digits[3])
}
