import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'

/** Whom passkeys are for: the site as the browser sees it. */
export interface RelyingParty {
  /** The domain that credentials are bound to. */
  readonly id: string
  readonly name: string
  /** `https://shop.example`: the only origin that is taken. */
  readonly origin: string
}

/** What is kept of a credential. */
export interface Credential {
  readonly id: string
  readonly publicKey: Uint8Array
  readonly counter: number
  readonly transports: readonly string[]
  readonly isBackupEligible: boolean
}

/** A new credential, as its authenticator described it. */
export interface Enrolled extends Credential {
  readonly aaguid: string
  readonly isBackedUp: boolean
  readonly userVerified: boolean
}

/** A proof that somebody has a credential. */
export interface Asserted {
  readonly counter: number
  readonly isBackedUp: boolean
  readonly userVerified: boolean
}

/** How a ceremony ended. The reason is for the log. */
export type Ceremony<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

/** EdDSA, ES256, ES384, ES512, RS256 (COSE). */
export const ALGORITHMS: readonly number[] = [-8, -7, -35, -36, -257]
const TIMEOUT_MS = 300_000
const TRANSPORTS = new Set(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'])
const MAX_TEXT = 16_384

/** What a browser is asked to make a credential with. No attestation: who made the authenticator is none of our business. */
export function enrolmentOptions(
  party: RelyingParty,
  account: { readonly id: string; readonly email: string; readonly name: string },
  challenge: string,
  existing: readonly Pick<Credential, 'id' | 'transports'>[],
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return generateRegistrationOptions({
    rpID: party.id,
    rpName: party.name,
    userID: Uint8Array.from(Buffer.from(account.id)),
    userName: account.email,
    userDisplayName: account.name,
    challenge: bytesOf(challenge),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    excludeCredentials: existing.map(({ id, transports }) => ({ id, transports: [...transports] })),
    // A key that keeps nothing is no way in by itself, and is a good second factor.
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    supportedAlgorithmIDs: [...ALGORITHMS],
  })
}

/** What a browser is asked to prove a credential with. Without a list the visitor chooses among those that the browser knows. */
export function assertionOptions(
  party: RelyingParty,
  challenge: string,
  userVerification: 'required' | 'preferred',
  allowed: readonly Pick<Credential, 'id' | 'transports'>[],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({
    rpID: party.id,
    challenge: bytesOf(challenge),
    timeout: TIMEOUT_MS,
    userVerification,
    allowCredentials: allowed.map(({ id, transports }) => ({ id, transports: [...transports] })),
  })
}

/** Judges a new credential (WebAuthn 7.1). `challenge` says whether the challenge is one of ours for this browser. */
export async function verifyEnrolment(
  party: RelyingParty,
  raw: unknown,
  challenge: (challenge: string) => boolean,
  options: { readonly requireUserVerification: boolean },
): Promise<Ceremony<Enrolled>> {
  const response = readEnrolment(raw)
  if (!response) return refused('it is not a registration response')
  const client = readClientData(response.response.clientDataJSON)
  if (client !== undefined) return refused(client)
  try {
    const result = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: options.requireUserVerification,
      supportedAlgorithmIDs: [...ALGORITHMS],
    })
    if (!result.verified) return refused('the attestation does not verify')
    const { credential, aaguid, credentialBackedUp, credentialDeviceType, userVerified } =
      result.registrationInfo
    if (credential.id !== response.id) return refused('the credential is not the one that it says')
    return {
      ok: true,
      value: {
        id: credential.id,
        publicKey: credential.publicKey,
        counter: credential.counter,
        transports: (credential.transports ?? []).filter((one) => TRANSPORTS.has(one)),
        aaguid,
        isBackupEligible: credentialDeviceType === 'multiDevice',
        isBackedUp: credentialBackedUp,
        userVerified,
      },
    }
  } catch (thrown) {
    return refused(messageOf(thrown))
  }
}

