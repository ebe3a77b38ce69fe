import { ALIVE, data, type FrameCase, get, headers, OK, post, PROTOCOL, SIZE } from './cases.ts'
import { CODE, FLAG, frame, PREFACE, SETTING, settings, TYPE, u32 } from './frames.ts'
import { request } from './hpack.ts'

const bytes = (length: number, fill = 0): Buffer => Buffer.alloc(length, fill)
const rst = (stream: number, code: number = CODE.CANCEL): Buffer =>
  frame(TYPE.RST_STREAM, 0, stream, u32(code))
const update = (stream: number, by: number): Buffer => frame(TYPE.WINDOW_UPDATE, 0, stream, u32(by))
const priority = (stream: number, on: number): Buffer =>
  frame(TYPE.PRIORITY, 0, stream, Buffer.concat([u32(on), Buffer.from([15])]))
const closedStream = [CODE.STREAM_CLOSED]
const whole = request()
const [first, second] = [whole.subarray(0, 10), whole.subarray(10)]

/** RFC 9113 3 to 7: frames, streams and connections. */
export const CONNECTION: readonly FrameCase[] = [
  { id: '9113 3.4: a greeting in order', send: [get()], want: OK },
  {
    id: '9113 3.4: the preface in pieces',
    raw: true,
    send: [PREFACE.subarray(0, 5), 20, PREFACE.subarray(5), settings(), get()],
    want: OK,
  },
  {
    id: '9113 3.4: another preface',
    raw: true,
    send: [Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), settings()],
    want: PROTOCOL,
  },
  {
    id: '9113 3.4: a request of HTTP/1.1',
    raw: true,
    send: [Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')],
    want: PROTOCOL,
  },
  {
    id: '9113 3.4: no SETTINGS behind the preface',
    raw: true,
    send: [PREFACE, frame(TYPE.PING, 0, 0, bytes(8))],
    want: PROTOCOL,
  },
  { id: '9113 3.4: HEADERS before SETTINGS', raw: true, send: [PREFACE, get()], want: PROTOCOL },
  {
    id: '9113 3.4: an acknowledgement as the first SETTINGS',
    raw: true,
    send: [PREFACE, frame(TYPE.SETTINGS, FLAG.ACK, 0)],
    want: PROTOCOL,
  },

  {
    id: '9113 4.1: a frame of an unknown type is ignored',
    send: [frame(0xee, 0xff, 1, bytes(5)), get()],
    want: OK,
  },
  {
    id: '9113 4.1: a frame of an unknown type on stream 0',
    send: [frame(0xee, 0, 0, bytes(5)), get()],
    want: OK,
  },
  { id: '9113 4.1: unknown flags are ignored', send: [frame(TYPE.PING, 0xfe, 0, bytes(8)), get()], want: OK },
  {
    id: '9113 4.1: the reserved bit is ignored',
    send: [frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 0x8000_0001, whole)],
    want: OK,
  },
  {
    id: '9113 4.2: DATA of the largest size',
    send: [post(), data(1, 'x'.repeat(16_384))],
    want: { status: 200, seen: { body: 'x'.repeat(16_384) } },
  },
  {
    id: '9113 4.2: DATA beyond the largest size',
    send: [post(), data(1, 'x'.repeat(16_385))],
    want: { reset: [CODE.FRAME_SIZE_ERROR] },
  },
  {
    id: '9113 4.2: HEADERS beyond the largest size',
    send: [headers(1, Buffer.concat([whole, bytes(16_384)]))],
    want: SIZE,
  },
  { id: '9113 4.2: a frame of 16 MB', send: [frame(TYPE.DATA, 0, 1, bytes(100), 0xff_ffff)], want: SIZE },
  {
    id: '9113 4.2: an unknown frame beyond the largest size',
    send: [frame(0xee, 0, 0, bytes(20_000))],
    want: SIZE,
  },
  {
    id: '9113 4.3: PRIORITY inside a block',
    send: [
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, first),
      priority(3, 0),
      frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, second),
    ],
    want: PROTOCOL,
  },
  {
    id: '9113 4.3: DATA inside a block',
    send: [frame(TYPE.HEADERS, 0, 1, first), data(1, 'x')],
    want: PROTOCOL,
  },
  {
    id: '9113 4.3: another HEADERS inside a block',
    send: [frame(TYPE.HEADERS, FLAG.END_STREAM, 1, first), get(3)],
    want: PROTOCOL,
  },
  {
    id: '9113 4.3: PING inside a block',
    send: [frame(TYPE.HEADERS, FLAG.END_STREAM, 1, first), frame(TYPE.PING, 0, 0, bytes(8))],
    want: PROTOCOL,
  },
  {
    id: '9113 5.5: an unknown frame inside a block',
    send: [
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, first),
      frame(0xee, 0, 1),
      frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, second),
    ],
    want: PROTOCOL,
  },
  {
    id: '9113 4.3: CONTINUATION of another stream',
    send: [
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, first),
      frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 3, second),
    ],
    want: PROTOCOL,
  },

  { id: '9113 5.1: DATA on an idle stream', send: [data(1, 'x')], want: PROTOCOL },
  { id: '9113 5.1: RST_STREAM on an idle stream', send: [rst(1)], want: PROTOCOL },
  { id: '9113 5.1: WINDOW_UPDATE on an idle stream', send: [update(1, 100)], want: PROTOCOL },
  {
    id: '9113 5.1: CONTINUATION on an idle stream',
    send: [frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, whole)],
    want: PROTOCOL,
  },
  {
    id: '9113 5.1: PRIORITY on an idle stream',
    send: [priority(1, 0), get(3)],
    want: { status: 200, stream: 3 },
  },
  {
    id: '9113 5.1: DATA on a stream that the client has ended',
    send: [get(), data(1, 'x')],
    want: { reset: closedStream },
  },
  {
    id: '9113 5.1: HEADERS on a stream that the client has ended',
    send: [get(), get()],
    want: { reset: closedStream },
  },
  {
    id: '9113 5.1: CONTINUATION on a stream that the client has ended',
    send: [get(), frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, first)],
    want: PROTOCOL,
  },
  {
    id: '9113 5.1: WINDOW_UPDATE on a stream that the client has ended',
    send: [get(), update(1, 100)],
    want: OK,
  },
  { id: '9113 5.1: PRIORITY on a stream that the client has ended', send: [get(), priority(1, 0)], want: OK },
  {
    id: '9113 5.1: DATA on a stream that the client has reset',
    send: [post(), rst(1), 100, data(1, 'x')],
    want: { reset: closedStream },
  },
  {
    id: '9113 5.1: HEADERS on a stream that the client has reset',
    send: [post(), rst(1), 100, get()],
    want: { reset: closedStream },
  },
  {
    id: '9113 5.1: CONTINUATION on a stream that the client has reset',
    send: [post(), rst(1), 100, frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, first)],
    want: PROTOCOL,
  },
  {
    id: '9113 5.1: WINDOW_UPDATE on a closed stream',
    send: [get(), 300, update(1, 100), get(3)],
    want: { status: 200, stream: 3 },
  },
  {
    id: '9113 5.1: RST_STREAM on a closed stream',
    send: [get(), 300, rst(1), get(3)],
    want: { status: 200, stream: 3 },
  },
  {
    id: '9113 5.1: PRIORITY on a closed stream',
    send: [get(), 300, priority(1, 0), get(3)],
    want: { status: 200, stream: 3 },
  },
  {
    id: '9113 5.1: DATA on a closed stream',
    send: [get(), 300, data(1, 'x')],
    want: { reset: closedStream },
  },
  {
    id: '9113 5.1: HEADERS on a closed stream',
    send: [get(), 300, get()],
    want: { goaway: [CODE.STREAM_CLOSED, CODE.PROTOCOL_ERROR] },
  },
  {
    id: '9113 5.1: CONTINUATION on a closed stream',
    send: [get(), 300, frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, first)],
    want: PROTOCOL,
  },
  { id: '9113 5.1.1: HEADERS on stream 0', send: [headers(0, whole)], want: PROTOCOL },
  { id: '9113 5.1.1: a stream with an even number', send: [get(2)], want: PROTOCOL },
  {
    id: '9113 5.1.1: a stream with a smaller number than the last',
    send: [get(5), 300, get(3)],
    want: PROTOCOL,
  },
  { id: '9113 5.1.1: numbers may be left out', send: [get(101)], want: { status: 200, stream: 101 } },
  {
    id: '9113 5.1.2: more streams at once than allowed',
    send: Array.from({ length: 130 }, (_, i) => post(1 + 2 * i)),
    want: { reset: [CODE.PROTOCOL_ERROR, CODE.REFUSED_STREAM, CODE.ENHANCE_YOUR_CALM], stream: 201 },
  },
  {
    id: '9113 5.3.2: HEADERS with priority',
    send: [
      frame(
        TYPE.HEADERS,
        FLAG.END_HEADERS | FLAG.END_STREAM | FLAG.PRIORITY,
        1,
        Buffer.concat([u32(0x8000_0000), Buffer.from([255]), whole]),
      ),
    ],
    want: OK,
  },
  {
    id: '9113 5.3.2: PRIORITY changes nothing',
    send: [priority(1, 3), priority(3, 1), get(5)],
    want: { status: 200, stream: 5 },
  },
  {
    id: '9113 5.4.1: an unknown code in RST_STREAM',
    send: [post(), rst(1, 0xff), get(3)],
    want: { status: 200, stream: 3 },
  },

  { id: '9113 6.1: DATA on stream 0', send: [post(), data(0, 'x')], want: PROTOCOL },
  {
    id: '9113 6.1: DATA with padding',
    send: [post(), frame(TYPE.DATA, FLAG.END_STREAM | FLAG.PADDED, 1, Buffer.from('\x03okabc', 'latin1'))],
    want: { status: 200, seen: { body: 'ok' } },
  },
  {
    id: '9113 6.1: DATA that is all padding',
    send: [post(), frame(TYPE.DATA, FLAG.END_STREAM | FLAG.PADDED, 1, Buffer.from('\x03abc', 'latin1'))],
    want: { status: 200, seen: { body: '' } },
  },
  {
    id: '9113 6.1: padding as long as the frame',
    send: [post(), frame(TYPE.DATA, FLAG.END_STREAM | FLAG.PADDED, 1, Buffer.from('\x04abc', 'latin1'))],
    want: PROTOCOL,
  },
  {
    id: '9113 6.1: padding longer than the frame',
    send: [post(), frame(TYPE.DATA, FLAG.END_STREAM | FLAG.PADDED, 1, Buffer.from('\xffabc', 'latin1'))],
    want: PROTOCOL,
  },
  {
    id: '9113 6.1: PADDED without a length of padding',
    send: [post(), frame(TYPE.DATA, FLAG.END_STREAM | FLAG.PADDED, 1)],
    want: { goaway: [CODE.PROTOCOL_ERROR, CODE.FRAME_SIZE_ERROR] },
  },
  {
    id: '9113 6.1: empty DATA',
    send: [post(), data(1, '', 0), data(1, 'ok', 0), data(1, '')],
    want: { status: 200, seen: { body: 'ok' } },
  },
  {
    id: '9113 6.2: HEADERS with padding',
    send: [
      frame(
        TYPE.HEADERS,
        FLAG.END_HEADERS | FLAG.END_STREAM | FLAG.PADDED,
        1,
        Buffer.concat([Buffer.from([2]), whole, bytes(2)]),
      ),
    ],
    want: OK,
  },
  {
    id: '9113 6.2: padding of HEADERS longer than the frame',
    send: [
      frame(
        TYPE.HEADERS,
        FLAG.END_HEADERS | FLAG.END_STREAM | FLAG.PADDED,
        1,
        Buffer.concat([Buffer.from([250]), whole]),
      ),
    ],
    want: PROTOCOL,
  },
  {
    id: '9113 6.2: HEADERS with priority that is too short',
    send: [frame(TYPE.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM | FLAG.PRIORITY, 1, bytes(3))],
    want: { goaway: [CODE.FRAME_SIZE_ERROR, CODE.PROTOCOL_ERROR] },
  },
  { id: '9113 6.3: PRIORITY on stream 0', send: [priority(0, 1)], want: PROTOCOL },
  {
    id: '9113 6.3: PRIORITY of 4 bytes',
    send: [post(), frame(TYPE.PRIORITY, 0, 1, bytes(4))],
    want: { reset: [CODE.FRAME_SIZE_ERROR] },
  },
  {
    id: '9113 6.3: PRIORITY of 6 bytes',
    send: [post(), frame(TYPE.PRIORITY, 0, 1, bytes(6))],
    want: { reset: [CODE.FRAME_SIZE_ERROR] },
  },
  { id: '9113 6.4: RST_STREAM on stream 0', send: [rst(0)], want: PROTOCOL },
  {
    id: '9113 6.4: RST_STREAM of 3 bytes',
    send: [post(), frame(TYPE.RST_STREAM, 0, 1, bytes(3))],
    want: SIZE,
  },
  {
    id: '9113 6.4: RST_STREAM of 5 bytes',
    send: [post(), frame(TYPE.RST_STREAM, 0, 1, bytes(5))],
    want: SIZE,
  },
  { id: '9113 6.5: SETTINGS on a stream', send: [frame(TYPE.SETTINGS, 0, 1)], want: PROTOCOL },
  {
    id: '9113 6.5: an acknowledgement with a payload',
    send: [frame(TYPE.SETTINGS, FLAG.ACK, 0, bytes(6))],
    want: SIZE,
  },
  { id: '9113 6.5: SETTINGS of 5 bytes', send: [frame(TYPE.SETTINGS, 0, 0, bytes(5))], want: SIZE },
  { id: '9113 6.5: SETTINGS of 7 bytes', send: [frame(TYPE.SETTINGS, 0, 0, bytes(7))], want: SIZE },
  {
    id: '9113 6.5: an acknowledgement that nobody waits for',
    send: [frame(TYPE.SETTINGS, FLAG.ACK, 0), get()],
    want: { goaway: [CODE.PROTOCOL_ERROR] },
  },
  { id: '9113 6.5.2: ENABLE_PUSH of 2', send: [settings([SETTING.ENABLE_PUSH, 2])], want: PROTOCOL },
  { id: '9113 6.5.2: ENABLE_PUSH of 0', send: [settings([SETTING.ENABLE_PUSH, 0]), get()], want: OK },
  {
    id: '9113 6.5.2: a window beyond 2^31 - 1',
    send: [settings([SETTING.INITIAL_WINDOW_SIZE, 0x8000_0000])],
    want: { goaway: [CODE.FLOW_CONTROL_ERROR] },
  },
  {
    id: '9113 6.5.2: the largest window',
    send: [settings([SETTING.INITIAL_WINDOW_SIZE, 0x7fff_ffff]), get()],
    want: OK,
  },
  {
    id: '9113 6.5.2: frames smaller than 2^14',
    send: [settings([SETTING.MAX_FRAME_SIZE, 16_383])],
    want: PROTOCOL,
  },
  {
    id: '9113 6.5.2: frames larger than 2^24 - 1',
    send: [settings([SETTING.MAX_FRAME_SIZE, 0x100_0000])],
    want: PROTOCOL,
  },
  { id: '9113 6.5.2: an unknown setting is ignored', send: [settings([0xee, 1]), get()], want: OK },
  {
    id: '9113 6.5.2: ENABLE_CONNECT_PROTOCOL of 2',
    send: [settings([SETTING.ENABLE_CONNECT_PROTOCOL, 2])],
    want: PROTOCOL,
  },
  { id: '9113 6.5.2: a table of 0 bytes', send: [settings([SETTING.HEADER_TABLE_SIZE, 0]), get()], want: OK },
  {
    id: '9113 6.5.3: one setting twice, the last counts',
    send: [settings([SETTING.INITIAL_WINDOW_SIZE, 0], [SETTING.INITIAL_WINDOW_SIZE, 100]), get()],
    want: OK,
  },
  {
    id: '9113 6.6: PUSH_PROMISE of a client',
    send: [post(), frame(TYPE.PUSH_PROMISE, FLAG.END_HEADERS, 1, Buffer.concat([u32(2), whole]))],
    want: PROTOCOL,
  },
  { id: '9113 6.7: PING is answered', send: [], want: ALIVE },
  {
    id: '9113 6.7: an answer to no PING is ignored',
    send: [frame(TYPE.PING, FLAG.ACK, 0, bytes(8)), get()],
    want: OK,
  },
  { id: '9113 6.7: PING on a stream', send: [frame(TYPE.PING, 0, 1, bytes(8))], want: PROTOCOL },
  { id: '9113 6.7: PING of 7 bytes', send: [frame(TYPE.PING, 0, 0, bytes(7))], want: SIZE },
  { id: '9113 6.7: PING of 9 bytes', send: [frame(TYPE.PING, 0, 0, bytes(9))], want: SIZE },
  { id: '9113 6.8: GOAWAY on a stream', send: [frame(TYPE.GOAWAY, 0, 1, bytes(8))], want: PROTOCOL },
  { id: '9113 6.8: GOAWAY of 7 bytes', send: [frame(TYPE.GOAWAY, 0, 0, bytes(7))], want: SIZE },
  {
    id: '9113 6.8: GOAWAY behind a request lets it end',
    send: [get(), frame(TYPE.GOAWAY, 0, 0, bytes(8))],
    want: { goaway: [CODE.NO_ERROR] },
  },
  { id: '9113 6.9: a window of the connection that grows by 0', send: [update(0, 0)], want: PROTOCOL },
  {
    id: '9113 6.9: a window of a stream that grows by 0',
    send: [post(), update(1, 0)],
    want: { reset: [CODE.PROTOCOL_ERROR] },
  },
  { id: '9113 6.9: WINDOW_UPDATE of 3 bytes', send: [frame(TYPE.WINDOW_UPDATE, 0, 0, bytes(3))], want: SIZE },
  { id: '9113 6.9: WINDOW_UPDATE of 5 bytes', send: [frame(TYPE.WINDOW_UPDATE, 0, 0, bytes(5))], want: SIZE },
  {
    id: '9113 6.9.1: a window of the connection beyond 2^31 - 1',
    send: [update(0, 0x7fff_ffff), update(0, 0x7fff_ffff)],
    want: { goaway: [CODE.FLOW_CONTROL_ERROR] },
  },
  {
    id: '9113 6.9.1: a window of a stream beyond 2^31 - 1',
    send: [post(), update(1, 0x7fff_ffff), update(1, 0x7fff_ffff)],
    want: { reset: [CODE.FLOW_CONTROL_ERROR] },
  },
  {
    id: '9113 6.9.2: a new window that makes one of a stream overflow',
    send: [post(), update(1, 0x7fff_0000), settings([SETTING.INITIAL_WINDOW_SIZE, 0x7fff_ffff])],
    want: { goaway: [CODE.FLOW_CONTROL_ERROR] },
  },
  {
    id: '9113 6.9.1: more DATA than the window of the connection',
    send: [
      post(1),
      post(3),
      data(1, 'x'.repeat(16_384), 0),
      ...Array.from({ length: 40 }, () => data(3, 'x'.repeat(16_384), 0)),
    ],
    want: { goaway: [CODE.FLOW_CONTROL_ERROR] },
  },
  {
    id: '9113 6.10: CONTINUATION on stream 0',
    send: [frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 0, first)],
    want: PROTOCOL,
  },
  {
    id: '9113 6.10: a block in three frames',
    send: [
      frame(TYPE.HEADERS, FLAG.END_STREAM, 1, first),
      frame(TYPE.CONTINUATION, 0, 1, second.subarray(0, 4)),
      frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, second.subarray(4)),
    ],
    want: OK,
  },
  {
    id: '9113 6.10: an empty CONTINUATION',
    send: [frame(TYPE.HEADERS, FLAG.END_STREAM, 1, whole), frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1)],
    want: OK,
  },
  {
    id: '9113 6.10: CONTINUATION behind the end of its block',
    send: [post(), frame(TYPE.CONTINUATION, FLAG.END_HEADERS, 1, first)],
    want: PROTOCOL,
  },
]
