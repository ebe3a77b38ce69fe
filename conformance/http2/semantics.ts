import { ALIVE, COMPRESSION, data, type FrameCase, get, headers, MALFORMED, OK, post } from './cases.ts'
import { CODE, FLAG, frame, SETTING, settings, TYPE, u32 } from './frames.ts'
import * as hpack from './hpack.ts'

type Fields = readonly (readonly [string, string])[]
const { block, request } = hpack
const M = [':method', 'GET'] as const
const S = [':scheme', 'https'] as const
const P = [':path', '/a'] as const
const A = [':authority', 'a.test'] as const
const of = (...fields: Fields): readonly Buffer[] => [headers(1, block(...fields))]
const withField = (name: string, value = 'x'): readonly Buffer[] => [headers(1, request([[name, value]]))]
const raw = (bytes: Uint8Array): readonly Buffer[] => [headers(1, Buffer.concat([request(), bytes]))]
const seen = (has: Fields) => ({ status: 200, seen: { target: '/a', has } })
const calm = [
  CODE.ENHANCE_YOUR_CALM,
  CODE.INTERNAL_ERROR,
  CODE.PROTOCOL_ERROR,
  CODE.NO_ERROR,
  CODE.COMPRESSION_ERROR,
]

/** RFC 9113 8, RFC 8441, RFC 7541, and floods: requests, their fields, their compression, and too much of anything. */
export const SEMANTICS: readonly FrameCase[] = [
  {
    id: '9113 8.1: a body',
    send: [post(), data(1, 'ok')],
    want: { status: 200, seen: { method: 'POST', target: '/p', body: 'ok' } },
  },
  {
    id: '9113 8.1: trailers are dropped',
    send: [post(), data(1, 'ok', 0), headers(1, block(['x-late', '1']))],
    want: { status: 200, seen: { body: 'ok' } },
  },
  {
    id: '9113 8.1: a second HEADERS that does not end the stream',
    send: [post(), data(1, 'ok', 0), headers(1, block(['x', '1']), 0)],
    want: MALFORMED,
  },
  {
    id: '9113 8.1: a pseudo-field in the trailers',
    send: [post(), data(1, 'ok', 0), headers(1, block(M))],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length',
    send: [post(1, [['content-length', '2']]), data(1, 'ok')],
    want: { status: 200, seen: { body: 'ok' } },
  },
  {
    id: '9113 8.1.1: a length that is too large',
    send: [post(1, [['content-length', '3']]), data(1, 'ok')],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length that is too small',
    send: [post(1, [['content-length', '1']]), data(1, 'ok')],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length over several DATA that is too small',
    send: [post(1, [['content-length', '1']]), data(1, 'o', 0), data(1, 'k')],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length and no DATA',
    send: [headers(1, request([['content-length', '2']], 'POST'))],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: two lengths',
    send: [
      post(1, [
        ['content-length', '2'],
        ['content-length', '3'],
      ]),
      data(1, 'ok'),
    ],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length that is no number',
    send: [post(1, [['content-length', '0x2']]), data(1, 'ok')],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length with a sign',
    send: [post(1, [['content-length', '+2']]), data(1, 'ok')],
    want: MALFORMED,
  },
  {
    id: '9113 8.1.1: a length that is a list',
    send: [post(1, [['content-length', '2, 2']]), data(1, 'ok')],
    want: MALFORMED,
  },
  { id: '9110 9.3.1: GET with a body', send: [headers(1, request(), 0), data(1, 'ok')], want: MALFORMED },
  {
    id: '9110 9.3.2: HEAD with a body',
    send: [headers(1, request([], 'HEAD'), 0), data(1, 'ok')],
    want: MALFORMED,
  },

  { id: '9113 8.2: a name in capitals', send: withField('X'), want: MALFORMED },
  { id: '9113 8.2: one capital', send: withField('x-Y'), want: MALFORMED },
  { id: '9113 8.2.1: a space in a name', send: withField('x y'), want: MALFORMED },
  { id: '9113 8.2.1: a colon in a name', send: withField('x:y'), want: MALFORMED },
  { id: '9113 8.2.1: a NUL in a name', send: withField('x\0y'), want: MALFORMED },
  { id: '9113 8.2.1: a line end in a name', send: withField('x\r\ny'), want: MALFORMED },
  { id: '9113 8.2.1: a byte above 127 in a name', send: withField('x\xe4'), want: MALFORMED },
  { id: '9113 8.2.1: DEL in a name', send: withField('x\x7f'), want: MALFORMED },
  { id: '9113 8.2.1: an empty name', send: withField(''), want: MALFORMED },
  { id: '9113 8.2.1: an underscore in a name', send: withField('x_y'), want: MALFORMED },
  { id: '9113 8.2.1: a NUL in a value', send: withField('x', 'a\0b'), want: MALFORMED },
  { id: '9113 8.2.1: CR in a value', send: withField('x', 'a\rb'), want: MALFORMED },
  { id: '9113 8.2.1: LF in a value', send: withField('x', 'a\nb'), want: MALFORMED },
  {
    id: '9113 8.2.1: a request in a value',
    send: withField('x', 'a\r\n\r\nGET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n'),
    want: MALFORMED,
  },
  { id: '9113 8.2.1: a space at the beginning of a value', send: withField('x', ' a'), want: MALFORMED },
  { id: '9113 8.2.1: a space at the end of a value', send: withField('x', 'a '), want: MALFORMED },
  { id: '9113 8.2.1: a tab at the end of a value', send: withField('x', 'a\t'), want: MALFORMED },
  {
    id: '9113 8.2.1: bytes above 127 in a value',
    send: withField('x', '\xe4\xa0y'),
    want: seen([['x', '\xe4\xa0y']]),
  },
  { id: '9113 8.2.1: a tab inside a value', send: withField('x', 'a\tb'), want: seen([['x', 'a\tb']]) },
  { id: '9113 8.2.1: an empty value', send: withField('x', ''), want: seen([['x', '']]) },
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(
    (name): FrameCase => ({
      id: `9113 8.2.2: the field ${name}`,
      send: withField(name, name === 'transfer-encoding' ? 'chunked' : 'close'),
      want: MALFORMED,
    }),
  ),
  { id: '9113 8.2.2: te: trailers', send: withField('te', 'trailers'), want: OK },
  { id: '9113 8.2.2: te: gzip', send: withField('te', 'gzip'), want: MALFORMED },
  { id: '9113 8.2.2: te: trailers, deflate', send: withField('te', 'trailers, deflate'), want: MALFORMED },
  {
    id: '9113 8.2.3: crumbs of a cookie become one field',
    send: [
      headers(
        1,
        request([
          ['cookie', 'a=1'],
          ['cookie', 'b=2'],
          ['x', 'y'],
          ['cookie', 'c=3'],
        ]),
      ),
    ],
    want: seen([
      ['cookie', 'a=1; b=2; c=3'],
      ['x', 'y'],
    ]),
  },
  {
    id: '9110 5.3: order and repetition are kept',
    send: [
      headers(
        1,
        request([
          ['b', '2'],
          ['a', '1'],
          ['b', '3'],
        ]),
      ),
    ],
    want: seen([
      ['b', '2'],
      ['a', '1'],
      ['b', '3'],
    ]),
  },
  {
    id: '9110 7.6.1: fields of our own name do not get through',
    send: withField('ringwall-subject', 'root'),
    want: OK,
  },
  {
    id: '9110 10.1.1: another expectation',
    send: [post(1, [['expect', 'y']]), data(1, 'ok')],
    want: MALFORMED,
  },

  { id: '9113 8.3: an unknown pseudo-field', send: of(M, S, P, A, [':x', 'y']), want: MALFORMED },
  { id: '9113 8.3: :status in a request', send: of(M, S, P, A, [':status', '200']), want: MALFORMED },
  {
    id: '9113 8.3: a pseudo-field behind an ordinary one',
    send: of(M, S, P, ['x', 'y'], A),
    want: MALFORMED,
  },
  { id: '9113 8.3.1: no :method', send: of(S, P, A), want: MALFORMED },
  { id: '9113 8.3.1: no :scheme', send: of(M, P, A), want: MALFORMED },
  { id: '9113 8.3.1: no :path', send: of(M, S, A), want: MALFORMED },
  { id: '9113 8.3.1: an empty :path', send: of(M, S, [':path', ''], A), want: MALFORMED },
  { id: '9113 8.3.1: two :method', send: of(M, M, S, P, A), want: MALFORMED },
  { id: '9113 8.3.1: two :scheme', send: of(M, S, S, P, A), want: MALFORMED },
  { id: '9113 8.3.1: two :path', send: of(M, S, P, P, A), want: MALFORMED },
  { id: '9113 8.3.1: two :authority', send: of(M, S, P, A, A), want: MALFORMED },
  { id: '9113 8.3.1: a method in small letters', send: of([':method', 'get'], S, P, A), want: MALFORMED },
  { id: '9113 8.3.1: a method with a space', send: of([':method', 'GET /evil'], S, P, A), want: MALFORMED },
  {
    id: '9113 8.3.1: a method with a line end',
    send: of([':method', 'GET\r\nX: y'], S, P, A),
    want: MALFORMED,
  },
  { id: '9113 8.3.1: TRACE', send: of([':method', 'TRACE'], S, P, A), want: MALFORMED },
  { id: '9113 8.3.1: a path without a slash', send: of(M, S, [':path', 'a'], A), want: MALFORMED },
  {
    id: '9113 8.3.1: an absolute URL as :path',
    send: of(M, S, [':path', 'https://a.test/a'], A),
    want: MALFORMED,
  },
  { id: '9113 8.3.1: * as :path of GET', send: of(M, S, [':path', '*'], A), want: MALFORMED },
  { id: '9113 8.3.1: a path with a space', send: of(M, S, [':path', '/a HTTP/1.1'], A), want: MALFORMED },
  { id: '9113 8.3.1: a path with a line end', send: of(M, S, [':path', '/a\r\nX: y'], A), want: MALFORMED },
  { id: '9113 8.3.1: a path with a fragment', send: of(M, S, [':path', '/a#b'], A), want: MALFORMED },
  { id: '9113 8.3.1: a path with dot segments', send: of(M, S, [':path', '/a/../b'], A), want: MALFORMED },
  { id: '9113 8.3.1: a path with an encoded slash', send: of(M, S, [':path', '/a%2fb'], A), want: MALFORMED },
  {
    id: '9113 8.3.1: Host in place of :authority',
    send: of(M, S, P, ['host', 'b.test']),
    want: seen([['host', 'b.test']]),
  },
  {
    id: '9113 8.3.1: Host beside the same :authority',
    send: of(M, S, P, A, ['host', 'a.test']),
    want: seen([['host', 'a.test']]),
  },
  {
    id: '9113 8.3.1: Host beside another :authority',
    send: of(M, S, P, A, ['host', 'b.test']),
    want: MALFORMED,
  },
  { id: '9113 8.3.1: two Hosts', send: of(M, S, P, ['host', 'a.test'], ['host', 'b.test']), want: MALFORMED },
  { id: '9113 8.3.1: neither Host nor :authority', send: of(M, S, P), want: MALFORMED },
  { id: '9113 8.3.1: an empty :authority', send: of(M, S, P, [':authority', '']), want: MALFORMED },
  { id: '9113 8.3.1: a user in :authority', send: of(M, S, P, [':authority', 'u@a.test']), want: MALFORMED },
  { id: '9113 8.3.1: a path in :authority', send: of(M, S, P, [':authority', 'a.test/b']), want: MALFORMED },
  { id: '9113 8.3.1: another scheme', send: of(M, [':scheme', 'ftp'], P, A), want: MALFORMED },
  {
    id: '9113 8.3.1: a scheme with a path',
    send: of(M, [':scheme', 'https://a.test/?'], P, A),
    want: MALFORMED,
  },
  { id: '9113 8.5: CONNECT', send: of([':method', 'CONNECT'], [':authority', 'a.test:80']), want: MALFORMED },
  { id: '9113 8.5: CONNECT with a path', send: of([':method', 'CONNECT'], S, P, A), want: MALFORMED },
  {
    id: '8441 4: an extended CONNECT for another protocol',
    send: [headers(1, block([':method', 'CONNECT'], [':protocol', 'x'], S, P, A), 0)],
    want: MALFORMED,
  },
  {
    id: '8441 4: an extended CONNECT without :path',
    send: [headers(1, block([':method', 'CONNECT'], [':protocol', 'websocket'], S, A), 0)],
    want: MALFORMED,
  },
  { id: '8441 4: :protocol with GET', send: of(M, [':protocol', 'websocket'], S, P, A), want: MALFORMED },
  {
    id: '8441 5: a WebSocket',
    send: [
      headers(
        1,
        block([':method', 'CONNECT'], [':protocol', 'websocket'], S, [':path', '/ws'], A, [
          'sec-websocket-version',
          '13',
        ]),
        0,
      ),
    ],
    want: { status: 200, seen: { method: 'GET', target: '/ws', has: [['upgrade', 'websocket']] } },
  },

  { id: '7541 2.3.3: index 0', send: raw(Buffer.from([0x80])), want: COMPRESSION },
  { id: '7541 2.3.3: an index beyond the tables', send: raw(hpack.indexed(70)), want: COMPRESSION },
  { id: '7541 2.3.3: a name from beyond the tables', send: raw(hpack.named(70, 'x')), want: COMPRESSION },
  {
    id: '7541 2.3.2: an entry of the dynamic table is used again',
    send: [
      headers(1, Buffer.concat([request(), hpack.indexing('x', 'y')])),
      100,
      headers(3, Buffer.concat([request(), hpack.indexed(62)])),
    ],
    want: { status: 200, stream: 3, seen: { has: [['x', 'y']] } },
  },
  {
    id: '7541 4.2: a smaller table at the beginning',
    send: [headers(1, Buffer.concat([hpack.tableSize(100), request()]))],
    want: OK,
  },
  {
    id: '7541 4.2: two sizes at the beginning',
    send: [headers(1, Buffer.concat([hpack.tableSize(0), hpack.tableSize(4096), request()]))],
    want: OK,
  },
  { id: '7541 4.2: a size behind the first field', send: raw(hpack.tableSize(100)), want: COMPRESSION },
  {
    id: '7541 6.3: a table larger than allowed',
    send: [headers(1, Buffer.concat([hpack.tableSize(4097), request()]))],
    want: COMPRESSION,
  },
  {
    id: '7541 4.3: entries that were driven out are gone',
    send: [
      headers(1, Buffer.concat([request(), hpack.indexing('x', 'y')])),
      100,
      headers(3, Buffer.concat([hpack.tableSize(0), request(), hpack.indexed(62)])),
    ],
    want: COMPRESSION,
  },
  {
    id: '7541 5.1: an integer without end',
    send: raw(Buffer.concat([Buffer.from([0xff]), Buffer.alloc(20, 0xff)])),
    want: COMPRESSION,
  },
  {
    id: '7541 5.1: an integer that ends with the block',
    send: raw(Buffer.from([0xff, 0x80])),
    want: COMPRESSION,
  },
  {
    id: '7541 5.2: a string longer than the block',
    send: raw(Buffer.from([0, 0x7f, 0x20, 0x61])),
    want: COMPRESSION,
  },
  {
    id: '7541 5.2: a name without a value',
    send: raw(Buffer.concat([Buffer.from([0]), hpack.text('x')])),
    want: COMPRESSION,
  },
  {
    id: '7541 5.2: Huffman coding in order',
    send: raw(hpack.huffmanValue('x', Buffer.from([0x1f]))),
    want: seen([['x', 'a']]),
  },
  {
    id: '7541 5.2: padding of more than seven bits',
    send: raw(hpack.huffmanValue('x', Buffer.from([0x1f, 0xff]))),
    want: COMPRESSION,
  },
  {
    id: '7541 5.2: padding with zeros',
    send: raw(hpack.huffmanValue('x', Buffer.from([0x18]))),
    want: COMPRESSION,
  },
  {
    id: '7541 5.2: the end of strings in a string',
    send: raw(hpack.huffmanValue('x', Buffer.from([0xff, 0xff, 0xff, 0xff]))),
    want: COMPRESSION,
  },
  {
    id: '7541 6.2.3: a field that is never indexed',
    send: raw(hpack.neverIndexed('x', 'y')),
    want: seen([['x', 'y']]),
  },
  {
    id: '7541 6.2.2: a name of the static table',
    send: raw(hpack.named(58, 'me')),
    want: seen([['user-agent', 'me']]),
  },

  {
    id: 'CVE-2023-44487: 500 streams that are reset at once',
    send: Array.from({ length: 500 }, (_, i) =>
      Buffer.concat([get(1 + 2 * i), frame(TYPE.RST_STREAM, 0, 1 + 2 * i, u32(CODE.CANCEL))]),
    ),
    want: { goaway: calm },
  },
  {
    id: 'CVE-2024-27983: CONTINUATION without end',
    send: [
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, request()),
      ...Array.from({ length: 2000 }, () => frame(TYPE.CONTINUATION, 0, 1, block(['x', 'y'.repeat(100)]))),
    ],
    want: { goaway: calm },
  },
  {
    id: 'CVE-2019-9512: 500 PINGs',
    send: [Buffer.concat(Array.from({ length: 500 }, () => frame(TYPE.PING, 0, 0, Buffer.alloc(8))))],
    want: { goaway: calm },
  },
  {
    id: 'CVE-2019-9515: 200 SETTINGS',
    send: [Buffer.concat(Array.from({ length: 200 }, () => settings([SETTING.INITIAL_WINDOW_SIZE, 65_535])))],
    want: { goaway: calm },
  },
  {
    id: 'CVE-2019-9516: names and values of no length',
    send: [
      headers(1, Buffer.concat([request(), ...Array.from({ length: 1000 }, () => hpack.literal('', ''))])),
    ],
    want: { reset: [CODE.ENHANCE_YOUR_CALM, CODE.PROTOCOL_ERROR, CODE.INTERNAL_ERROR] },
  },
  {
    id: '9113 10.5.1: 150 fields',
    send: [headers(1, request(Array.from({ length: 150 }, (_, i) => [`x${i}`, 'y'] as const)))],
    want: MALFORMED,
  },
  {
    id: '9113 10.5.1: fields of 40 KB',
    send: [
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, request()),
      frame(TYPE.CONTINUATION, 0, 1, block(['x', 'y'.repeat(16_000)])),
      frame(TYPE.CONTINUATION, 0, 1, block(['x', 'y'.repeat(16_000)])),
      frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, block(['x', 'y'.repeat(10_000)])),
    ],
    want: MALFORMED,
  },
  {
    id: '9113 10.5: a small block that unpacks to 3 MB',
    send: [
      headers(1, Buffer.concat([request(), hpack.indexing('x', 'y'.repeat(3900))])),
      100,
      headers(3, Buffer.concat([request(), ...Array.from({ length: 800 }, () => hpack.indexed(62))])),
    ],
    want: { reset: [CODE.ENHANCE_YOUR_CALM, CODE.PROTOCOL_ERROR, CODE.INTERNAL_ERROR], stream: 3 },
  },
  {
    id: 'CVE-2019-9513: 2,000 changes of priority cost nothing',
    send: [
      Buffer.concat(
        Array.from({ length: 2000 }, (_, i) =>
          frame(TYPE.PRIORITY, 0, 1 + 2 * (i % 50), Buffer.concat([u32(0), Buffer.from([i % 255])])),
        ),
      ),
      get(201),
    ],
    want: { status: 200, stream: 201 },
  },
  {
    id: '9113 6.9: 2,000 updates of a window are counted and answered',
    send: [Buffer.concat(Array.from({ length: 2000 }, () => frame(TYPE.WINDOW_UPDATE, 0, 0, u32(1)))), get()],
    want: OK,
  },
  {
    id: 'CVE-2019-9518: 2,000 empty DATA',
    send: [post(), Buffer.concat(Array.from({ length: 2000 }, () => data(1, '', 0)))],
    want: { goaway: calm },
  },
  {
    id: '9113 6.5.3: every SETTINGS is acknowledged',
    send: [settings([SETTING.MAX_CONCURRENT_STREAMS, 5])],
    want: ALIVE,
  },
]
