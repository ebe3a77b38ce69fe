import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'

import { type Clock } from './core/clock.ts'
import { RingwallError } from './core/errors.ts'
import {
  Engine,
  Geography,
  loadRules,
  operatorNames,
  type PerimeterConfig,
  type RuleFiles,
} from './perimeter/index.ts'

const RULE_SET_SETTINGS = 'ringwall-settings.conf'
/** What a rule set is run with besides its own files; its own set-up file may say otherwise. */
const SETTINGS = 'SecResponseBodyAccess On\n'
const known = new WeakMap<PerimeterConfig, Engine>()

/**
 * The rules that a configuration names, compiled: one engine for all routes, and for as long as the configuration is in force.
 * Undefined where it names none. Throws RingwallError with file and line for a rule that is wrong.
 */
export function ruleEngine(config: PerimeterConfig, clock: Clock): Engine | undefined {
  const paths = rulePaths(config)
  if (paths.length === 0) return undefined
  let engine = known.get(config)
  if (!engine) {
    const geography = openGeography(config)
    engine = new Engine(loadRules([RULE_SET_SETTINGS, ...paths], files, operatorNames), {
      now: () => clock.now(),
      ...(geography && { country: (address: string) => geography.country(address) }),
      readLines: (path, from) => readText(isAbsolute(path) ? path : join(dirname(from), path)).split('\n'),
    })
    engine.warmUp()
    known.set(config, engine)
  }
  return engine
}

const openedGeographies = new WeakMap<PerimeterConfig, Geography>()

/** The address database of a configuration, in memory; undefined where blocking by country is off. */
export function openGeography(config: PerimeterConfig): Geography | undefined {
  const { enabled, database } = config.rules.GEO_BLOCK
  if (!enabled || database === undefined) return undefined
  let geography = openedGeographies.get(config)
  if (!geography) {
    let bytes: Buffer
    try {
      bytes = readFileSync(database)
    } catch (cause) {
      throw new RingwallError(
        'perimeter.geography-unreadable',
        `the address database ${database} cannot be read`,
        {
          cause,
        },
      )
    }
    geography = Geography.open(bytes)
    openedGeographies.set(config, geography)
  }
  return geography
}

/** The files in the order in which they are read: set-up, rules by name, then the operator's own. */
function rulePaths({
  core_rule_set: { path },
  rule_files: own,
  default_rules: isOn,
}: PerimeterConfig): string[] {
  const pack = (isOn ?? path === undefined) ? defaultRules() : []
  if (path === undefined) return [...pack, ...own]
  const rules = join(path, 'rules')
  let names: string[]
  try {
    names = readdirSync(rules)
  } catch (cause) {
    throw new RingwallError(
      'perimeter.no-rule-set',
      `there is no folder ${rules}; set \`security.perimeter.core_rule_set.path\` to a release of the Core Rule Set`,
      { cause },
    )
  }
  const setup = ['crs-setup.conf', 'crs-setup.conf.example'].map((name) => join(path, name)).find(isFile)
  const conf = names.filter((name) => name.endsWith('.conf')).sort()
  if (setup === undefined || conf.length === 0) {
    throw new RingwallError(
      'perimeter.no-rule-set',
      `${path} holds no crs-setup.conf and rules/*.conf; it is not a release of the Core Rule Set`,
    )
  }
  return [...pack, setup, ...conf.map((name) => join(rules, name)), ...own]
}

/** Ringwall's own rules, which come with it. */
export function defaultRules(): string[] {
  const folder = join(import.meta.dirname, 'perimeter', 'rules')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(folder, name))
}

const files: RuleFiles = {
  read: (path) => (path === RULE_SET_SETTINGS ? SETTINGS : readText(path)),
  resolve(pattern, from) {
    const path = isAbsolute(pattern) ? pattern : join(dirname(from), pattern)
    if (!path.includes('*')) return [path]
    const folder = dirname(path)
    const [before = '', after = ''] = path.slice(folder.length + 1).split('*')
    return readdirSync(folder)
      .filter((name) => name.startsWith(before) && name.endsWith(after))
      .sort()
      .map((name) => join(folder, name))
  },
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (cause) {
    throw new RingwallError('perimeter.rule-file', `the rule file ${path} cannot be read`, { cause })
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
