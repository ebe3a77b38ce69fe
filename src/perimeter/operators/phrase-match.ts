import { PhraseAutomaton } from '../engine/phrases.ts'
import { ruleError } from '../seclang/errors.ts'
import type { Operator, OperatorArgument } from './operator.ts'

/** `@pm one two |41 42|`: any of the phrases, without regard to case; bars hold bytes in hexadecimal. */
export function phraseMatch({ text, origin }: OperatorArgument): Operator {
  const phrases = text
    .split(/\s+/)
    .filter((phrase) => phrase !== '')
    .map((phrase) => phrase.replaceAll(/\|((?:[0-9A-Fa-f]{2} ?)+)\|/g, (_, hex: string) => fromHex(hex)))
  if (phrases.length === 0) throw ruleError(origin, '@pm needs at least one phrase')
  return anyPhrase(phrases)
}

/** `@pmFromFile`: one phrase a line; `#` begins a comment line. */
export function phraseMatchFromFile({ text, origin, readLines }: OperatorArgument): Operator {
  const phrases = text
    .split(/\s+/)
    .flatMap((path) => readLines(path))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (phrases.length === 0) throw ruleError(origin, `@pmFromFile ${text} has no phrase`)
  return anyPhrase(phrases)
}

function anyPhrase(written: readonly string[]): Operator {
  const phrases = [...new Set(written.map(lowerCase))]
  let automaton: PhraseAutomaton | undefined
  return {
    phrases,
    matches(value) {
      automaton ??= new PhraseAutomaton(
        phrases.map((text) => ({ text, owner: 0 })),
        1,
      )
      return automaton.find(value, new Uint32Array(1))
    },
    captures(value) {
      const lower = lowerCase(value)
      let best: { readonly at: number; readonly length: number } | undefined
      for (const phrase of phrases) {
        const at = lower.indexOf(phrase)
        if (at >= 0 && (!best || at + phrase.length < best.at + best.length))
          best = { at, length: phrase.length }
      }
      return best && [value.slice(best.at, best.at + best.length)]
    },
  }
}

/** ASCII only: other bytes have no case. */
export function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function fromHex(hex: string): string {
  return hex.replaceAll(/([0-9A-Fa-f]{2}) ?/g, (_, byte: string) => String.fromCharCode(parseInt(byte, 16)))
}
