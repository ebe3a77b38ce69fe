import assert from 'node:assert/strict'
import test from 'node:test'

import { StreamedBody } from './body.ts'
import { systemClock } from './core/clock.ts'
import type { Exchange } from './core/exchange.ts'
import { HeaderList } from './core/headers.ts'
import { type Reply, textReply } from './core/reply.ts'
import { answer, pass, refuse } from './core/verdict.ts'
import type { Wall } from './core/wall.ts'
import type { AuditRecord, Watch } from './core/watch.ts'
import { type House, type Plan, walk } from './flow.ts'
import { receive } from './receive.ts'

/** A watch in memory that says when it was written to, in the order of everything else. */
class ListWatch implements Watch {
  readonly records: AuditRecord[] = []
  readonly order: string[]
  works = true
  constructor(order: string[]) {
    this.order = order
  }
  healthy(): boolean {
    return this.works
  }
  async recordDurably(records: readonly AuditRecord[]): Promise<void> {
    if (!this.works) throw new Error('disk full')
    this.order.push('recorded')
    this.records.push(...records)
  }
  record(record: AuditRecord): void {
    this.order.push('recorded')
    this.records.push(record)
  }
}

interface Scene {
  readonly walls: readonly Wall[]
  readonly body?: readonly (string | Uint8Array)[]
  readonly upstream?: (exchange: Exchange) => Promise<Reply>
  readonly watchWorks?: boolean
  /** The log breaks after the check before the application. */
  readonly watchBreaks?: boolean
  readonly onAuditFailure?: House['onAuditFailure']
  readonly headers?: readonly string[]
}

interface Seen {
  readonly reply: Reply
  readonly text: string
  readonly order: readonly string[]
  readonly records: readonly AuditRecord[]
  readonly chunksRead: number
  readonly reachedUpstream: boolean
  readonly exchange: Exchange
}

async function play(scene: Scene): Promise<Seen> {
  const order: string[] = []
  const watch = new ListWatch(order)
  watch.works = scene.watchWorks ?? true
  let chunksRead = 0
  let reachedUpstream = false
  const chunks = scene.body ?? []
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) {
      chunksRead++
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    }
  }
  const exchange = receive(
    {
      connection: { peer: '192.0.2.1', peerPort: 1, localPort: 80 },
      raw: {
        method: 'POST',
        target: '/x?secret=1',
        httpVersion: '1.1',
        headers: ['Host', 'a.test', ...(scene.headers ?? [])],
      },
      body: new StreamedBody(chunks.length === 0 ? 0 : undefined, source),
      signal: new AbortController().signal,
    },
    {
      client: { ip: '192.0.2.1', scheme: 'http' },
      host: { ok: true, name: 'a.test', port: undefined },
      target: { ok: true, path: '/x', rawQuery: '?secret=1', decodedPath: '/x' },
      route: { name: 'x', kind: 'found', params: {}, allow: [] },
    },
    '01test',
    systemClock,
  )
  const plan: Plan = {
    walls: scene.walls,
    async upstream(exchange) {
      reachedUpstream = true
      order.push('upstream')
      if (scene.watchBreaks === true) watch.works = false
      if (scene.upstream) return scene.upstream(exchange)
      for await (const _ of exchange.body.stream());
      return textReply(200, 'text/plain', 'from the application')
    },
  }
  const house: House = { watch, clock: systemClock, onAuditFailure: scene.onAuditFailure ?? 'refuse' }
  const said: { reply?: Reply; text: string } = { text: '' }
  await walk(exchange, plan, house, async (reply) => {
    order.push('sent')
    said.reply = reply
    said.text = reply.body instanceof Uint8Array ? Buffer.from(reply.body).toString() : ''
    return { bytesOut: said.text.length, aborted: false }
  })
  assert.ok(said.reply)
  return {
    reply: said.reply,
    text: said.text,
    order,
    records: watch.records,
    chunksRead,
    reachedUpstream,
    exchange,
  }
}

/** A wall that says on the way out that it was there. */
function stamping(layer: Wall['layer'], name: Wall['name'], more: Partial<Wall> = {}): Wall {
  return {
    layer,
    name,
    head: () => pass,
    response(_exchange, reply) {
      reply.headers.append('Left', name)
      return reply
    },
    ...more,
  }
}

const perimeter = stamping(1, 'perimeter', { connection: () => pass })
const edge = stamping(2, 'edge', { connection: () => pass })
const gateway = stamping(3, 'gateway')
const application = stamping(5, 'application')

