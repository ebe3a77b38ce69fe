import type { MaskKind } from '../mask-kinds.ts'
import { areaPhoneEnd, domainEnd, emailAround, ipv6Around, macEnd, plusPhoneEnd, urlEnd } from './address.ts'
import { assignedValue, elementValue, flagValue, urlCredentials } from './assignment.ts'
import {
  CLASSES,
  DIGIT,
  HEX,
  HYPHEN,
  isDigitCode,
  isWordAt,
  LOWER,
  TRIGGER,
  WORD,
} from './characters.ts'
import { createWeighing, type WeakFindings } from './context.ts'
import { isCryptoAddress, maybeCryptoAddress } from './crypto-address.ts'
import type { Finding } from './finding.ts'
import { ibanEnd } from './iban.ts'
import { readJwt } from './jwt.ts'
import { createLetterDetector } from './letter-detector.ts'
import { createNumberDetector } from './number-detector.ts'
import { privateKeyAt } from './private-key.ts'
import { createTokenDetector } from './token-detector.ts'

/** Everything of the compiled kinds in a text, in order and without overlap. Text before `from` is looked at, never found in. */
export type Scan = (text: string, from?: number) => readonly Finding[]

/** The classes of a word of digits alone. */
const NUMBER: number = DIGIT | HEX
const NONE: readonly Finding[] = []
/** Longer words have no prefix of letters alone that a space follows. */
const SCHEME_LENGTHS = new Set([5, 6])

/**
 * Compiles the detectors of these kinds into one pass. A word costs its characters and, by their classes, no or few look-ups: a
 * word of small letters alone is done with; digits go to the numbers; capitals and mixtures to identity numbers and tokens. Every
 * detector reads a bounded number of characters, or steps over what it has read: linear on any input.
 */
