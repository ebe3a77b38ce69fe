// The tokenizer tests of html5lib: what the injector sees of tags, their attributes and the ends of raw text must be what the suite
// expects, what parse5 sees, and the same wherever a chunk may end.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { type Token, Tokenizer, TokenizerMode } from 'parse5'

import { type ContentModel, HtmlTokenizer, type TagSink } from '../src/application/index.ts'
import { DataAbsent, type Deviation, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out html5lib/html5lib-tests and pass the directory that holds it as `html5lib`, with its folder `tokenizer`, with --data'

/** How many runs the suite has: a test runs once for each of its initial states. */
export const cases = 7032

interface HtmlTest {
  readonly description: string
  readonly input: string
  readonly output: readonly (readonly [string, ...unknown[]])[]
  readonly initialStates?: readonly string[]
  readonly lastStartTag?: string
  readonly doubleEscaped?: boolean
}

const MODES: Readonly<
  Record<string, readonly [ContentModel, (typeof TokenizerMode)[keyof typeof TokenizerMode]]>
> = {
  'Data state': ['data', TokenizerMode.DATA],
  'PLAINTEXT state': ['plaintext', TokenizerMode.PLAINTEXT],
  'RCDATA state': ['raw', TokenizerMode.RCDATA],
  'RAWTEXT state': ['raw', TokenizerMode.RAWTEXT],
  'Script data state': ['script', TokenizerMode.SCRIPT_DATA],
  'CDATA section state': ['section', TokenizerMode.CDATA_SECTION],
}

/** Longer inputs are cut in two everywhere, and into single bytes, but not in three. */
const MAX_THREE_PIECES = 24

export async function run(dataDir: string): Promise<SuiteResult> {
  const root = join(dataDir, 'html5lib', 'tokenizer')
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new DataAbsent(`\`${root}\` is missing`)
  const failed: string[] = []
  const known: Deviation[] = []
  const notRun: Deviation[] = []
  let total = 0
  for (const file of readdirSync(root)
    .filter((name) => name.endsWith('.test'))
    .sort()) {
    const { tests = [] } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { tests?: HtmlTest[] }
    // `xmlViolation.test` holds no tests of HTML, only of its coercion to XML.
    for (const test of tests) {
      for (const state of test.initialStates ?? ['Data state']) {
        total++
        const id = `${file}: ${test.description} (${state})`
        const input = test.doubleEscaped ? unescapeTwice(test.input) : test.input
        const expected = tagsOf(test.doubleEscaped ? unescapeOutput(test.output) : test.output)
        if (!input.isWellFormed()) {
          notRun.push({ id, why: 'a lone surrogate, which no stream of UTF-8 bytes can hold' })
          continue
        }
        const why = judge(input, expected, state, test.lastStartTag ?? '')
        if (why === undefined) continue
        if (why === OTHER_REFERENCE)
          known.push({
            id,
            why: 'HTML 13.2.5.73: names of references for characters beyond ASCII are left undecoded in attributes; none can be part of a scheme, a method or an origin',
          })
        else failed.push(`${id}: ${why}`)
      }
    }
  }
  return { total, passed: total - failed.length - known.length - notRun.length, failed, notRun, known }
}

const OTHER_REFERENCE = 'a reference for a character beyond ASCII'

function judge(
  input: string,
  expected: readonly string[],
  state: string,
  lastStartTag: string,
): string | undefined {
  const bytes = new TextEncoder().encode(input)
  const modes = MODES[state]
  if (!modes) return `no state is called ${state}`
  const seen = read([bytes], modes[0], lastStartTag)
  const got = seen.map(({ token }) => token)
  const want = JSON.stringify(expected)
  for (const chunks of chunkings(bytes)) {
    const cut = read(chunks, modes[0], lastStartTag)
    if (JSON.stringify(cut) !== JSON.stringify(seen))
      return `cut into ${chunks.map((chunk) => chunk.length).join('+')} bytes it is ${JSON.stringify(cut)}, whole ${JSON.stringify(seen)}`
  }
  const peer = readByPeer(input, modes[1], lastStartTag)
  // Offsets of the peer count UTF-16 units and the line ends that it has joined, so they are compared where there are none.
  const isPlain = !/[^\0-\x0c\x0e-\x7f]/.test(input)
  if (isPlain && seen.length === peer.length) {
    const at = seen.findIndex(({ start, end }, i) => start !== peer[i]?.start || end !== peer[i]?.end)
    if (at !== -1)
      return `${got[at]} stands at ${seen[at]?.start}-${seen[at]?.end}, for parse5 at ${peer[at]?.start}-${peer[at]?.end}`
  }
  const peerTokens = JSON.stringify(peer.map(({ token }) => token))
  if (JSON.stringify(got) === want && peerTokens === want) return undefined
  if (hasOtherReference(input, got, expected) && peerTokens === want) return OTHER_REFERENCE
  return `got ${JSON.stringify(got)}, expected ${want}, parse5 ${peerTokens}`
}

interface Seen {
  readonly token: string
  readonly start: number
  readonly end: number
}

function read(chunks: readonly Uint8Array[], model: ContentModel, lastStartTag: string): Seen[] {
  const seen: Seen[] = []
  const sink: TagSink = {
    isForeign: false,
    readsAll: true,
    startTag({ name, attributes, isSelfClosing, start, end }) {
      seen.push({ token: startToken(name, [...attributes], isSelfClosing), start, end })
      return 'data'
    },
    endTag({ name, start, end }) {
      seen.push({ token: `</${name}>`, start, end })
    },
  }
  const tokenizer = new HtmlTokenizer(sink, [])
  tokenizer.beginIn(model, lastStartTag)
  for (const chunk of chunks) tokenizer.write(chunk)
  return seen
}

function readByPeer(
  input: string,
  mode: (typeof TokenizerMode)[keyof typeof TokenizerMode],
  lastStartTag: string,
): Seen[] {
  const seen: Seen[] = []
  const none = (): void => undefined
  const place = (token: Token.TagToken): { start: number; end: number } => ({
    start: token.location?.startOffset ?? -1,
    end: token.location?.endOffset ?? -1,
  })
  const peer = new Tokenizer(
    { sourceCodeLocationInfo: true },
    {
      onStartTag: (token) =>
        seen.push({
          token: startToken(
            token.tagName,
            token.attrs.map(({ name, value }) => [name, value] as const),
            token.selfClosing,
          ),
          ...place(token),
        }),
      onEndTag: (token) => seen.push({ token: `</${token.tagName}>`, ...place(token) }),
      onComment: none,
      onDoctype: none,
      onEof: none,
      onCharacter: none,
      onNullCharacter: none,
      onWhitespaceCharacter: none,
    },
  )
  peer.state = mode
  peer.lastStartTagName = lastStartTag
  peer.write(input, true)
  return seen
}

function startToken(
  name: string,
  attributes: readonly (readonly [string, string])[],
  closing: boolean,
): string {
  const sorted = attributes.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `<${name} ${JSON.stringify(sorted)}${closing ? '/' : ''}>`
}

function tagsOf(output: HtmlTest['output']): string[] {
  return output.flatMap(([kind, name, attributes, isSelfClosing]) => {
    if (kind === 'StartTag')
      return [
        startToken(
          String(name),
          Object.entries(attributes as Record<string, string>),
          isSelfClosing === true,
        ),
      ]
    return kind === 'EndTag' ? [`</${String(name)}>`] : []
  })
}

/** Whether what differs is only that a name of a reference was left as it stands in the input. */
function hasOtherReference(input: string, got: readonly string[], expected: readonly string[]): boolean {
  const names = /&[A-Za-z][A-Za-z0-9]*;?/g
  return (
    got.length === expected.length &&
    got.every((token, i) => {
      if (token === expected[i]) return true
      const left = token.match(names) ?? []
      const [first = '', ...pieces] = token.split(names)
      let rest = expected[i] ?? ''
      if (left.length === 0 || !left.every((name) => input.includes(name)) || !rest.startsWith(first))
        return false
      for (const piece of [first, ...pieces]) {
        const at = rest.indexOf(piece)
        if (at === -1) return false
        rest = rest.slice(at + piece.length)
      }
      return true
    })
  )
}

/** Single bytes, every cut in two, and for short inputs every cut in three. */
function* chunkings(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
  for (let a = 1; a < bytes.length; a++) {
    yield [bytes.subarray(0, a), bytes.subarray(a)]
    if (bytes.length > MAX_THREE_PIECES) continue
    for (let b = a + 1; b < bytes.length; b++)
      yield [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)]
  }
}

function unescapeTwice(text: string): string {
  return text.replace(/\\u([0-9A-Fa-f]{4})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function unescapeOutput(output: HtmlTest['output']): HtmlTest['output'] {
  return output.map((token) => deep(token) as readonly [string, ...unknown[]])
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return unescapeTwice(value)
  if (Array.isArray(value)) return value.map(deep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [unescapeTwice(name), deep(inner)]))
}
