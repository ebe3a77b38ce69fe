// HTTP/2 frame by frame over raw TLS sockets, and HPACK byte by byte: what ends a connection, what ends a stream, what is answered.
import { CONNECTION } from './http2/connection.ts'
import type { FrameCase, Want } from './http2/cases.ts'
import { CODE, type Frame, TYPE } from './http2/frames.ts'
import { SEMANTICS } from './http2/semantics.ts'
import { statusOf, Talk } from './http2/talk.ts'
import { openRig, type Rig, type Seen } from './http1/rig.ts'
import type { Deviation, SuiteResult } from './suite.ts'

const CASES: readonly FrameCase[] = [...CONNECTION, ...SEMANTICS]

interface Known extends Deviation {
  /** What happens in place of it: this must hold, or the case fails. */
  readonly instead: Want
}

const dropped = (id: string): Known => ({
  id: `9113 8.2.1: ${id}`,
  why: 'RFC 9113 8.2.1: such a request is malformed. Node takes the field out and does not tell; it reaches neither a wall nor the application',
  instead: { status: 200, seen: { target: '/a', hasNot: 'x' } },
})
const late = (id: string, instead: Want = { alive: true }): Known => ({
  id: `9113 5.1: ${id}`,
  why: 'RFC 9113 5.1: an error of the stream, STREAM_CLOSED. nghttp2 reads over frames of streams that it has forgotten',
  instead,
})

/** Where nghttp2, which speaks HTTP/2 for Node, does otherwise than the standard says. */
const KNOWN: readonly Known[] = [
  ...['another preface', 'a request of HTTP/1.1'].map((what) => ({
    id: `9113 3.4: ${what}`,
    why: 'RFC 9113 3.4: an error of the connection, PROTOCOL_ERROR. Node ends the connection with INTERNAL_ERROR',
    instead: { goaway: [CODE.INTERNAL_ERROR] },
  })),
  late('DATA on a stream that the client has reset'),
  late('HEADERS on a stream that the client has reset'),
  late('DATA on a closed stream'),
  late('HEADERS on a closed stream'),
  {
    id: '9113 5.1.1: a stream with a smaller number than the last',
    why: 'RFC 9113 5.1.1: an error of the connection, PROTOCOL_ERROR. nghttp2 reads over it; the application sees nothing of it',
    instead: { alive: true },
  },
  {
    id: '9113 6.3: PRIORITY on stream 0',
    why: 'RFC 9113 6.3: an error of the connection, PROTOCOL_ERROR. nghttp2 reads over PRIORITY, which RFC 9113 5.3 deprecates',
    instead: { alive: true },
  },
  {
    id: '9113 6.7: an answer to no PING is ignored',
    why: 'RFC 9113 6.7: nothing is said of it. Node ends the connection with INTERNAL_ERROR',
    instead: { goaway: [CODE.INTERNAL_ERROR] },
  },
  ...[
    'a space in a name',
    'a colon in a name',
    'a NUL in a name',
    'a line end in a name',
    'a byte above 127 in a name',
    'DEL in a name',
    'an empty name',
    'a NUL in a value',
    'CR in a value',
    'LF in a value',
    'a request in a value',
    'a space at the beginning of a value',
    'a space at the end of a value',
    'a tab at the end of a value',
  ].map(dropped),
  {
    id: 'CVE-2019-9516: names and values of no length',
    why: 'RFC 9113 8.2.1: such a request is malformed. Node takes the fields out; the block is bounded to eight CONTINUATION frames',
    instead: { status: 200, seen: { target: '/a' } },
  },
]

/** Runs all cases, each on a connection of its own. */
export async function run(): Promise<SuiteResult> {
  const failed: string[] = []
  const known = new Map(KNOWN.map((one) => [one.id, one]))
  const met: Deviation[] = []
  const rig = await openRig(undefined, 'https')
  try {
    for (const one of CASES) {
      const deviation = known.get(one.id)
      const wrong = await judge(rig, deviation ? { ...one, want: deviation.instead } : one)
      if (wrong === undefined) {
        if (deviation) met.push({ id: deviation.id, why: deviation.why })
      } else {
        failed.push(one.id)
        console.error(`FAILED ${one.id}: ${wrong}`)
      }
    }
  } finally {
    await rig.close()
  }
  const passed = CASES.length - failed.length - met.length
  return { total: CASES.length, passed, failed, notRun: [], known: met }
}

