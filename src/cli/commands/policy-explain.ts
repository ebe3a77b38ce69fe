import { Command } from 'commander'

import { Explainer, formatExplanation } from '../../access/index.ts'
import { maskText } from '../../data/index.ts'
import type { CommandContext } from '../main.ts'
import { withFaults } from './policy-report.ts'
import {
  readEntityFile,
  readSource,
  readWrittenRequest,
  type SourceOptions,
  withSourceOptions,
} from './policy-source.ts'

interface Options extends SourceOptions {
  readonly context?: string
  readonly mask?: boolean
  readonly json?: boolean
}

/** `ringwall policy explain`: why a request is allowed or refused. */
export function policyExplainCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withSourceOptions(new Command('explain'))
    .description('say why a request is allowed or refused: which policies, which conditions, which values')
    .argument('<principal>', 'such as User::ann')
    .argument('<action>', 'such as order:read')
    .argument('<resource>', 'such as Order::7')
    .option('-e, --entities <file>', "entities: YAML as in test files, or Cedar's JSON")
    .option('--context <json>', 'what else is known of the request; @FILE reads a file')
    .option('--mask', 'hide personal data in the values')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy explain User::ann order:delete Order::7 -p shop.cedar -s shop.cedarschema -e people.yaml\n  ringwall policy explain ann order:read 7 --context \'{"now": "2026-06-15T10:00:00Z"}\'',
    )
    .action((principal: string, action: string, resource: string, options: Options) =>
      withFaults(context, options.json === true, () => {
        const { policies, schema, fileOf } = readSource(options)
        const entities = readEntityFile(options.entities, schema)
        const request = readWrittenRequest({ principal, action, resource }, options.context, schema)
        const mask = options.mask === true ? maskText : (text: string): string => text
        const explanation = new Explainer(policies, { mask }).explain(request, entities)
        terminal.out(
          options.json === true
            ? JSON.stringify(explanation, null, 2)
            : formatExplanation(explanation, { fileOf: (policy) => fileOf.get(policy) }),
        )
        if (explanation.decision === 'deny') exit(1)
      }),
    )
}
