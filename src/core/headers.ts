/**
 * An ordered list of header fields that keeps case and duplicates (RFC 9110 5.2, 5.3). Values are byte strings (latin1),
 * as they were on the wire. Names compare without case.
 */
export class HeaderList {
  readonly #fields: string[]

  /** From a flat list: name, value, name, value. */
  constructor(flat: readonly string[] = []) {
    this.#fields = flat.slice()
  }

  /** The first value of a field. */
  get(name: string): string | undefined {
    const at = this.#indexOf(name)
    return at < 0 ? undefined : this.#fields[at + 1]
  }

  /** Every value of a field, in order. */
  all(name: string): string[] {
    const found: string[] = []
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (isSameName(this.#fields[i] as string, name)) found.push(this.#fields[i + 1] as string)
    }
    return found
  }

  has(name: string): boolean {
    return this.#indexOf(name) >= 0
  }

  /** Replaces every field of this name by one. */
  set(name: string, value: string): void {
    const at = this.#indexOf(name)
    if (at < 0) {
      this.append(name, value)
      return
    }
    this.#fields[at + 1] = value
    for (let i = this.#fields.length - 2; i > at; i -= 2) {
      if (isSameName(this.#fields[i] as string, name)) this.#fields.splice(i, 2)
    }
  }

  append(name: string, value: string): void {
    this.#fields.push(name, value)
  }

  delete(name: string): void {
    for (let i = this.#fields.length - 2; i >= 0; i -= 2) {
      if (isSameName(this.#fields[i] as string, name)) this.#fields.splice(i, 2)
    }
  }

  /** Keeps only the fields for which the judge says yes; the judge sees the lower-case name. */
  filter(keep: (lowerName: string, value: string) => boolean): HeaderList {
    const kept: string[] = []
    for (let i = 0; i < this.#fields.length; i += 2) {
      const name = this.#fields[i] as string
      const value = this.#fields[i + 1] as string
      if (keep(name.toLowerCase(), value)) kept.push(name, value)
    }
    return new HeaderList(kept)
  }

  /** Changes each value of a field. */
  rewrite(name: string, change: (value: string) => string): void {
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (isSameName(this.#fields[i] as string, name))
        this.#fields[i + 1] = change(this.#fields[i + 1] as string)
    }
  }

  /** The flat list: name, value, name, value. */
  flat(): readonly string[] {
    return this.#fields
  }

  *[Symbol.iterator](): Generator<readonly [string, string]> {
    for (let i = 0; i < this.#fields.length; i += 2) {
      yield [this.#fields[i] as string, this.#fields[i + 1] as string]
    }
  }

  #indexOf(name: string): number {
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (isSameName(this.#fields[i] as string, name)) return i
    }
    return -1
  }
}

function isSameName(a: string, b: string): boolean {
  return a.length === b.length && (a === b || a.toLowerCase() === b.toLowerCase())
}
