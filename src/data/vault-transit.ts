import { RingwallError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { boundedFetch, objectIn, parseObject } from './bounded-fetch.ts'
import { type KeyWrapper, MAX_WRAPPED_LENGTH, opened, type WrapContext } from './key-wrapper.ts'

/** Where Vault or OpenBao is and which key of its transit engine wraps. */
export interface VaultTransitOptions {
  /** Such as `https://vault.example.com:8200`. */
  readonly address: string
  readonly token: Secret
  /** Name of an AEAD key (`aes256-gcm96`, `chacha20-poly1305`). */
  readonly key: string
  readonly mount?: string
  readonly namespace?: string
  readonly timeoutMs?: number
  /** For a server on this machine in tests; the token goes over the wire in clear. */
  readonly dangerouslyAllowHttp?: boolean
}

const MAX_ANSWER_BYTES = 65_536
const CIPHERTEXT = /^vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]+={0,2}$/

/**
 * Wraps with a key of the transit engine of Vault or OpenBao (`POST /v1/:mount/encrypt/:key`, `decrypt`, `rewrap`): the key
 * never leaves the server. The data key's id and scope are its `associated_data`. It speaks HTTP itself, so there is no client
 * to install.
 */
export function vaultTransitWrapper(options: VaultTransitOptions): KeyWrapper & {
  /** Lets the server wrap under its newest version, without the data key coming here. */
  rewrap(wrapped: string, context: WrapContext): Promise<string>
} {
  const mount = options.mount ?? 'transit'
  const base = baseOf(options, mount)
  let newest = 0
  const ask = async (verb: string, input: Record<string, string>): Promise<Record<string, unknown>> =>
    post(`${base}/${verb}/${encodeURIComponent(options.key)}`, input, options)
  const ciphertextOf = (data: Record<string, unknown>): string => {
    const text = data['ciphertext']
    const version = typeof text === 'string' && text.length <= MAX_WRAPPED_LENGTH ? versionOf(text) : 0
    if (version === 0)
      throw new RingwallError('data.key-service', 'Vault answered without a ciphertext of its own form')
    newest = Math.max(newest, version)
    return text as string
  }
  return {
    name: `vault:${mount}/${options.key}`,
    async wrap(dataKey, context) {
      const plaintext = Buffer.from(dataKey).toString('base64')
      return ciphertextOf(await ask('encrypt', { plaintext, associated_data: associatedData(context) }))
    },
    async unwrap(wrapped, context) {
      newest = Math.max(newest, versionOf(wrapped))
      const data = await ask('decrypt', { ciphertext: wrapped, associated_data: associatedData(context) })
      const plaintext = data['plaintext']
      return opened(typeof plaintext === 'string' ? Buffer.from(plaintext, 'base64') : 'tampered', context)
    },
    async rewrap(wrapped, context) {
      return ciphertextOf(
        await ask('rewrap', { ciphertext: wrapped, associated_data: associatedData(context) }),
      )
    },
    isNewest: (wrapped) => versionOf(wrapped) >= newest,
  }
}

function associatedData({ id, scope }: WrapContext): string {
  return Buffer.from(`ringwall data key@v1\0${id}\0${scope}`, 'utf8').toString('base64')
}

/** The key's version in `vault:v2:...`, or 0. */
function versionOf(wrapped: string): number {
  return Number(CIPHERTEXT.exec(wrapped)?.[1] ?? 0)
}

function baseOf({ address, dangerouslyAllowHttp }: VaultTransitOptions, mount: string): string {
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new RingwallError('data.vault-address', `\`${address}\` is not an address; write https://host:8200`)
  if (url.protocol === 'http:' && dangerouslyAllowHttp !== true)
    throw new RingwallError('data.vault-address', `\`${address}\` would send the token in clear; use https`)
  return `${url.origin}/v1/${mount.split('/').map(encodeURIComponent).join('/')}`
}

async function post(
  url: string,
  input: Record<string, string>,
  { token, namespace, timeoutMs = 5000 }: VaultTransitOptions,
): Promise<Record<string, unknown>> {
  const answer = await boundedFetch({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-vault-token': token.reveal(),
      'x-vault-request': 'true',
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
    },
    body: JSON.stringify(input),
    timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
  })
  if (!answer.ok) throw new RingwallError('data.key-service', `cannot reach Vault: ${answer.detail}`)
  const said = parseObject(answer.text)
  if (answer.status !== 200) {
    const errors = Array.isArray(said?.['errors']) ? said['errors'].map(String).join('; ') : 'no reason'
    throw new RingwallError(
      'data.key-service',
      `Vault refused with ${answer.status}: ${errors.slice(0, 300)}`,
    )
  }
  const data = objectIn(said, 'data')
  if (!data) throw new RingwallError('data.key-service', 'Vault answered without data')
  return data
}
