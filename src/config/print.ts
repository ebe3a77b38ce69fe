import { stringify } from 'yaml'

import { Secret } from '../core/secret.ts'
import { formatDurationExact, formatSizeExact } from './measure.ts'
import type { Config } from './schema.ts'

/** Keys whose value is milliseconds or bytes inside, and a text with a unit in the file. */
const DURATIONS = new Set([
  'flush',
  'body_timeout',
  'connect_timeout',
  'timeout',
  'idle_timeout',
  'default_ttl',
  'max_ttl',
  'every',
  'expiry_warning',
  'session_timeout',
  'max_age',
  'retry_after',
  'interval',
  'open_for',
  'cache_ttl',
  'max_stale',
  'overlap',
])
const SIZES = new Set(['max_body', 'inspect_body', 'inspect', 'max_file', 'max_field', 'max_unpacked'])

/** The whole configuration, defaults included, as YAML that could be loaded again; secrets are `[secret]`. */
export function printConfig(config: Config): string {
  return stringify(plainConfig(config), { lineWidth: 0 })
}

/** The whole configuration as plain values, units as in the file, secrets as `[secret]`. */
export function plainConfig(config: Config): unknown {
  return plain('', config)
}

function plain(key: string, value: unknown): unknown {
  if (typeof value === 'number' && DURATIONS.has(key)) return formatDurationExact(value)
  if (typeof value === 'number' && SIZES.has(key)) return formatSizeExact(value)
  if (Array.isArray(value)) return value.map((inner) => plain('', inner))
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return value.toString()
  if ('host' in value && 'port' in value) {
    const host = String(value.host)
    return `${host.includes(':') ? `[${host}]` : host}:${String(value.port)}`
  }
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    if (key === 'listen' && inner === undefined && name !== 'certificate' && name !== 'key')
      return [name, 'off']
    if (key === 'flood' && name === 'period' && typeof inner === 'number')
      return [name, formatDurationExact(inner)]
    return [name, plain(name, inner)]
  })
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined))
}