async function judge(rig: Rig, one: FrameCase): Promise<string | undefined> {
  rig.take()
  rig.takeFaults()
  const talk = await Talk.open(rig.port, one.raw !== true)
  try {
    for (const part of one.send) {
      if (typeof part === 'number') await new Promise((resolve) => setTimeout(resolve, part))
      else talk.send(part)
    }
    const wrong = await lookAt(talk, one.want)
    const seen = rig.take()
    const faults = rig.takeFaults()
    const reason = wrong ?? seenWrong(one.want, seen) ?? faults[0]
    return reason === undefined ? undefined : `${reason}; heard ${talk.toString()}`
  } finally {
    talk.close()
  }
}

async function lookAt(talk: Talk, want: Want): Promise<string | undefined> {
  if ('goaway' in want) {
    const found = await talk.hear(({ type }) => type === TYPE.GOAWAY)
    if (!(await talk.ended())) return 'the connection lives'
    return codeWrong(found, 4, want.goaway)
  }
  if ('alive' in want) return (await talk.isAlive()) ? undefined : 'the connection is dead'
  const stream = 'stream' in want ? (want.stream ?? 1) : 1
  const isAnswer = (one: Frame): boolean =>
    one.type === TYPE.HEADERS && one.stream === stream && statusOf(one) >= 200
  if ('status' in want) {
    const answer = await talk.hear(isAnswer)
    if (!answer) return 'no answer'
    if (statusOf(answer) !== want.status) return `status ${statusOf(answer)}`
    return (await talk.isAlive()) ? undefined : 'the connection is dead'
  }
  const isReset = (one: Frame): boolean => one.type === TYPE.RST_STREAM && one.stream === stream
  const isEnd = (one: Frame): boolean => isReset(one) || one.type === TYPE.GOAWAY
  if ('reset' in want) {
    const found = await talk.hear(
      (one) => isEnd(one) && (one.type === TYPE.GOAWAY || one.payload.readUInt32BE(0) !== 0),
    )
    if (!found) return talk.closed ? undefined : 'nothing happens'
    return codeWrong(found, found.type === TYPE.GOAWAY ? 4 : 0, want.reset)
  }
  const found = await talk.hear((one) => isEnd(one) || isAnswer(one))
  if (!found) return talk.closed ? undefined : 'nothing happens'
  if (found.type !== TYPE.HEADERS) return undefined
  const status = statusOf(found)
  if (status < 400 || status >= 500) return `status ${status}`
  return (await talk.isAlive()) ? undefined : 'the connection is dead'
}

function codeWrong(found: Frame | undefined, at: number, codes: readonly number[]): string | undefined {
  if (!found) return undefined
  const code = found.payload.readUInt32BE(at)
  return codes.includes(code) ? undefined : `the code ${code}`
}

function seenWrong(want: Want, seen: readonly Seen[]): string | undefined {
  const ours = seen
    .flatMap(({ fields }) => fields)
    .find(([name, value]) => /^ringwall-subject$/i.test(name) && value === 'root')
  if (ours) return 'a field of our own name came through'
  if ('malformed' in want) {
    // A body that turns out wrong may have been on its way; but no request is ever whole at the application.
    return seen.length === 0 ? undefined : `the application saw ${JSON.stringify(seen)}`
  }
  if (!('status' in want) || !want.seen) return undefined
  const request = seen.at(-1)
  if (!request) return 'the application saw nothing'
  const { method, target, body, has, hasNot } = want.seen
  if (method !== undefined && request.method !== method) return `the method ${request.method}`
  if (target !== undefined && request.target !== target) return `the target ${request.target}`
  if (body !== undefined && request.body !== body)
    return `the body ${JSON.stringify(request.body.slice(0, 99))}`
  const fields = request.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  const extra = hasNot !== undefined && request.fields.find(([name]) => name.startsWith(hasNot))
  if (extra) return `the field ${extra[0]}`
  let at = 0
  for (const [name, value] of has ?? []) {
    const found = fields.indexOf(`${name}: ${value}`, at)
    if (found < 0) return `no ${name}: ${value} among ${fields.join(' | ')}`
    at = found + 1
  }
  return undefined
}
