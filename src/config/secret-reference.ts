import { RingwallError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { awaitedSecret, referredSecret, Secret } from '../core/secret.ts'
import { parseReference, readFileSecret, REFERENCE_FORMS } from '../data/index.ts'

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

/** Where references of the providers themselves may lead: nothing has to be fetched for them. */
const LOCAL_FORMS = 'write ${env:NAME} or file:/path/to/it'

/**
 * A secret by reference: `${env:NAME}`, `file:PATH`, `age:FILE#NAME`, `aws:NAME`, `vault:MOUNT/PATH#field`. The secret itself never
 * stands in the file. What has to be fetched is awaited: it gets its value when the configuration is opened.
 */
export const secretReference = z.string().transform((text, context) => secretAt(text, context, false))

/** A secret that a provider itself needs: `${env:NAME}` or `file:PATH`. */
export const localReference = z.string().transform((text, context) => secretAt(text, context, true))

function secretAt(text: string, context: z.core.$RefinementCtx, mustBeLocal: boolean): Secret {
  const fail = (message: string): never => {
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  const reference = parseReference(text)
  if (!reference || (mustBeLocal && !isLocal(reference)))
    return fail(`must be a reference, not the secret itself: ${mustBeLocal ? LOCAL_FORMS : REFERENCE_FORMS}`)
  if (reference.scheme === 'env') {
    const value = environment[reference.name]
    return value === undefined || value === ''
      ? fail(`the environment variable ${reference.name} is not set`)
      : referredSecret(value, text)
  }
  if (!isLocal(reference)) return awaitedSecret(text)
  const read = readFileSecret(reference.name)
  return read.ok ? referredSecret(read.secret.reveal(), text) : fail(read.detail)
}

function isLocal(reference: ReturnType<typeof parseReference>): boolean {
  return reference?.scheme === 'env' || reference?.scheme === 'file'
}

/**
 * The reference itself, read when somebody asks for the secret and not when the configuration is loaded: what a command
 * needs now and then, and the gateway shall not have.
 */
export const laterSecretReference = z
  .string()
  .refine(
    (text) => isLocal(parseReference(text)),
    `must be a reference, not the secret itself: ${LOCAL_FORMS}`,
  )

/** Reads what such a reference stands for. Throws RingwallError where there is nothing. */
export function readSecretReference(reference: string, env: Environment = process.env): Secret {
  const parsed = withEnvironment(env, () => localReference.safeParse(reference))
  if (parsed.success) return parsed.data
  throw new RingwallError('config.secret', parsed.error.issues[0]?.message ?? 'the secret cannot be read')
}

/** Every secret that a configuration holds, wherever it stands. */
export function secretsOf(value: unknown): Secret[] {
  if (value instanceof Secret) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsOf) : []
}
