// A passkey in software, for tests: an authenticator and a browser in one, as WebAuthn describes them.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What a test may do wrong. */
export interface Wrong {
  readonly origin?: string
  readonly rpId?: string
  readonly type?: string
  readonly challenge?: string
  readonly counter?: number
  /** UP 1, UV 4, BE 8, BS 16. */
  readonly flags?: number
  readonly crossOrigin?: boolean
  readonly userHandle?: string
  readonly id?: string
  readonly breakSignature?: boolean
  readonly attestation?: 'none' | 'packed'
}

/** A credential of one account, with its key. */
export interface SoftwarePasskey {
  readonly id: string
  /** What `navigator.credentials.create` would give. */
  create(options: object, wrong?: Wrong): Readonly<Record<string, unknown>>
  /** What `navigator.credentials.get` would give. */
  get(options: object, wrong?: Wrong): Readonly<Record<string, unknown>>
}

const USUAL_FLAGS = 1 | 4

/** A P-256 key with a counter that rises by one with each use. */
export function softwarePasskey(
  party: { readonly id: string; readonly origin: string },
  accountId: string,
): SoftwarePasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const credentialId = randomBytes(32)
  const id = credentialId.toString('base64url')
  let counter = 0
  const clientData = (type: string, options: object, wrong: Wrong): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: wrong.type ?? type,
        challenge: wrong.challenge ?? (options as { readonly challenge: string }).challenge,
        origin: wrong.origin ?? party.origin,
        crossOrigin: wrong.crossOrigin ?? false,
      }),
    )
  const authData = (wrong: Wrong, more = 0): Buffer => {
    const head = Buffer.alloc(37)
    createHash('sha256')
      .update(wrong.rpId ?? party.id)
      .digest()
      .copy(head)
    head[32] = (wrong.flags ?? USUAL_FLAGS) | more
    head.writeUInt32BE(wrong.counter ?? counter, 33)
    return head
  }
  return {
    id,
    create(options, wrong = {}) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const data = Buffer.concat([
        authData(wrong, 0x40),
        Buffer.alloc(16),
        length,
        credentialId,
        coseKey(publicKey),
      ])
      const client = clientData('webauthn.create', options, wrong)
      const format = wrong.attestation ?? 'none'
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)
      const statement =
        format === 'none'
          ? Buffer.from([0xa0])
          : Buffer.concat([
              Buffer.from([0xa2]),
              cborText('alg'),
              Buffer.from([0x26]),
              cborText('sig'),
              cborBytes(signature),
            ])
      const attestation = Buffer.concat([
        Buffer.from([0xa3]),
        cborText('fmt'),
        cborText(format),
        cborText('attStmt'),
        statement,
        cborText('authData'),
        cborBytes(data),
      ])
      return credential(wrong.id ?? id, {
        clientDataJSON: client.toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      })
    },
    get(options, wrong = {}) {
      counter++
      const data = authData(wrong)
      const client = clientData('webauthn.get', options, wrong)
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)
      if (wrong.breakSignature === true) signature[signature.length - 1] = (signature.at(-1) as number) ^ 1
      return credential(wrong.id ?? id, {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: Buffer.from(wrong.userHandle ?? accountId).toString('base64url'),
      })
    },
  }
}

function credential(id: string, response: object): Readonly<Record<string, unknown>> {
  return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** kty EC2, alg ES256, crv P-256, x, y (RFC 9053 7.1.1). */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const part = (label: number, text: string): Buffer =>
    Buffer.concat([Buffer.from([label]), cborBytes(Buffer.from(text, 'base64url'))])
  return Buffer.concat([Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1]), part(0x21, x), part(0x22, y)])
}

function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)])
}

function cborBytes(bytes: Uint8Array): Buffer {
  const head = bytes.length < 256 ? [0x58, bytes.length] : [0x59, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from(head), bytes])
}
