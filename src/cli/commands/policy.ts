import { Command } from 'commander'

import type { CommandContext } from '../main.ts'
import { policyCheckCommand } from './policy-check.ts'
import { policyDiffCommand } from './policy-diff.ts'
import { policyExplainCommand } from './policy-explain.ts'
import { policyFormatCommand } from './policy-format.ts'
import { policyWhatCommand, policyWhoCommand } from './policy-list.ts'
import { policySqlCommand } from './policy-sql.ts'
import { policyTestCommand } from './policy-test.ts'
import { policyTypesCommand } from './policy-types.ts'

/** `ringwall policy`: everything about Cedar policies that does not need a running gateway. */
export function policyCommand(context: CommandContext): Command {
  const policy = new Command('policy').description(
    'check, test, explain, format, compare and translate the policies that say who may do what',
  )
  const commands = [
    policyCheckCommand,
    policyTestCommand,
    policyExplainCommand,
    policyFormatCommand,
    policyDiffCommand,
    policyWhoCommand,
    policyWhatCommand,
    policySqlCommand,
    policyTypesCommand,
  ]
  for (const command of commands) policy.addCommand(command(context))
  return policy
}
