import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'

import type { RandomBytes } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { expandOneBlock, open, seal, secretKeyOf } from '../committed-aead.ts'
import { unwrapWithAge, wrapWithAge } from './age-key.ts'

/** One sealed value of a file of secrets. */
export interface SealedValue {
  readonly value: Secret
  /** When it was last changed; sealed in with the value. */
  readonly changedMs: number
  /** The line as it stands in the file: it stays byte for byte while the value does. */
  readonly line: string
}

/** A file of secrets, open. */
export interface OpenSecrets {
  readonly ok: true
  readonly recipients: readonly string[]
  readonly values: ReadonlyMap<string, SealedValue>
  readonly dataKey: KeyObject
  /** The line that holds the data key, wrapped by age. */
  readonly keyLine: string
}

/** Why a file of secrets does not open. */
export interface UnopenSecrets {
  readonly ok: false
  readonly reason: 'not-ours' | 'no-identity' | 'tampered'
  readonly detail: string
}

const FIRST_LINE = 'ringwall-secrets 1'
const MAX_VALUES = 1000
const MAX_RECIPIENTS = 64
const KEY_BYTES = 32
const MAC_LABEL = Buffer.from('ringwall secrets mac@v1\0', 'ascii')
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Whether a name can stand in a file of secrets. */
export function isSecretName(name: string): boolean {
  return NAME.test(name)
}

/**
 * Opens a file of secrets. One data key is wrapped for all recipients by age (https://age-encryption.org/v1); each value is sealed under
 * it, bound to its name and date, and a MAC covers every line: with write access to the repository alone nobody can swap values, drop
 * one, or add himself to the recipients.
 */
export async function openSecretsFile(
  text: string,
  identities: readonly Secret[],
): Promise<OpenSecrets | UnopenSecrets> {
  const form = readForm(text)
  if (!form)
    return {
      ok: false,
      reason: 'not-ours',
      detail: 'it is not a file of `ringwall secret`, or it is damaged',
    }
  const bytes = await unwrapWithAge(Buffer.from(form.key, 'base64'), identities)
  if (bytes?.length !== KEY_BYTES)
    return { ok: false, reason: 'no-identity', detail: 'none of our age identities is among its recipients' }
  const dataKey = secretKeyOf(bytes)
  bytes.fill(0)
  const tampered = (what: string): UnopenSecrets => ({
    ok: false,
    reason: 'tampered',
    detail: `${what} was altered without the key; compare it with an older version of the repository`,
  })
  const mac = Buffer.from(form.mac, 'base64url')
  const right = macOf(dataKey, form.covered)
  if (mac.length !== right.length || !timingSafeEqual(mac, right)) return tampered('the file')
  const values = new Map<string, SealedValue>()
  for (const { name, date, sealed, line } of form.values) {
    const plain = open(dataKey, placeOf(name, date), Buffer.from(sealed, 'base64url'))
    if (typeof plain === 'string') return tampered(`\`${name}\``)
    values.set(name, { value: new Secret(plain.toString('utf8')), changedMs: Date.parse(date), line })
    plain.fill(0)
  }
  return { ok: true, recipients: form.recipients, values, dataKey, keyLine: form.keyLine }
}

interface Form {
  readonly recipients: readonly string[]
  readonly key: string
  readonly keyLine: string
  readonly values: readonly { name: string; date: string; sealed: string; line: string }[]
  readonly mac: string
  /** Everything that the MAC covers. */
  readonly covered: string
}

/** The lines in their one order: recipients, key, values by name, MAC. */
function readForm(text: string): Form | undefined {
  const lines = text.split('\n')
  if (lines.shift() !== FIRST_LINE || lines.pop() !== '') return undefined
  const [, mac] = /^mac ([A-Za-z0-9_-]{43})$/.exec(lines.pop() ?? '') ?? []
  if (mac === undefined) return undefined
  const covered = [FIRST_LINE, ...lines].join('\n')
  const recipients: string[] = []
  while (lines[0]?.startsWith('recipient '))
    recipients.push((lines.shift() as string).slice('recipient '.length))
  const keyLine = lines.shift() ?? ''
  const [, key] = /^key ([A-Za-z0-9+/]+={0,2})$/.exec(keyLine) ?? []
  if (key === undefined || recipients.length === 0 || recipients.length > MAX_RECIPIENTS) return undefined
  if (lines.length > MAX_VALUES) return undefined
  const values = []
  for (const line of lines) {
    const [word, name = '', date = '', sealed, more] = line.split(' ')
    if (
      word !== 'value' ||
      !NAME.test(name) ||
      !DATE.test(date) ||
      sealed === undefined ||
      more !== undefined
    )
      return undefined
    values.push({ name, date, sealed, line })
  }
  return { recipients, key, keyLine, values, mac, covered }
}

