import { readFileSync, writeFileSync } from 'node:fs'

import { Command } from 'commander'
import { stringify } from 'yaml'

import { describeError, RingwallError } from '../../core/errors.ts'
import { HeaderList } from '../../core/headers.ts'
import { readTarget } from '../../edge/index.ts'
import { learnDocument, type ObservedRequest } from '../../gateway/index.ts'
import type { CommandContext } from '../main.ts'
import { readTraffic } from '../recorded-traffic.ts'

interface Options {
  readonly out?: string
  readonly host?: string
  readonly title: string
}

/** `ringwall openapi`: descriptions of APIs. */
export function openapiCommand({ terminal }: CommandContext): Command {
  const openapi = new Command('openapi').description('propose the OpenAPI document of an API')
  openapi
    .command('learn <files...>')
    .description('propose a document from recorded traffic: HAR files, or access logs')
    .option('--out <file>', 'write it there in place of printing it')
    .option('--host <name>', 'only requests to this host, where the recording names hosts')
    .option('--title <text>', 'title of the document', 'Observed API')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall openapi learn site.har --out api.yaml\n  ringwall openapi learn access.log',
    )
    .action((files: readonly string[], options: Options) => {
      const { observed, unread } = observe(files, options.host)
      if (observed.length === 0)
        throw new RingwallError(
          'cli.recording',
          `there is no request${options.host === undefined ? '' : ` to ${options.host}`} in it`,
        )
      const text = stringify(learnDocument(observed, options.title), { lineWidth: 0 })
      if (options.out === undefined) terminal.out(text.trimEnd())
      else writeFileSync(options.out, text)
      const left = unread > 0 ? `; ${unread} could not be read` : ''
      terminal.error(
        `# from ${observed.length} requests${left}. Read it before you use it: what an attacker sent is in it too. Then try it with \`openapi: { document: ..., mode: report }\``,
      )
    })
  return openapi
}

function observe(
  files: readonly string[],
  host: string | undefined,
): { readonly observed: readonly ObservedRequest[]; readonly unread: number } {
  const observed: ObservedRequest[] = []
  let unread = 0
  for (const file of files) {
    const traffic = readTraffic(readText(file), file)
    unread += traffic.unread
    for (const { request } of traffic.requests) {
      if (host !== undefined && request.host !== undefined && request.host !== host) continue
      const target = readTarget(request.target, undefined)
      if (!target.ok) {
        unread++
        continue
      }
      observed.push({
        method: request.method,
        path: target.path,
        rawQuery: target.rawQuery,
        contentType: new HeaderList(request.headers ?? []).get('content-type'),
        body: request.body,
      })
    }
  }
  return { observed, unread }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw new RingwallError('cli.file', `cannot read ${file}: ${describeError(thrown)}`)
  }
}
