import { get, HOST } from './cases.ts'
import { type Answer, converse, type Got, openRig, ordinaryAnswer } from './rig.ts'

/** What an application says, and what the client must get. */
export interface AnswerCase {
  readonly id: string
  /** What follows `HTTP/1.1 200 OK`, or the whole answer where it begins with `!`. */
  readonly says: string
  /** The application closes its side behind it. */
  readonly end?: true
  readonly method?: 'HEAD'
  /** The client gets this; `broken`: a message that does not look whole. */
  readonly want:
    | 'broken'
    | {
        readonly status: number
        readonly body?: string
        readonly informed?: readonly number[]
        readonly trailers?: readonly string[]
        readonly has?: readonly (readonly [string, string])[]
        readonly hasNot?: readonly string[]
      }
}

const ok = (body: string, more: object = {}) => ({ status: 200, body, ...more })
const bad = { status: 502 } as const
const CL = 'Content-Length: 2\r\n\r\nok'
const TE = 'Transfer-Encoding: chunked\r\n\r\n'

/** RFC 9112 4 to 8, RFC 9110 6, 8.6 and 15: answers of applications, in order and hostile. */
export const ANSWERS: readonly AnswerCase[] = [
  { id: '9112 6.2: a length', says: CL, want: ok('ok') },
  { id: '9112 6.2: a length of 0', says: 'Content-Length: 0\r\n\r\n', want: ok('') },
  { id: '9112 7.1: chunks', says: `${TE}2\r\nok\r\n1\r\n!\r\n0\r\n\r\n`, want: ok('ok!') },
  { id: '9112 7.1.1: an extension is dropped', says: `${TE}2;a=b\r\nok\r\n0\r\n\r\n`, want: ok('ok') },
  {
    id: '9112 7.1.2: trailers are passed on, ours are not',
    says: `${TE}2\r\nok\r\n0\r\nChecksum: 1\r\nRingwall-Id: x\r\n\r\n`,
    want: ok('ok', { trailers: ['Checksum: 1'] }),
  },
  { id: '9112 6.3: a body that the end of the connection ends', says: '\r\nok', end: true, want: ok('ok') },
  { id: '9112 6.3: HTTP/1.0', says: '!HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', want: ok('ok') },
  { id: '9112 4: no reason', says: `!HTTP/1.1 200 \r\n${CL}`, want: ok('ok') },
  { id: '9112 4: no reason and no space', says: `!HTTP/1.1 200\r\n${CL}`, want: ok('ok') },
  { id: '9110 15: an unknown status', says: `!HTTP/1.1 299 Odd\r\n${CL}`, want: { status: 299, body: 'ok' } },
  { id: '9110 15.3.5: 204', says: '!HTTP/1.1 204 No Content\r\n\r\n', want: { status: 204 } },
  {
    id: '9110 8.6: 204 with a length of 0',
    says: '!HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    want: { status: 204, hasNot: ['content-length'] },
  },
  {
    id: '9110 15.4.5: 304 with the length of what is not sent',
    says: '!HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n',
    want: { status: 304 },
  },
  {
    id: '9110 9.3.2: HEAD with a length',
    says: 'Content-Length: 99\r\n\r\n',
    method: 'HEAD',
    want: { status: 200, has: [['content-length', '99']] },
  },
  { id: '9110 9.3.2: HEAD with a coding', says: TE, method: 'HEAD', want: { status: 200 } },
  {
    id: '9110 15.2.1: 100 before the answer',
    says: `!HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${CL}`,
    want: ok('ok'),
  },
  {
    id: '8297 2: 103 is passed on',
    says: `!HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n${CL}`,
    want: ok('ok', { informed: [103] }),
  },
  {
    id: '9110 7.6.1: fields of the connection go no further',
    says: `Connection: X-Named\r\nX-Named: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\nProxy-Connection: x\r\n${CL}`,
    want: ok('ok', { hasNot: ['x-named', 'upgrade', 'proxy-connection'] }),
  },
  {
    id: '9110 5.3: repeated fields are kept',
    says: `Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n${CL}`,
    want: ok('ok', {
      has: [
        ['set-cookie', 'a=1; HttpOnly; SameSite=Lax'],
        ['set-cookie', 'b=2; HttpOnly; SameSite=Lax'],
      ],
    }),
  },
  {
    id: '9110 5.5: bytes above 127 in a value',
    says: `X: \xe4\xa0\r\n${CL}`,
    want: ok('ok', { has: [['x', '\xe4\xa0']] }),
  },
  { id: '9110 8.6: zeros before the length', says: 'Content-Length: 0002\r\n\r\nok', want: ok('ok') },
  { id: "9112 6.3: bytes behind the answer are nobody's", says: `${CL}MORE`, want: ok('ok') },
  {
    id: "9112 9.2: a second answer is nobody's",
    says: `${CL}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`,
    want: ok('ok'),
  },
  {
    id: "9112 9.2: a second answer behind chunks is nobody's",
    says: `${TE}2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`,
    want: ok('ok'),
  },
  {
    id: "9112 9.2: a second answer behind 204 is nobody's",
    says: '!HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL',
    want: { status: 204 },
  },
  {
    id: "9112 9.2: a body behind 304 is nobody's",
    says: '!HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nEVIL',
    want: { status: 304 },
  },
  {
    id: "9112 9.2: a body behind the answer to HEAD is nobody's",
    says: 'Content-Length: 4\r\n\r\nEVIL',
    method: 'HEAD',
    want: { status: 200 },
  },
  { id: '9112 9.3: an answer that closes', says: `Connection: close\r\n${CL}`, end: true, want: ok('ok') },

  { id: '9112 2.2: bare LF everywhere', says: '!HTTP/1.1 200 OK\nContent-Length: 2\n\nok', want: bad },
  { id: '9112 2.2: bare LF behind the status line', says: `!HTTP/1.1 200 OK\n${CL}`, want: bad },
  { id: '9112 2.2: bare LF behind a field', says: `X: y\n${CL}`, want: bad },
  { id: '9112 2.2: bare LF as the empty line', says: 'Content-Length: 2\r\n\nok', want: bad },
  { id: '9112 2.2: bare CR in a value', says: `X: y\rz\r\n${CL}`, want: bad },
  { id: '9112 2.2: an empty line before the answer', says: `!\r\nHTTP/1.1 200 OK\r\n${CL}`, want: bad },
  { id: '9112 5.2: a folded field', says: `X: y\r\n z\r\n${CL}`, want: bad },
  { id: '9112 5.1: a space before the colon', says: `X : y\r\n${CL}`, want: bad },
  { id: '9112 5: no colon', says: `X\r\n${CL}`, want: bad },
  { id: '9112 5: no name', says: `: y\r\n${CL}`, want: bad },
  { id: '9112 5: a space in a name', says: `X Y: z\r\n${CL}`, want: bad },
  { id: '9112 5: a space before the first field', says: ` X: y\r\n${CL}`, want: bad },
  { id: '9110 5.5: a NUL in a value', says: `X: y\0z\r\n${CL}`, want: bad },
  { id: '9110 5.5: DEL in a value', says: `X: y\x7f\r\n${CL}`, want: bad },
  ...[
    ['another protocol', 'SSH-2.0-x\r\n'],
    ['HTTP/2.0', `HTTP/2.0 200 OK\r\n${CL}`],
    ['HTTP/0.9', 'hello'],
    ['small letters', `http/1.1 200 OK\r\n${CL}`],
    ['HTTP/1.2', `HTTP/1.2 200 OK\r\n${CL}`],
    ['status 99', `HTTP/1.1 099 OK\r\n${CL}`],
    ['status 600', `HTTP/1.1 600 OK\r\n${CL}`],
    ['a status of four digits', `HTTP/1.1 2000 OK\r\n${CL}`],
    ['a status of two digits', `HTTP/1.1 20 OK\r\n${CL}`],
    ['a status that is no number', `HTTP/1.1 abc OK\r\n${CL}`],
    ['a negative status', `HTTP/1.1 -200 OK\r\n${CL}`],
    ['two spaces', `HTTP/1.1  200 OK\r\n${CL}`],
    ['a tab', `HTTP/1.1\t200 OK\r\n${CL}`],
    ['a control byte in the reason', `HTTP/1.1 200 O\x01K\r\n${CL}`],
    ['no status', `HTTP/1.1\r\n${CL}`],
  ].map(([what, says]): AnswerCase => ({
    id: `9112 4: a status line with ${what}`,
    says: `!${says}`,
    end: true,
    want: bad,
  })),
  { id: '9112 6.3: nothing at all', says: '!', end: true, want: bad },
  { id: '9112 8: a head that ends too early', says: 'Content-Le', end: true, want: bad },
  {
    id: '9112 6.3: a coding and a length',
    says: `Content-Length: 2\r\n${TE}2\r\nok\r\n0\r\n\r\n`,
    want: bad,
  },
  { id: '9112 6.3: two lengths', says: `Content-Length: 3\r\n${CL}`, want: bad },
  { id: '9112 6.3: two equal lengths', says: `Content-Length: 2\r\n${CL}`, want: bad },
  ...[
    '2, 2',
    '+2',
    '-2',
    '0x2',
    '2.0',
    '2 2',
    '',
    '99999999999999999999',
    '2\t',
    '\t2',
    '2;',
    '"2"',
    '\xb2',
  ].map((length): AnswerCase => ({
    id: `9110 8.6: the length ${JSON.stringify(length)}`,
    says: `Content-Length: ${length}\r\n\r\nok`,
    want: bad,
  })),
  ...[
    'gzip, chunked',
    'chunked, chunked',
    'identity',
    'gzip',
    'chunked\t',
    '\tchunked',
    'xchunked',
    'chunked;a',
    ',chunked',
    'chunked,',
    '',
    '"chunked"',
    '\xa0chunked',
    'chunked\x0b',
  ].map((coding): AnswerCase => ({
    id: `9112 6.1: the coding ${JSON.stringify(coding)}`,
    says: `Transfer-Encoding: ${coding}\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`,
    want: bad,
  })),
  { id: '9112 6.1: two codings', says: `Transfer-Encoding: chunked\r\n${TE}2\r\nok\r\n0\r\n\r\n`, want: bad },
  { id: '9112 6.1: a coding in HTTP/1.0', says: `!HTTP/1.0 200 OK\r\n${TE}2\r\nok\r\n0\r\n\r\n`, want: bad },
  {
    id: '9110 8.6: 204 with a length',
    says: '!HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok',
    want: bad,
  },
  { id: '9112 6.1: 204 with a coding', says: `!HTTP/1.1 204 No Content\r\n${TE}0\r\n\r\n`, want: bad },
  {
    id: '9110 8.6: 103 with a length',
    says: `!HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n${CL}`,
    want: bad,
  },
  {
    id: '9110 7.8: a switch of protocols that nobody asked for',
    says: '!HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nEVIL',
    want: bad,
  },
  {
    id: '9110 15.2: informational answers without end',
    says: `!${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50)}HTTP/1.1 200 OK\r\n${CL}`,
    want: bad,
  },
  { id: '6585 5: a head of 80 KB', says: `X: ${'y'.repeat(80_000)}\r\n${CL}`, want: bad },
  ...[
    ['no digits', '\r\nok\r\n0\r\n\r\n'],
    ['0x', '0x2\r\nok\r\n0\r\n\r\n'],
    ['a minus sign', '-2\r\nok\r\n0\r\n\r\n'],
    ['a space behind the size', '2 \r\nok\r\n0\r\n\r\n'],
    ['a space before the size', ' 2\r\nok\r\n0\r\n\r\n'],
    ['bare LF behind the size', '2\nok\r\n0\r\n\r\n'],
    ['bare LF behind the data', '2\r\nok\n0\r\n\r\n'],
    ['data longer than the size', '1\r\nok\r\n0\r\n\r\n'],
    ['a size of 64 bits', '10000000000000002\r\nok\r\n0\r\n\r\n'],
    ['an underscore', '2_0\r\nok\r\n0\r\n\r\n'],
    ['an extension with bare CR', '2;a\rb\r\nok\r\n0\r\n\r\n'],
    ['an extension without end', `2;${'a'.repeat(2000)}`],
    ['a trailer that is none', '2\r\nok\r\n0\r\nnothing\r\n\r\n'],
    ['a length in the trailers', '2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n'],
    ['a folded trailer', '2\r\nok\r\n0\r\nX: y\r\n z\r\n\r\n'],
    ['bare LF at the end', '2\r\nok\r\n0\r\n\n'],
  ].map(([what, bytes]): AnswerCase => ({
    id: `9112 7.1: chunks with ${what}`,
    says: TE + bytes,
    end: true,
    want: 'broken',
  })),
  {
    id: '9112 8: a body that ends too early',
    says: 'Content-Length: 9\r\n\r\nok',
    end: true,
    want: 'broken',
  },
  { id: '9112 8: chunks that end too early', says: `${TE}9\r\nok`, end: true, want: 'broken' },
  { id: '9112 8: chunks without the last', says: `${TE}2\r\nok\r\n`, end: true, want: 'broken' },
]

