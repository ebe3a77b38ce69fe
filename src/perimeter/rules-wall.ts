import type { Connection, Exchange } from '../core/exchange.ts'
import { type Reply, redirectReply } from '../core/reply.ts'
import type { MatchedRule } from '../core/trace.ts'
import { answer, pass, type Refuse, refuse, type Verdict } from '../core/verdict.ts'
import type { BodyView } from '../core/wall.ts'
import type { PerimeterConfig, PerimeterRouteConfig } from './config.ts'
import type { Engine } from './engine/engine.ts'
import type { Interruption, RuleMatch } from './engine/facts.ts'
import { rawFacts, readRawRequest } from './engine/raw-request.ts'
import type { Transaction } from './engine/transaction.ts'

/** Undoes the Content-Encoding of the first bytes of a body, within a bound. */
export type DecodeBody = (
  tapped: { readonly bytes: Uint8Array; readonly complete: boolean },
  encodings: readonly string[],
  maxBytes: number,
) => Promise<BodyView>

/** The rule sets at work on one route. */
export interface RuleJudge {
  /** Phase 1, and phase 2 of a request without a body. */
  head(exchange: Exchange): Verdict
  wantedBody(exchange: Exchange): number
  /** Phase 2. */
  body(exchange: Exchange, view: BodyView): Verdict
  /** Phases 3 to 5. */
  response(exchange: Exchange, reply: Reply): Reply | Refuse | Promise<Reply | Refuse>
}

/** What of a matched value goes into the log at most. */
const MAX_DATA = 200
/** Names of values that are secrets, whatever the rule that matched them. */
const SECRET_NAME = /pass|pwd|secret|token|auth|session|cookie|card|cvv|pin|key/i

/** Holds exchanges against the rules of an engine. */
export function judgeByRules(
  engine: Engine,
  config: PerimeterConfig,
  route: PerimeterRouteConfig,
  decode: DecodeBody,
): RuleJudge {
  const open = new WeakMap<Exchange, Transaction>()
  const variables = variablesOf(config, route)
  const isDetecting = route.inspect === 'detect' || config.core_rule_set.mode === 'detect'

  const say = (
    exchange: Exchange,
    t: Transaction,
    before: number,
    interruption: Interruption | undefined,
  ): Verdict => {
    const matches = t.matches.slice(before)
    exchange.trace.matched(matches.filter((match) => match.isLogged).map(forTrace))
    const would = t.wouldInterrupt
    if (would && before < t.matches.length) exchange.trace.note(`would refuse: ${describe(would, t.matches)}`)
    if (!interruption) return pass
    if (interruption.action === 'redirect') return answer(redirectReply(303, interruption.location))
    return refuse(
      interruption.phase <= 2 ? 'perimeter.rule' : 'perimeter.answer-withheld',
      describe(interruption, t.matches),
    )
  }

  return {
    head(exchange) {
      const { raw, connection, client } = exchange
      const t = engine.begin(
        {
          id: exchange.id,
          startedMs: exchange.startedMs,
          method: raw.method,
          target: raw.target,
          protocol: `HTTP/${raw.httpVersion}`,
          headers: raw.headers,
          clientIp: client.ip,
          clientPort: connection.peerPort,
          serverPort: connection.localPort,
          serverName: exchange.host.ok ? exchange.host.name : '',
        },
        variables,
      )
      if (isDetecting && t.mode === 'on') t.mode = 'detect'
      open.set(exchange, t)
      let interruption = engine.judgeHead(t)
      if (!interruption && this.wantedBody(exchange) === 0) interruption = engine.judgeBody(t, undefined)
      return say(exchange, t, 0, interruption)
    },
    wantedBody(exchange) {
      const t = open.get(exchange)
      if (!t || exchange.body.declaredBytes === 0) return 0
      return Math.min(engine.wantedBody(t), config.inspect_body)
    },
    body(exchange, view) {
      const t = open.get(exchange)
      // Where the rules do not look at bodies, phase 2 ran with the head.
      if (!t || this.wantedBody(exchange) === 0) return pass
      const before = t.matches.length
      const interruption = engine.judgeBody(t, { text: latin1(view.bytes), complete: view.complete })
      const verdict = say(exchange, t, before, interruption)
      const { body } = t
      if (verdict.kind !== 'pass' || body?.reading?.truncated === undefined) return verdict
      const detail = `the body has ${body.reading.truncated}`
      if (config.on_excess === 'refuse' && t.mode === 'on')
        return refuse('perimeter.body-too-large-to-inspect', detail)
      exchange.trace.note(`not all of the body was inspected: ${detail}`)
      return verdict
    },
    response(exchange, reply) {
      const t = open.get(exchange)
      if (!t) return reply
      open.delete(exchange)
      const before = t.matches.length
      const isJudged = reply.origin === 'upstream' && reply.tunnel === undefined && !t.interruption
      let interruption = isJudged
        ? engine.judgeResponse(t, {
            status: reply.status,
            protocol: 'HTTP/1.1',
            headers: reply.headers.flat(),
          })
        : undefined
      const wanted = isJudged && !interruption && config.inspect_responses ? engine.wantedResponse(t) : 0
      if (wanted > 0 && reply.body !== null) return judgeBody(exchange, t, reply, wanted, before)
      if (isJudged) interruption ??= engine.judgeResponseBody(t, undefined)
      return finish(exchange, t, reply, before, interruption)
    },
  }

  function finish(
    exchange: Exchange,
    t: Transaction,
    reply: Reply,
    before: number,
    interruption: Interruption | undefined,
  ): Reply | Refuse {
    engine.close(t)
    const verdict = say(exchange, t, before, interruption)
    return verdict.kind === 'refuse' ? verdict : verdict.kind === 'answer' ? verdict.reply : reply
  }

  async function judgeBody(
    exchange: Exchange,
    t: Transaction,
    reply: Reply,
    wanted: number,
    before: number,
  ): Promise<Reply | Refuse> {
    const tapped = await tapReply(reply, wanted)
    const view = await decode(tapped, reply.headers.all('content-encoding'), wanted)
    if (view.undecodable !== undefined)
      exchange.trace.note(`the answer was not inspected: ${view.undecodable}`)
    else if (!view.complete)
      exchange.trace.note(`of the answer only the first ${wanted} bytes were inspected`)
    const facts = { text: latin1(view.bytes), complete: view.complete }
    const interruption = engine.judgeResponseBody(t, view.undecodable === undefined ? facts : undefined)
    return finish(exchange, t, reply, before, interruption)
  }
}

