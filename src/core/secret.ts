const values = new WeakMap<Secret, string>()

/**
 * A value that no sink prints: `String`, `JSON.stringify`, `console.log` and template literals all give `[secret]`.
 * Only `reveal()` gives the value, so that every use of it can be found by searching for one word.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value)
  }

  reveal(): string {
    return values.get(this) as string
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }

  get [Symbol.toStringTag](): string {
    return 'secret'
  }
}
