import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** TMPFS_MAGIC of Linux's `statfs(2)`: files there are in memory. */
const TMPFS = 0x0102_1994
const PREFIX = 'ringwall-plain-'

/** A folder of ours alone for what must not stay in clear. */
export interface PlainFolder {
  readonly path: string
  /** Whether it is in memory; else what is written there may be found on the disk later. */
  readonly isInMemory: boolean
}

/**
 * Works with a folder for plain text (mode 0700), in memory where there is such a place, and removes it with all that an editor left in it:
 * also when the work fails or a signal ends this process. What a process that was killed left behind is removed by the next one.
 */
export async function withPlainFolder<T>(work: (folder: PlainFolder) => Promise<T>): Promise<T> {
  const places = [process.env['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()].filter((place) => place !== undefined)
  for (const place of places) sweep(place)
  const memory = places.find((place) => isInMemory(place) && isWritable(place))
  const path = mkdtempSync(join(memory ?? tmpdir(), `${PREFIX}${process.pid}-`))
  const remove = (): void => removeFolder(path, memory !== undefined)
  const end = (signal: NodeJS.Signals): void => {
    remove()
    process.exit(signal === 'SIGTERM' ? 143 : 129)
  }
  // Ctrl-C is for the editor, which is in the same group.
  const ignore = (): void => undefined
  process.on('exit', remove)
  process.on('SIGTERM', end)
  process.on('SIGHUP', end)
  process.on('SIGINT', ignore)
  try {
    return await work({ path, isInMemory: memory !== undefined })
  } finally {
    remove()
    process.off('exit', remove)
    process.off('SIGTERM', end)
    process.off('SIGHUP', end)
    process.off('SIGINT', ignore)
  }
}

function isInMemory(place: string): boolean {
  try {
    return statfsSync(place).type === TMPFS
  } catch {
    return false
  }
}

function isWritable(place: string): boolean {
  try {
    rmSync(mkdtempSync(join(place, `${PREFIX}${process.pid}-`)), { recursive: true })
    return true
  } catch {
    return false
  }
}

/** On a disk the bytes are overwritten first; a journal or a snapshot of the file system may have them still. */
function removeFolder(path: string, isInMemory: boolean): void {
  if (!isInMemory)
    for (const name of names(path)) {
      const file = join(path, name)
      const stat = statSync(file, { throwIfNoEntry: false })
      if (stat?.isFile()) writeFileSync(file, Buffer.alloc(stat.size), { flag: 'r+' })
    }
  rmSync(path, { recursive: true, force: true })
}

function sweep(place: string): void {
  for (const name of names(place)) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1])
    const path = join(place, name)
    if (!Number.isInteger(pid) || isAlive(pid)) continue
    if (statSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.())
      removeFolder(path, isInMemory(place))
  }
}

function names(place: string): readonly string[] {
  try {
    return readdirSync(place)
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
