import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { RandomBytes } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import type { Keys } from '../../core/keys.ts'
import { z } from '../../core/schema.ts'
import { Secret } from '../../core/secret.ts'
import { open, seal, secretKeyOf } from '../committed-aead.ts'
import { replaceFile } from './secret-file.ts'

/**
 * What was done last. `started`: nothing yet. `created`: a new value is known. `set`: the other side takes it. `tested`: it works. `promoted`:
 * who reads the secret gets it; the old one works on. `retired`: the end. `restored`: the old one is back in its place; `rolled-back`: the end.
 */
export const ROTATION_STEPS = [
  'started',
  'created',
  'set',
  'tested',
  'promoted',
  'retired',
  'restored',
  'rolled-back',
] as const
export type RotationStep = (typeof ROTATION_STEPS)[number]

const entrySchema = z.strictObject({
  version: z.literal(1),
  id: z.string().min(1),
  step: z.enum(ROTATION_STEPS),
  started_ms: z.number(),
  step_ms: z.number(),
  /** When a new value last came into use, in this rotation or an earlier one. */
  rotated_ms: z.number().optional(),
  facts: z.record(z.string(), z.string()),
  before: z.string().optional(),
  candidate: z.string().optional(),
})

/** One rotation as it is on disk. Values are sealed under the keyring's key `field`, and are gone when it has ended. */
export type RotationEntry = z.output<typeof entrySchema>

const NAME = /^[a-z][a-z0-9_-]{0,63}$/

/** Where rotations are kept between their steps: one file each, whole at every moment. */
export class RotationJournal {
  readonly #directory: string
  readonly #keys: Keys
  readonly #random: RandomBytes

  constructor(directory: string, keys: Keys, random: RandomBytes) {
    this.#directory = directory
    this.#keys = keys
    this.#random = random
  }

  read(name: string): RotationEntry | undefined {
    const file = this.#file(name)
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw thrown
    }
    try {
      return entrySchema.parse(JSON.parse(text))
    } catch (cause) {
      throw new RingwallError(
        'secret.journal',
        'the record of this rotation is damaged; restore it from a backup',
        {
          at: { file },
          cause,
        },
      )
    }
  }

  write(name: string, entry: RotationEntry): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    replaceFile(this.#file(name), `${JSON.stringify(entry, null, 2)}\n`)
  }

  seal(name: string, id: string, slot: 'before' | 'candidate', secret: Secret): string {
    const { id: keyId, material } = this.#keys.current('field')
    const key = secretKeyOf(Buffer.from(material.reveal(), 'base64url'))
    const sealed = seal(key, placeOf(name, id, slot), Buffer.from(secret.reveal(), 'utf8'), this.#random)
    return `${keyId}.${sealed.toString('base64url')}`
  }

  open(name: string, id: string, slot: 'before' | 'candidate', text: string): Secret {
    const [keyId = '', sealed = ''] = text.split('.', 2)
    const material = this.#keys.find('field', keyId)?.material.reveal()
    const key = material === undefined ? undefined : secretKeyOf(Buffer.from(material, 'base64url'))
    const plain = key && open(key, placeOf(name, id, slot), Buffer.from(sealed, 'base64url'))
    if (plain && typeof plain !== 'string') return new Secret(plain.toString('utf8'))
    throw new RingwallError(
      'secret.journal',
      `the ${slot} value of the rotation \`${name}\` does not open: another keyring, or an altered file`,
      { at: { file: this.#file(name) } },
    )
  }

  /** Lets one process at a time work on a rotation. Who was killed holds nothing. Gives the way to let go. */
  lock(name: string): () => void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const file = `${this.#file(name)}.lock`
    for (let attempt = 0; ; attempt++) {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 })
        return () => rmSync(file, { force: true })
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
        const holder = holderOf(file)
        if (attempt > 3 || (holder !== undefined && isAlive(holder)))
          throw new RingwallError(
            'secret.rotation-runs',
            `process ${holder ?? '?'} works on the rotation \`${name}\`; wait for it`,
            { at: { file } },
          )
        rmSync(file, { force: true })
      }
    }
  }

  #file(name: string): string {
    if (!NAME.test(name))
      throw new RingwallError('secret.rotation', `\`${name}\` is not the name of a rotation`)
    return join(this.#directory, `${name}.json`)
  }
}

function placeOf(name: string, id: string, slot: string): Buffer {
  return Buffer.from(`ringwall rotation@v1\0${name}\0${id}\0${slot}`, 'utf8')
}

function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