test('an ordinary request walks in outermost first and out innermost first, the edge last', async () => {
  const seen = await play({ walls: [perimeter, edge, gateway, application] })
  assert.equal(seen.text, 'from the application')
  assert.deepEqual(seen.reply.headers.all('left'), ['application', 'gateway', 'perimeter', 'edge'])
  assert.deepEqual(
    seen.exchange.trace.steps.map((step) => `${step.wall} ${step.moment} ${step.said}`),
    [
      'perimeter head pass',
      'edge head pass',
      'gateway head pass',
      'application head pass',
      'upstream upstream pass',
      'application response pass',
      'gateway response pass',
      'perimeter response pass',
      'edge response pass',
    ],
  )
})

test('a head refusal never reads the body, never reaches upstream, and ends the connection', async () => {
  const no = stamping(3, 'gateway', {
    head: () => refuse('gateway.rate-limited', 'the detail', ['Retry-After', '7']),
  })
  const seen = await play({ walls: [perimeter, edge, no, application], body: ['a', 'b'] })
  assert.equal(seen.chunksRead, 0)
  assert.equal(seen.reachedUpstream, false)
  assert.equal(seen.reply.status, 429)
  assert.equal(seen.reply.headers.get('retry-after'), '7')
  assert.equal(seen.reply.close, true)
})

test('the reply leaves only through the walls that were entered', async () => {
  const no = stamping(3, 'gateway', { head: () => refuse('gateway.rate-limited', '') })
  const seen = await play({ walls: [perimeter, edge, no, application] })
  assert.deepEqual(seen.reply.headers.all('left'), ['gateway', 'perimeter', 'edge'])
})

test('security headers are on refusals of outer walls too, since every exchange enters by the connection walls', async () => {
  const no = stamping(1, 'perimeter', { connection: () => pass, head: () => refuse('perimeter.flood', '') })
  const seen = await play({ walls: [no, edge, gateway] })
  assert.deepEqual(seen.reply.headers.all('left'), ['perimeter', 'edge'])
})

test('a body refusal never reaches upstream', async () => {
  const no = stamping(1, 'perimeter', {
    body: {
      wants: () => 100,
      judge: (_exchange, body) => refuse('perimeter.sql-injection', Buffer.from(body.bytes).toString()),
    },
  })
  const seen = await play({ walls: [no, edge], body: ['bad', 'ness'] })
  assert.equal(seen.reachedUpstream, false)
  assert.equal(seen.reply.status, 403)
  assert.equal(seen.records[0]?.detail, 'badness')
})

for (const moment of ['head', 'body', 'response'] as const) {
  for (const way of ['throws', 'rejects'] as const) {
    test(`a wall that ${way} at its ${moment} refuses with 500; the detail is recorded and never sent`, async () => {
      const fail = (): never => {
        throw new Error('the secret detail')
      }
      const act = (): never =>
        way === 'throws' ? fail() : (Promise.reject(new Error('the secret detail')) as never)
      const wall = stamping(
        3,
        'gateway',
        moment === 'body' ? { body: { wants: () => 10, judge: act } } : { [moment]: act },
      )
      const seen = await play({ walls: [perimeter, edge, wall, application], body: ['a'] })
      assert.equal(seen.reply.status, 500)
      assert.equal(seen.reply.code, 'ringwall.fault')
      assert.equal(seen.reachedUpstream, moment === 'response')
      assert.ok(!seen.text.includes('secret') && !seen.text.includes('from the application'), seen.text)
      assert.match(seen.records[0]?.detail ?? '', /the secret detail/)
      assert.ok(seen.reply.headers.all('left').includes('edge'), 'outer walls still run')
    })
  }
}

test('an application that throws is a fault: 500 with an id, no detail', async () => {
  const seen = await play({ walls: [edge], upstream: () => Promise.reject(new Error('stack trace')) })
  assert.equal(seen.reply.status, 500)
  assert.deepEqual(JSON.parse(seen.text), {
    type: 'urn:ringwall:ringwall.fault',
    title: 'Something went wrong here',
    status: 500,
    code: 'ringwall.fault',
    id: '01test',
  })
})

test('a reply that a response wall refuses is let go of', async () => {
  let cancelled = 0
  const no = stamping(5, 'application', { response: () => refuse('upstream.error', 'status 500') })
  const seen = await play({
    walls: [edge, no],
    upstream: async () => ({
      ...textReply(500, 'text/plain', 'SQL error at line 1'),
      cancel: () => cancelled++,
    }),
  })
  assert.equal(cancelled, 1)
  assert.ok(!seen.text.includes('SQL'))
})

