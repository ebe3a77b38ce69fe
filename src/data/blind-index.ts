import { createHash, createHmac, type KeyObject } from 'node:crypto'

import { RingwallError } from '../core/errors.ts'
import { encodeValue, type FieldType, type FieldValues } from './canonical-value.ts'
import { expandOneBlock, secretKeyOf } from './committed-aead.ts'
import { type DataKey, type LoadedKeys, SEARCH_SCOPE } from './data-keys.ts'
import { type Normalization, normalize } from './normalization.ts'
import { quoteName, type SqlParameter, type SqlSession } from './sql-session.ts'

/** What can be asked of an index: the whole value, its beginning, or any part of it. */
export type IndexKind = 'equality' | 'prefix' | 'ngram'

/** One search column. */
export interface BlindIndexOptions<T extends FieldType> {
  readonly keys: LoadedKeys
  readonly table: string
  /** The encrypted column. */
  readonly column: string
  /** The column with the tokens. */
  readonly name: string
  readonly type: T
  readonly kind: IndexKind
  /** Of texts; see {@link Normalization}. */
  readonly normalize?: readonly Normalization[]
  /**
   * Bits of a token. Fewer bits let several values share a token: a search then also finds, on average, (values - 1) /
   * 2^bits others per token, which are dropped after decryption, and who steals the table learns less from equal tokens.
   */
  readonly bits?: number
  /** Characters of a prefix or of a gram. */
  readonly length?: number
}

/** How to ask a database: for each group one of its tokens must be there; then `matches` drops what only looked alike. */
export interface SearchPlan<V = unknown> {
  readonly name: string
  readonly kind: IndexKind
  readonly groups: readonly (readonly string[])[]
  readonly matches: (value: V) => boolean
}

/** A plan, or that the text is shorter than the index can find. */
export type Search<V = unknown> =
  | ({ readonly ok: true } & SearchPlan<V>)
  | { readonly ok: false; readonly reason: 'too-short'; readonly needs: number }

const DEFAULT_BITS: Readonly<Record<IndexKind, number>> = { equality: 128, prefix: 128, ngram: 32 }
const TAG_CHARACTERS = 8
const MAX_GRAMS = 4096
const LABEL = 'ringwall blind index@v1\0'

/**
 * Search tokens of an encrypted column: HMAC-SHA-256 under a key that is derived for this table, column and index alone, so
 * that tokens of two columns cannot be compared. Equal values of one column have equal tokens: how often a value occurs is
 * visible to who steals the table, and that is the price of searching. Each token begins with a tag of its key, so that
 * keys can be rotated while searching goes on.
 */
export class BlindIndex<T extends FieldType = FieldType> {
  readonly name: string
  readonly kind: IndexKind
  readonly #options: BlindIndexOptions<T>
  readonly #steps: readonly Normalization[]
  readonly #bits: number
  readonly #length: number
  readonly #derived = new Map<string, { readonly key: KeyObject; readonly tag: string }>()

