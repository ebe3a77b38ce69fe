import { hexDigit } from '../bodies/url-encoded.ts'
import { ruleError } from '../seclang/errors.ts'
import type { Operator, OperatorArgument } from './operator.ts'

/** `@validateByteRange 10,13,32-126`: matches a value that holds any other byte. */
export function validateByteRange({ text, origin }: OperatorArgument): Operator {
  const allowed = new Uint8Array(256)
  for (const item of text.split(',')) {
    const match = /^\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?\s*$/.exec(item)
    const from = Number(match?.[1])
    const to = match?.[2] === undefined ? from : Number(match[2])
    if (!match || from > 255 || to > 255 || to < from)
      throw ruleError(
        origin,
        `@validateByteRange: \`${item.trim()}\` is no byte or range of bytes from 0 to 255`,
      )
    allowed.fill(1, from, to + 1)
  }
  return {
    matches(value) {
      for (let i = 0; i < value.length; i++) if (allowed[value.charCodeAt(i) & 255] === 0) return true
      return false
    },
  }
}

/** `@validateUrlEncoding`: matches a percent sign without two hexadecimal digits (RFC 3986 2.1). */
export function hasBadPercent(value: string): boolean {
  for (let at = value.indexOf('%'); at >= 0; at = value.indexOf('%', at + 1))
    if (hexDigit(value.charCodeAt(at + 1)) < 0 || hexDigit(value.charCodeAt(at + 2)) < 0) return true
  return false
}

/** `@validateUtf8Encoding`: matches bytes that are not UTF-8, overlong forms and surrogates included (RFC 3629 4). */
export function hasBadUtf8(value: string): boolean {
  for (let i = 0; i < value.length;) {
    const lead = value.charCodeAt(i)
    if (lead < 0x80) {
      i++
      continue
    }
    const length =
      lead >= 0xc2 && lead <= 0xdf
        ? 2
        : lead >= 0xe0 && lead <= 0xef
          ? 3
          : lead >= 0xf0 && lead <= 0xf4
            ? 4
            : 0
    if (length === 0 || i + length > value.length) return true
    const second = value.charCodeAt(i + 1)
    const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < least || second > most) return true
    for (let k = 2; k < length; k++) if ((value.charCodeAt(i + k) & 0xc0) !== 0x80) return true
    i += length
  }
  return false
}
