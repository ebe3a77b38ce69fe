import type { Clock, RandomBytes } from '../../core/clock.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { RotationDriver, RotationFacts, RotationTarget } from './rotation-driver.ts'
import type { RotationEntry, RotationJournal, RotationStep } from './rotation-journal.ts'

/** What one rotation works with. */
export interface SecretRotationOptions {
  readonly name: string
  readonly driver: RotationDriver
  readonly target: RotationTarget
  readonly journal: RotationJournal
  readonly clock: Clock
  readonly random: RandomBytes
  /** How long both values work at least. */
  readonly overlapMs: number
  /** Writes a step to the audit log, after it was done and before it counts as done: after a crash a step may stand there twice. */
  readonly record: (step: RotationStep | 'failed', facts: RotationFacts) => Promise<void>
}

/** Where a rotation stands. */
export interface RotationState {
  readonly step: RotationStep
  /** When the old value may be retired; only while both work. */
  readonly retireFromMs?: number
  /** Who still uses what is to be retired, where that is known. */
  readonly holders?: number
  readonly rotatedMs?: number
  readonly facts: RotationFacts
}

const TEST_ATTEMPTS = 3
const TEST_WAIT_MS = 500
const ENDED: readonly RotationStep[] = ['retired', 'rolled-back']

/**
 * Rotates a secret without a moment in which no value works: create, set, test, promote, retire. Every step is on disk before the next
 * begins and may be done twice, so that a process which is killed anywhere is taken up by the next one.
 */
export class SecretRotation {
  readonly #options: SecretRotationOptions

  constructor(options: SecretRotationOptions) {
    this.#options = options
  }

  /** Where it stands, without doing anything. */
  state(): RotationState | undefined {
    const entry = this.#options.journal.read(this.#options.name)
    return entry && this.#stateOf(entry)
  }