/** Runs all; gives what went wrong, by id. */
export async function judgeAnswers(): Promise<ReadonlyMap<string, string>> {
  let current: AnswerCase | undefined
  const rig = await openRig((request): Answer => {
    if (request.target !== '/case' || !current) return ordinaryAnswer(request)
    const { says, end } = current
    const bytes = says.startsWith('!') ? says.slice(1) : `HTTP/1.1 200 OK\r\n${says}`
    return { bytes, ...(end === true && { end }) }
  })
  const wrong = new Map<string, string>()
  try {
    for (const one of ANSWERS) {
      current = one
      const method = one.method ?? 'GET'
      const send = `${method} /case HTTP/1.1\r\n${HOST}\r\n`
      const got = await converse(rig.port, [send], { finals: 1, heads: [method] })
      // Whoever comes next over the same connections gets an answer of his own.
      const next = await converse(rig.port, [get('/probe') + get('/probe')], { finals: 2 })
      const reason = judge(one, got) ?? judgeNext(next)
      if (reason !== undefined)
        wrong.set(
          one.id,
          `${reason}; ${got.fault ?? ''} ${got.answers.map(({ start }) => start).join(' | ')} ${got.rest.slice(0, 200)}`,
        )
    }
  } finally {
    await rig.close()
  }
  return wrong
}