/** Judges a proof (WebAuthn 7.2). The counter is for the caller to compare, in the statement that stores it. */
export async function verifyAssertion(
  party: RelyingParty,
  raw: unknown,
  credential: Credential,
  challenge: (challenge: string) => boolean,
  options: { readonly requireUserVerification: boolean },
): Promise<Ceremony<Asserted>> {
  const response = readAssertion(raw)
  if (response?.id !== credential.id) return refused('it is not a response with this credential')
  const client = readClientData(response.response.clientDataJSON)
  if (client !== undefined) return refused(client)
  try {
    const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      credential: {
        id: credential.id,
        publicKey: Uint8Array.from(credential.publicKey),
        counter: 0,
      },
      requireUserVerification: options.requireUserVerification,
    })
    if (!verified) return refused('the signature does not verify')
    // WebAuthn 7.2 step 18: what could not be backed up when it was made cannot be now, and the other way round.
    if ((info.credentialDeviceType === 'multiDevice') !== credential.isBackupEligible)
      return refused('the backup eligibility changed')
    const { newCounter, credentialBackedUp, userVerified } = info
    return { ok: true, value: { counter: newCounter, isBackedUp: credentialBackedUp, userVerified } }
  } catch (thrown) {
    return refused(messageOf(thrown))
  }
}

/** The id of the credential and the user that a proof speaks of, before anything is believed. */
export function namedIn(
  raw: unknown,
): { readonly id: string; readonly user: string | undefined } | undefined {
  const response = readAssertion(raw)
  const handle = response?.response.userHandle
  return response && { id: response.id, user: handle && Buffer.from(handle, 'base64url').toString() }
}

/** The challenge that a response answers, before anything is believed. */
export function challengeIn(raw: unknown): string | undefined {
  const response = textsOf(raw)
  if (!response) return undefined
  const facts = clientFacts(response.texts['clientDataJSON'] ?? '')
  return typeof facts?.['challenge'] === 'string' ? facts['challenge'] : undefined
}

function readEnrolment(raw: unknown): RegistrationResponseJSON | undefined {
  const found = textsOf(raw)
  const { clientDataJSON, attestationObject } = found?.texts ?? {}
  if (!found || clientDataJSON === undefined || attestationObject === undefined) return undefined
  return {
    id: found.id,
    rawId: found.id,
    type: 'public-key',
    response: { clientDataJSON, attestationObject, transports: [...found.transports] },
    clientExtensionResults: {},
  }
}

function readAssertion(raw: unknown): AuthenticationResponseJSON | undefined {
  const found = textsOf(raw)
  const { clientDataJSON, authenticatorData, signature, userHandle } = found?.texts ?? {}
  if (!found || clientDataJSON === undefined || authenticatorData === undefined || signature === undefined)
    return undefined
  return {
    id: found.id,
    rawId: found.id,
    type: 'public-key',
    response: {
      clientDataJSON,
      authenticatorData,
      signature,
      ...(userHandle !== undefined && { userHandle }),
    },
    clientExtensionResults: {},
  }
}

/** The fields of a response that are base64url, each bounded and in its one spelling. */
function textsOf(raw: unknown):
  | {
      readonly id: string
      readonly texts: Readonly<Record<string, string>>
      readonly transports: readonly string[]
    }
  | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const { id, rawId, type, response } = raw as Readonly<Record<string, unknown>>
  if (type !== 'public-key' || id !== rawId || !isBase64url(id) || id.length > 1364) return undefined
  if (typeof response !== 'object' || response === null) return undefined
  const texts: Record<string, string> = {}
  for (const name of [
    'clientDataJSON',
    'attestationObject',
    'authenticatorData',
    'signature',
    'userHandle',
  ]) {
    const value = (response as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || value === null || value === '') continue
    if (!isBase64url(value)) return undefined
    texts[name] = value
  }
  const { transports } = response as { readonly transports?: unknown }
  const named = Array.isArray(transports) ? transports.slice(0, 8) : []
  return { id, texts, transports: named.filter((one): one is string => TRANSPORTS.has(one as string)) }
}

function isBase64url(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MAX_TEXT &&
    /^[\w-]+$/.test(value) &&
    Buffer.from(value, 'base64url').toString('base64url') === value
  )
}

/** Why what the browser says of itself cannot be taken; the rest of it is held against the challenge and the origin. */
function readClientData(clientDataJson: string): string | undefined {
  const facts = clientFacts(clientDataJson)
  if (!facts) return 'the client data cannot be read'
  // A page of somebody else's around ours could lead the visitor to a proof that he does not mean.
  if (facts['crossOrigin'] === true || facts['topOrigin'] !== undefined)
    return 'it was made in a frame of another site'
  return undefined
}

function clientFacts(clientDataJson: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const bytes = Buffer.from(clientDataJson, 'base64url')
    const facts: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return typeof facts === 'object' && facts !== null
      ? (facts as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}

function bytesOf(challenge: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(challenge, 'base64url'))
}

function refused(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.slice(0, 200) : 'it does not verify'
}
