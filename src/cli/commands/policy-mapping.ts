import { existsSync } from 'node:fs'

import type { Command } from 'commander'

import { type Schema, validatePolicies } from '../../access/index.ts'
import {
  type Config,
  mappingMistakes,
  type MappingSettings,
  type PolicyMapping,
  readPolicyMapping,
} from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { findConfigFile, readConfig } from '../config-file.ts'
import {
  type FileFault,
  PolicyFaults,
  type PolicySource,
  readSource,
  readText,
  type SourceOptions,
  withSourceOptions,
} from './policy-source.ts'

/** Options of commands that need to know where entities are in a database. */
export interface MappingOptions extends SourceOptions {
  readonly mapping?: string
}

/** What such a command works on; `database` is `security.authorization.policy.database`. */
export interface MappedSource extends PolicySource {
  readonly schema: Schema
  readonly mapping: PolicyMapping
  readonly database: MappingSettings['database']
}

/** Adds the options that say where policies, schema and mapping are. */
export function withMappingOptions(command: Command): Command {
  return withSourceOptions(command).option(
    '-m, --mapping <file>',
    'YAML or JSON with `entities` (tables and columns), and `database` where that is needed',
  )
}

/**
 * Policies, schema and mapping of a configuration, where there is one; each option takes the place of its key. Policies
 * that do not fit their schema, and a mapping that does not, end it: SQL is made of nothing that is wrong.
 */
export function readMappedSource(options: MappingOptions): MappedSource {
  const policy = policyOf(options)
  const policies = options.policies ?? (policy === undefined ? undefined : [policy.policies])
  const schemaFile = options.schema ?? policy?.schema
  const settings: MappingSettings = {
    mapping: options.mapping ?? policy?.mapping,
    database: policy?.database,
  }
  if (policies === undefined) throw missing('no policies: name them with --policies FILE', 'policies')
  if (schemaFile === undefined) throw missing('no schema: name it with --schema FILE', 'schema')
  if (settings.mapping === undefined)
    throw missing(
      'nothing says where entities are in the database: name a mapping with --mapping FILE',
      'mapping',
    )
  const source = readSource({ policies, schema: schemaFile })
  const schema = source.schema as Schema
  requireValid(source, schema)
  requireMapping(settings, schema)
  return {
    ...source,
    schema,
    mapping: readPolicyMapping(settings) as PolicyMapping,
    database: settings.database,
  }
}

type Policy = NonNullable<Config['security']['authorization']['policy']>

function policyOf({ config }: SourceOptions): Policy | undefined {
  return findConfigFile(config) === undefined
    ? undefined
    : readConfig(config).config.security.authorization.policy
}

function missing(what: string, key: string): RingwallError {
  return new RingwallError(
    'cli.no-policies',
    `${what}, or in security.authorization.policy.${key} of the configuration`,
  )
}

function requireValid({ policies, fileOf, texts }: PolicySource, schema: Schema): void {
  const faults = validatePolicies(policies, schema).errors.map((error): FileFault => {
    const file = fileOf.get(error.policy) ?? ''
    return {
      message: `policy ${error.policy}: ${error.message}`,
      at: { file, ...error.at },
      text: texts.get(file) ?? '',
    }
  })
  if (faults.length > 0) throw new PolicyFaults(faults)
}

function requireMapping(settings: MappingSettings, schema: Schema): void {
  const faults = mappingMistakes(settings, schema).map(({ path, message, at }): FileFault => {
    // In a file of its own the keys begin with the first of the file.
    const keys = at === undefined ? path : path.slice(1)
    return {
      message: keys.length === 0 ? message : `${keys.join('.')}: ${message}`,
      at: at ?? {},
      text: at?.file !== undefined && existsSync(at.file) ? readText(at.file) : '',
    }
  })
  if (faults.length > 0) throw new PolicyFaults(faults)
}
