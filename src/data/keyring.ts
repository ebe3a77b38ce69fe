import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

import type { Clock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Key, KeyPurpose, Keys } from '../core/keys.ts'
import { z } from '../core/schema.ts'
import { Secret } from '../core/secret.ts'

/** Every purpose that a key can have. */
export const KEY_PURPOSES = [
  'assertion',
  'pepper',
  'cookie',
  'field',
  'checkpoint',
] as const satisfies readonly KeyPurpose[]

/** Between two looks whether another process changed the file. */
const LOOK_MS = 1000

const keySchema = z.strictObject({
  id: z.string().min(1),
  purpose: z.enum(KEY_PURPOSES),
  created_ms: z.number().int(),
  material: z.string().min(1),
})
const fileSchema = z.strictObject({ version: z.literal(1), keys: z.array(keySchema) })
type StoredKey = z.infer<typeof keySchema>

/** All keys of an installation, with ids, purposes and ages, in one file of mode 0600. */
export interface Keyring extends Keys {
  /** Makes a new key of a purpose. The older ones stay, to read what they made. */
  rotate(purpose: KeyPurpose): Key
  /** Removes an old key for good: whatever only it can read is lost. The newest key of a purpose cannot be removed. */
  retire(purpose: KeyPurpose, id: string): void
  /** Purposes whose newest key is older than so many days. */
  due(days: number): readonly KeyPurpose[]
}

/** Keys that nobody will need again, for a store that is kept in memory. */
export function openMemoryKeyring(clock: Clock): Keys {
  const keys = KEY_PURPOSES.map((purpose) => keyOf(makeKey(purpose, clock)))
  const all = (purpose: KeyPurpose): readonly Key[] => keys.filter((key) => key.purpose === purpose)
  return {
    all,
    current: (purpose) => all(purpose)[0] as Key,
    find: (purpose, id) => all(purpose).find((key) => key.id === id),
  }
}

/**
 * Opens the keyring, and makes it with one key for each purpose if there is none. Two processes that start at once get
 * the same one. A file that others can read, or that is damaged, is an error: keys are never quietly replaced.
 */
export function openKeyring(file: string, clock: Clock): Keyring {
  if (!existsSync(file))
    createFile(
      file,
      KEY_PURPOSES.map((purpose) => makeKey(purpose, clock)),
    )
  return new FileKeyring(file, clock)
}

class FileKeyring implements Keyring {
  readonly #file: string
  readonly #clock: Clock
  #keys: readonly Key[]
  /** What the file system said of the file when it was read. */
  #version: string
  #lookedMs: number

  constructor(file: string, clock: Clock) {
    this.#file = file
    this.#clock = clock
    this.#version = versionOf(file)
    this.#keys = readKeys(file)
    this.#lookedMs = clock.elapsed()
  }

