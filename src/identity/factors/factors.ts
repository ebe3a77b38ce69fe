import type { Clock, RandomBytes } from '../../core/clock.ts'
import type { Keys } from '../../core/keys.ts'
import type { Counters, Database } from '../../store/index.ts'
import type { Account } from '../accounts.ts'
import type { Method } from '../assurance.ts'
import type { AuthenticationConfig } from '../config.ts'
import type { SignedTokens } from '../signed-tokens.ts'
import { FactorAttempts } from './attempts.ts'
import { BackupCodes, type SlowHash } from './backup-codes.ts'
import { Passkeys } from './passkeys.ts'
import { RememberedDevices } from './remembered-devices.ts'
import { TotpFactors } from './totp-factor.ts'

/** What an account has to show beside its password. */
export interface FactorState {
  readonly hasTotp: boolean
  readonly passkeys: number
  readonly backupCodesLeft: number
}

/** How a code was judged. `locked`: there were too many wrong ones. */
export type FactorCheck =
  | { readonly ok: true; readonly method: Method }
  | { readonly ok: false; readonly reason: 'wrong' | 'busy' | 'locked' }

/** The second factors of one realm. */
export class Factors {
  readonly totp: TotpFactors
  readonly backupCodes: BackupCodes
  readonly passkeys: Passkeys
  readonly devices: RememberedDevices
  readonly #attempts: FactorAttempts
  readonly #config: AuthenticationConfig

  constructor(options: {
    readonly config: AuthenticationConfig
    readonly database: Database
    readonly counters: Counters
    readonly keys: Keys
    readonly tokens: SignedTokens
    readonly hash: SlowHash
    readonly clock: Clock
    readonly random: RandomBytes
  }) {
    const { config, database, counters, keys, tokens, clock, random } = options
    this.#config = config
    this.totp = new TotpFactors({ database, keys, clock, random, window: config.mfa.totp_window })
    const count = config.mfa.backup_codes_count
    this.backupCodes = new BackupCodes({ database, hash: options.hash, clock, random, count })
    const userVerification = config.passkeys.user_verification
    this.passkeys = new Passkeys({ database, tokens, keys, clock, userVerification })
    this.devices = new RememberedDevices(database, clock, random)
    this.#attempts = new FactorAttempts(database, counters, clock)
  }

  async of(accountId: string): Promise<FactorState> {
    const [since, passkeys, backupCodesLeft] = await Promise.all([
      this.totp.confirmedSince(accountId),
      this.passkeys.list(accountId),
      this.backupCodes.left(accountId),
    ])
    return { hasTotp: since !== undefined, passkeys: passkeys.length, backupCodesLeft }
  }

  /** Whether there is anything to ask for after a password. Backup codes alone are not. */
  async hasAny(accountId: string): Promise<boolean> {
    const { hasTotp, passkeys } = await this.of(accountId)
    return hasTotp || passkeys > 0
  }

  /** Whether the policy asks for a second factor of this account. Sealed accounts always need one. */
  isRequired({
    realm,
    roles,
    breakGlassSealedMs,
  }: Pick<Account, 'realm' | 'roles' | 'breakGlassSealedMs'>): boolean {
    const { mfa } = this.#config
    if (breakGlassSealedMs !== null) return true
    if (realm === 'operator' && mfa.operators === 'required') return true
    return mfa.required || roles.some((role) => mfa.required_roles.includes(role))
  }

  /** Takes a one-time code or a backup code. Attempts are bounded for each account, from wherever they come. */
  async checkCode(accountId: string, rawCode: string): Promise<FactorCheck> {
    if (!(await this.#attempts.begin(accountId))) return { ok: false, reason: 'locked' }
    const isOneTime = /^\d{6}$/.test(rawCode.replaceAll(' ', ''))
    const check = isOneTime
      ? (await this.totp.verify(accountId, rawCode))
        ? 'right'
        : 'wrong'
      : await this.backupCodes.redeem(accountId, rawCode)
    if (check !== 'right') return { ok: false, reason: check }
    await this.#attempts.clear(accountId)
    return { ok: true, method: isOneTime ? 'otp' : 'backup' }
  }

  /** Takes the first code of a new authenticator application; attempts are bounded as for any code. */
  async confirmTotp(accountId: string, rawCode: string): Promise<FactorCheck> {
    if (!(await this.#attempts.begin(accountId))) return { ok: false, reason: 'locked' }
    if (!(await this.totp.confirm(accountId, rawCode))) return { ok: false, reason: 'wrong' }
    await this.#attempts.clear(accountId)
    return { ok: true, method: 'otp' }
  }

  /** Forgets wrong codes, after another proof than a code. */
  clearAttempts(accountId: string): Promise<void> {
    return this.#attempts.clear(accountId)
  }

  /** Takes everything away: for an operator, when all of it was lost. */
  async removeAll(accountId: string): Promise<void> {
    await this.totp.remove(accountId)
    await this.passkeys.removeAll(accountId)
    await this.backupCodes.remove(accountId)
    await this.devices.forgetAll(accountId)
    await this.#attempts.clear(accountId)
  }
}
