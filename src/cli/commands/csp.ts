import { rmSync } from 'node:fs'

import { Command } from 'commander'

import {
  type CspOrigin,
  type CspProposal,
  cspProposal,
  type CspSnapshot,
  readCspBook,
} from '../../application/index.ts'
import type { Config } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { cspFile } from '../../kept.ts'
import { withAuditedStore } from '../audited-store.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { columns, type Terminal } from '../terminal.ts'
import { adoptSources, type Adoption } from './csp-adopt.ts'

interface Options {
  readonly config?: string
  readonly origin?: string
  readonly json?: boolean
}

/** `ringwall csp`: what pages hold, what browsers report, and what the policy lacks. */
export function cspCommand({ terminal, exit }: CommandContext): Command {
  const csp = new Command('csp').description(
    'see which scripts and styles pages hold, and change the policy by it',
  )
  const sub = (usage: string, description: string): Command =>
    csp
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--origin <origin>', 'only this origin, such as https://app.example.com')
      .option('--json', 'as JSON')

  sub('show', 'print what was seen and reported, the most often seen first')
    .addHelpText('after', '\nExamples:\n  ringwall csp show\n  ringwall csp show --json')
    .action(async (options: Options) => {
      const { seen } = await learned(options)
      if (options.json === true) return terminal.out(JSON.stringify(seen, null, 2))
      for (const [origin, pages] of Object.entries(seen)) showOrigin(terminal, origin, pages)
    })
  sub('diff', 'print what the lists lack and what they have too much; ends with 1 where they lack something')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall csp diff\n  ringwall csp diff --origin https://app.example.com',
    )
    .action(async (options: Options) => {
      const { seen, config } = await learned(options)
      const proposals = Object.fromEntries(
        Object.entries(seen).map(([origin, pages]) => [origin, proposalOf(config, origin, pages)]),
      )
      if (options.json === true) terminal.out(JSON.stringify(proposals, null, 2))
      else for (const [origin, one] of Object.entries(proposals)) showDiff(terminal, origin, one)
      if (Object.values(proposals).some(({ add, sources }) => add.length + sources.length > 0)) exit(1)
    })
  sub(
    'adopt [sources...]',
    'put sources that were seen on the lists of the configuration file; look at each before: what was injected is seen as well',
  )
    .option('--all', 'all that `ringwall csp diff` proposes')
    .option('--dry-run', 'print the file as it would be, and write nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall csp adopt /assets/app.js https://api.example.com\n  ringwall csp adopt --all --dry-run',
    )
    .action(
      async (
        names: readonly string[],
        options: Options & { readonly all?: boolean; readonly dryRun?: boolean },
      ) => {
        const { seen, config, file } = await learned(options)
        const adoption = chosen(
          Object.entries(seen).map(([origin, pages]) => proposalOf(config, origin, pages)),
          names,
          options.all === true,
        )
        const text = adoptSources(file, adoption, options.dryRun !== true)
        if (options.dryRun === true) return terminal.out(text.trimEnd())
        await withAuditedStore(options, ({ record }) =>
          record('application.csp-adopted', undefined, {
            known: adoption.known.join(' ').slice(0, 1000),
            sources: adoption.sources
              .map((pair) => pair.join(' '))
              .join(', ')
              .slice(0, 1000),
          }),
        )
        const count = adoption.known.length + adoption.sources.length
        if (options.json === true) terminal.out(JSON.stringify({ adopted: adoption, file }))
        else terminal.out(`${count} adopted in ${file}; a running gateway reads it by itself`)
      },
    )
  sub('forget', 'begin anew: what was seen and reported is deleted')
    .addHelpText('after', '\nExamples:\n  ringwall csp forget')
    .action((options: Options) => {
      const { config } = readConfig(options.config)
      rmSync(cspFile(config.store.directory), { force: true })
      terminal.out(options.json === true ? '{"forgotten":true}' : 'forgotten')
    })
  return csp
}

async function learned(
  options: Options,
): Promise<{ readonly seen: CspSnapshot; readonly config: Config; readonly file: string | undefined }> {
  const { config, file } = readConfig(options.config)
  const seen = await readCspBook(cspFile(config.store.directory))
  if (!seen)
    throw new RingwallError(
      'cli.no-csp',
      'nothing was learned yet; set `security.application.csp_nonce: report-only`, and let pages be visited',
    )
  if (options.origin === undefined) return { seen, config, file }
  const one = Object.hasOwn(seen, options.origin) ? seen[options.origin] : undefined
  if (one) return { seen: { [options.origin]: one }, config, file }
  throw new RingwallError(
    'cli.no-origin',
    `nothing is known of \`${options.origin}\`; there is: ${Object.keys(seen).join(', ') || 'none'}`,
  )
}

function proposalOf({ security }: Config, origin: string, pages: CspOrigin): CspProposal {
  const { csp_known: known, csp_sources: sources } = security.application
  return cspProposal(origin, pages, known, sources)
}

/** What of the proposals is adopted: what is named, or all. */
function chosen(proposals: readonly CspProposal[], names: readonly string[], isAll: boolean): Adoption {
  if (names.length === 0 && !isAll)
    throw new RingwallError('cli.adopt', 'name what to adopt, as `ringwall csp diff` shows it, or say --all')
  const isChosen = (name: string): boolean => isAll || names.includes(name)
  const known = [...new Set(proposals.flatMap(({ add }) => add.map(({ source }) => source)).filter(isChosen))]
  const sources = proposals
    .flatMap((one) => one.sources)
    .filter(({ blocked }) => isChosen(blocked))
    .map(({ directive, blocked }): readonly [string, string] => [directive, blocked])
  const found = new Set([...known, ...sources.map(([, blocked]) => blocked)])
  const missing = names.filter((name) => !found.has(name))
  if (missing.length > 0)
    throw new RingwallError('cli.adopt', `not proposed: ${missing.join(', ')}; see ringwall csp diff`)
  if (found.size === 0) throw new RingwallError('cli.adopt', 'there is nothing to adopt')
  return { known, sources }
}

function showOrigin(terminal: Terminal, origin: string, { sources, violations, uncounted }: CspOrigin): void {
  terminal.out(origin)
  const seen = sources.map(({ kind, source, times }) => [`  ${kind}`, clean(source), `${times} times`])
  const blocked = violations.map(({ directive, blocked, times, page }) => [
    '  blocked',
    `${directive} ${clean(blocked)}`,
    `${times} times, on ${clean(page)}`,
  ])
  terminal.out(columns([...seen, ...blocked]))
  if (uncounted > 0) terminal.out(`  ${uncounted} more were not told apart`)
}

function showDiff(terminal: Terminal, origin: string, proposal: CspProposal): void {
  terminal.out(origin)
  const { add, remove, sources, unfit } = proposal
  const rows = [
    ...add.map(({ kind, source, times }) => [
      '  +',
      'csp_known',
      clean(source),
      `${kind}, seen ${times} times`,
    ]),
    ...remove.map((source) => ['  -', 'csp_known', clean(source), 'not seen']),
    ...sources.map(({ directive, blocked, times }) => [
      '  +',
      `csp_sources.${directive}`,
      clean(blocked),
      `reported ${times} times, by anybody`,
    ]),
    ...unfit.map(({ directive, blocked, page }) => [
      '  !',
      directive,
      clean(blocked),
      `on ${clean(page)}: no list allows it, the page must change`,
    ]),
  ]
  terminal.out(rows.length === 0 ? '  the lists are what was seen' : columns(rows))
}

function clean(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, '?').slice(0, 200)
}
