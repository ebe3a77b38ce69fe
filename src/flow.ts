import type { Clock } from './core/clock.ts'
import { describeError } from './core/errors.ts'
import { type Exchange, wantsHtml } from './core/exchange.ts'
import { ClientGone, StreamFault } from './core/fault.ts'
import { refusalReply, type Reply, textReply } from './core/reply.ts'
import type { RefusalCode } from './core/refusals.ts'
import type { Moment } from './core/trace.ts'
import { pass, type Refuse, refuse, type Verdict } from './core/verdict.ts'
import type { Upstream, Wall } from './core/wall.ts'
import type { Watch } from './core/watch.ts'
import { decodeBody } from './decode.ts'
import { type Outcome, recordsOf, type Sent } from './record.ts'

/** What an exchange walks through: the walls of its route, outermost first, and what stands behind them. */
export interface Plan {
  readonly walls: readonly Wall[]
  readonly upstream: Upstream
}

/** What all walks of a house share. */
export interface House {
  readonly watch: Watch
  readonly clock: Clock
  /** What happens to requests while the audit log cannot be written. */
  readonly onAuditFailure: 'refuse' | 'serve_and_alarm'
}

/** Puts a reply on the wire. Resolves when its last byte is out or nobody is there any more; never rejects. */
export type Send = (reply: Reply) => Promise<Sent>

/**
 * The walk: in through the walls, outermost first; to the application; out through exactly the walls that were
 * entered, innermost first; one line in the audit log. Refusals and security events are on disk before the client
 * hears of them.
 */
export async function walk(exchange: Exchange, plan: Plan, house: House, send: Send): Promise<void> {
  try {
    await walkThrough(exchange, plan, house, send)
  } finally {
    for (const end of exchange.atEnd) end()
  }
}

async function walkThrough(exchange: Exchange, plan: Plan, house: House, send: Send): Promise<void> {
  const startedAt = house.clock.elapsed()
  const inward = await goIn(exchange, plan, house)
  const out = await goOut(exchange, plan, inward)
  const { outcome } = out
  let { reply } = out
  const isDurable = outcome.verdict === 'refuse' || exchange.events.length > 0
  const eventsBefore = exchange.events.length
  if (isDurable) {
    try {
      await house.watch.recordDurably(recordsOf(exchange, reply, outcome, house.clock.elapsed() - startedAt))
    } catch (thrown) {
      // The records stay queued and are written later; what was not on disk in time is not told to the client.
      if (house.onAuditFailure === 'refuse') {
        reply.cancel?.()
        exchange.replyHeaders.length = 0
        const refusal = refuse('audit.unavailable', describeError(thrown))
        ;({ reply } = await goOut(exchange, plan, refused(exchange, refusal, 'audit', inward.depth)))
      }
    }
  }
  const sent = await send(reply)
  const records = recordsOf(exchange, reply, outcome, house.clock.elapsed() - startedAt, sent)
  // What is on disk already is not written again; what came up while the reply was sent is.
  for (const record of isDurable ? records.slice(1 + eventsBefore) : records) house.watch.record(record)
}

interface Way {
  readonly reply: Reply
  readonly outcome: Outcome
  /** The index of the innermost wall that was entered. */
  readonly depth: number
}

/** Head, body, application: ends at the first wall that does not pass. */
async function goIn(exchange: Exchange, plan: Plan, house: House): Promise<Way> {
  const { walls } = plan
  const deepest = walls.length - 1
  for (const [depth, wall] of walls.entries()) {
    if (!wall.head) continue
    const verdict = await ask(exchange, wall, 'head', wall.head)
    if (verdict.kind !== 'pass') return stopped(exchange, verdict, wall.name, depth)
  }
  let at = 'gateway'
  try {
    const wanted = Math.max(0, ...walls.map((wall) => wall.body?.wants(exchange) ?? 0))
    if (wanted > 0) {
      const view = await decodeBody(
        await exchange.body.tap(wanted),
        exchange.headers.all('content-encoding'),
        wanted,
      )
      for (const wall of walls) {
        if (!wall.body || wall.body.wants(exchange) === 0) continue
        const { judge } = wall.body
        const verdict = await ask(exchange, wall, 'body', (exchange) => judge(exchange, view))
        if (verdict.kind !== 'pass') return stopped(exchange, verdict, wall.name, deepest)
      }
    }
    if (house.onAuditFailure === 'refuse' && !house.watch.healthy()) {
      return refused(
        exchange,
        refuse('audit.unavailable', 'the audit log cannot be written'),
        'audit',
        deepest,
      )
    }
    at = 'upstream'
    const step = exchange.trace.begin('upstream', 0, 'upstream')
    let reply: Reply
    try {
      reply = await plan.upstream(exchange)
      exchange.trace.end(step, 'pass')
    } catch (thrown) {
      exchange.trace.end(step, 'fault')
      throw thrown
    }
    return { reply, outcome: outcomeOf(reply), depth: deepest }
  } catch (thrown) {
    if (thrown instanceof ClientGone || exchange.signal.aborted) {
      return {
        reply: textReply(499, 'text/plain', ''),
        outcome: { verdict: 'aborted', wall: at },
        depth: deepest,
      }
    }
    const refusal =
      thrown instanceof StreamFault
        ? refuse(thrown.code, describeError(thrown), thrown.headers)
        : refuse('ringwall.fault', describeError(thrown))
    // The room in the code is who objects: a body that grew too large is the gateway's, wherever it was read.
    const wall = thrown instanceof StreamFault ? roomOf(thrown.code) : at
    return refused(exchange, refusal, wall, deepest)
  }
}

