import { ClientGone, StreamFault } from '../core/fault.ts'
import type { Exchange } from '../core/exchange.ts'
import { dropFieldsOfBytes, type Reply } from '../core/reply.ts'
import { type Refuse, refuse } from '../core/verdict.ts'
import {
  type AnswerForm,
  answerForm,
  type AnswerMask,
  createAnswerMask,
  describeCounts,
} from './mask-answer.ts'
import { compileReplyMask, type ReplyMask, type ReplyMaskConfig } from './mask-reply.ts'
import type { SecretRegistry } from './mask-secrets.ts'

/** What the judge of answers is given by the house. */
export interface AnswerParts {
  /** Loaded secrets: masked in every answer that is masked. */
  readonly secrets?: SecretRegistry
  /** Undoes a Content-Encoding as it streams; undefined where it cannot be read. */
  readonly decode: (
    body: AsyncIterable<Uint8Array>,
    encodings: readonly string[],
  ) => AsyncIterable<Uint8Array> | undefined
}

/** The judge of what a route answers. */
export interface AnswerJudge {
  readonly head: (exchange: Exchange) => void
  readonly response: (exchange: Exchange, reply: Reply) => Promise<Reply | Refuse>
}

/** Until so much is masked nothing is sent: what turns out to be no JSON within it is a clean refusal. */
const MAX_HELD = 64 * 1024

/** Fields by which a client could get a part, or keep a copy that was made for another role. */
const CONDITIONS = ['range', 'if-range', 'if-none-match', 'if-modified-since']

/** Compiles the masking of a route's answers. */
export function answerJudge(config: ReplyMaskConfig, parts: AnswerParts): AnswerJudge {
  const mask = compileReplyMask(config, parts.secrets)
  const isReport = config.mode === 'report'
  const rolesOf = (exchange: Exchange): readonly string[] => exchange.subject?.roles ?? []
  const passes = (type: string): boolean =>
    config.pass_types.some((one) => (one.endsWith('/*') ? type.startsWith(one.slice(0, -1)) : type === one))

  /** How this answer is masked, or why it cannot be. */
  function readingOf(reply: Reply): { form: AnswerForm | 'open' } | { objection: string } {
    const [rawType, ...more] = reply.headers.all('content-type')
    if (reply.tunnel) return { objection: 'a WebSocket' }
    if (reply.status === 206 || reply.headers.has('content-range'))
      return { objection: 'a part of an answer' }
    if (rawType === undefined || more.length > 0)
      return { objection: `${more.length + (rawType === undefined ? 0 : 1)} fields Content-Type` }
    const form = answerForm(rawType, mask, config.csv)
    if (form) return { form }
    const type = (rawType.split(';')[0] as string).trim().toLowerCase()
    return passes(type) ? { form: 'open' } : { objection: `Content-Type \`${rawType.slice(0, 120)}\`` }
  }

  return {
    head(exchange) {
      const open = revealedTo(mask, config.fields, rolesOf(exchange))
      const who = open.length === 0 ? '' : `, but for ${open.join(', ')}`
      exchange.trace.note(
        `${isReport ? 'would mask' : 'masks'} ${config.fields.join(', ') || 'what is found'} in the answer${who}`,
      )
      exchange.headers.set('Accept-Encoding', 'identity')
      if (!isReport) for (const name of CONDITIONS) exchange.headers.delete(name)
    },
    async response(exchange, reply) {
      if (reply.origin !== 'upstream') return reply
      if (!isReport && !reply.tunnel && isBodyless(exchange.method, reply.status)) {
        dropFieldsOfBytes(reply)
        return reply
      }
      if (reply.body === null && !reply.tunnel) return reply
      if (!isReport && reply.status >= 300 && reply.status < 400) return withoutBody(exchange, reply)
      if (reply.headers.get('content-length') === '0') return reply
      const reading = readingOf(reply)
      if (isReport) return reported(exchange, reply, reading)
      if ('objection' in reading)
        return refuse('data.answer-withheld', `${reading.objection} cannot be masked`)
      if (reading.form === 'open') {
        exchange.trace.note('passed by its type')
        return reply
      }
      const decoded = decodedBody(reply)
      if (!decoded)
        return refuse(
          'data.answer-withheld',
          `the coding \`${reply.headers.all('content-encoding').join(', ').slice(0, 80)}\` cannot be read`,
        )
      return masked(
        exchange,
        reply,
        decoded,
        createAnswerMask(reading.form, mask, rolesOf(exchange)),
        reading.form,
      )
    },
  }

  function decodedBody(reply: Reply): AsyncIterable<Uint8Array> | undefined {
    const { body } = reply
    const stream = body instanceof Uint8Array ? only(body) : (body as AsyncIterable<Uint8Array>)
    return parts.decode(stream, reply.headers.all('content-encoding'))
  }

  /** In report mode the answer goes out as it came, and a copy of it is masked beside. */
  function reported(exchange: Exchange, reply: Reply, reading: ReturnType<typeof readingOf>): Reply {
    const note = (data: Record<string, string>): void =>
      void exchange.events.push({ kind: 'data.mask-report', outcome: 'success', data })
    if ('objection' in reading) note({ withheld: reading.objection })
    else if (reading.form !== 'open' && !isBodyless(exchange.method, reply.status)) {
      const codings = reply.headers
        .all('content-encoding')
        .filter((one) => one.trim().toLowerCase() !== 'identity')
      if (codings.length > 0) note({ withheld: `the coding \`${codings.join(', ').slice(0, 80)}\`` })
      else {
        const watching = createAnswerMask(reading.form, mask, rolesOf(exchange))
        const { body } = reply
        reply.body = watched(
          body instanceof Uint8Array ? only(body) : (body as AsyncIterable<Uint8Array>),
          watching,
          note,
        )
      }
    }
    return reply
  }
}

