import { Secret } from '../../core/secret.ts'
import type { SecretRegistry } from '../mask-secrets.ts'

/** A secret that holds several values: the object of a JSON text, or undefined where it is none. */
export function parseFields(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}

/** One field as text; undefined where there is none or it holds a structure. */
export function fieldText(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The text with one field replaced; the order of the others stays. */
export function withField(text: string | undefined, name: string, value: string): string | undefined {
  const fields = text === undefined ? {} : parseFields(text)
  return fields && JSON.stringify({ ...fields, [name]: value })
}

/** Fields of a credential that are no secret: masking them would hide hosts and names everywhere. */
const PLAIN = new Set([
  'host',
  'hostname',
  'port',
  'user',
  'username',
  'db',
  'dbname',
  'database',
  'engine',
  'region',
  'schema',
  'dbinstanceidentifier',
  'dbclusteridentifier',
  'id',
  'type',
  'name',
])

/** What in a secret is secret by itself: the whole, the password in a URL, the values of its fields. */
export function secretParts(value: string): readonly string[] {
  const parts = new Set([value])
  const url = value.length < 4096 && /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? URL.parse(value) : null
  if (url && url.password !== '') {
    parts.add(url.password)
    parts.add(decoded(url.password))
  }
  for (const [name, inner] of Object.entries(parseFields(value) ?? {}))
    if (typeof inner === 'string' && !PLAIN.has(name.toLowerCase()))
      for (const part of secretParts(inner)) parts.add(part)
  return [...parts]
}

/** Adds these and all that is secret in them to what no log prints. */
export function registerSecrets(registry: SecretRegistry, secrets: Iterable<Secret>): void {
  for (const secret of secrets)
    for (const part of secretParts(secret.reveal())) registry.add(new Secret(part))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
