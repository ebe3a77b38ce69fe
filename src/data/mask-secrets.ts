import { Secret } from '../core/secret.ts'
import type { Finding } from './detectors/finding.ts'

/** Shorter values, and shorter forms of values, would be found everywhere. */
const MIN_LENGTH = 6
const HASH_BITS = 18
const HASH_MASK: number = 2 ** HASH_BITS - 1
const WINDOW = 4
const MAX_OFFSETS = 64

interface Pattern {
  readonly text: string
  /** Where in the text the window is that it is found by. */
  readonly offset: number
}

/**
 * Every secret that was loaded. What is in it is found in any text, as it is and as base64 and base64url (at each of the three
 * alignments, so also within longer base64), hexadecimal, percent-encoded, form-encoded, JSON-escaped once and twice, HTML-escaped.
 */
export class SecretRegistry {
  readonly #forms = new Set<string>()
  #buckets = new Map<number, Pattern[]>()
  #bitmap: Uint8Array | undefined
  #longest = 0
  #longestOfLines = 0

  constructor(secrets: Iterable<Secret> = []) {
    for (const secret of secrets) this.add(secret)
  }

  /**
   * Adds a secret; one that was rotated away stays, since it may still be in what others print. Of an address, the password in it
   * is a secret too: messages of drivers name the host and the user, and some of them the rest.
   */
  add(secret: Secret): void {
    const value = secret.reveal()
    const password = passwordIn(value)
    const forms = new Set(secretForms(value))
    if (password !== undefined) for (const form of secretForms(password)) forms.add(form)
    for (const form of forms) {
      if (form.length < MIN_LENGTH || this.#forms.has(form)) continue
      this.#forms.add(form)
      this.#longest = Math.max(this.#longest, form.length)
      if (form.includes('\n')) this.#longestOfLines = Math.max(this.#longestOfLines, form.length)
      this.#insert(form)
    }
  }

  /** How many forms are looked for. */
  get size(): number {
    return this.#forms.size
  }

  /** The length of the longest form: what a stream must hold back. */
  get longest(): number {
    return this.#longest
  }

  /** The length of the longest form that has a line break in it. */
  get longestOfLines(): number {
    return this.#longestOfLines
  }

  /** Each pattern is found by the window of it that fewest others share, so that a common prefix costs nothing. */
  #insert(text: string): void {
    const bitmap = (this.#bitmap ??= new Uint8Array(HASH_MASK + 1))
    let best = 0
    let fewest = Infinity
    for (let offset = 0; offset + WINDOW <= text.length && offset < MAX_OFFSETS && fewest > 0; offset++) {
      const others = this.#buckets.get(hashAt(text, offset))?.length ?? 0
      if (others < fewest) [best, fewest] = [offset, others]
    }
    const hash = hashAt(text, best)
    const bucket = this.#buckets.get(hash) ?? []
    bucket.push({ text, offset: best })
    this.#buckets.set(hash, bucket)
    bitmap[hash] = 1
  }

  /** Where secrets stand in a text from `from` on, merged where they overlap. One pass. */
  find(text: string, from = 0): readonly Finding[] {
    const bitmap = this.#bitmap
    if (!bitmap) return []
    const found: Finding[] = []
    let hash = 0
    for (let at = from; at < text.length; at++) {
      hash = ((hash << 5) ^ text.charCodeAt(at)) & HASH_MASK
      if (bitmap[hash] === 0) continue
      const window = at - WINDOW + 1
      for (const pattern of this.#buckets.get(hash) ?? []) {
        const start = window - pattern.offset
        if (start >= from && text.startsWith(pattern.text, start))
          found.push({ kind: 'registered', from: start, to: start + pattern.text.length })
      }
    }
    return merged(found)
  }
}

/** The password of an address such as `postgres://user:password@host/name`, as it is used. */
function passwordIn(value: string): string | undefined {
  const raw = /^[a-z][a-z0-9+.-]{0,30}:\/\//i.test(value) ? URL.parse(value)?.password : undefined
  if (raw === undefined || raw === '') return undefined
  try {
    return decodeURIComponent(raw)
  } catch {
    return raw
  }
}

/** Older characters are shifted out: the hash is that of the last four, up to their high bits. */
function hashAt(text: string, offset: number): number {
  let hash = 0
  for (let i = 0; i < WINDOW; i++) hash = ((hash << 5) ^ text.charCodeAt(offset + i)) & HASH_MASK
  return hash
}

function merged(found: Finding[]): readonly Finding[] {
  if (found.length < 2) return found
  found.sort((a, b) => a.from - b.from)
  const spans: Finding[] = []
  for (const one of found) {
    const last = spans.at(-1)
    if (last && one.from < last.to) spans[spans.length - 1] = { ...last, to: Math.max(last.to, one.to) }
    else spans.push(one)
  }
  return spans
}

/** A value as sinks may write it. */
export function secretForms(value: string): ReadonlySet<string> {
  const bytes = Buffer.from(value, 'utf8')
  const json = JSON.stringify(value).slice(1, -1)
  const percent = encodeURIComponent(value)
  const forms = new Set([
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll(
      /[^\u0020-\u007e]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
    json.replaceAll('/', '\\/'),
    percent,
    percent.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    encodeURI(value),
    new URLSearchParams([['', value]]).toString().slice(1),
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ])
  for (const form of base64Forms(bytes)) {
    forms.add(form)
    forms.add(form.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return forms
}

/** What of the base64 of any text with these bytes in it is theirs alone, for each of the three places that they can begin at. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes])
    const encoded = shifted.toString('base64').replaceAll('=', '')
    const first = Math.ceil((shift * 4) / 3)
    const last = Math.floor((shifted.length * 8) / 6)
    return encoded.slice(first, last)
  })
}
