import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'

/** A path below a root, or why not. */
export type InsidePath =
  | { readonly ok: true; readonly path: string }
  | {
      readonly ok: false
      readonly reason:
        | 'empty'
        | 'too-long'
        | 'absolute'
        | 'dots'
        | 'separator'
        | 'control-character'
        | 'encoded'
        | 'unicode'
        | 'device-name'
        | 'trailing'
        | 'symbolic-link'
    }

const MAX_PATH = 1024
const MAX_SEGMENT_BYTES = 255

type Reason = Extract<InsidePath, { ok: false }>['reason']
const refuse = (reason: Reason): InsidePath => ({ ok: false, reason })

/**
 * Joins an untrusted relative path to a root so that the result is below the root on every platform (CWE-22): segments between
 * single slashes, none of them a dot segment, in no encoding and no Unicode form that another layer turns into one, and none that
 * Windows reads otherwise. Refused and never repaired. Looks at no file: links are `joinInsideReal`'s.
 */
export function joinInside(root: string, rawPath: string): InsidePath {
  if (rawPath === '') return refuse('empty')
  if (rawPath.length > MAX_PATH) return refuse('too-long')
  if (/[\0-\x1f\x7f-\x9f]/.test(rawPath)) return refuse('control-character')
  if (!rawPath.isWellFormed()) return refuse('unicode')
  if (rawPath.startsWith('/') || /^[a-z]:/i.test(rawPath)) return refuse('absolute')
  if (/[\\:]/.test(rawPath)) return refuse('separator')
  // A percent sign before something that becomes a dot, a slash, a backslash, NUL, a colon or a percent sign again.
  if (/%(2e|2f|5c|00|3a|25|u00|u22|c0|c1|e0%80|f0%80)/i.test(rawPath)) return refuse('encoded')
  if (foldsToSyntax(rawPath)) return refuse('unicode')
  for (const segment of rawPath.split('/')) {
    const reason = segmentFault(segment)
    if (reason) return refuse(reason)
  }
  const path = join(resolve(root), rawPath)
  // INVARIANT: what is returned is below the root, whatever was overlooked above.
  return isBelow(path, resolve(root)) ? { ok: true, path } : refuse('dots')
}

/**
 * `joinInside` for files that are there or are about to be: the real place of the file, or of the nearest folder above it that
 * exists, must be below the real place of the root. Whoever can change the folder between this check and the opening can still
 * put a link there: open with O_NOFOLLOW where others may write.
 */
export async function joinInsideReal(root: string, rawPath: string): Promise<InsidePath> {
  const joined = joinInside(root, rawPath)
  if (!joined.ok) return joined
  const realRoot = await realpath(resolve(root))
  const rest: string[] = []
  for (let at = joined.path; ; at = dirname(at)) {
    const real = await realOf(at)
    if (real === null) return refuse('symbolic-link')
    if (real === undefined) {
      // The name itself may be a link whose target is not there: creating through it would leave the root.
      if (await isLink(at)) return refuse('symbolic-link')
      rest.unshift(at.slice(dirname(at).length).replace(/^[\\/]/, ''))
      continue
    }
    const path = join(real, ...rest)
    return real === realRoot || isBelow(real, realRoot) ? { ok: true, path } : refuse('symbolic-link')
  }
}

/** Where a path really is; undefined where nothing is, null where links go in a circle. */
async function realOf(path: string): Promise<string | null | undefined> {
  try {
    return await realpath(path)
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ELOOP') return null
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw thrown
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch {
    return false
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep)
}

/** CON, PRN, AUX, NUL, COM0 to COM9, LPT0 to LPT9 (also with superscript digits), with any extension (Win32 file names). */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\.|$)/i

function segmentFault(segment: string): Reason | undefined {
  if (segment === '') return 'separator'
  if (segment === '.' || segment === '..') return 'dots'
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return 'too-long'
  // Windows drops dots and spaces at the end, so that `..` and `x.php` hide in `.. ` and `x.php.`.
  if (/[. ]$/.test(segment) || segment.startsWith(' ')) return 'trailing'
  return DEVICE.test(segment.replace(/ +\./, '.')) ? 'device-name' : undefined
}

/** Characters that a normal form or a code page of another layer writes as `.`, `/`, `\` or `:`, and those that vanish. */
function foldsToSyntax(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (code < 0x80) continue
    if (/[./\\:]/.test(character.normalize('NFKC')) || LOOKALIKES.has(code) || isInvisible(code)) return true
  }
  return false
}

const LOOKALIKES = new Set([
  0x2024, 0x2025, 0x2026, 0x2044, 0x2215, 0x2216, 0x2571, 0x29f5, 0x29f8, 0x29f9, 0x3002, 0xfe68, 0xff0e,
  0xff0f, 0xff3c, 0xff61, 0xa5, 0x20a9,
])

function isInvisible(code: number): boolean {
  return (
    code === 0xad ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    code === 0xfeff
  )
}
