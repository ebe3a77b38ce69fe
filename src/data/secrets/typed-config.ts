import { RingwallError } from '../../core/errors.ts'
import type { LiveSecret } from '../../core/live-secret.ts'
import { Secret } from '../../core/secret.ts'
import { fieldText, parseFields } from './fields.ts'
import type { Secrets } from './secrets.ts'

/** How one value of a configuration comes to be. */
export interface ConfigEntry<T> {
  readonly reference: string
  /** Gives the value, or says what is wrong with it; never throws the value. */
  readonly read: (
    secret: Secret,
  ) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: string }
  /** Whether the value follows its rotation by itself. */
  readonly isLive: boolean
}

/** The values of a declaration, each with its type. */
export type ConfigValues<D extends Readonly<Record<string, ConfigEntry<unknown>>>> = {
  readonly [K in keyof D]: D[K] extends ConfigEntry<infer T> ? T : never
}

/** A secret: no sink prints it. */
export function secret(reference: string): ConfigEntry<Secret> {
  return { reference, isLive: false, read: (value) => ({ ok: true, value }) }
}

/** A secret that is rotated while it is in use, for `livePostgresPool` and its like. */
export function liveSecret(reference: string): ConfigEntry<LiveSecret> {
  // `requireConfig` puts the live one in its place.
  return { reference, isLive: true, read: () => ({ ok: true, value: undefined as unknown as LiveSecret }) }
}

/** The URL of a database whose credential is kept as a JSON object, as AWS does: username, password, host, port, dbname. */
export function databaseUrl(
  reference: string,
  scheme: 'postgres' | 'mysql' = 'postgres',
): ConfigEntry<Secret> {
  return {
    reference,
    isLive: false,
    read(value) {
      const text = value.reveal()
      if (/^[a-z]+:\/\//.test(text)) return { ok: true, value }
      const fields = parseFields(text)
      if (!fields)
        return { ok: false, detail: 'must be a URL, or a JSON object with username, password and host' }
      const first = (...names: readonly string[]): string =>
        names.map((name) => fieldText(fields, name)).find((one) => one !== undefined) ?? ''
      const [user, password, host] = [first('username', 'user'), first('password'), first('host', 'hostname')]
      if (user === '' || password === '' || host === '')
        return { ok: false, detail: 'must hold username, password and host' }
      const url = new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}`)
      url.username = encodeURIComponent(user)
      url.password = encodeURIComponent(password)
      url.port = first('port')
      url.pathname = `/${encodeURIComponent(first('dbname', 'database'))}`
      return { ok: true, value: new Secret(url.href) }
    },
  }
}

/** A schema of zod, or what behaves like one. */
export interface ConfigSchema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false
        readonly error: { readonly issues: readonly { readonly message: string }[] }
      }
}

/** A value that is no secret, checked and converted by a schema; what it says of the value does not repeat it. */
export function setting<T>(reference: string, schema: ConfigSchema<T>): ConfigEntry<T> {
  return {
    reference,
    isLive: false,
    read(value) {
      const parsed = schema.safeParse(value.reveal())
      return parsed.success
        ? { ok: true, value: parsed.data }
        : { ok: false, detail: parsed.error.issues.map((issue) => issue.message).join('; ') }
    },
  }
}

/**
 * Reads everything that an application declares, at its start. Throws once, with all that is missing or wrong. What comes back is typed and
 * frozen, and holds secrets as `Secret`.
 */
export async function requireConfig<D extends Readonly<Record<string, ConfigEntry<unknown>>>>(
  declaration: D,
  secrets: Secrets,
): Promise<ConfigValues<D>> {
  const entries = Object.entries(declaration)
  const missing = new Map(
    (await secrets.require(entries.map(([, { reference }]) => reference))).map((one) => [
      one.reference,
      one.detail,
    ]),
  )
  const mistakes: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, entry] of entries) {
    const detail = missing.get(entry.reference)
    if (detail !== undefined) {
      mistakes.push(`${name}: ${detail}`)
      continue
    }
    const read = entry.read(await secrets.get(entry.reference))
    if (!read.ok) mistakes.push(`${name}: ${entry.reference} ${read.detail}`)
    else values[name] = entry.isLive ? secrets.live(entry.reference) : read.value
  }
  if (mistakes.length > 0)
    throw new RingwallError(
      'secret.config',
      `the application cannot start, ${mistakes.length} of ${entries.length} values are missing or wrong:\n${mistakes.map((one) => `  ${one}`).join('\n')}`,
    )
  return Object.freeze(values) as ConfigValues<D>
}
