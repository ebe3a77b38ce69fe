import { Command } from 'commander'

import { Authorizer, whatMay, whoMay, writeUid } from '../../access/index.ts'
import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { withFaults } from './policy-report.ts'
import {
  readEntityFile,
  readListingContext,
  readSource,
  readWrittenUid,
  type SourceOptions,
  withSourceOptions,
} from './policy-source.ts'

interface Options extends SourceOptions {
  readonly entities: string
  readonly context?: string
  readonly json?: boolean
}

/** `ringwall policy who`: everybody among the entities who may do something. */
export function policyWhoCommand(context: CommandContext): Command {
  const { terminal } = context
  return listingCommand('who', 'list everybody among the entities who may do this')
    .argument('<action>', 'such as order:read')
    .argument('<resource>', 'such as Order::7')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy who order:delete Order::7 -p shop.cedar -s shop.cedarschema -e people.yaml',
    )
    .action((action: string, resource: string, options: Options) =>
      withFaults(context, options.json === true, () => {
        const { policies, schema } = readSource(options)
        const entities = readEntityFile(options.entities, schema)
        const asked = readWrittenUid(action, 'action', schema)
        const types = schema?.actions.get(asked.key)?.resources
        const found = whoMay(
          {
            authorizer: new Authorizer(policies),
            entities,
            context: readListingContext(options.context, schema, asked),
            ...(schema !== undefined && { schema }),
          },
          asked,
          readWrittenUid(resource, 'resource', schema, types),
        ).map(writeUid)
        terminal.out(options.json === true ? JSON.stringify(found, null, 2) : found.join('\n') || 'nobody')
      }),
    )
}

/** `ringwall policy what`: everything among the entities that somebody may do. */
export function policyWhatCommand(context: CommandContext): Command {
  const { terminal } = context
  return listingCommand('what', 'list what somebody may do with which entities')
    .argument('<principal>', 'such as User::ann')
    .option('--action <action>', 'only this action')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy what User::ann -p shop.cedar -s shop.cedarschema -e people.yaml --action order:read',
    )
    .action((principal: string, options: Options & { readonly action?: string }) =>
      withFaults(context, options.json === true, () => {
        const { policies, schema } = readSource(options)
        const entities = readEntityFile(options.entities, schema)
        const actions =
          options.action === undefined
            ? [...(schema?.actions.values() ?? [])].map(({ uid }) => uid)
            : [readWrittenUid(options.action, 'action', schema)]
        if (actions.length === 0)
          throw new RingwallError('cli.action', 'without a schema no action is known; name one with --action')
        const who = readWrittenUid(principal, 'principal', schema)
        const authorizer = new Authorizer(policies)
        const found = actions.flatMap((action) =>
          whatMay(
            {
              authorizer,
              entities,
              context: readListingContext(options.context, schema, action),
              ...(schema !== undefined && { schema }),
            },
            who,
            [action],
          ).map((ability) => ({ action: ability.action.id, resource: writeUid(ability.resource) })),
        )
        terminal.out(
          options.json === true
            ? JSON.stringify(found, null, 2)
            : columns(found.map(({ action, resource }) => [action, resource])) || 'nothing',
        )
      }),
    )
}

function listingCommand(name: string, description: string): Command {
  return withSourceOptions(new Command(name))
    .description(description)
    .requiredOption('-e, --entities <file>', "entities: YAML as in test files, or Cedar's JSON")
    .option('--context <json>', 'what else is known of the request; @FILE reads a file')
    .option('--json', 'as JSON')
}
