import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from '../../core/schema.ts'
import type { QuarantineConfig } from './upload-config.ts'
import type { UploadFault } from './upload-fault.ts'

/** What a file of the quarantine was refused for, and what its sender said of it. */
export interface QuarantinedFile {
  /** `TIME-RANDOM`: lists sort by time. */
  readonly id: string
  readonly atMs: number
  readonly exchangeId: string
  /** As sent; undefined where it had none. Untrusted. */
  readonly rawName?: string | undefined
  readonly declaredType?: string | undefined
  readonly size: number
  readonly sha256: string
  readonly reason: string
  readonly detail: string
}

/** How much a quarantine holds. */
export interface QuarantineBounds {
  readonly maxFiles: number
  readonly maxBytes: number
  readonly keepMs: number
}

/** A refused file as it is given to a quarantine. */
export interface FileToKeep {
  readonly exchangeId: string
  readonly rawName: string | undefined
  readonly declaredType: string | undefined
  readonly bytes: Uint8Array
  readonly fault: UploadFault
}

const ID = /^[0-9a-z]{9}-[0-9a-f]{12}$/
const MAX_TEXT = 1024

const metadata = z.object({
  id: z.string().regex(ID),
  atMs: z.number(),
  exchangeId: z.string().max(64),
  rawName: z.string().max(MAX_TEXT).optional(),
  declaredType: z.string().max(MAX_TEXT).optional(),
  size: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  reason: z.string().max(64),
  detail: z.string().max(MAX_TEXT),
})

/**
 * A folder of refused files. Each is two files of mode 0600 under a name of our own: what is known of it (`ID.json`), and its content
 * with every bit turned (`ID.held`), so that nothing in the folder runs, opens or sets off another scanner.
 */
export class Quarantine {
  readonly #directory: string
  readonly #bounds: QuarantineBounds
  readonly #now: () => number
  #last: Promise<unknown> = Promise.resolve()

  constructor(directory: string, bounds: QuarantineBounds, now: () => number) {
    this.#directory = directory
    this.#bounds = bounds
    this.#now = now
  }

  /** Keeps a file. Rejects where the quarantine is full: what came first stays, so that a flood does not wash it away. */
  put(file: FileToKeep): Promise<QuarantinedFile> {
    const work = this.#last.then(() => this.#put(file))
    this.#last = work.catch(() => undefined)
    return work
  }

  async #put({ exchangeId, rawName, declaredType, bytes, fault }: FileToKeep): Promise<QuarantinedFile> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await chmod(this.#directory, 0o700)
    const known = await this.sweep()
    const total = known.reduce((sum, { size }) => sum + size, 0)
    if (known.length >= this.#bounds.maxFiles || total + bytes.length > this.#bounds.maxBytes)
      throw new Error(`the quarantine is full (${known.length} files, ${total} bytes)`)
    const atMs = this.#now()
    const kept: QuarantinedFile = {
      id: `${atMs.toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`,
      atMs,
      exchangeId,
      ...(rawName !== undefined && { rawName: rawName.slice(0, MAX_TEXT) }),
      ...(declaredType !== undefined && { declaredType: declaredType.slice(0, MAX_TEXT) }),
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      reason: fault.reason,
      detail: fault.detail.slice(0, MAX_TEXT),
    }
    await this.#write(`${kept.id}.held`, turned(bytes))
    // INVARIANT: a file is there as soon as what is known of it is; until then it is none.
    await this.#write(`${kept.id}.json`, JSON.stringify(kept, null, 2))
    return kept
  }

  /** What is held, the oldest first. */
  async list(): Promise<readonly QuarantinedFile[]> {
    const names = await readdir(this.#directory).catch(() => [])
    const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))
    const files = await Promise.all(ids.filter((id) => ID.test(id)).map((id) => this.find(id)))
    return files.filter((file) => file !== undefined).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** What is known of one file. */
  async find(id: string): Promise<QuarantinedFile | undefined> {
    if (!ID.test(id)) return undefined
    try {
      const parsed = metadata.safeParse(JSON.parse(await readFile(this.#path(`${id}.json`), 'utf8')))
      return parsed.success ? parsed.data : undefined
    } catch {
      return undefined
    }
  }

  /** The content of a file as it was sent; undefined where it is not there, or is not what was kept. */
  async read(id: string): Promise<Buffer | undefined> {
    const known = await this.find(id)
    if (!known) return undefined
    const bytes = turned(await readFile(this.#path(`${id}.held`)).catch(() => Buffer.alloc(0)))
    return createHash('sha256').update(bytes).digest('hex') === known.sha256 ? bytes : undefined
  }

  /** Deletes a file for good; says whether there was one. */
  async delete(id: string): Promise<boolean> {
    if (!(await this.find(id))) return false
    await rm(this.#path(`${id}.json`), { force: true })
    await rm(this.#path(`${id}.held`), { force: true })
    return true
  }

  /** Deletes what was kept long enough, and says what stays. */
  async sweep(): Promise<readonly QuarantinedFile[]> {
    const oldest = this.#now() - this.#bounds.keepMs
    const files = await this.list()
    for (const { id, atMs } of files) if (atMs < oldest) await this.delete(id)
    return files.filter(({ atMs }) => atMs >= oldest)
  }

  async #write(name: string, content: Uint8Array | string): Promise<void> {
    const unfinished = this.#path(`${name}.new`)
    await writeFile(unfinished, content, { mode: 0o600, flag: 'wx' })
    await rename(unfinished, this.#path(name))
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

/** The quarantine of a configuration; undefined where none is kept, and where there is no directory to keep it in. */
export function openQuarantine(
  config: QuarantineConfig | undefined,
  storeDirectory: string,
  now: () => number,
): Quarantine | undefined {
  const directory =
    config?.directory ?? (storeDirectory === ':memory:' ? undefined : join(storeDirectory, 'quarantine'))
  if (!config || directory === undefined) return undefined
  const bounds = { maxFiles: config.max_files, maxBytes: config.max_size, keepMs: config.keep }
  return new Quarantine(directory, bounds, now)
}

/** Every bit turned: twice is the same again. */
function turned(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length)
  for (let i = 0; i < bytes.length; i++) out[i] = (bytes[i] as number) ^ 0xff
  return out
}
