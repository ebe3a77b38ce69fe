/** A text to find, and the numbers of those who want to know. */
export interface Phrase {
  /** In lower case (ASCII), not empty. */
  readonly text: string
  readonly owner: number
}

/**
 * Finds many phrases in one pass, without regard to ASCII case (Aho and Corasick 1975, as a complete automaton over classes
 * of bytes). Time is linear in the value, whatever and however many the phrases are.
 */
export class PhraseAutomaton {
  readonly #classOf = new Uint8Array(256)
  readonly #table: Int32Array
  /** States from this offset on end a phrase. */
  readonly #firstEnd: number
  readonly #stride: number
  /** For states that end phrases, from the first: the bits of their owners. */
  readonly #owners: Uint32Array
  readonly #words: number

  /** `owners` is the count of their numbers. */
  constructor(phrases: readonly Phrase[], owners: number) {
    this.#words = (owners + 31) >> 5
    let classes = 1
    for (const { text } of phrases)
      for (let i = 0; i < text.length; i++) {
        const byte = text.charCodeAt(i)
        if (this.#classOf[byte] === 0) this.#classOf[byte] = classes++
      }
    for (let upper = 65; upper <= 90; upper++) this.#classOf[upper] = this.#classOf[upper + 32] as number
    this.#stride = classes
    const tree = new Tree(classes, this.#words)
    for (const { text, owner } of phrases) tree.add(text, this.#classOf, owner)
    const { table, owners: bits, firstEnd } = tree.complete()
    this.#table = table
    this.#owners = bits
    this.#firstEnd = firstEnd * classes
  }

  /** Sets the bits of the owners of every phrase that is in the value; whether there are any. */
  find(value: string, bits: Uint32Array): boolean {
    const table = this.#table
    const classOf = this.#classOf
    const firstEnd = this.#firstEnd
    const length = value.length
    let found = false
    let state = 0
    for (let i = 0; i < length; i++) {
      state = table[state + (classOf[value.charCodeAt(i) & 255] as number)] as number
      if (state >= firstEnd) {
        found = true
        const at = ((state - firstEnd) / this.#stride) * this.#words
        for (let word = 0; word < this.#words; word++) bits[word]! |= this.#owners[at + word] as number
      }
    }
    return found
  }

  get bytes(): number {
    return this.#table.byteLength + this.#owners.byteLength
  }
}

/** The phrases as a tree, then completed into an automaton whose ending states come last. */
class Tree {
  readonly #stride: number
  readonly #words: number
  #next: Int32Array
  #ends: (Uint32Array | undefined)[] = [undefined]
  #count = 1

  constructor(stride: number, words: number) {
    this.#stride = stride
    this.#words = words
    this.#next = new Int32Array(stride * 1024)
  }

  add(text: string, classOf: Uint8Array, owner: number): void {
    let state = 0
    for (let i = 0; i < text.length; i++) {
      const at = state * this.#stride + (classOf[text.charCodeAt(i)] as number)
      let to = this.#next[at] as number
      if (to === 0) {
        to = this.#count++
        this.#ends.push(undefined)
        if (to * this.#stride >= this.#next.length) {
          const grown = new Int32Array(this.#next.length * 2)
          grown.set(this.#next)
          this.#next = grown
        }
        this.#next[at] = to
      }
      state = to
    }
    const bits = (this.#ends[state] ??= new Uint32Array(this.#words))
    bits[owner >> 5]! |= 1 << (owner & 31)
  }

  complete(): { table: Int32Array; owners: Uint32Array; firstEnd: number } {
    const stride = this.#stride
    const count = this.#count
    const next = this.#next
    const fail = new Int32Array(count)
    const order = new Int32Array(count)
    let head = 0
    let tail = 1
    while (head < tail) {
      const state = order[head++] as number
      for (let symbol = 0; symbol < stride; symbol++) {
        const at = state * stride + symbol
        const to = next[at] as number
        const fallback = state === 0 ? 0 : (next[(fail[state] as number) * stride + symbol] as number)
        if (to === 0) next[at] = fallback
        else {
          fail[to] = fallback
          const inherited = this.#ends[fallback]
          if (inherited) merge((this.#ends[to] ??= new Uint32Array(this.#words)), inherited)
          order[tail++] = to
        }
      }
    }
    // Renumber: states that end a phrase last; the start stays first.
    const number = new Int32Array(count)
    let at = 0
    for (let state = 0; state < count; state++) if (!this.#ends[state]) number[state] = at++
    const firstEnd = at
    for (let state = 0; state < count; state++) if (this.#ends[state]) number[state] = at++
    const table = new Int32Array(count * stride)
    const owners = new Uint32Array((count - firstEnd) * this.#words)
    for (let state = 0; state < count; state++) {
      const to = number[state] as number
      for (let symbol = 0; symbol < stride; symbol++)
        table[to * stride + symbol] = (number[next[state * stride + symbol] as number] as number) * stride
      const bits = this.#ends[state]
      if (bits) owners.set(bits, (to - firstEnd) * this.#words)
    }
    return { table, owners, firstEnd }
  }
}

function merge(bits: Uint32Array, more: Uint32Array): void {
  for (const [word, value] of more.entries()) bits[word]! |= value
}
