import type { MaskKind } from '../mask-kinds.ts'
import { areaPhoneEnd, emailAround, ipv6Around, plusPhoneEnd, urlEnd } from './address.ts'
import { assignedValue, elementValue, flagValue, mayEndName, urlCredentials } from './assignment.ts'
import { isDigitCode, isWordAt } from './characters.ts'
import type { WeakFindings } from './context.ts'
import type { Finding } from './finding.ts'
import { privateKeyAt } from './private-key.ts'

/** What stands at, around or after a character that no word holds; `first` is where the last finding ended. */
export type MarkDetector = (text: string, at: number, code: number, first: number) => Finding | undefined

/** Compiles the detectors that a mark gives away: `@ : = % > + ( -`. */
export function createMarkDetector(kinds: ReadonlySet<MaskKind>, weak: WeakFindings): MarkDetector {
  const has = (kind: MaskKind): boolean => kinds.has(kind)
  const [email, phone, ip, pem, url] = [has('email'), has('phone'), has('ip'), has('private_key'), has('url')]
  const [credential, credentials] = [has('credential'), has('url_credentials')]

  return (text, at, code, first) => {
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
}

/** Whether a mark may give something away, by its neighbours alone: nearly all end here. */
export function mayTell(text: string, at: number, code: number): boolean {
  const next = text.charCodeAt(at + 1)
  switch (code) {
    case 45:
      return next === 45
    case 43:
    case 40:
      return isDigitCode(next)
    case 58:
    case 61:
    case 62: {
      const before = text.charCodeAt(at - 1)
      // A letter before is the end of a name; a digit is none; behind anything else the name may be further back.
      return (
        (next === 47 && code === 58) ||
        (isDigitCode(before) ? false : !isLetterCode(before) || mayEndName(text, at))
      )
    }
    default:
      return true
  }
}

function isLetterCode(code: number): boolean {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}
