import type { MaskKind } from '../mask-kinds.ts'
import { domainEnd, macEnd } from './address.ts'
import { classAt, DIGIT, HEX, HYPHEN, isDigitCode, NUMBER } from './characters.ts'
import type { WeakFindings, Weighing } from './context.ts'
import { isCryptoAddress, maybeCryptoAddress } from './crypto-address.ts'
import type { Finding } from './finding.ts'
import { ibanEnd } from './iban.ts'
import { createLetterDetector } from './letter-detector.ts'
import { createNumberDetector } from './number-detector.ts'
import { createTokenDetector } from './token-detector.ts'

/** What begins with the word from `start` to `end`, whose characters have the classes `classes`. */
export type WordDetector = (text: string, start: number, end: number, classes: number) => Finding | undefined

/** Compiles the detectors that begin at words: numbers, identity numbers with letters, accounts, addresses, tokens. */
export function createWordDetector(
  kinds: ReadonlySet<MaskKind>,
  weak: WeakFindings,
  weighing: Weighing,
): WordDetector {
  const numbers = createNumberDetector(kinds, weighing)
  const letters = createLetterDetector(kinds, weighing)
  const tokens = createTokenDetector(kinds)
  const has = (kind: MaskKind): boolean => kinds.has(kind)
  const [iban, crypto, mac, url] = [has('iban'), has('crypto_address'), has('mac'), has('url')]

  /** What has letters and digits and no punctuation but blanks. */
  function mixed(text: string, start: number, end: number): Finding | undefined {
    if (iban && isIbanHead(text, start, end)) {
      const to = ibanEnd(text, start)
      if (to > 0) return { kind: 'iban', from: start, to }
    }
    const isCrypto = crypto && maybeCryptoAddress(text, start, end) && isCryptoAddress(text.slice(start, end))
    return isCrypto ? { kind: 'crypto_address', from: start, to: end } : undefined
  }

  function network(text: string, start: number, end: number, classes: number): Finding | undefined {
    if (mac && end - start === 2 && (classes & HEX) !== 0) {
      const to = macEnd(text, start)
      if (to > 0) return { kind: 'mac', from: start, to }
    }
    if (!url || text.charCodeAt(end) !== 46 || isNameBefore(text, start)) return undefined
    const to = domainEnd(text, start)
    return to > 0 && (weak === 'always' || weighing(text, start, 'url'))
      ? { kind: 'url', from: start, to }
      : undefined
  }

  return (text, start, end, classes) => {
    const isNumber = classes === NUMBER
    if (isNumber) {
      const found = numbers(text, start)
      if (found) return found
    } else if ((classes & DIGIT) !== 0) {
      const found = mixed(text, start, end)
      if (found) return found
    }
    if (mac || url) {
      const found = network(text, start, end, classes)
      if (found) return found
    }
    // Letters without digit begin an identity number only in pairs (`AB 12 34 56 C`) or alone (`X-1234567-L`).
    if ((classes & DIGIT) !== 0 || end - start <= 2) {
      const found = letters(text, start, end, classes)
      if (found) return found
    }
    return isNumber && text.charCodeAt(end) !== 58 ? undefined : tokens(text, start, end)
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

/** Whether a name goes on here that began before: `a.example.com` is read once, and so is `user@example.com`. */
function isNameBefore(text: string, start: number): boolean {
  const before = classAt(text, start - 1)
  return (before & HYPHEN) !== 0 || [46, 64, 47].includes(text.charCodeAt(start - 1))
}