  /** Takes up what another process rotated. Where the file cannot be read just now, the keys that are known go on. */
  #look(): void {
    this.#lookedMs = this.#clock.elapsed()
    try {
      const version = versionOf(this.#file)
      if (version === this.#version) return
      this.#keys = readKeys(this.#file)
      this.#version = version
    } catch {
      // The next look may find it whole.
    }
  }

  current(purpose: KeyPurpose): Key {
    if (this.#clock.elapsed() - this.#lookedMs >= LOOK_MS) this.#look()
    const [newest] = this.all(purpose)
    if (newest) return newest
    throw new RingwallError(
      'data.key-missing',
      `the keyring has no key for \`${purpose}\`; restore the file from a backup`,
      {
        at: { file: this.#file },
      },
    )
  }

  find(purpose: KeyPurpose, id: string): Key | undefined {
    const isIt = (key: Key): boolean => key.purpose === purpose && key.id === id
    const known = this.#keys.find(isIt)
    if (known) return known
    // Another gateway may use it already.
    this.#look()
    return this.#keys.find(isIt)
  }

  all(purpose: KeyPurpose): readonly Key[] {
    return this.#keys.filter((key) => key.purpose === purpose).sort((a, b) => b.createdMs - a.createdMs)
  }

  rotate(purpose: KeyPurpose): Key {
    // Another process may have added a key since: it must not be lost.
    this.#keys = readKeys(this.#file)
    const added = makeKey(purpose, this.#clock)
    // INVARIANT: newer means later. Two keys of one millisecond would have no order.
    const newestMs = Math.max(-1, ...this.all(purpose).map((key) => key.createdMs))
    this.#write([
      ...this.#keys.map(storedOf),
      { ...added, created_ms: Math.max(added.created_ms, newestMs + 1) },
    ])
    return this.current(purpose)
  }

  retire(purpose: KeyPurpose, id: string): void {
    this.#keys = readKeys(this.#file)
    if (!this.find(purpose, id))
      throw new RingwallError('data.key-missing', `the keyring has no key \`${id}\` for \`${purpose}\``, {
        at: { file: this.#file },
      })
    if (this.current(purpose).id === id)
      throw new RingwallError(
        'data.key-in-use',
        `\`${id}\` is the newest key for \`${purpose}\`; rotate it first`,
      )
    this.#write(this.#keys.filter((key) => key.purpose !== purpose || key.id !== id).map(storedOf))
  }

  #write(keys: readonly StoredKey[]): void {
    const part = `${this.#file}.${process.pid}.part`
    writeKeys(part, keys)
    renameSync(part, this.#file)
    this.#version = versionOf(this.#file)
    this.#keys = readKeys(this.#file)
  }

  due(days: number): readonly KeyPurpose[] {
    const before = this.#clock.now() - days * 86_400_000
    return KEY_PURPOSES.filter((purpose) => this.current(purpose).createdMs < before)
  }
}

/** A file that is renamed into place has another inode. */
function versionOf(file: string): string {
  const { ino, mtimeNs, size } = statSync(file, { bigint: true })
  return `${ino}.${mtimeNs}.${size}`
}

function makeKey(purpose: KeyPurpose, clock: Clock): StoredKey {
  const material =
    purpose === 'assertion'
      ? JSON.stringify(
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
        )
      : randomBytes(32).toString('base64url')
  const id = createHash('sha256').update(material).digest('base64url').slice(0, 12)
  return { id, purpose, created_ms: clock.now(), material }
}

/** Writes beside, then links: the link fails if another process was first, and nobody ever sees half a file. */
function createFile(file: string, keys: readonly StoredKey[]): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const part = `${file}.${process.pid}.part`
  writeKeys(part, keys)
  try {
    linkSync(part, file)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  } finally {
    rmSync(part, { force: true })
  }
}

function writeKeys(file: string, keys: readonly StoredKey[]): void {
  rmSync(file, { force: true })
  const handle = openSync(file, 'wx', 0o600)
  try {
    writeSync(handle, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function readKeys(file: string): readonly Key[] {
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0) {
    throw new RingwallError(
      'data.keyring-open',
      `others can read the keyring (mode ${mode.toString(8)}); run chmod 600`,
      {
        at: { file },
      },
    )
  }
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new RingwallError('data.keyring-damaged', 'the keyring is not JSON; restore it from a backup', {
      at: { file },
    })
  }
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')
    throw new RingwallError(
      'data.keyring-damaged',
      `the keyring is damaged at ${where}; restore it from a backup`,
      { at: { file } },
    )
  }
  return parsed.data.keys.map(keyOf)
}

function storedOf(key: Key): StoredKey {
  return {
    id: key.id,
    purpose: key.purpose,
    created_ms: key.createdMs,
    material: key.material.reveal(),
  }
}

function keyOf(stored: StoredKey): Key {
  return {
    id: stored.id,
    purpose: stored.purpose,
    createdMs: stored.created_ms,
    material: new Secret(stored.material),
  }
}

/** Everything in a keyring that may stand in no log: the material of each key, and of those that are a JWK the private number alone. */
export function secretsOfKeys(keys: Keys): Secret[] {
  return KEY_PURPOSES.flatMap((purpose) => keys.all(purpose)).flatMap(({ material }) => {
    const d = /"d":"([\w-]{20,})"/.exec(material.reveal())?.[1]
    return d === undefined ? [material] : [material, new Secret(d)]
  })
}
