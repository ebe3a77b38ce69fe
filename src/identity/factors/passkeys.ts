import { createHmac } from 'node:crypto'

import type { Clock } from '../../core/clock.ts'
import type { Keys } from '../../core/keys.ts'
import type { Database, PasskeyRow } from '../../store/index.ts'
import type { SignedToken, SignedTokens } from '../signed-tokens.ts'
import {
  assertionOptions,
  challengeIn,
  type Credential,
  enrolmentOptions,
  namedIn,
  type RelyingParty,
  verifyAssertion,
  verifyEnrolment,
} from './webauthn.ts'

/** A passkey as its owner sees it. */
export interface Passkey {
  readonly id: string
  readonly name: string
  readonly isBackedUp: boolean
  readonly createdMs: number
  readonly lastUsedMs: number | null
}

/** Whose passkey was shown, or why it does not count. */
export type PasskeyCheck =
  | {
      readonly ok: true
      readonly accountId: string
      readonly credentialId: string
      readonly userVerified: boolean
    }
  | { readonly ok: false; readonly reason: string; readonly accountId?: string; readonly isClone?: true }

/** What a passkey is asked for: the first factor, the second, or a newer proof in a session. */
export type PasskeyUse = 'sign-in' | 'second-factor' | 'step-up'

const CHALLENGE_TTL_MS = 5 * 60_000
const MAX_PASSKEYS = 20

/** WebAuthn credentials. Challenges are bound to the holder of a cookie or session, are good for five minutes and once. */
export class Passkeys {
  readonly #database: Database
  readonly #tokens: SignedTokens
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #userVerification: 'required' | 'preferred'

  constructor(options: {
    readonly database: Database
    readonly tokens: SignedTokens
    readonly keys: Keys
    readonly clock: Clock
    readonly userVerification: 'required' | 'preferred'
  }) {
    this.#database = options.database
    this.#tokens = options.tokens
    this.#keys = options.keys
    this.#clock = options.clock
    this.#userVerification = options.userVerification
  }

