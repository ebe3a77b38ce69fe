import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { Engine } from '../../src/perimeter/engine/engine.ts'
import { operatorNames } from '../../src/perimeter/operators/table.ts'
import { loadRules, type RuleFiles } from '../../src/perimeter/seclang/rule-set.ts'
import { DataAbsent } from '../suite.ts'

/** The limits that the suite's tests exceed, and what its own runs switch on. */
export const SUITE_VARIABLES = {
  crs_validate_utf8_encoding: 1,
  arg_name_length: 100,
  arg_length: 400,
  total_arg_length: 6400,
  max_num_args: 255,
  max_file_size: 64_100,
  combined_file_sizes: 65_535,
} as const

/** The set-up of the Core Rule Set's own runs: everything at level 4, noted and not refused. */
const SUITE_SETUP = `
SecRuleEngine DetectionOnly
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecAction "id:900005,phase:1,nolog,pass,setvar:tx.blocking_paranoia_level=4,setvar:tx.detection_paranoia_level=4,${Object.entries(
  SUITE_VARIABLES,
)
  .map(([name, value]) => `setvar:tx.${name}=${value}`)
  .join(',')}"
`

/** The files of the rule set at `coreruleset/`, after its set-up file and before them this text. */
export function crsFiles(
  dataDir: string,
  setup: string,
): { readonly paths: string[]; readonly files: RuleFiles } {
  const root = join(dataDir, 'coreruleset')
  const rules = join(root, 'rules')
  let names: string[]
  try {
    names = readdirSync(rules)
  } catch {
    throw new DataAbsent(`there is no ${rules}`)
  }
  const paths = [
    'setup.conf',
    join(root, 'crs-setup.conf.example'),
    ...names
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(rules, name)),
  ]
  return {
    paths,
    files: {
      read: (path) => (path === 'setup.conf' ? setup : readFileSync(path, 'latin1')),
      resolve: () => [],
    },
  }
}

export function crsEngine(dataDir: string, setup = SUITE_SETUP): Engine {
  const { paths, files } = crsFiles(dataDir, setup)
  return new Engine(loadRules(paths, files, operatorNames), {
    now: Date.now,
    readLines: (path, from) => readFileSync(join(dirname(from), path), 'latin1').split('\n'),
  })
}