test('a refusal is on disk before it is sent, a pass is recorded after, each exactly once', async () => {
  const refused = await play({
    walls: [stamping(1, 'perimeter', { head: () => refuse('perimeter.flood', '') })],
  })
  assert.deepEqual(refused.order, ['recorded', 'sent'])
  const passed = await play({ walls: [edge] })
  assert.deepEqual(passed.order, ['upstream', 'sent', 'recorded'])
  assert.equal(refused.records.length, 1)
  assert.equal(passed.records.length, 1)
})

test('security events are on disk before the client is answered', async () => {
  const seen = await play({
    walls: [edge],
    async upstream(exchange) {
      exchange.events.push({ kind: 'identity.signed-in', outcome: 'success', subject: 'ann' })
      return textReply(200, 'text/plain', 'hello')
    },
  })
  assert.deepEqual(seen.order, ['upstream', 'recorded', 'sent'])
  assert.deepEqual(
    seen.records.map((record) => [record.kind, record.verdict, record.subject]),
    [
      ['exchange', 'answer', undefined],
      ['identity.signed-in', 'success', 'ann'],
    ],
  )
})

test('while the watch cannot write, requests are refused before the application, with headers', async () => {
  const seen = await play({ walls: [perimeter, edge, application], watchWorks: false })
  assert.equal(seen.reply.code, 'audit.unavailable')
  assert.equal(seen.reachedUpstream, false)
  assert.ok(seen.reply.headers.all('left').includes('edge'))
})

test('while the watch cannot write and the configuration says so, requests are served', async () => {
  const seen = await play({ walls: [edge], watchWorks: false, onAuditFailure: 'serve_and_alarm' })
  assert.equal(seen.text, 'from the application')
})

for (const { onAuditFailure, code, cookie } of [
  { onAuditFailure: 'refuse', code: 'audit.unavailable', cookie: undefined },
  { onAuditFailure: 'serve_and_alarm', code: undefined, cookie: 'token' },
] as const) {
  test(`a sign-in that cannot be recorded: its cookie ${cookie === undefined ? 'does not go' : 'goes'} out under ${onAuditFailure}`, async () => {
    const seen = await play({
      walls: [edge],
      watchBreaks: true,
      onAuditFailure,
      async upstream(exchange) {
        exchange.events.push({ kind: 'identity.signed-in', outcome: 'success' })
        exchange.replyHeaders.push('Set-Cookie', 'token')
        return textReply(200, 'text/plain', 'hello')
      },
    })
    assert.equal(seen.reply.code, code)
    assert.equal(seen.reply.headers.get('set-cookie'), cookie)
  })
}

test('a wall may answer itself, and later walls are not entered', async () => {
  const page = stamping(4, 'identity', {
    head: () => answer(textReply(303, 'text/plain', '', ['Location', '/sign-in'])),
  })
  const seen = await play({ walls: [edge, page, application] })
  assert.equal(seen.reply.status, 303)
  assert.deepEqual(seen.reply.headers.all('left'), ['identity', 'edge'])
  assert.equal(seen.records[0]?.verdict, 'answer')
})

test('the query is never in the audit log', async () => {
  const seen = await play({ walls: [edge] })
  assert.ok(!JSON.stringify(seen.records).includes('secret'), JSON.stringify(seen.records))
})

test('a body wall sees the decoded first bytes, the application gets all of it as sent', async () => {
  const { gzipSync } = await import('node:zlib')
  const packed = gzipSync('hello wall')
  const views: string[] = []
  let received = Buffer.alloc(0)
  const wall = stamping(1, 'perimeter', {
    body: {
      wants: () => 1000,
      judge(_exchange, body) {
        views.push(`${Buffer.from(body.bytes).toString()} ${body.complete} ${body.undecodable}`)
        return pass
      },
    },
  })
  await play({
    walls: [wall],
    headers: ['Content-Encoding', 'gzip'],
    body: [packed.subarray(0, 5), packed.subarray(5)],
    async upstream(exchange) {
      for await (const chunk of exchange.body.stream()) received = Buffer.concat([received, chunk])
      return textReply(200, 'text/plain', '')
    },
  })
  assert.deepEqual(views, ['hello wall true undefined'])
  assert.deepEqual(received, packed)
})

test('a header list survives a round trip with order, case and duplicates', () => {
  const list = new HeaderList(['A', '1', 'b', '2', 'a', '3'])
  assert.deepEqual(list.all('A'), ['1', '3'])
  list.set('a', '4')
  assert.deepEqual(list.flat(), ['A', '4', 'b', '2'])
})