export function createScan(kinds: ReadonlySet<MaskKind>, weak: WeakFindings): Scan {
  const weighing = createWeighing(weak)
  const numbers = createNumberDetector(kinds, weighing)
  const letters = createLetterDetector(kinds, weighing)
  const tokens = createTokenDetector(kinds)
  const has = (kind: MaskKind): boolean => kinds.has(kind)
  const [iban, crypto, jwt, mac, url] = [
    has('iban'),
    has('crypto_address'),
    has('jwt'),
    has('mac'),
    has('url'),
  ]
  const [email, phone, ip, pem] = [has('email'), has('phone'), has('ip'), has('private_key')]
  const [credential, credentials] = [has('credential'), has('url_credentials')]

  /** What begins with the word from `start` to `end`. */
  function word(text: string, start: number, end: number, classes: number): Finding | undefined {
    const isNumber = classes === NUMBER
    if (isNumber) {
      const found = numbers(text, start)
      if (found) return found
    }
    if (mac && end - start === 2 && (classes & HEX) !== 0) {
      const to = macEnd(text, start)
      if (to > 0) return { kind: 'mac', from: start, to }
    }
    if (!isNumber && (classes & DIGIT) !== 0) {
      if (iban && isIbanHead(text, start, end)) {
        const to = ibanEnd(text, start)
        if (to > 0) return { kind: 'iban', from: start, to }
      }
      if (crypto && maybeCryptoAddress(text, start, end) && isCryptoAddress(text.slice(start, end)))
        return { kind: 'crypto_address', from: start, to: end }
    }
    const found = letters(text, start, end, classes)
    if (found) return found
    if (url && text.charCodeAt(end) === 46) {
      const to = isNameBefore(text, start) ? -1 : domainEnd(text, start)
      if (to > 0 && (weak === 'always' || weighing(text, start, 'url')))
        return { kind: 'url', from: start, to }
    }
    return isNumber && text.charCodeAt(end) !== 58 ? undefined : tokens(text, start, end)
  }

  /** What stands at, around or after a character that no word holds; `first` is where the last finding ended. */
  function mark(text: string, at: number, code: number, first: number): Finding | undefined {
    switch (code) {
      case 64: {
        const span = email ? emailAround(text, at, first) : undefined
        return span && { kind: 'email', ...span }
      }
      case 58: {
        if (text.charCodeAt(at + 1) === 47 && text.charCodeAt(at + 2) === 47)
          return afterScheme(text, at, first)
        const span = ip ? ipv6Around(text, at, first) : undefined
        if (span && (weak === 'always' || span.to - span.from > 2)) return { kind: 'ip', ...span }
        return credential ? assignedValue(text, at, at + 1, first) : undefined
      }
      case 61:
        return credential ? assignedValue(text, at, at + 1, first) : undefined
      case 37: {
        const sign = text.charCodeAt(at + 1) === 51 ? text.charCodeAt(at + 2) | 32 : 0
        return credential && (sign === 100 || sign === 97)
          ? assignedValue(text, at, at + 3, first)
          : undefined
      }
      case 62:
        return credential ? elementValue(text, at, first) : undefined
      case 43:
      case 40: {
        if (!phone || isWordAt(text, at - 1)) return undefined
        const to = code === 43 ? plusPhoneEnd(text, at) : areaPhoneEnd(text, at)
        return to > 0 ? { kind: 'phone', from: at, to } : undefined
      }
      case 45: {
        if (text.charCodeAt(at + 1) !== 45) return undefined
        if (pem && text.charCodeAt(at + 2) === 45) {
          const key = privateKeyAt(text, at)
          if (key) return { kind: 'private_key', from: at, to: key.to }
        }
        return credential && text.charCodeAt(at - 1) <= 32 ? flagValue(text, at) : undefined
      }
      default:
        return undefined
    }
  }

  function afterScheme(text: string, colon: number, first: number): Finding | undefined {
    const found = credentials ? urlCredentials(text, colon) : undefined
    if (found || !url) return found
    let from = colon
    while (from > first && colon - from < 12 && isWordAt(text, from - 1)) from--
    const to = urlEnd(text, colon)
    return to > 0 && from < colon ? { kind: 'url', from, to } : undefined
  }

  return (text, from = 0) => {
    const { length } = text
    let findings: Finding[] | undefined
    let first = from
    let at = from
    // A word that began before `from` is not read from its middle.
    if (from > 0 && isWordAt(text, from - 1)) while (at < length && isWordAt(text, at)) at++
    while (at < length) {
      const code = text.charCodeAt(at)
      let classes = code < 128 ? (CLASSES[code] as number) : 0
      let found: Finding | undefined
      if ((classes & WORD) !== 0) {
        const start = at++
        for (; at < length; at++) {
          const next = text.charCodeAt(at)
          const more = next < 128 ? (CLASSES[next] as number) : 0
          if ((more & WORD) === 0) break
          classes |= more
        }
        if ((classes & ~(LOWER | HEX)) === 0 && !mayGoOn(text, start, at)) continue
        if (jwt && code === 101 && text.startsWith('eyJ', start)) {
          const { to, isToken } = readJwt(text, start)
          found = isToken ? { kind: 'jwt', from: start, to } : word(text, start, at, classes)
          if (!found && to > at) at = to
        } else found = word(text, start, at, classes)
      } else if ((classes & TRIGGER) !== 0) {
        found = mark(text, at, code, first)
        // What an escape stands for is no letter of the next word: `\nAKIA...`, `%20AKIA...`.
        if (!found) at += code === 92 ? 2 : code === 37 && isEscape(text, at) ? 3 : 1
      } else {
        at++
        continue
      }
      if (!found) continue
      ;(findings ??= []).push(found)
      first = found.to
      at = found.to
    }
    return findings ?? NONE
  }

  /** Whether a word of small letters alone may begin something: what follows it is no space, or it is a scheme. */
  function mayGoOn(text: string, start: number, end: number): boolean {
    const next = text.charCodeAt(end)
    if (next === 45 || next === 46) return true
    if (next === 58) return mac
    if (next === 32) return SCHEME_LENGTHS.has(end - start) && text.charCodeAt(start) === 98
    return next === 126 || next === 36
  }
}

function isIbanHead(text: string, start: number, end: number): boolean {
  return (
    end - start >= 4 &&
    isDigitCode(text.charCodeAt(start + 2)) &&
    isDigitCode(text.charCodeAt(start + 3)) &&
    !isDigitCode(text.charCodeAt(start)) &&
    !isDigitCode(text.charCodeAt(start + 1))
  )
}

function isEscape(text: string, at: number): boolean {
  return (classOf(text, at + 1) & HEX) !== 0 && (classOf(text, at + 2) & HEX) !== 0
}

function classOf(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (CLASSES[code] as number) : 0
}

/** Whether a name goes on here that began before: `a.example.com` is read once, and so is `user@example.com`. */
function isNameBefore(text: string, start: number): boolean {
  const before = classOf(text, start - 1)
  return (before & HYPHEN) !== 0 || [46, 64, 47].includes(text.charCodeAt(start - 1))
}
