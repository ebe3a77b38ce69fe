import { RingwallError } from './errors.ts'

const values = new WeakMap<Secret, string>()
const references = new WeakMap<Secret, string>()

/**
 * A value that no sink prints: `String`, `JSON.stringify`, `console.log` and template literals all give `[secret]`.
 * Only `reveal()` gives the value, so that every use of it can be found by searching for one word.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value)
  }

  reveal(): string {
    const value = values.get(this)
    if (value !== undefined) return value
    throw new RingwallError(
      'secret.not-loaded',
      `the secret \`${references.get(this) ?? ''}\` was not fetched yet; await \`openConfig\` or \`openKept\` first`,
    )
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

/** A secret of which only the reference is known yet: it has its place in a configuration and gets its value before it is used. */
export function awaitedSecret(reference: string): Secret {
  const secret = referredSecret('', reference)
  values.delete(secret)
  return secret
}

/** A secret with the reference that it was read from. */
export function referredSecret(value: string, reference: string): Secret {
  const secret = new Secret(value)
  references.set(secret, reference)
  return secret
}

/** Gives an awaited secret its value. */
export function settleSecret(secret: Secret, value: Secret): void {
  values.set(secret, value.reveal())
}

/** Whether it still waits for its value. */
export function isAwaited(secret: Secret): boolean {
  return !values.has(secret)
}

/** Where it was read from, such as `vault:secret/app#password`; undefined where nobody said. */
export function referenceOf(secret: Secret): string | undefined {
  return references.get(secret)
}