/** Holds back the first 64 KB, so that what cannot be masked is refused; later than that the answer breaks off. */
async function masked(
  exchange: Exchange,
  reply: Reply,
  body: AsyncIterable<Uint8Array>,
  mask: AnswerMask,
  form: AnswerForm,
): Promise<Reply | Refuse> {
  const chunks = body[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let heldBytes = 0
  let readBytes = 0
  let isEnded = false
  try {
    while (!isEnded && heldBytes < MAX_HELD) {
      const next = await chunks.next()
      isEnded = next.done === true
      if (next.done !== true) readBytes += next.value.length
      // An answer of nothing holds nothing.
      const piece = next.done !== true ? mask.write(next.value) : readBytes === 0 ? NOTHING : mask.end()
      if (!piece.ok) return refuse('data.answer-withheld', `${form}: ${piece.fault}`)
      held.push(piece.bytes)
      heldBytes += piece.bytes.length
      // Lines come one by one, and nobody waits for many of them.
      if (heldBytes > 0 && (form === 'lines' || form === 'events')) break
    }
  } catch (thrown) {
    if (thrown instanceof ClientGone || exchange.signal.aborted) {
      reply.cancel?.()
      reply.body = null
      return reply
    }
    if (thrown instanceof StreamFault) return refuse(thrown.code, thrown.message)
    throw thrown
  }
  dropFieldsOfBytes(reply)
  reply.headers.delete('content-encoding')
  exchange.trace.note(
    isEnded ? `masked as ${form}: ${describeCounts(mask.counts) || 'nothing'}` : `masks as ${form}`,
  )
  if (isEnded) {
    reply.body = Buffer.concat(held)
    reply.headers.set('Content-Length', String(heldBytes))
    return reply
  }
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* held
      for (;;) {
        const next = await chunks.next()
        const piece = next.done === true ? mask.end() : mask.write(next.value)
        if (!piece.ok) throw new StreamFault('data.answer-withheld', `${form}: ${piece.fault}`)
        if (piece.bytes.length > 0) yield piece.bytes
        if (next.done === true) return
      }
    } catch (thrown) {
      if (thrown instanceof StreamFault && thrown.code === 'data.answer-withheld')
        exchange.events.push({
          kind: 'data.mask-broke-off',
          outcome: 'failure',
          data: { why: thrown.message },
        })
      reply.cancel?.()
      throw thrown
    } finally {
      await chunks.return?.()
    }
  }
  reply.body = rest()
  return reply
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  mask: AnswerMask,
  note: (data: Record<string, string>) => void,
): AsyncGenerator<Uint8Array> {
  let fault: string | undefined
  let isEmpty = true
  for await (const chunk of body) {
    isEmpty &&= chunk.length === 0
    if (fault === undefined) {
      const piece = mask.write(chunk)
      if (!piece.ok) ({ fault } = piece)
    }
    yield chunk
  }
  const last = mask.end()
  if (!isEmpty && !last.ok) fault ??= last.fault
  if (fault !== undefined) note({ withheld: fault })
  else if (mask.counts.size > 0) note({ masked: describeCounts(mask.counts) })
}

const NOTHING = { ok: true, bytes: new Uint8Array(0) } as const

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** RFC 9110 6.4.1: answers that have no content, whatever their fields say. */
function isBodyless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 205 || status === 304
}

/** What stands in a redirect is seen by nobody. */
async function withoutBody(exchange: Exchange, reply: Reply): Promise<Reply> {
  let seen = 0
  if (reply.body !== null && !(reply.body instanceof Uint8Array)) {
    // To its end where it is short, so that the connection can be used again.
    for await (const chunk of reply.body) if ((seen += chunk.length) > MAX_HELD) break
  }
  dropFieldsOfBytes(reply)
  for (const name of ['content-type', 'content-encoding']) reply.headers.delete(name)
  reply.headers.set('Content-Length', '0')
  exchange.trace.note('the text of the redirect was dropped')
  reply.body = new Uint8Array(0)
  return reply
}

function revealedTo(mask: ReplyMask, fields: readonly string[], roles: readonly string[]): readonly string[] {
  const masker = mask.masker.unmaskFor(roles)
  return fields.filter((name) => masker.fieldMask(name) === undefined)
}