  constructor(options: BlindIndexOptions<T>) {
    this.name = options.name
    this.kind = options.kind
    this.#options = options
    this.#steps = options.normalize ?? []
    this.#bits = options.bits ?? DEFAULT_BITS[options.kind]
    this.#length = options.length ?? 3
    const at = `${options.table}.${options.name}`
    if (options.type !== 'string' && (options.kind !== 'equality' || this.#steps.length > 0))
      throw new RingwallError(
        'data.index',
        `\`${at}\`: only texts have parts and normalisation; use equality`,
      )
    if (!Number.isInteger(this.#bits) || this.#bits < 4 || this.#bits > 256)
      throw new RingwallError('data.index', `\`${at}\`: tokens have 4 to 256 bits, not ${this.#bits}`)
    if (!Number.isInteger(this.#length) || this.#length < 1 || this.#length > 64)
      throw new RingwallError('data.index', `\`${at}\`: prefixes and grams have 1 to 64 characters`)
  }

  /** What is stored in the search column of a row. */
  tokensOf(value: FieldValues[T]): string {
    const derived = this.#derive(this.#options.keys.current(SEARCH_SCOPE))
    const parts = this.#partsOf(value)
    if (this.kind !== 'ngram') return this.#token(derived, parts[0] as Buffer)
    // INVARIANT: sorted, each once: the order of the grams would give the text away.
    const tokens = [...new Set(parts.map((part) => this.#token(derived, part)))].sort()
    return tokens.length === 0 ? ' ' : ` ${tokens.join(' ')} `
  }

  /** What to ask the database for, under every key that may still be in the table. */
  search(wanted: FieldValues[T]): Search<FieldValues[T]> {
    const { kind, name } = this
    const text = kind === 'equality' ? '' : this.#normalized(wanted)
    const needs = kind === 'equality' ? 0 : this.#length
    if ([...text].length < needs) return { ok: false, reason: 'too-short', needs }
    const keys = this.#options.keys.all(SEARCH_SCOPE).map((key) => this.#derive(key))
    const groups = this.#partsOf(wanted).map((part) => keys.map((key) => this.#token(key, part)))
    return { ok: true, kind, name, groups, matches: this.#matcher(wanted, text) }
  }

  /** What every token under the newest key begins with, for a database to count by. */
  currentTag(): string {
    const { tag } = this.#derive(this.#options.keys.current(SEARCH_SCOPE))
    return this.kind === 'ngram' ? ` ${tag}` : tag
  }

  #matcher(wanted: FieldValues[T], text: string): (value: FieldValues[T]) => boolean {
    if (this.kind === 'prefix') return (value) => this.#normalized(value).startsWith(text)
    if (this.kind === 'ngram') return (value) => this.#normalized(value).includes(text)
    const [bytes] = this.#partsOf(wanted)
    return (value) => (this.#partsOf(value)[0] as Buffer).equals(bytes as Buffer)
  }

  #normalized(value: FieldValues[T]): string {
    return normalize(value as string, this.#steps)
  }

  #partsOf(value: FieldValues[T]): Buffer[] {
    const { type, table, column } = this.#options
    if (type !== 'string') return [encodeValue(type, value)]
    const text = this.#normalized(value)
    if (this.kind === 'equality') return [Buffer.from(text, 'utf8')]
    const characters = [...text]
    if (this.kind === 'prefix') return [Buffer.from(characters.slice(0, this.#length).join(''), 'utf8')]
    const count = Math.max(0, characters.length - this.#length + 1)
    if (count > MAX_GRAMS)
      throw new RingwallError(
        'data.too-long',
        `a value of ${table}.${column} has ${count} grams, ${MAX_GRAMS} are the most; do not index long texts by grams`,
      )
    const grams = new Set<string>()
    for (let at = 0; at < count; at++) grams.add(characters.slice(at, at + this.#length).join(''))
    return [...grams].map((gram) => Buffer.from(gram, 'utf8'))
  }

  #token({ key, tag }: { readonly key: KeyObject; readonly tag: string }, part: Buffer): string {
    const mac = createHmac('sha256', key).update(part).digest()
    const bytes = mac.subarray(0, Math.ceil(this.#bits / 8))
    const spare = bytes.length * 8 - this.#bits
    if (spare > 0) bytes[bytes.length - 1] = (bytes.at(-1) as number) & (0xff << spare)
    const hex = bytes.toString('hex')
    return tag + (spare >= 4 ? hex.slice(0, -1) : hex)
  }

  #derive(key: DataKey): { readonly key: KeyObject; readonly tag: string } {
    const found = this.#derived.get(key.id)
    if (found) return found
    const { table, column, name } = this.#options
    const info = Buffer.from(
      `${LABEL}${JSON.stringify([table, column, name, this.kind, this.#length])}`,
      'utf8',
    )
    const derived = {
      key: secretKeyOf(expandOneBlock(key.key, info).subarray(0, 32)),
      tag: createHash('sha256').update(key.id).digest('hex').slice(0, TAG_CHARACTERS),
    }
    this.#derived.set(key.id, derived)
    return derived
  }
}

/** A plan as a condition for WHERE; `?` stands for each parameter. */
export function searchCondition(
  kind: SqlSession['kind'],
  plan: SearchPlan<never>,
): { readonly sql: string; readonly parameters: readonly SqlParameter[] } {
  const column = quoteName(kind, plan.name)
  if (plan.kind !== 'ngram') {
    const tokens = plan.groups.flat()
    return { sql: `${column} IN (${tokens.map(() => '?').join(', ')})`, parameters: tokens }
  }
  const groups = plan.groups.map((tokens) => `(${tokens.map(() => `${column} LIKE ?`).join(' OR ')})`)
  return { sql: groups.join(' AND '), parameters: plan.groups.flat().map((token) => `% ${token} %`) }
}
