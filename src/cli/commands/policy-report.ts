import { formatPlace, type Place } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'
import { PolicyFaults } from './policy-source.ts'

/**
 * Runs a command; files that cannot be read end it with 2 and an excerpt for each fault, and nothing is given back. What
 * `run` begins and does not wait for is not watched.
 */
export function withFaults<T>(
  { terminal, exit }: CommandContext,
  isJson: boolean,
  run: () => T,
): T | undefined {
  try {
    return run()
  } catch (thrown) {
    if (!(thrown instanceof PolicyFaults)) throw thrown
    if (isJson) {
      const faults = thrown.faults.map(({ message, at }) => ({ ...at, message }))
      terminal.out(JSON.stringify({ faults }, null, 2))
    } else
      for (const { message, at, text } of thrown.faults)
        terminal.error(`${formatPlace(at)}${message}${excerpt(terminal, text, at)}`)
    exit(2)
    return undefined
  }
}

/** The longest line that is shown whole. */
const MAX_LINE = 160

/** The line of a place with a caret below it, to be put behind a message. */
export function excerpt(terminal: Terminal, text: string, { line, column = 1 }: Place): string {
  const source = line === undefined ? undefined : text.split('\n')[line - 1]
  if (source === undefined || source.length > MAX_LINE) return ''
  const number = String(line)
  const before = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ')
  return `\n  ${paint(terminal, 'dim', `${number} |`)} ${source}\n  ${' '.repeat(number.length + 2)} ${before}${paint(terminal, 'red', '^')}`
}

/** `1 case`, `2 cases`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
