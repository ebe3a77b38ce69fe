import { Secret } from '../../core/secret.ts'
import { objectIn } from '../bounded-fetch.ts'
import { fieldText } from './fields.ts'
import { fault, type SecretFault, type SecretProvider, type SecretRead } from './provider.ts'
import type { SecretReference } from './reference.ts'
import { VaultClient, type VaultOptions } from './vault-client.ts'

interface Whole {
  readonly ok: true
  readonly fields: Readonly<Record<string, unknown>>
  readonly version: number
  readonly changedMs: number
}

/** Secrets in the key-value engine, version 2, of Vault or OpenBao. The first part of a path is the engine's mount. */
export function vaultProvider(options: VaultOptions): SecretProvider {
  const client = new VaultClient(options)

  async function readWhole(reference: SecretReference): Promise<Whole | SecretFault> {
    const answer = await client.ask('GET', pathOf(reference))
    if (!answer.ok) return answer
    const data = objectIn(answer.said, 'data')
    const fields = objectIn(data, 'data')
    const metadata = objectIn(data, 'metadata')
    if (!fields || answer.status === 404) {
      const isDeleted = metadata !== undefined
      return fault(
        'absent',
        `\`${reference.name}\` ${isDeleted ? 'was deleted' : 'is not there'} in Vault; write it with \`vault kv put\``,
      )
    }
    return {
      ok: true,
      fields,
      version: Number(metadata?.['version'] ?? 0),
      changedMs: Date.parse(typeof metadata?.['created_time'] === 'string' ? metadata['created_time'] : ''),
    }
  }

  return {
    scheme: 'vault',
    async read(reference): Promise<SecretRead> {
      const whole = await readWhole(reference)
      if (!whole.ok) return whole
      const value = valueOf(whole.fields, reference.field)
      if (value === undefined || value === '')
        return fault('absent', `\`${reference.name}\` in Vault has no field \`${reference.field ?? ''}\``)
      return {
        ok: true,
        secret: new Secret(value),
        version: String(whole.version),
        ...(Number.isFinite(whole.changedMs) && { changedMs: whole.changedMs }),
      }
    },
    async write(reference, value, previous) {
      const whole = await readWhole(reference)
      if (!whole.ok && whole.reason !== 'absent') return whole
      const fields = whole.ok ? whole.fields : {}
      const { field } = reference
      if (previous && valueOf(fields, field) !== previous.reveal())
        return { ok: false, reason: 'changed', detail: `\`${reference.text}\` was changed by somebody else` }
      const name = field ?? onlyField(fields)
      if (name === undefined)
        return fault('denied', `\`${reference.name}\` has several fields; name one with #`)
      // Check-and-set: Vault refuses where another version came in between.
      const answer = await client.ask('POST', pathOf(reference), {
        options: { cas: whole.ok ? whole.version : 0 },
        data: { ...fields, [name]: value.reveal() },
      })
      if (answer.ok) return answer.status === 404 ? fault('denied', 'Vault has no such engine') : { ok: true }
      return answer.detail.includes('check-and-set')
        ? { ok: false, reason: 'changed', detail: `\`${reference.text}\` was changed by somebody else` }
        : answer
    },
  }
}

function pathOf({ name }: SecretReference): string {
  const slash = name.indexOf('/')
  return `${name.slice(0, slash)}/data/${name.slice(slash + 1)}`
}

/** The field that is named; without a name the only one, or all of them as JSON. */
function valueOf(fields: Readonly<Record<string, unknown>>, field: string | undefined): string | undefined {
  if (field !== undefined) return fieldText(fields, field)
  const only = onlyField(fields)
  return only !== undefined && Object.keys(fields).length === 1
    ? fieldText(fields, only)
    : JSON.stringify(fields)
}

function onlyField(fields: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(fields)
  return names.length > 1 ? undefined : (names[0] ?? 'value')
}
