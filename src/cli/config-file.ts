import { existsSync, readFileSync } from 'node:fs'

import { type Config, ConfigError, loadConfig, type LoadOptions } from '../config/index.ts'
import { describeError, formatPlace, RingwallError } from '../core/errors.ts'

const DEFAULT_FILE = 'security_config.yaml'

/** The file to read: the one that is named, else `security_config.yaml` of this folder, else none. */
export function findConfigFile(named: string | undefined): string | undefined {
  if (named !== undefined) {
    if (existsSync(named)) return named
    throw new RingwallError('cli.no-file', `there is no file \`${named}\`; make one with \`ringwall init\``)
  }
  return existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined
}

/** The text of a configuration file; empty where there is none. */
export function readConfigText(file: string | undefined): string {
  if (file === undefined) return ''
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('cli.unreadable', `cannot read \`${file}\`: ${describeError(cause)}`, { cause })
  }
}

/** Reads and checks the configuration of a command. */
export function readConfig(
  named: string | undefined,
  verify?: LoadOptions['verify'],
): {
  readonly config: Config
  readonly file: string | undefined
} {
  const file = findConfigFile(named)
  return {
    config: loadConfig(readConfigText(file), {
      ...(file !== undefined && { file }),
      ...(verify && { verify }),
    }),
    file,
  }
}

/** Every mistake of a configuration on a line of its own: `file:line:column: key: what to do`. */
export function mistakeLines(error: ConfigError): readonly string[] {
  return error.mistakes.map((mistake) => `${formatPlace(mistake.at)}${mistake.path}: ${mistake.message}`)
}