  /**
   * Goes on, or begins a new rotation where the last has ended. Stops where the new value is in use and the old one has to work on for a
   * while; retires it once the overlap is over and nobody uses it, or at once with `isForced`.
   */
  advance(how: { readonly isForced?: boolean } = {}): Promise<RotationState> {
    return this.#locked(async () => {
      let entry = await this.#begun()
      for (;;) {
        if (ENDED.includes(entry.step)) return this.#stateOf(entry)
        if (entry.step === 'promoted' || entry.step === 'restored') {
          const waiting = await this.#waiting(entry, how.isForced === true)
          if (waiting) return waiting
        }
        entry = await this.#next(entry)
      }
    })
  }

  /** Goes back to the old value. After the promotion the new one works on for the overlap; `advance` then ends it. */
  rollBack(): Promise<RotationState> {
    return this.#locked(async () => {
      const { name, journal, driver, target } = this.#options
      const entry = journal.read(name)
      if (!entry || ENDED.includes(entry.step))
        throw new RingwallError('secret.no-rotation', `no rotation of \`${name}\` is under way`)
      if (entry.step === 'restored') return this.#stateOf(entry)
      if (entry.step === 'started') return this.#stateOf(await this.#reach(entry, 'rolled-back'))
      const { before, candidate } = this.#valuesOf(entry)
      // Between its test and its promotion a killed process may have promoted it.
      const isInUse = (await target.read()).reveal() === candidate.reveal()
      if (!isInUse) {
        await driver.undo(candidate, before)
        return this.#stateOf(await this.#reach(entry, 'rolled-back'))
      }
      await driver.reinstate(before, candidate)
      await target.write(before, candidate)
      return this.#stateOf(await this.#reach(entry, 'restored'))
    })
  }

  async #locked(work: () => Promise<RotationState>): Promise<RotationState> {
    const { name, journal } = this.#options
    const unlock = journal.lock(name)
    try {
      return await work()
    } finally {
      unlock()
    }
  }

  async #begun(): Promise<RotationEntry> {
    const { name, journal, target, clock, random } = this.#options
    const known = journal.read(name)
    if (known && !ENDED.includes(known.step)) return known
    const id = Buffer.from(random(12)).toString('base64url')
    const nowMs = clock.now()
    const entry: RotationEntry = {
      version: 1,
      id,
      step: 'started',
      started_ms: nowMs,
      step_ms: nowMs,
      ...(known?.rotated_ms !== undefined && { rotated_ms: known.rotated_ms }),
      facts: {},
      before: journal.seal(name, id, 'before', await target.read()),
    }
    journal.write(name, entry)
    return entry
  }

  async #next(entry: RotationEntry): Promise<RotationEntry> {
    const { name, journal, driver, clock } = this.#options
    if (entry.step === 'started') {
      const before = journal.open(name, entry.id, 'before', entry.before ?? '')
      const { value, facts } = await driver.create(before, entry.id)
      return this.#reach(
        { ...entry, facts, candidate: journal.seal(name, entry.id, 'candidate', value) },
        'created',
      )
    }
    const { before, candidate } = this.#valuesOf(entry)
    switch (entry.step) {
      case 'created':
        await driver.set(candidate, before)
        return this.#reach(entry, 'set')
      case 'set':
        return this.#tested(entry, candidate, before)
      case 'tested':
        await this.#promote(candidate, before)
        return this.#reach({ ...entry, rotated_ms: clock.now() }, 'promoted')
      case 'promoted':
        await driver.retire(before, candidate)
        return this.#reach(entry, 'retired')
      case 'restored':
        await driver.undo(candidate, before)
        return this.#reach(entry, 'rolled-back')
      case 'retired':
      case 'rolled-back':
    }
    return entry
  }

  /** A value that does not work is taken back at once: the old one was never touched. */
  async #tested(entry: RotationEntry, candidate: Secret, before: Secret): Promise<RotationEntry> {
    const { driver, record, name } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        await driver.test(candidate)
        return await this.#reach(entry, 'tested')
      } catch (thrown) {
        if (attempt < TEST_ATTEMPTS) {
          await new Promise((resolve) => setTimeout(resolve, TEST_WAIT_MS))
          continue
        }
        const reason = describeError(thrown)
        await record('failed', { ...entry.facts, id: entry.id, reason })
        await driver.undo(candidate, before)
        await this.#reach(entry, 'rolled-back')
        throw new RingwallError(
          'secret.test-failed',
          `the new value of \`${name}\` does not work, and was taken back; the old one is in use: ${reason}`,
          { cause: thrown },
        )
      }
    }
  }

  async #promote(candidate: Secret, before: Secret): Promise<void> {
    const { target, name } = this.#options
    const now = (await target.read()).reveal()
    if (now === candidate.reveal()) return
    if (now !== before.reveal())
      throw new RingwallError(
        'secret.changed',
        `somebody else changed the secret of \`${name}\` meanwhile; look at it, then go on with --roll-back`,
      )
    await target.write(candidate, before)
  }

  /** Why what goes cannot be retired yet. */
  async #waiting(entry: RotationEntry, isForced: boolean): Promise<RotationState | undefined> {
    const { driver, clock, overlapMs } = this.#options
    if (isForced) return undefined
    if (clock.now() < entry.step_ms + overlapMs) return this.#stateOf(entry)
    const { before, candidate } = this.#valuesOf(entry)
    const holders = await driver.holders(entry.step === 'promoted' ? before : candidate)
    return holders === undefined || holders === 0 ? undefined : { ...this.#stateOf(entry), holders }
  }

  /** Recorded, then on disk. The values of a rotation that has ended are forgotten. */
  async #reach(entry: RotationEntry, step: RotationStep): Promise<RotationEntry> {
    const { name, journal, record, clock } = this.#options
    const { before, candidate, ...rest } = entry
    const reached: RotationEntry = {
      ...rest,
      step,
      step_ms: clock.now(),
      ...(!ENDED.includes(step) && before !== undefined && { before }),
      ...(!ENDED.includes(step) && candidate !== undefined && { candidate }),
    }
    await record(step, { ...entry.facts, id: entry.id })
    journal.write(name, reached)
    return reached
  }

  #valuesOf(entry: RotationEntry): { readonly before: Secret; readonly candidate: Secret } {
    const { name, journal } = this.#options
    return {
      before: journal.open(name, entry.id, 'before', entry.before ?? ''),
      candidate: journal.open(name, entry.id, 'candidate', entry.candidate ?? ''),
    }
  }

  #stateOf({ step, step_ms: stepMs, rotated_ms: rotatedMs, facts }: RotationEntry): RotationState {
    const isWaiting = step === 'promoted' || step === 'restored'
    return {
      step,
      facts,
      ...(isWaiting && { retireFromMs: stepMs + this.#options.overlapMs }),
      ...(rotatedMs !== undefined && { rotatedMs }),
    }
  }
}
