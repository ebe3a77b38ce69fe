import { createReadStream, readdirSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { RingwallError } from '../core/errors.ts'
import { PasswordFilterBuilder } from './password-filter.ts'

/** What an import did. */
export interface BreachImport {
  readonly passwords: number
  readonly skipped: number
  readonly bytes: number
}

const RANGE_FILE = /^([0-9A-Fa-f]{5})(?:\.txt)?$/
const SUFFIX = /^([0-9A-Fa-f]{35}):(\d{1,12})$/
const WHOLE = /^([0-9A-Fa-f]{40})(?::(\d{1,12}))?$/
/** The shortest line of a range file with its end: 35 digits, a colon, a count. */
const LEAST_LINE_BYTES = 38

/**
 * Makes a password list of breached passwords as Have I Been Pwned gives them: a folder of range files (five digits of the
 * SHA-1 in the name, the rest and a count in each line) or one file of whole SHA-1s. A line that is neither is a mistake, so
 * that half a download is not taken for a list.
 */
export async function importBreaches(
  source: string,
  target: string,
  options: { readonly bitsPerKey: number; readonly minCount: number },
): Promise<BreachImport> {
  const files = rangeFiles(source)
  const size = files.reduce((sum, { path }) => sum + statSync(path).size, 0)
  const builder = new PasswordFilterBuilder(
    Math.max(1, Math.ceil(size / LEAST_LINE_BYTES)),
    options.bitsPerKey,
  )
  let passwords = 0
  let skipped = 0
  for (const { path, prefix } of files) {
    for await (const [line, number] of linesOf(path)) {
      const match = (prefix === undefined ? WHOLE : SUFFIX).exec(line)
      if (!match) {
        throw new RingwallError('identity.breach-file', `line ${number} is no hash with its count`, {
          at: { file: path, line: number },
        })
      }
      // Ranges are padded with lines that count nothing.
      const count = Number(match[2] ?? '1')
      if (count < Math.max(1, options.minCount)) {
        skipped++
        continue
      }
      builder.addDigest(Buffer.from((prefix ?? '') + (match[1] as string), 'hex'))
      passwords++
    }
  }
  const bytes = builder.toBytes()
  await writeFile(target, bytes, { mode: 0o600 })
  return { passwords, skipped, bytes: bytes.length }
}

function rangeFiles(
  source: string,
): readonly { readonly path: string; readonly prefix: string | undefined }[] {
  const found = statSync(source, { throwIfNoEntry: false })
  if (!found) throw new RingwallError('identity.breach-file', `there is no \`${source}\``)
  if (!found.isDirectory()) {
    const name = source.split('/').at(-1) as string
    return [{ path: source, prefix: RANGE_FILE.exec(name)?.[1] }]
  }
  const files = readdirSync(source)
    .sort()
    .flatMap((name) => {
      const prefix = RANGE_FILE.exec(name)?.[1]
      return prefix === undefined ? [] : [{ path: join(source, name), prefix }]
    })
  if (files.length > 0) return files
  throw new RingwallError(
    'identity.breach-file',
    `no range file in \`${source}\`; their names are five hexadecimal digits, such as 21BD1 or 21BD1.txt`,
  )
}

async function* linesOf(path: string): AsyncGenerator<readonly [line: string, number: number]> {
  let rest = ''
  let number = 0
  for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 1024 * 1024 })) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop() as string
    if (rest.length > 100)
      throw new RingwallError('identity.breach-file', 'a line is too long', {
        at: { file: path },
      })
    for (const line of lines) yield [line.trimEnd(), ++number]
  }
  if (rest !== '') yield [rest.trimEnd(), ++number]
}
