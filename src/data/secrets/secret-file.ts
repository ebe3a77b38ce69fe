import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { describeError } from '../../core/errors.ts'
import { fault, type SecretFault } from './provider.ts'

const MAX_BYTES = 1_048_576

/** The bytes of a file that holds secrets, and what the file system says of it. */
export interface SecretFile {
  readonly ok: true
  readonly text: string
  /** Changes with every write and every swap of a mounted volume. */
  readonly version: string
  readonly changedMs: number
}

/**
 * Reads a file that holds a secret. It has to belong to this user or to root, nobody else may write it, and others may read it only where
 * an orchestrator mounted it: below `/run/secrets` (Docker), or beside the `..data` link of a Kubernetes volume.
 */
export function readSecretFile(file: string, isSealed = false): SecretFile | SecretFault {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return fault(
      code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'denied',
      `cannot read the secret from \`${file}\`: ${describeError(thrown)}`,
    )
  }
  try {
    const stat = fstatSync(handle, { bigint: true })
    const doubt = isSealed ? undefined : doubtOf(file, Number(stat.uid), Number(stat.mode), stat.isFile())
    if (doubt !== undefined) return fault('denied', `\`${file}\` ${doubt}`)
    if (stat.size > MAX_BYTES) return fault('denied', `\`${file}\` is larger than ${MAX_BYTES} bytes`)
    const buffer = Buffer.alloc(Number(stat.size))
    let length = 0
    while (length < buffer.length) {
      const read = readSync(handle, buffer, length, buffer.length - length, length)
      if (read === 0) break
      length += read
    }
    return {
      ok: true,
      text: buffer.toString('utf8', 0, length),
      version: `${stat.dev}.${stat.ino}.${stat.mtimeNs}.${stat.size}`,
      changedMs: Number(stat.mtimeMs),
    }
  } catch (thrown) {
    return fault('unreachable', `cannot read the secret from \`${file}\`: ${describeError(thrown)}`)
  } finally {
    closeSync(handle)
  }
}

function doubtOf(file: string, uid: number, mode: number, isFile: boolean): string | undefined {
  if (!isFile) return 'is not a file'
  const own = process.getuid?.()
  if (own === undefined) return undefined
  const octal = (mode & 0o777).toString(8)
  if (uid !== own && uid !== 0)
    return `belongs to another user (uid ${uid}); a secret has to belong to us or to root`
  if ((mode & 0o022) !== 0) return `can be written by others (mode ${octal}); run chmod go-w`
  if ((mode & 0o004) !== 0 && !isMounted(file))
    return `can be read by everybody (mode ${octal}); run chmod o-r`
  return undefined
}

/** Whether an orchestrator put the file there: its mode is the volume's, and nobody else is in the container. */
export function isMounted(file: string): boolean {
  if (/^(?:\/var)?\/run\/secrets\//.test(file)) return true
  return lstatSync(join(dirname(file), '..data'), { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

/** Whether the file is still the one that was read. */
export function isSameFile(file: string, version: string): boolean {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat !== undefined && version === `${stat.dev}.${stat.ino}.${stat.mtimeNs}.${stat.size}`
}

/** Writes beside, then renames: whoever reads gets the old text or the new one. The mode stays; a new file has 0600. */
export function replaceFile(file: string, text: string): void {
  const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777
  const part = `${file}.${process.pid}.part`
  rmSync(part, { force: true })
  try {
    const handle = openSync(part, 'wx', 0o600)
    try {
      writeSync(handle, text)
      fchmodSync(handle, mode)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(part, file)
    syncFolder(dirname(file))
  } finally {
    rmSync(part, { force: true })
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
