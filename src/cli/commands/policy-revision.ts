import { execFileSync } from 'node:child_process'
import { realpathSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { RingwallError } from '../../core/errors.ts'

const MAX_BYTES = 64 * 1024 * 1024

/**
 * The texts of policy files as they were in a revision of git, by the paths that they have now. A folder stands for its
 * *.cedar files of then. Git is asked for objects alone, so that no filter, hook or text conversion runs.
 */
export function textsSince(paths: readonly string[], revision: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const path of paths) {
    const real = realPath(path)
    const repository = rootOf(real, path)
    const commit = commitOf(repository, revision)
    const inside = relative(repository, real).replaceAll('\\', '/')
    const object = `${commit}:${inside}`
    const kind = git(repository, ['cat-file', '-t', object])?.trim()
    if (kind === undefined)
      throw new RingwallError('cli.revision', `\`${path}\` was not there in ${revision}`)
    const names = kind === 'tree' ? cedarFilesIn(repository, object) : [undefined]
    for (const name of names) {
      const below = name === undefined ? object : `${object}${inside === '' ? '' : '/'}${name}`
      const text = git(repository, ['cat-file', 'blob', below])
      if (text !== undefined) texts.set(name === undefined ? path : join(path, name), text)
    }
  }
  if (texts.size === 0) throw new RingwallError('cli.no-policies', `there was no .cedar file in ${revision}`)
  return texts
}

/** Git tells where a repository really is, so that links on the way are followed. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new RingwallError('cli.no-file', `there is no file \`${path}\``, { cause })
  }
}

function rootOf(real: string, path: string): string {
  const folder = statSync(real).isDirectory() ? real : dirname(real)
  const root = git(folder, ['rev-parse', '--show-toplevel'])
  if (root === undefined)
    throw new RingwallError(
      'cli.revision',
      `\`${path}\` is in no repository of git; name the older policies themselves: ringwall policy diff OLD`,
    )
  return root.trim()
}

function commitOf(repository: string, revision: string): string {
  const commit = git(repository, ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`])
  if (commit !== undefined) return commit.trim()
  throw new RingwallError('cli.revision', `git knows no revision \`${revision}\` here`)
}

function cedarFilesIn(repository: string, tree: string): readonly string[] {
  const names = git(repository, ['ls-tree', '-z', '--name-only', tree]) ?? ''
  return names
    .split('\0')
    .filter((name) => name.endsWith('.cedar'))
    .sort()
}

/** What git says, or nothing where it refuses. */
function git(folder: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      maxBuffer: MAX_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new RingwallError('cli.git', 'git is not here, and `--since` asks it', { cause })
    return undefined
  }
}
