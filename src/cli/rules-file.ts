import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { RingwallError } from '../core/errors.ts'
import { parseDuration } from '../core/units.ts'
import { readConfig } from './config-file.ts'
import type { Terminal } from './terminal.ts'

/** Flags of commands that write rules. */
export interface RulesFileOptions {
  readonly config?: string
  readonly file: string
  readonly for: string
  readonly write?: boolean
}

/** The text of a file of rules; empty where there is none. */
export function rulesText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** The first number that no rule of a text has, from `first` on. */
export function nextRuleId(text: string, first: number): number {
  const ids = [...text.matchAll(/\bid:(\d{1,10})/g)].map((match) => Number(match[1]))
  return ids.reduce((next, id) => Math.max(next, id + 1), first)
}

/** When rules end that begin now. */
export function endOf(options: RulesFileOptions): number {
  const lifeMs = parseDuration(options.for)
  if (lifeMs !== undefined) return Date.now() + lifeMs
  throw new RingwallError('cli.time', `\`${options.for}\` is not a time; write 30d or 12h`)
}

/** Appends proposed rules where that is asked for, and says what is left to do. */
export function offerRules(terminal: Terminal, text: string, options: RulesFileOptions): void {
  const { file } = options
  if (options.write !== true) {
    terminal.out(`# nothing is written; add --write to append this to ${file}`)
    return
  }
  writeFileSync(file, rulesText(file) + text)
  const { config } = readConfig(options.config)
  const isRead = config.security.perimeter.rule_files.includes(file)
  terminal.out(
    isRead
      ? `# written to ${file}; reload the gateway (SIGHUP)`
      : `# written to ${file}; add it to security.perimeter.rule_files, then reload the gateway`,
  )
}
