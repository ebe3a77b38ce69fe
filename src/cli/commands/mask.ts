import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import {
  ALL_KINDS,
  createJsonMask,
  createMasker,
  createMaskStream,
  DEFAULT_KINDS,
  groupOf,
  isMaskKind,
  KINDS,
  type Masker,
  type MaskKind,
} from '../../data/index.ts'
import type { CommandContext } from '../main.ts'
import { columns, type Terminal } from '../terminal.ts'

interface Options {
  readonly kinds?: string
  readonly keepLast?: string
  readonly json?: boolean
  readonly list?: boolean
}

const MAX_LINE = 16_777_216
const MAX_DEPTH = 128

/** `ringwall mask`: a filter that masks personal data and secrets in what goes through it. */
export function maskCommand({ terminal }: CommandContext): Command {
  return new Command('mask')
    .description('mask personal data and secrets in a text that comes in and goes out')
    .option('--kinds <names>', 'only these kinds or groups, with commas (default: all but network addresses)')
    .option('--keep-last <count>', 'leave the last letters and digits of each finding')
    .option('--json', 'the lines are JSON objects: mask fields by their names as well')
    .option('--list', 'print the kinds and end')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall mask < app.log > shared.log\n  tail -f app.log | ringwall mask --json\n  ringwall mask --kinds card,iban,secret --keep-last 4 < app.log',
    )
    .action(async (options: Options) => {
      if (options.list === true) return terminal.out(listKinds())
      const masker = createMasker({
        kinds: kindsOf(options.kinds),
        ...(options.keepLast !== undefined && {
          actions: { default: { keepLast: countOf(options.keepLast) } },
        }),
      })
      await pipe(terminal, options.json === true ? createLineMask(masker) : createMaskStream(masker))
    })
}

interface Filter {
  write(piece: string): string
  end(): string
}

/** Each line as the JSON that it is, otherwise as it was; a line that is no object and no list as text. */
function createLineMask(masker: Masker): Filter {
  let held = ''
  const maskLine = (line: string): string => {
    if (!line.startsWith('{') && !line.startsWith('[')) return masker.text(line)
    const json = createJsonMask({
      fieldMask: (name) => masker.fieldMask(name),
      render: masker.render,
      // A string may be JSON or a form itself.
      text: (text) => String(masker.value(text)),
      maxDepth: MAX_DEPTH,
      maxString: MAX_LINE,
    })
    const most = json.write(line)
    const rest = json.end()
    return most.ok && rest.ok ? most.text + rest.text : masker.text(line)
  }
  return {
    write(piece) {
      held += piece
      if (held.length > MAX_LINE && !piece.includes('\n'))
        throw new RingwallError('cli.line', `a line is longer than ${MAX_LINE} characters; leave --json out`)
      if (!piece.includes('\n')) return ''
      const lines = held.split('\n')
      held = lines.pop() ?? ''
      return lines.map((line) => `${maskLine(line)}\n`).join('')
    },
    end: () => (held === '' ? '' : maskLine(held)),
  }
}

/** Standard input to standard output, at the speed of whoever reads it; an end of the reader ends it in silence. */
async function pipe(terminal: Terminal, filter: Filter): Promise<void> {
  process.stdin.setEncoding('utf8')
  for await (const piece of process.stdin) {
    if (terminal.isClosed) return
    await print(filter.write(String(piece)))
  }
  await print(filter.end())
}

async function print(text: string): Promise<void> {
  if (text === '') return
  await new Promise<void>((resolve) => {
    process.stdout.write(text, () => resolve())
  })
}

function kindsOf(names: string | undefined): readonly MaskKind[] {
  if (names === undefined) return DEFAULT_KINDS
  return names.split(',').flatMap((one) => {
    const name = one.trim()
    if (isMaskKind(name)) return [name]
    const group = ALL_KINDS.filter((kind) => groupOf(kind) === name)
    if (group.length > 0) return group
    const near = suggest(name, ALL_KINDS)
    const hint = near === undefined ? 'see ringwall mask --list' : `did you mean \`${near}\`?`
    throw new RingwallError('cli.kind', `no kind or group is called \`${name}\`; ${hint}`)
  })
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 0 && count <= 64) return count
  throw new RingwallError('cli.count', `\`${text}\` is not a number of characters from 0 to 64`)
}

function listKinds(): string {
  return columns(ALL_KINDS.map((kind) => [kind, groupOf(kind), KINDS[kind].what]))
}
