import { join } from 'node:path'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import {
  commandDriver,
  keyringDriver,
  keyringTarget,
  mariadbDriver,
  openKeyring,
  postgresDriver,
  providerTarget,
  redisDriver,
  type RotationConfig,
  type RotationDriver,
  RotationJournal,
  type RotationState,
  type RotationTarget,
  SecretRotation,
  type Secrets,
} from '../../data/index.ts'
import { type AuditedStore, withAuditedStore } from '../audited-store.ts'
import { runProgram } from '../run-program.ts'
import type { Terminal } from '../terminal.ts'
import type { SecretOptions } from './secret-desk.ts'

/** What `secret rotate` is given. */
export interface RotateOptions extends SecretOptions {
  readonly rollBack?: boolean
  readonly retireNow?: boolean
  readonly wait?: boolean
}

const DAY_MS = 86_400_000
/** Between two looks whether the old value may be retired. */
const LOOK_MS = 1000

/** Takes one rotation forward, or without a name all that are under way or due. Gives whether everything went well. */
export async function rotateSecrets(
  name: string | undefined,
  options: RotateOptions,
  terminal: Terminal,
): Promise<boolean> {
  let isWell = true
  await withAuditedStore(options, async (store) => {
    const { rotations } = store.config.security.data.secrets
    if (name !== undefined && !Object.hasOwn(rotations, name))
      throw new RingwallError(
        'secret.rotation',
        `no rotation \`${name}\`; \`security.data.secrets.rotations\` has ${Object.keys(rotations).join(', ') || 'none'}`,
      )
    if (name === undefined && (options.rollBack === true || options.retireNow === true))
      throw new RingwallError('secret.rotation', 'name the rotation')
    const desk = openRotations(store, terminal)
    const names = name === undefined ? Object.keys(rotations).filter((one) => desk.isToDo(one)) : [name]
    if (names.length === 0) terminal.error('nothing is due')
    for (const one of names) {
      try {
        const state = await rotateOne(await desk.open(one), options)
        terminal.out(options.json === true ? JSON.stringify({ rotation: one, ...state }) : lineOf(one, state))
      } catch (thrown) {
        // One that fails does not keep the others from their turn.
        if (name !== undefined || !(thrown instanceof RingwallError)) throw thrown
        terminal.error(`${one}: ${thrown.line}`)
        isWell = false
      }
    }
  })
  return isWell
}

async function rotateOne(rotation: SecretRotation, options: RotateOptions): Promise<RotationState> {
  if (options.rollBack === true) return rotation.rollBack()
  let state = await rotation.advance({ isForced: options.retireNow === true })
  while (options.wait === true && (state.step === 'promoted' || state.step === 'restored')) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    state = await rotation.advance()
  }
  return state
}

/** The rotations of a configuration. */
export function openRotations(
  { config, kept, record }: AuditedStore,
  terminal: Terminal,
): { isToDo(name: string): boolean; open(name: string): Promise<SecretRotation>; journal: RotationJournal } {
  const { directory } = config.store
  if (directory === ':memory:')
    throw new RingwallError('cli.no-keyring', 'a rotation is kept between its steps; set store.directory')
  const journal = new RotationJournal(join(directory, 'rotations'), kept.keys, systemRandom)
  const { rotations } = config.security.data.secrets
  const days = config.security.encryption.key_rotation_days
  return {
    journal,
    isToDo(name) {
      const entry = journal.read(name)
      if (entry && entry.step !== 'retired' && entry.step !== 'rolled-back') return true
      const everyMs = (rotations[name]?.every_days ?? days) * DAY_MS
      return entry?.rotated_ms === undefined || entry.rotated_ms + everyMs <= systemClock.now()
    },
    async open(name) {
      const rotation = rotations[name] as RotationConfig
      const { driver, target } = await partsOf(rotation, kept.secrets, directory, terminal)
      return new SecretRotation({
        name,
        driver,
        target,
        journal,
        clock: systemClock,
        random: systemRandom,
        overlapMs: rotation.overlap,
        record: (step, facts) =>
          record(`data.secret-rotation`, undefined, { by: 'command line', rotation: name, step, ...facts }),
      })
    },
  }
}

async function partsOf(
  rotation: RotationConfig,
  secrets: Secrets,
  directory: string,
  terminal: Terminal,
): Promise<{ readonly driver: RotationDriver; readonly target: RotationTarget }> {
  const { kind, secret = '', admin = '', roles = [], purpose, command = [] } = rotation
  if (kind === 'keyring') {
    const keyring = openKeyring(join(directory, 'keyring.json'), systemClock)
    const key = purpose ?? 'assertion'
    return { driver: keyringDriver(keyring, key), target: keyringTarget(keyring, key) }
  }
  const { provider, reference } = secrets.providerOf(secret)
  const target = providerTarget(provider, reference)
  if (kind === 'command') return { driver: commandDriver(command, runProgram), target }
  const parts = { admin: await secrets.get(admin), roles, random: systemRandom }
  if (kind === 'postgres') return { driver: postgresDriver(parts), target }
  if (kind === 'mariadb') return { driver: mariadbDriver(parts), target }
  return { driver: redisDriver({ ...parts, onNotice: (line) => terminal.error(line) }), target }
}

function lineOf(name: string, { step, retireFromMs, holders, facts }: RotationState): string {
  const what = facts['new'] === undefined ? '' : ` (${facts['old']} -> ${facts['new']})`
  const until = retireFromMs === undefined ? '' : new Date(retireFromMs).toISOString()
  if (holders !== undefined) return `${name}: both values work${what}; ${holders} still use the old one`
  if (step === 'promoted')
    return `${name}: the new value is in use${what}; the old one works on. Run this again after ${until} to retire it`
  if (step === 'restored')
    return `${name}: the old value is back${what}; the new one works on. Run this again after ${until} to end it`
  return `${name}: ${step === 'retired' ? 'rotated; the old value is retired' : 'rolled back; the old value is in use'}${what}`
}
