import type { MaskKind } from '../mask-kinds.ts'
import { BASE64_MARK, BASE64URL, classAt, DIGIT, DOT, HEX, isWordAt, runEnd, TILDE } from './characters.ts'
import type { Finding } from './finding.ts'

type Shape = (text: string, start: number, end: number) => readonly [from: number, to: number] | undefined

/** What of these kinds is at a word. */
export type ShapeDetector = (text: string, start: number, end: number) => Finding | undefined

/** Secrets that no prefix tells, but a shape around a word does, by the character that comes after the word. */
const SHAPES: Readonly<Record<string, readonly (readonly [kind: MaskKind, shape: Shape])[]>> = {
  ' ': [['authorization', authorization]],
  '.': [
    ['discord_token', discordBot],
    ['terraform_token', terraform],
    ['teams_webhook', teamsWebhook],
  ],
  ':': [['telegram_token', telegramBot]],
  '~': [['azure_secret', azureSecret]],
  '-': [['mailchimp_key', mailchimp]],
}
const NONE: readonly (readonly [kind: MaskKind, shape: Shape])[] = []
const MAXMIND_LENGTH = 40

/** The shapes of these kinds as one detector. */
export function createShapeDetector(kinds: ReadonlySet<MaskKind>): ShapeDetector {
  const byNext: (readonly (readonly [MaskKind, Shape])[] | undefined)[] = Array.from(
    { length: 128 },
    () => undefined,
  )
  for (const [next, shapes] of Object.entries(SHAPES)) {
    const wanted = shapes.filter(([kind]) => kinds.has(kind))
    if (wanted.length > 0) byNext[next.charCodeAt(0)] = wanted
  }
  const findsMaxmind = kinds.has('maxmind_key')
  return (text, start, end) => {
    const next = text.charCodeAt(end)
    const shapes = (next < 128 ? byNext[next] : undefined) ?? NONE
    for (let i = 0; i < shapes.length; i++) {
      const [kind, shape] = shapes[i] as readonly [MaskKind, Shape]
      const span = shape(text, start, end)
      if (span) return { kind, from: span[0], to: span[1] }
    }
    if (!findsMaxmind || end - start !== MAXMIND_LENGTH || !isMaxmind(text, start, end)) return undefined
    return { kind: 'maxmind_key', from: start, to: end }
  }
}

/** `Bearer` with a token68, `Basic` with what decodes to a colon. */
function authorization(text: string, start: number, end: number): readonly [number, number] | undefined {
  const length = end - start
  if ((length !== 5 && length !== 6) || text.charCodeAt(end) !== 32) return undefined
  if ((text.charCodeAt(start) | 32) !== 98) return undefined
  const scheme = text.slice(start, end).toLowerCase()
  const to = runEnd(text, end + 1, BASE64URL | BASE64_MARK | DOT | TILDE, 8192)
  const token = text.slice(end + 1, to)
  if (scheme === 'bearer')
    return token.length >= 20 || (token.length >= 6 && /\d/.test(token)) ? [end + 1, to] : undefined
  if (scheme !== 'basic' || token.length < 8) return undefined
  return Buffer.from(token, 'base64').includes(58) ? [end + 1, to] : undefined
}

function discordBot(text: string, start: number, end: number): readonly [number, number] | undefined {
  const length = end - start
  if (length < 23 || length > 28 || text.charCodeAt(end) !== 46) return undefined
  const middle = runEnd(text, end + 1, BASE64URL, 8)
  if (middle - end !== 7 || text.charCodeAt(middle) !== 46) return undefined
  const to = runEnd(text, middle + 1, BASE64URL, 40)
  return to - middle > 26 && 'MNO'.includes(text.charAt(start)) ? [start, to] : undefined
}

/** The bot's number, a colon, and 35 characters that begin with A. */
function telegramBot(text: string, start: number, end: number): readonly [number, number] | undefined {
  const length = end - start
  if (length < 8 || length > 10 || text.charCodeAt(end) !== 58 || text.charCodeAt(end + 1) !== 65)
    return undefined
  if (runEnd(text, start, DIGIT, 10) !== end) return undefined
  const to = runEnd(text, end + 1, BASE64URL, 36)
  return to - end === 36 ? [start, to] : undefined
}

/** Three characters, a digit, `Q~`, and 31 to 34 more. */
function azureSecret(text: string, start: number, end: number): readonly [number, number] | undefined {
  if (end - start !== 5 || text.charCodeAt(end) !== 126 || text.charCodeAt(end - 1) !== 81) return undefined
  if ((classAt(text, end - 2) & DIGIT) === 0) return undefined
  const to = runEnd(text, end + 1, BASE64URL | DOT | TILDE, 35)
  return to - end > 31 ? [start, to] : undefined
}

function terraform(text: string, start: number, end: number): readonly [number, number] | undefined {
  if (end - start !== 14 || !text.startsWith('.atlasv1.', end)) return undefined
  const to = runEnd(text, end + 9, BASE64URL | BASE64_MARK, 71)
  return to - end - 9 >= 60 ? [start, to] : undefined
}

/** 32 hexadecimal digits and a data centre. */
function mailchimp(text: string, start: number, end: number): readonly [number, number] | undefined {
  if (end - start !== 32 || !text.startsWith('-us', end) || runEnd(text, start, HEX, 32) !== end)
    return undefined
  const to = runEnd(text, end + 3, DIGIT, 3)
  return to > end + 3 && !isWordAt(text, to) ? [start, to] : undefined
}

function isMaxmind(text: string, start: number, end: number): boolean {
  return text.startsWith('_mmk', end - 4) && text.charCodeAt(start + 6) === 95
}

const TEAMS = '.webhook.office.com/webhookb2/'

function teamsWebhook(text: string, start: number, end: number): readonly [number, number] | undefined {
  if (!text.startsWith(TEAMS, end)) return undefined
  let to = end + TEAMS.length
  const stop = Math.min(text.length, to + 512)
  while (to < stop && ((classAt(text, to) & (BASE64URL | BASE64_MARK)) !== 0 || text.charCodeAt(to) === 64))
    to++
  return [start, to]
}
