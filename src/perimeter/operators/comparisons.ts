import type { Macro } from '../engine/macro.ts'
import type { Operator, OperatorArgument, OperatorScope } from './operator.ts'

/** `@eq`, `@ge`, `@gt`, `@le`, `@lt`: numbers as C's `atoi` reads them, so what is no number is 0. */
export function numeric(compare: (value: number, argument: number) => boolean) {
  return ({ macro }: OperatorArgument): Operator => {
    if (macro.constant !== undefined) {
      const argument = toInteger(macro.constant)
      return { matches: (value) => compare(toInteger(value), argument) }
    }
    return { matches: (value, scope) => compare(toInteger(value), toInteger(scope.expand(macro))) }
  }
}

/** The leading digits of a text as a number; 0 where there are none. */
export function toInteger(text: string): number {
  let i = 0
  while (i < text.length && text.charCodeAt(i) <= 32) i++
  const isNegative = text.charCodeAt(i) === 45
  if (isNegative || text.charCodeAt(i) === 43) i++
  let number = 0
  for (; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9 || number > 9e14) break
    number = number * 10 + digit
  }
  return isNegative ? -number : number
}

/** Operators that compare texts byte for byte; macros are expanded in the argument. */
export function textual(compare: (value: string, argument: string) => boolean) {
  return ({ macro }: OperatorArgument): Operator => ({
    matches: (value, scope) => compare(value, argumentOf(macro, scope)),
    captures: (value) => [value],
  })
}

function argumentOf(macro: Macro, scope: OperatorScope): string {
  return macro.constant ?? scope.expand(macro)
}

/** `@containsWord`: the argument with no letter, digit or underscore beside it. */
export function containsWord(value: string, argument: string): boolean {
  if (argument === '') return true
  for (let at = value.indexOf(argument); at >= 0; at = value.indexOf(argument, at + 1))
    if (!isWordAt(value, at - 1) && !isWordAt(value, at + argument.length)) return true
  return false
}

function isWordAt(value: string, at: number): boolean {
  const code = value.charCodeAt(at)
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122)
  )
}