/** A new file without values. */
export async function newSecretsFile(
  recipients: readonly string[],
  random: RandomBytes,
): Promise<OpenSecrets> {
  const bytes = Buffer.from(random(KEY_BYTES))
  const keyLine = `key ${(await wrapWithAge(bytes, checked(recipients))).toString('base64')}`
  const dataKey = secretKeyOf(bytes)
  bytes.fill(0)
  return { ok: true, recipients, values: new Map(), dataKey, keyLine }
}

/** The same file with other values: a name with undefined is dropped. Lines of values that are the same stay as they are. */
export function withValues(
  file: OpenSecrets,
  changes: ReadonlyMap<string, Secret | undefined>,
  nowMs: number,
  random: RandomBytes,
): OpenSecrets {
  const values = new Map(file.values)
  for (const [name, value] of changes) {
    if (!value) values.delete(name)
    else if (values.get(name)?.value.reveal() !== value.reveal())
      values.set(name, sealedValue(file.dataKey, name, value, nowMs, random))
  }
  if (values.size > MAX_VALUES)
    throw new RingwallError('secret.too-many', `a file of secrets holds ${MAX_VALUES} values at most`)
  return { ...file, values }
}

/** The same values for other recipients. Who is no longer among them knows the old data key, so there is a new one. */
export async function withRecipients(
  file: OpenSecrets,
  recipients: readonly string[],
  random: RandomBytes,
): Promise<OpenSecrets> {
  const isNarrower = file.recipients.some((one) => !recipients.includes(one))
  if (isNarrower) {
    const fresh = await newSecretsFile(recipients, random)
    const values = [...file.values].map(([name, { value, changedMs }]): [string, SealedValue] => [
      name,
      sealedValue(fresh.dataKey, name, value, changedMs, random),
    ])
    return { ...fresh, values: new Map(values) }
  }
  const bytes = file.dataKey.export()
  const wrapped = await wrapWithAge(bytes, checked(recipients))
  bytes.fill(0)
  return { ...file, recipients, keyLine: `key ${wrapped.toString('base64')}` }
}

/** The text of a file of secrets. The same file gives the same bytes. */
export function formatSecretsFile(file: OpenSecrets): string {
  const names = [...file.values.keys()].sort()
  const covered = [
    FIRST_LINE,
    ...file.recipients.map((one) => `recipient ${one}`),
    file.keyLine,
    ...names.map((name) => (file.values.get(name) as SealedValue).line),
  ].join('\n')
  return `${covered}\nmac ${macOf(file.dataKey, covered).toString('base64url')}\n`
}

function sealedValue(
  dataKey: KeyObject,
  name: string,
  value: Secret,
  nowMs: number,
  random: RandomBytes,
): SealedValue {
  if (!NAME.test(name))
    throw new RingwallError('secret.name', `\`${name}\` is not a name; use letters, digits, _ . and -`)
  const date = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
  const sealed = seal(dataKey, placeOf(name, date), Buffer.from(value.reveal(), 'utf8'), random)
  return { value, changedMs: Date.parse(date), line: `value ${name} ${date} ${sealed.toString('base64url')}` }
}

function placeOf(name: string, date: string): Buffer {
  return Buffer.from(`ringwall secret@v1\0${name}\0${date}`, 'utf8')
}

function macOf(dataKey: KeyObject, covered: string): Buffer {
  const key = expandOneBlock(dataKey, MAC_LABEL)
  const mac = createHmac('sha256', key).update(covered, 'utf8').digest()
  key.fill(0)
  return mac
}

function checked(recipients: readonly string[]): readonly string[] {
  if (recipients.length === 0)
    throw new RingwallError(
      'secret.recipients',
      'name at least one recipient; `ringwall secret keygen` makes one',
    )
  if (recipients.length > MAX_RECIPIENTS)
    throw new RingwallError('secret.recipients', `a file has ${MAX_RECIPIENTS} recipients at most`)
  return recipients
}