function judgeNext(next: Got): string | undefined {
  const bodies = next.answers.map(({ body }) => body).join()
  return bodies === 'ok,ok' ? undefined : `the next request got ${bodies}`
}

function judge({ want }: AnswerCase, got: Got): string | undefined {
  const answers = got.answers.map((answer) => ({ ...answer, status: Number(answer.start.slice(9, 12)) }))
  const finals = answers.filter(({ status }) => status >= 200)
  if (want === 'broken') {
    if (finals.length > 0) return `a whole answer: ${JSON.stringify(finals[0]?.body)}`
    return got.closed ? undefined : 'not closed'
  }
  const [final, ...more] = finals
  if (got.fault !== undefined) return got.fault
  if (final === undefined || more.length > 0 || got.rest !== '') return `${finals.length} answers`
  if (final.status !== want.status) return `status ${final.status}`
  if (want.body !== undefined && final.body !== want.body) return `the body ${JSON.stringify(final.body)}`
  const informed = answers.filter(({ status }) => status < 200).map(({ status }) => status)
  if (informed.join() !== (want.informed ?? []).join()) return `informed with ${informed.join()}`
  const trailers = final.trailers.map(([name, value]) => `${name}: ${value}`)
  if (trailers.join() !== (want.trailers ?? []).join()) return `the trailers ${trailers.join()}`
  const fields = final.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  const missing = (want.has ?? []).find(([name, value]) => !fields.includes(`${name}: ${value}`))
  if (missing) return `no ${missing.join(': ')} among ${fields.join(' | ')}`
  const extra = (want.hasNot ?? []).find((name) => fields.some((field) => field.startsWith(`${name}:`)))
  return extra === undefined ? undefined : `the field ${extra}`
}