/** Out through the walls that were entered. A wall that throws or refuses here replaces the reply; outer walls still run. */
async function goOut(exchange: Exchange, plan: Plan, way: Way): Promise<Way> {
  let { reply, outcome } = way
  for (let i = 0; i < exchange.replyHeaders.length; i += 2) {
    reply.headers.append(exchange.replyHeaders[i] as string, exchange.replyHeaders[i + 1] as string)
  }
  for (const [wall, i] of outward(plan.walls)) {
    const entered = i <= way.depth || wall.connection !== undefined
    if (!entered || !wall.response) continue
    const step = exchange.trace.begin(wall.name, wall.layer, 'response')
    let refusal: Refuse
    try {
      const said = await wall.response(exchange, reply)
      if (!('kind' in said)) {
        exchange.trace.end(step, 'pass')
        reply = said
        continue
      }
      refusal = said
    } catch (thrown) {
      refusal = refuse('ringwall.fault', describeError(thrown))
    }
    // INVARIANT: what the application said is let go of before anything else goes out.
    reply.cancel?.()
    exchange.trace.end(step, 'refuse', refusal.code)
    ;({ reply, outcome } = refused(exchange, refusal, wall.name, way.depth))
  }
  return { reply, outcome, depth: way.depth }
}

const orders = new WeakMap<readonly Wall[], readonly (readonly [Wall, number])[]>()

/**
 * The walls and their places, innermost first; the edge last of all, since its headers are on every answer, also on one that
 * the perimeter withholds.
 */
function outward(walls: readonly Wall[]): readonly (readonly [Wall, number])[] {
  let order = orders.get(walls)
  if (!order) {
    const inner = walls.map((wall, i) => [wall, i] as const).toReversed()
    order = [
      ...inner.filter(([wall]) => wall.name !== 'edge'),
      ...inner.filter(([wall]) => wall.name === 'edge'),
    ]
    orders.set(walls, order)
  }
  return order
}

/** Asks one wall. A wall that throws refuses. */
async function ask(
  exchange: Exchange,
  wall: Wall,
  moment: Moment,
  question: (exchange: Exchange) => Verdict | Promise<Verdict>,
): Promise<Verdict> {
  const step = exchange.trace.begin(wall.name, wall.layer, moment)
  let verdict: Verdict = pass
  try {
    const said = question(exchange)
    verdict = said instanceof Promise ? await said : said
    exchange.trace.end(step, verdict.kind, verdict.kind === 'refuse' ? verdict.code : undefined)
  } catch (thrown) {
    verdict = refuse('ringwall.fault', describeError(thrown))
    exchange.trace.end(step, 'fault', verdict.code)
  }
  return verdict
}

/** Ringwall's own pages stand where the application does; their refusals count as refusals. */
function outcomeOf(reply: Reply): Outcome {
  if (reply.code === undefined) return { verdict: reply.origin === 'ringwall' ? 'answer' : 'pass' }
  return {
    verdict: 'refuse',
    wall: roomOf(reply.code),
    refusal: refuse(reply.code, ''),
  }
}

function roomOf(code: RefusalCode): string {
  return code.slice(0, code.indexOf('.'))
}

function stopped(
  exchange: Exchange,
  verdict: Exclude<Verdict, { kind: 'pass' }>,
  wall: string,
  depth: number,
): Way {
  if (verdict.kind === 'refuse') return refused(exchange, verdict, wall, depth)
  return { reply: closing(exchange, verdict.reply), outcome: { verdict: 'answer', wall }, depth }
}

function refused(exchange: Exchange, refusal: Refuse, wall: string, depth: number): Way {
  const reply = closing(exchange, refusalReply(refusal, exchange.id, wantsHtml(exchange)))
  // Where one message was in doubt, so is where the next begins.
  if (refusal.code === 'edge.malformed-request') reply.close = true
  return { reply, outcome: { verdict: 'refuse', wall, refusal }, depth }
}

/** A body that was left on the socket must not be read as the next request. */
function closing(exchange: Exchange, reply: Reply): Reply {
  if (!exchange.body.ended) reply.close = true
  return reply
}
