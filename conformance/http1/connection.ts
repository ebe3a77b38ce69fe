import { get, HOST, post, posted, type RequestCase } from './cases.ts'

const seen = (target: string, more: object = {}) => [{ method: 'GET', target, ...more }]
const ASKS =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n'

/** RFC 9110 5, 7.6, 7.8 and 10.1.1, RFC 9112 5 and 9, RFC 6455 4: fields, expectations, upgrades and connections. */
export const CONNECTION: readonly RequestCase[] = [
  {
    id: '9110 5.3: order and repetition are kept',
    send: get('/a', 'B: 2\r\na: 1\r\nB: 3\r\n'),
    accept: seen('/a', {
      has: [
        ['b', '2'],
        ['a', '1'],
        ['b', '3'],
      ],
    }),
  },
  {
    id: '9110 5.5: blanks around a value are not part of it',
    send: get('/a', 'X: \t y \t\r\n'),
    accept: seen('/a', { has: [['x', 'y']] }),
  },
  {
    id: '9110 5.5: a tab inside a value',
    send: get('/a', 'X: a\tb\r\n'),
    accept: seen('/a', { has: [['x', 'a\tb']] }),
  },
  {
    id: '9110 5.5: bytes above 127',
    send: get('/a', 'X: \xe4\x85\xa0\r\n'),
    accept: seen('/a', { has: [['x', '\xe4\x85\xa0']] }),
  },
  { id: '9110 5.5: an empty value', send: get('/a', 'X:\r\n'), accept: seen('/a', { has: [['x', '']] }) },
  {
    id: '9110 5.6.2: all letters of a token',
    send: get('/a', "!#$%&'*+-.^`|~9: y\r\n"),
    accept: seen('/a', { has: [["!#$%&'*+-.^`|~9", 'y']] }),
  },
  ...[
    ['a NUL in a value', 'X: a\0b\r\n'],
    ['a bell in a value', 'X: a\x07b\r\n'],
    ['DEL in a value', 'X: a\x7fb\r\n'],
    ['a bare CR in a value', 'X: a\rb\r\n'],
    ['a space before the colon', 'X : y\r\n'],
    ['a tab before the colon', 'X\t: y\r\n'],
    ['a space in a name', 'X Y: z\r\n'],
    ['no name', ': y\r\n'],
    ['no colon', 'X\r\n'],
    ['a folded line', 'X: y\r\n z\r\n'],
    ['a folded line with a tab', 'X: y\r\n\tz\r\n'],
    ['an empty folded line', 'X: y\r\n \r\n'],
    ['a parenthesis in a name', 'X(): y\r\n'],
    ['a slash in a name', 'X/Y: z\r\n'],
    ['a NUL in a name', 'X\0Y: z\r\n'],
    ['a byte above 127 in a name', 'X\xe4: y\r\n'],
    ['an underscore in a name', 'X_Y: z\r\n'],
    ['quotation marks around a name', '"X": y\r\n'],
    ['101 fields', 'X: y\r\n'.repeat(101)],
  ].map(([what, fields]): RequestCase => ({ id: `9112 5: ${what}`, send: get('/a', fields), refuse: 400 })),
  { id: '6585 5: fields of 40 KB', send: get('/a', `X: ${'y'.repeat(40_000)}\r\n`), refuse: 431 },
  { id: '9112 5: a field of 20 KB', send: get('/a', `X: ${'y'.repeat(20_000)}\r\n`), accept: seen('/a') },
  {
    id: '9110 7.6.1: fields of the connection go no further',
    send: get(
      '/a',
      'Connection: keep-alive, X-Named\r\nX-Named: 1\r\nKeep-Alive: 1\r\nProxy-Connection: x\r\nTE: trailers\r\nTrailer: X\r\n',
    ),
    accept: seen('/a', {
      hasNot: ['x-named', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'connection'],
    }),
  },
  ...[
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Authorization',
    'Cookie',
    'X-Forwarded-For',
    'Content-Type',
    'Origin',
  ].map((name): RequestCase => ({
    id: `9110 7.6.1: Connection names ${name}`,
    send: get('/a', `Connection: ${name}\r\n`),
    refuse: 400,
  })),
  {
    id: '9110 7.6.1: Connection: close ends it',
    send: get('/a', 'Connection: close\r\n'),
    accept: seen('/a'),
    closes: true,
  },
  {
    id: '9112 9.3: close beside keep-alive ends it',
    send: get('/a', 'Connection: keep-alive, close\r\n'),
    accept: seen('/a'),
    closes: true,
  },
  {
    id: '9112 9.3: HTTP/1.0 ends it',
    send: `GET /a HTTP/1.0\r\n${HOST}\r\n`,
    accept: seen('/a'),
    closes: true,
  },
  {
    id: '9112 9.3.2: three requests at once are answered in order',
    send: get('/1') + post('Content-Length: 2\r\n', 'hi') + get('/3'),
    accept: [...seen('/1'), ...posted('hi'), ...seen('/3')],
  },
  {
    id: '9112 9.3.2: what is behind a refused request is never read',
    send: get('/1') + get('/2', 'X_Y: z\r\n') + get('/3'),
    accept: seen('/1'),
    status: 400,
    closes: true,
  },
  { id: '9112 3: a request byte by byte', send: [...get('/a')], accept: seen('/a') },
  {
    id: '9110 9.3.2: HEAD is answered without a body',
    send: `HEAD /a HTTP/1.1\r\n${HOST}\r\n`,
    accept: [{ method: 'HEAD', target: '/a' }],
  },
  {
    id: '9110 10.1.1: a client that waits is told to go on',
    send: post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello'),
    accept: posted('hello'),
    informed: [100],
  },
  {
    id: '9110 10.1.1: the expectation is not passed on',
    send: post('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello'),
    accept: [{ method: 'POST', target: '/p', body: 'hello', hasNot: ['expect'] }],
    informed: [100],
  },
  {
    id: '9110 10.1.1: capitals',
    send: post('Expect: 100-Continue\r\nContent-Length: 5\r\n', 'hello'),
    accept: posted('hello'),
    informed: [100],
  },
  {
    id: '9110 10.1.1: without a body nobody waits',
    send: post('Expect: 100-continue\r\nContent-Length: 0\r\n'),
    accept: posted(''),
    closes: true,
  },
  {
    id: '9110 10.1.1: HTTP/1.0 gets no 100',
    send: `POST /p HTTP/1.0\r\n${HOST}Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    accept: posted('hello'),
    closes: true,
  },
  {
    id: '9110 10.1.1: another expectation',
    send: post('Expect: y\r\nContent-Length: 5\r\n', 'hello'),
    refuse: 400,
  },
  {
    id: '9110 10.1.1: an expectation with a letter in front',
    send: post('Expect: y 100-continue\r\nContent-Length: 5\r\n', 'hello'),
    refuse: 400,
  },
  {
    id: '9110 10.1.1: a list of expectations',
    send: post('Expect: 100-continue, y\r\nContent-Length: 5\r\n', 'hello'),
    refuse: 400,
  },
  {
    id: '9110 10.1.1: an empty expectation',
    send: post('Expect:\r\nContent-Length: 5\r\n', 'hello'),
    refuse: 400,
  },
  {
    id: '6455 4.1: a WebSocket',
    send: get('/ws', ASKS),
    accept: seen('/ws', {
      has: [
        ['connection', 'Upgrade'],
        ['upgrade', 'websocket'],
      ],
    }),
    status: 101,
    alone: true,
  },
  {
    id: '6455 4.1: an application that does not switch',
    send: get('/a', ASKS),
    accept: seen('/a'),
    closes: true,
    alone: true,
  },
  { id: '6455 4.1: POST', send: `POST /ws HTTP/1.1\r\n${HOST}${ASKS}\r\n`, refuse: 400 },
  { id: '6455 4.1: a body', send: get('/ws', `${ASKS}Content-Length: 5\r\n`) + 'hello', refuse: 400 },
  {
    id: '6455 4.1: chunks',
    send: get('/ws', `${ASKS}Transfer-Encoding: chunked\r\n`) + '0\r\n\r\n',
    refuse: 400,
  },
  {
    id: '9110 7.8: Upgrade that Connection does not name',
    send: get('/a', 'Upgrade: websocket\r\n'),
    accept: seen('/a', { hasNot: ['upgrade'] }),
    closes: true,
  },
  {
    id: '9110 7.8: another protocol is not switched to',
    send: get('/a', 'Connection: Upgrade\r\nUpgrade: foo\r\n'),
    accept: seen('/a', { hasNot: ['upgrade', 'connection'] }),
    closes: true,
  },
  { id: '9110 7.8: HTTP/1.0 does not upgrade', send: `GET /ws HTTP/1.0\r\n${HOST}${ASKS}\r\n`, refuse: 400 },
  {
    id: '9113 3.1: h2c is not switched to',
    send: get(
      '/a',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ),
    accept: seen('/a', { hasNot: ['upgrade', 'connection', 'http2-settings'] }),
    closes: true,
  },
  {
    id: '9110 7.8: h2c with a body stays an ordinary request',
    send: post('Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n', 'hello'),
    accept: posted('hello'),
    closes: true,
  },
]
