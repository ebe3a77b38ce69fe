import { readFileSync } from 'node:fs'

import { describeError, RingwallError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { Secret } from '../core/secret.ts'

const REFERENCE = /^(?:\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}|file:(.+))$/

/** Where `${env:NAME}` is looked up. */
export type Environment = Readonly<Record<string, string | undefined>>

let environment: Environment = process.env

/** Runs a parse with this environment in place of the process's. */
export function withEnvironment<T>(env: Environment, work: () => T): T {
  const before = environment
  environment = env
  try {
    return work()
  } finally {
    environment = before
  }
}

/** A secret by reference: `${env:NAME}` or `file:PATH`. The secret itself never stands in the file. */
export const secretReference = z.string().transform((text, context): Secret => {
  const match = REFERENCE.exec(text)
  const fail = (message: string): never => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (!match) return fail('must be a reference, not the secret itself: write ${env:NAME} or file:/path/to/it')
  const [, name, file] = match
  if (name !== undefined) {
    const value = environment[name]
    return value === undefined || value === ''
      ? fail(`the environment variable ${name} is not set`)
      : new Secret(value)
  }
  try {
    return new Secret(readFileSync(file as string, 'utf8').trimEnd())
  } catch (thrown) {
    return fail(`cannot read the secret from \`${file}\`: ${describeError(thrown)}`)
  }
})

/**
 * The reference itself, read when somebody asks for the secret and not when the configuration is loaded: what a command
 * needs now and then, and the gateway shall not have.
 */
export const laterSecretReference = z
  .string()
  .regex(REFERENCE, 'must be a reference, not the secret itself: write ${env:NAME} or file:/path/to/it')

/** Reads what such a reference stands for. Throws RingwallError where there is nothing. */
export function readSecretReference(reference: string, env: Environment = process.env): Secret {
  const parsed = withEnvironment(env, () => secretReference.safeParse(reference))
  if (parsed.success) return parsed.data
  throw new RingwallError('config.secret', parsed.error.issues[0]?.message ?? 'the secret cannot be read')
}

/** Every secret that a configuration holds, wherever it stands. */
export function secretsOf(value: unknown): Secret[] {
  if (value instanceof Secret) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsOf) : []
}