/**
 * What the rules say of bytes that no HTTP parser takes: for the record only, since such a request is refused anyway.
 */
export function judgeMalformed(
  engine: Engine,
  config: PerimeterConfig,
  connection: Connection,
  bytes: string,
  now: number,
): readonly MatchedRule[] {
  const raw = readRawRequest(bytes)
  const t = engine.begin(
    rawFacts(raw, {
      id: '',
      startedMs: now,
      clientIp: connection.peer,
      clientPort: connection.peerPort,
      serverPort: connection.localPort,
    }),
    variablesOf(config, {}),
  )
  t.mode = 'detect'
  engine.judgeHead(t)
  engine.judgeBody(t, raw.body === undefined ? undefined : { text: raw.body, complete: true })
  engine.close(t)
  return t.matches.filter((match) => match.isLogged).map(forTrace)
}

/** Reads the first bytes of a reply's body and puts them back in front of the rest. */
async function tapReply(
  reply: Reply,
  limit: number,
): Promise<{ readonly bytes: Uint8Array; readonly complete: boolean }> {
  const { body } = reply
  if (body === null) return { bytes: new Uint8Array(0), complete: true }
  if (body instanceof Uint8Array) return { bytes: body.subarray(0, limit), complete: body.length <= limit }
  const iterator = body[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  let isOver = false
  while (size <= limit) {
    const next = await iterator.next()
    if (next.done === true) {
      isOver = true
      break
    }
    chunks.push(next.value)
    size += next.value.length
  }
  const bytes = Buffer.concat(chunks)
  reply.body = isOver ? bytes : resume(bytes, iterator)
  return { bytes: bytes.subarray(0, limit), complete: isOver && size <= limit }
}

async function* resume(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

/** The settings of the rule set, as its rules read them. */
function variablesOf(
  { core_rule_set: crs }: PerimeterConfig,
  route: PerimeterRouteConfig,
): (readonly [string, string | number])[] {
  const level = route.paranoia_level ?? crs.paranoia_level
  return [
    ['blocking_paranoia_level', level],
    ['detection_paranoia_level', Math.max(level, crs.detection_paranoia_level ?? 1)],
    ['inbound_anomaly_score_threshold', crs.inbound_threshold],
    ['outbound_anomaly_score_threshold', crs.outbound_threshold],
    ['early_blocking', crs.early_blocking ? 1 : 0],
    ...Object.entries(crs.variables),
  ]
}

function describe({ ruleId, msg }: Interruption, matches: readonly RuleMatch[]): string {
  const others = matches
    .filter(
      (match) => match.id !== ruleId && match.isLogged && match.severity !== undefined && match.phase < 5,
    )
    .slice(0, 10)
    .map((match) => `${match.id} ${match.msg} in ${match.variables.join(', ')}`)
  return [`rule ${ruleId} ${msg}`, ...others].join('; ')
}

function forTrace(match: RuleMatch) {
  const { id, phase, msg, data, variables, tags, transformations, file, line } = match
  const isSecret = variables.some((name) => SECRET_NAME.test(name))
  return {
    id,
    phase,
    msg,
    data: isSecret ? '[masked]' : data.slice(0, MAX_DATA),
    variables,
    transformations,
    tags: tags.filter((tag) => tag.startsWith('attack-') || tag.startsWith('paranoia-level')),
    at: `${file.slice(file.lastIndexOf('/') + 1)}:${line}`,
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
