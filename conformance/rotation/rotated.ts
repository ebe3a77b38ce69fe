import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock, systemRandom } from '../../src/core/clock.ts'
import type { LiveSecret } from '../../src/core/live-secret.ts'
import {
  openKeyring,
  openSecrets,
  parseReference,
  providerTarget,
  type RotationDriver,
  RotationJournal,
  SecretRotation,
  type SecretReference,
} from '../../src/data/index.ts'

/** A rotation whose old value is held on to for longer has failed. */
const MAX_WAIT_MS = 60_000

/** A secret in a file, an application's view of it, and the way to rotate it. */
export interface RotatedSecret {
  readonly file: string
  readonly directory: string
  readonly live: LiveSecret
  /** From the first step to the retirement of the old value. */
  rotate(): Promise<void>
  close(): void
}

/** Puts a secret into a file and opens it as an application would. */
export async function rotatedSecret(
  value: string,
  driver: RotationDriver,
  overlapMs = 500,
): Promise<RotatedSecret> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-rotated-'))
  const file = join(directory, 'secret')
  writeFileSync(file, value, { mode: 0o600 })
  const reference = `file:${file}`
  const secrets = openSecrets({}, { clock: systemClock, env: {} })
  await secrets.get(reference)
  const { provider } = secrets.providerOf(reference)
  const keyring = openKeyring(join(directory, 'keyring.json'), systemClock)
  const rotation = new SecretRotation({
    name: 'secret',
    driver,
    target: providerTarget(provider, parseReference(reference) as SecretReference),
    journal: new RotationJournal(join(directory, 'rotations'), keyring, systemRandom),
    clock: systemClock,
    random: systemRandom,
    overlapMs,
    record: async () => undefined,
  })
  return {
    file,
    directory,
    live: secrets.live(reference),
    async rotate() {
      const startedAt = performance.now()
      for (;;) {
        const state = await rotation.advance()
        if (state.step === 'retired') return
        if (performance.now() - startedAt > MAX_WAIT_MS)
          throw new Error(`the old value was not let go within ${MAX_WAIT_MS} ms: ${JSON.stringify(state)}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    close() {
      secrets.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** How much. */
export interface Measure {
  readonly perSecond: number
  readonly rotations: number
  /** Before, between and after the rotations. */
  readonly pauseMs: number
}

/** Rotates so many times, with pauses. */
export async function rotations(secret: Pick<RotatedSecret, 'rotate'>, measure: Measure): Promise<void> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, measure.pauseMs))
  await pause()
  for (let i = 0; i < measure.rotations; i++) {
    await secret.rotate()
    await pause()
  }
}
