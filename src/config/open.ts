import { type Clock, systemClock } from '../core/clock.ts'
import { type MissingSecret, openSecrets, parseReference, Secrets } from '../data/index.ts'
import { isAwaited, referenceOf, type Secret, settleSecret } from '../core/secret.ts'
import { ConfigError, loadConfig, type LoadOptions, type Mistake, type PlaceOf, readText } from './load.ts'
import { type Config, secretsSchema } from './schema.ts'
import { secretsOf, withEnvironment } from './secret-reference.ts'

/**
 * Reads a configuration like `loadConfig`, and fetches every secret that it names. What is wrong with the text and which secrets are
 * missing is told at once, each with its line.
 */
export async function openConfig(
  text: string,
  options: LoadOptions & { readonly clock?: Clock } = {},
): Promise<Config> {
  const { env = process.env, clock = systemClock } = options
  const { raw, placeOf } = readText(text, options)
  let config: Config | undefined
  let mistakes: readonly Mistake[] = []
  try {
    config = loadConfig(text, options)
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    mistakes = thrown.mistakes
  }
  // The section of the providers counts by itself, so that a mistake elsewhere hides no missing secret.
  const places = withEnvironment(env, () => secretsSchema.safeParse(sectionIn(raw)))
  if (!places.success) throw new ConfigError(mistakes)
  const secrets = openSecrets(places.data, { clock, env })
  const missing = await missingIn(raw, secrets, placeOf)
  if (mistakes.length > 0 || missing.length > 0 || !config) throw new ConfigError([...mistakes, ...missing])
  await settle(config, secrets)
  return config
}

/** Fetches the secrets of a configuration that was loaded without them. Throws with all that are missing. */
export async function settleConfig(config: Config, secrets: Secrets): Promise<void> {
  const awaited = secretsOf(config).filter(isAwaited)
  const { required } = config.security.data.secrets
  const references = [...awaited.map((secret) => referenceOf(secret) as string), ...required]
  const missing = await secrets.require(references)
  if (missing.length > 0)
    throw new ConfigError(
      missing.map(({ reference, detail }) => ({ at: {}, path: reference, message: detail })),
    )
  await settle(config, secrets)
}

async function settle(config: Config, secrets: Secrets): Promise<void> {
  for (const secret of secretsOf(config).filter(isAwaited)) await settleOne(secret, secrets)
}

async function settleOne(secret: Secret, secrets: Secrets): Promise<void> {
  settleSecret(secret, await secrets.get(referenceOf(secret) as string))
}

/** Missing secrets with their places: what has to be fetched, and what the application requires. */
async function missingIn(raw: unknown, secrets: Secrets, placeOf: PlaceOf): Promise<readonly Mistake[]> {
  const named = referencesIn(raw, [])
  const missing = new Map<string, MissingSecret>(
    (await secrets.require(named.map(({ text }) => text))).map((one) => [one.reference, one]),
  )
  return named.flatMap(({ text, path }): Mistake[] => {
    const one = missing.get(text)
    return one ? [{ at: placeOf(path, false), path: path.join('.'), message: one.detail }] : []
  })
}

interface Named {
  readonly text: string
  readonly path: readonly PropertyKey[]
}

const SECTION = 'security.data.secrets'
const MAX_DEPTH = 12

/** References of the text. Those of rotations are for `ringwall secret rotate` alone; the loader itself reads variables and files. */
function referencesIn(value: unknown, path: readonly PropertyKey[]): Named[] {
  if (typeof value === 'string') {
    const scheme = parseReference(value)?.scheme
    const isRequired = path.join('.').startsWith(`${SECTION}.required.`)
    const isFetched = scheme === 'age' || scheme === 'aws' || scheme === 'vault'
    return isFetched || (isRequired && scheme !== undefined) ? [{ text: value, path }] : []
  }
  if (typeof value !== 'object' || value === null || path.length > MAX_DEPTH) return []
  if (path.join('.') === `${SECTION}.rotations`) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    referencesIn(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

function sectionIn(raw: unknown): unknown {
  let value = raw
  for (const key of SECTION.split('.'))
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined
  return value
}