  /** Options for `navigator.credentials.create`. */
  async enrolmentOptions(
    party: RelyingParty,
    account: { readonly id: string; readonly email: string; readonly name: string },
    holder: string,
  ): Promise<object> {
    const challenge = this.#tokens.issue('passkey enrol', holder, CHALLENGE_TTL_MS, account.id)
    return enrolmentOptions(party, account, challenge, (await this.#rows(account.id)).map(credentialOf))
  }

  /** Takes a new passkey. */
  async enrol(
    party: RelyingParty,
    accountId: string,
    holder: string,
    raw: unknown,
    rawName: string,
  ): Promise<{ readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: string }> {
    const token = this.#challengeOf('passkey enrol', holder, raw)
    if (token?.facts !== accountId) return { ok: false, reason: 'the challenge is not good' }
    const verified = await verifyEnrolment(party, raw, () => true, {
      requireUserVerification: this.#userVerification === 'required',
    })
    if (!verified.ok) return verified
    if ((await this.#rows(accountId)).length >= MAX_PASSKEYS)
      return { ok: false, reason: `an account has ${MAX_PASSKEYS} passkeys at most` }
    if (!(await this.#tokens.spend(token))) return { ok: false, reason: 'the challenge was used before' }
    const { value } = verified
    const { numInsertedOrUpdatedRows } = await this.#database.kysely
      .insertInto('passkeys')
      .values({
        credential_id: value.id,
        account_id: accountId,
        rp_id: party.id,
        public_key: Buffer.from(value.publicKey).toString('base64url'),
        counter: value.counter,
        transports: value.transports.join(','),
        name: cleanName(rawName),
        aaguid: value.aaguid,
        backup_eligible: value.isBackupEligible ? 1 : 0,
        backed_up: value.isBackedUp ? 1 : 0,
        created_at: this.#clock.now(),
        last_used_at: null,
      })
      // WebAuthn 7.1 step 26: an id that is known belongs to whom it was given to first.
      .onConflict((conflict) => conflict.column('credential_id').doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n
      ? { ok: true, id: value.id }
      : { ok: false, reason: 'the credential is known already' }
  }

  /** Options for `navigator.credentials.get` in which the visitor chooses the account. */
  openOptions(party: RelyingParty, holder: string): Promise<object> {
    const challenge = this.#tokens.issue('passkey sign-in', holder, CHALLENGE_TTL_MS)
    return assertionOptions(party, challenge, 'required', [])
  }

  /**
   * Options for the account of an address. One that has no passkey, or does not exist, gets ids that are made up and the
   * same each time, so that the list says nothing of who has an account.
   */
  async optionsForAddress(
    party: RelyingParty,
    emailKey: string,
    accountId: string | undefined,
    holder: string,
  ): Promise<object> {
    const challenge = this.#tokens.issue('passkey sign-in', holder, CHALLENGE_TTL_MS)
    // INVARIANT: the same work whether or not there is an account: one query, one HMAC.
    const real = (await this.#rows(accountId ?? '')).filter((row) => row.rp_id === party.id).map(credentialOf)
    const fake = this.#madeUp(emailKey)
    const shown = real.length > 0 ? real : [fake]
    return assertionOptions(
      party,
      challenge,
      'required',
      // Transports would tell a real list from a made-up one.
      shown.map(({ id }) => ({ id, transports: ['internal', 'hybrid'] })),
    )
  }

  /** Options for somebody who is known already: after the password, or in a session. */
  async optionsFor(
    party: RelyingParty,
    accountId: string,
    use: Exclude<PasskeyUse, 'sign-in'>,
    holder: string,
  ): Promise<object> {
    const challenge = this.#tokens.issue(`passkey ${use}`, holder, CHALLENGE_TTL_MS, accountId)
    const own = (await this.#rows(accountId)).filter((row) => row.rp_id === party.id)
    return assertionOptions(party, challenge, this.#userVerification, own.map(credentialOf))
  }

  /** Judges a proof and stores its counter; a counter that did not rise is a copy of the key, and is refused. */
  async verify(
    party: RelyingParty,
    use: PasskeyUse,
    holder: string,
    raw: unknown,
    expectedAccountId?: string,
  ): Promise<PasskeyCheck> {
    const token = this.#challengeOf(`passkey ${use}`, holder, raw)
    if (!token || (use !== 'sign-in' && token.facts !== expectedAccountId))
      return { ok: false, reason: 'the challenge is not good' }
    const named = namedIn(raw)
    const row = named && (await this.#find(named.id))
    if (!named || !row) return { ok: false, reason: 'the credential is not known' }
    const { account_id: accountId } = row
    const refused = (reason: string): PasskeyCheck => ({ ok: false, reason, accountId })
    if (row.rp_id !== party.id) return refused('the credential is of another site')
    if (expectedAccountId !== undefined && expectedAccountId !== accountId)
      return refused('the credential is of another account')
    if (named.user !== undefined && named.user !== accountId)
      return refused('the user handle is of another account')
    // A passkey that is the only factor must know its user; one that comes after a password must only be there.
    const requireUserVerification = use === 'sign-in' || this.#userVerification === 'required'
    const verified = await verifyAssertion(party, raw, credentialOf(row), () => true, {
      requireUserVerification,
    })
    if (!verified.ok) return refused(verified.reason)
    if (!(await this.#tokens.spend(token))) return refused('the challenge was used before')
    if (!(await this.#storeUse(row, verified.value)))
      return { ...refused('the counter did not rise: the key was copied'), isClone: true } as PasskeyCheck
    return { ok: true, accountId, credentialId: row.credential_id, userVerified: verified.value.userVerified }
  }

  /** The passkeys of an account. */
  async list(accountId: string): Promise<readonly Passkey[]> {
    return (await this.#rows(accountId)).map((row) => ({
      id: row.credential_id,
      name: row.name,
      isBackedUp: row.backed_up === 1,
      createdMs: row.created_at,
      lastUsedMs: row.last_used_at,
    }))
  }

  async rename(accountId: string, credentialId: string, rawName: string): Promise<boolean> {
    const done = await this.#database.kysely
      .updateTable('passkeys')
      .set({ name: cleanName(rawName) })
      .where('account_id', '=', accountId)
      .where('credential_id', '=', credentialId)
      .executeTakeFirst()
    return done.numUpdatedRows === 1n
  }

  /** Whether there was such a passkey. */
  async remove(accountId: string, credentialId: string): Promise<boolean> {
    const done = await this.#database.kysely
      .deleteFrom('passkeys')
      .where('account_id', '=', accountId)
      .where('credential_id', '=', credentialId)
      .executeTakeFirst()
    return done.numDeletedRows === 1n
  }

  async removeAll(accountId: string): Promise<void> {
    await this.#database.kysely.deleteFrom('passkeys').where('account_id', '=', accountId).execute()
  }

  #challengeOf(purpose: string, holder: string, raw: unknown): SignedToken | undefined {
    const challenge = challengeIn(raw)
    return challenge === undefined ? undefined : this.#tokens.check(purpose, holder, challenge)
  }

  async #storeUse(
    row: PasskeyRow,
    use: { readonly counter: number; readonly isBackedUp: boolean },
  ): Promise<boolean> {
    // INVARIANT: WebAuthn 6.1.1: zero stays zero for authenticators that do not count; anything else rises. Compared in
    // the statement that stores it, so that two uses of a copied key at once are seen too.
    const done = await this.#database.kysely
      .updateTable('passkeys')
      .set({ counter: use.counter, backed_up: use.isBackedUp ? 1 : 0, last_used_at: this.#clock.now() })
      .where('credential_id', '=', row.credential_id)
      .where((where) => (use.counter === 0 ? where('counter', '=', 0) : where('counter', '<', use.counter)))
      .executeTakeFirst()
    return done.numUpdatedRows === 1n
  }

  #find(credentialId: string): Promise<PasskeyRow | undefined> {
    return this.#database.kysely
      .selectFrom('passkeys')
      .selectAll()
      .where('credential_id', '=', credentialId)
      .executeTakeFirst()
  }

  #rows(accountId: string): Promise<PasskeyRow[]> {
    return this.#database.kysely
      .selectFrom('passkeys')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('created_at')
      .limit(MAX_PASSKEYS)
      .execute()
  }

  #madeUp(emailKey: string): Pick<Credential, 'id'> {
    // The oldest key, so that a rotation does not change what was shown before while that key is kept.
    const key = this.#keys.all('cookie').at(-1) ?? this.#keys.current('cookie')
    const hmac = createHmac('sha256', Buffer.from(key.material.reveal(), 'base64url'))
    return { id: hmac.update(`ringwall made-up credential|${emailKey}`).digest('base64url') }
  }
}

function credentialOf(row: PasskeyRow): Credential {
  return {
    id: row.credential_id,
    publicKey: Buffer.from(row.public_key, 'base64url'),
    counter: row.counter,
    transports: row.transports.split(',').filter(Boolean),
    isBackupEligible: row.backup_eligible === 1,
  }
}

function cleanName(rawName: string): string {
  const name = rawName.replaceAll(/[\p{C}\s]+/gu, ' ').trim()
  return Array.from(name === '' ? 'Passkey' : name)
    .slice(0, 64)
    .join('')
}
