import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { Command } from 'commander'

import { lintSql, type SqlFinding } from '../../application/index.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'

const SOURCES = '**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}'
const PASSED_OVER = new Set(['node_modules', 'dist', '.git'])

/** `ringwall lint`: what can be seen in the sources of an application. */
export function lintCommand({ terminal, exit }: CommandContext): Command {
  const sql = new Command('sql')
    .description('find SQL that is put together of text and values, in TypeScript and JavaScript')
    .argument('<paths...>', 'files and folders')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nA line with `// ringwall-allow-sql: reason` on it or above it is passed over.\n\nExamples:\n  ringwall lint sql src\n  ringwall lint sql --json src/orders.ts',
    )
    .action((paths: readonly string[], options: { readonly json?: boolean }) => {
      const files = paths.flatMap(sourcesBelow)
      const findings = files.flatMap((file) =>
        lintSql(readFileSync(file, 'utf8')).map((finding) => ({ file, ...finding })),
      )
      if (options.json === true) terminal.out(JSON.stringify({ files: files.length, findings }, null, 2))
      else {
        for (const finding of findings) terminal.out(lineOf(finding))
        terminal.out(
          `${files.length} files, ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`,
        )
      }
      if (findings.length > 0) exit(1)
    })
  return new Command('lint')
    .description('look for weaknesses in the sources of an application')
    .addCommand(sql)
}

function lineOf({ file, line, column, sink, message }: SqlFinding & { readonly file: string }): string {
  return `${file}:${line}:${column}: ${sink}: ${message}`
}

function sourcesBelow(path: string): readonly string[] {
  let isFolder: boolean
  try {
    isFolder = statSync(path).isDirectory()
  } catch (cause) {
    throw new RingwallError(
      'cli.no-file',
      `there is no file or folder \`${path}\`: ${describeError(cause)}`,
      { cause },
    )
  }
  if (!isFolder) return [path]
  return globSync(SOURCES, { cwd: path, exclude: (name) => PASSED_OVER.has(name.split('/').at(-1) ?? '') })
    .map((file) => join(path, file))
    .filter((file) => statSync(file).isFile())
    .sort()
}
