import type { RandomBytes } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { fieldText, parseFields } from './fields.ts'

/** Who and with which password, out of whatever form a credential is kept in. */
export interface Credential {
  readonly user: string
  readonly password: string
}

const USER_FIELDS = ['username', 'user']

/** Reads a URL with user and password, or a JSON object with `username` and `password`. */
export function credentialOf(secret: Secret): Credential {
  const text = secret.reveal()
  const fields = parseFields(text)
  if (fields) {
    const user = USER_FIELDS.map((name) => fieldText(fields, name)).find((one) => one !== undefined)
    const password = fieldText(fields, 'password')
    if (user !== undefined && password !== undefined) return { user, password }
  }
  const url = fields ? null : URL.parse(text)
  if (url && url.password !== '')
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
  throw new RingwallError(
    'secret.form',
    'the secret has no user and password to rotate; keep a URL, or a JSON object with username and password',
  )
}

/** The same secret with another user and password: URL stays URL, the other fields of an object stay. */
export function withCredential(secret: Secret, { user, password }: Credential): Secret {
  const text = secret.reveal()
  const fields = parseFields(text)
  if (fields) {
    const name = USER_FIELDS.find((one) => Object.hasOwn(fields, one)) ?? 'username'
    return new Secret(JSON.stringify({ ...fields, [name]: user, password }))
  }
  const url = new URL(text)
  url.username = encodeURIComponent(user)
  url.password = encodeURIComponent(password)
  return new Secret(url.href)
}

/** Where to connect with a credential: its own URL; an object's host and database, completed from the administrator's URL. */
export function urlOf(secret: Secret, admin: Secret): string {
  const text = secret.reveal()
  const fields = parseFields(text)
  if (!fields) return text
  const url = new URL(admin.reveal())
  const { user, password } = credentialOf(secret)
  url.username = encodeURIComponent(user)
  url.password = encodeURIComponent(password)
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => fieldText(fields, name)).find((one) => one !== undefined)
  url.hostname = first('host', 'hostname') ?? url.hostname
  url.port = first('port') ?? url.port
  const database = first('dbname', 'database', 'db')
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** 256 bits, in characters that need no escape in any URL, shell or SQL text. */
export function newPassword(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('base64url')
}

/** Of the two roles that take turns, the one whose turn it is. */
export function otherRole(roles: readonly string[], user: string): string {
  const others = roles.filter((role) => role !== user)
  const [other] = others
  if (other !== undefined && others.length === 1 && roles.length === 2) return other
  throw new RingwallError(
    'secret.roles',
    `the secret is for the role \`${user}\`, which is not among ${roles.join(' and ')}; see \`roles\` of the rotation`,
  )
}
