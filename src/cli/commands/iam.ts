import { readFileSync } from 'node:fs'

import { Command } from 'commander'
import { parse } from 'yaml'

import { describeError, RingwallError } from '../../core/errors.ts'
import {
  actionTable,
  explainPolicy,
  type IamFinding,
  lintPolicy,
  type MadePolicy,
  needsSchema,
  type PolicyDocument,
  policyJson,
  policyOfCalls,
  policyOfNeeds,
  policyTerraform,
  readPolicyDocument,
  readRecordedCalls,
} from '../../data/index.ts'
import type { CommandContext } from '../main.ts'
import type { Terminal } from '../terminal.ts'

const FORMATS = ['json', 'terraform']
/** The largest managed policy, without blanks (IAM quotas). */
const MAX_POLICY = 6144

/** `ringwall iam`: policies of AWS - what is wrong in them, the smallest that does, and what they say. */
export function iamCommand({ terminal, exit }: CommandContext): Command {
  const iam = new Command('iam').description('check, make and explain policies of AWS, without asking AWS')

  iam
    .command('lint')
    .description(
      'say what is wrong or weak in policies: ways to more permissions, stars, data that leaves, unknown names',
    )
    .argument('<files...>', 'JSON files; - for standard input')
    .option('--json', 'as JSON')
    .option('--strict', 'end with 1 for warnings too')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall iam lint policy.json\n  aws iam get-role-policy ... | ringwall iam lint -',
    )
    .action((files: readonly string[], options: { readonly json?: boolean; readonly strict?: boolean }) => {
      const results = files.map((file) => ({ file, findings: lintPolicy(readPolicy(file)) }))
      if (options.json === true) terminal.out(JSON.stringify(results, null, 2))
      else for (const { file, findings } of results) showFindings(terminal, file, findings)
      const all = results.flatMap(({ findings }) => findings)
      if (
        all.some(
          ({ severity }) => severity === 'error' || (options.strict === true && severity === 'warning'),
        )
      )
        exit(1)
    })

  iam
    .command('generate')
    .description('make the smallest policy for what a program needs, or did')
    .option('--needs <file>', 'YAML that says what is needed')
    .option(
      '--calls <file>',
      'recorded calls: CloudTrail, or lines of `service:Action ARN`; - for standard input',
    )
    .option('--format <format>', FORMATS.join(' or '), 'json')
    .option('--name <name>', 'name of the Terraform document', 'generated')
    .addHelpText(
      'after',
      `
What is needed, for example:
  needs:
    - { actions: [s3:GetObject, s3:PutObject], on: "arn:aws:s3:::shop-pictures/*" }
    - { read: "arn:aws:dynamodb:eu-west-1:123456789012:table/orders" }
    - { actions: kms:Sign, on: "arn:aws:kms:*:*:key/*", when: { StringEquals: { "aws:ResourceTag/team": shop } } }

Examples:
  ringwall iam generate --needs needs.yaml
  ringwall iam generate --calls trail.json --format terraform --name shop`,
    )
    .action((options: { needs?: string; calls?: string; format: string; name: string }) => {
      if (!FORMATS.includes(options.format))
        throw new RingwallError(
          'cli.format',
          `--format is ${FORMATS.join(' or ')}, not \`${options.format}\``,
        )
      const { policy, notes } = make(options)
      const json = policyJson(policy)
      terminal.out(options.format === 'json' ? json : policyTerraform(policy, options.name).trimEnd())
      for (const note of notes) terminal.error(note)
      for (const { rule, message } of lintPolicy(policy)) terminal.error(`${rule}: ${message}`)
      const size = json.replaceAll(/\s/g, '').length
      if (size > MAX_POLICY)
        terminal.error(`the policy has ${size} characters, and AWS takes ${MAX_POLICY} in one; split it`)
    })

  iam
    .command('explain')
    .description('say in words what a policy allows and forbids')
    .argument('<file>', 'JSON file; - for standard input')
    .addHelpText('after', '\nExamples:\n  ringwall iam explain policy.json')
    .action((file: string) => terminal.out(explainPolicy(readPolicy(file), actionTable()).join('\n')))
  return iam
}

function make(options: { readonly needs?: string; readonly calls?: string }): MadePolicy {
  const { needs, calls } = options
  if ((needs === undefined) === (calls === undefined))
    throw new RingwallError('cli.iam', 'say what the policy is made of: --needs or --calls')
  if (calls !== undefined) {
    const read = readRecordedCalls(readText(calls), actionTable())
    if (!read.ok) throw new RingwallError('iam.calls', `\`${calls}\`: ${read.fault}`)
    const made = policyOfCalls(read.calls, actionTable())
    return { policy: made.policy, notes: [...read.notes, ...made.notes] }
  }
  let raw: unknown
  try {
    raw = parse(readText(needs as string))
  } catch (cause) {
    throw new RingwallError('iam.needs', `\`${needs}\`: ${describeError(cause)}`, { cause })
  }
  const parsed = needsSchema.safeParse(raw)
  if (!parsed.success)
    throw new RingwallError(
      'iam.needs',
      `\`${needs}\`: ${parsed.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`).join('; ')}`,
    )
  const made = policyOfNeeds(parsed.data, actionTable())
  if ('faults' in made) throw new RingwallError('iam.needs', `\`${needs}\`: ${made.faults.join('; ')}`)
  return made
}

function readPolicy(file: string): PolicyDocument {
  const read = readPolicyDocument(readText(file))
  if (read.ok) return read.policy
  throw new RingwallError('iam.policy', `\`${file}\` is no policy: ${read.faults.join('; ')}`)
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new RingwallError('cli.unreadable', `cannot read \`${file}\`: ${describeError(cause)}`, { cause })
  }
}

function showFindings(terminal: Terminal, file: string, findings: readonly IamFinding[]): void {
  if (findings.length === 0) terminal.out(`${file}: nothing to say`)
  for (const { rule, severity, statement, sid, message } of findings) {
    const place = statement === undefined ? '' : ` statement ${sid ?? statement}:`
    terminal.out(`${file}:${place} ${severity} (${rule}): ${message}`)
  }
}
