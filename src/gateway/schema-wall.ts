import type { Exchange } from '../core/exchange.ts'
import type { Reply } from '../core/reply.ts'
import { pass, type Refuse, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { OpenApiDocument, Operation } from './schema/document.ts'
import { checkBody, checkParameters, mediaFor, type ReadJson, responseMedia } from './schema/schema-check.ts'
import type { SchemaConfig } from './schema/schema-config.ts'
import type { Mismatch } from './schema/validator.ts'

/** Bytes of a body that are held against a schema at most; a longer one is refused, since half a JSON is none. */
const MAX_BODY_BYTES = 1024 * 1024

/**
 * Layer 3, behind identity and access, so that nobody learns a schema who may not ask: is the request one that the document
 * of its route has, with its parameters and its body? Errors name the field and the rule, never the value.
 */
export function schemaWall(config: SchemaConfig, document: OpenApiDocument, readJson: ReadJson): Wall {
  const operations = new WeakMap<Exchange['trace'], Operation>()
  const judged = (exchange: Exchange, refusal: Refuse): Verdict => {
    if (config.mode === 'enforce') return refusal
    exchange.trace.note(`would be refused: ${refusal.code}, ${refusal.detail}`)
    return pass
  }
  const mismatched = (exchange: Exchange, mismatch: Mismatch): Verdict => {
    const { in: place, field, rule } = mismatch
    return judged(exchange, {
      ...refuse('gateway.schema-mismatch', `${place} ${field}: ${rule}`),
      told: { errors: [mismatch] },
    })
  }
  const hasBody = ({ body }: Exchange): boolean => body.declaredBytes !== 0
  return {
    layer: 3,
    name: 'gateway',
    head(exchange) {
      const { target, method, headers } = exchange
      if (!target.ok) return pass
      const found = document.find(target.path, method)
      if (found.kind === 'no-route')
        return judged(exchange, refuse('gateway.no-route', 'the OpenAPI document has no such path'))
      if (found.kind === 'method-not-allowed')
        return judged(
          exchange,
          refuse('gateway.method-not-allowed', `the OpenAPI document has no ${method} there`, [
            'Allow',
            found.allow.join(', '),
          ]),
        )
      const { operation, params } = found
      operations.set(exchange.trace, operation)
      exchange.trace.note(`operation ${operation.name}`)
      const parts = { rawQuery: target.rawQuery, params, header: (name: string) => headers.all(name) }
      const mismatch = checkParameters(operation, parts, config.unknown_parameters === 'refuse')
      if (mismatch) return mismatched(exchange, mismatch)
      return judgeType(exchange, operation)
    },
    body: {
      wants: (exchange) => {
        const operation = operations.get(exchange.trace)
        return operation?.body && hasBody(exchange) ? MAX_BODY_BYTES : 0
      },
      judge(exchange, { bytes, complete, undecodable }) {
        const type = exchange.headers.get('content-type') ?? ''
        const media = mediaFor(operations.get(exchange.trace)?.body?.media ?? [], type)
        if (!media) return pass
        if (undecodable !== undefined)
          return mismatched(exchange, { in: 'body', field: '', rule: 'an encoding that can be read' })
        if (bytes.length === 0 && operations.get(exchange.trace)?.body?.isRequired === true)
          return mismatched(exchange, { in: 'body', field: '', rule: 'required' })
        if (!complete) {
          if (media.check)
            return mismatched(exchange, { in: 'body', field: '', rule: `at most ${MAX_BODY_BYTES} bytes` })
          return pass
        }
        const check = checkBody(media, type, bytes, readJson)
        if (check.kind === 'mismatch') return mismatched(exchange, check.mismatch)
        if (check.kind === 'not-checked') exchange.trace.note(`body not checked: ${check.why}`)
        return pass
      },
    },
    response(exchange, reply) {
      const operation = operations.get(exchange.trace)
      if (config.responses === 'off' || !operation || reply.origin !== 'upstream' || reply.tunnel)
        return reply
      return reported(exchange, operation, reply, readJson)
    },
  }

  function judgeType(exchange: Exchange, { body }: Operation): Verdict {
    if (!hasBody(exchange))
      return body?.isRequired === true
        ? mismatched(exchange, { in: 'body', field: '', rule: 'required' })
        : pass
    if (!body) return mismatched(exchange, { in: 'body', field: '', rule: 'no body' })
    if (mediaFor(body.media, exchange.headers.get('content-type'))) return pass
    const types = body.media.map(({ range }) => range).join(', ')
    return judged(
      exchange,
      refuse('application.content-type-not-allowed', `the OpenAPI document has ${types}`),
    )
  }
}

/** Passes an answer on and notes what of it does not fit: streams keep streaming. */
function reported(exchange: Exchange, operation: Operation, reply: Reply, readJson: ReadJson): Reply {
  const { status, headers, body } = reply
  const noteLater = exchange.trace.noteLater()
  const note = (text: string): void => noteLater(`answer ${status}: ${text}`)
  const allowed = responseMedia(operation, status)
  if (!allowed) {
    note('the OpenAPI document does not have this status')
    return reply
  }
  const type = headers.get('content-type') ?? ''
  const media = mediaFor(allowed, type)
  if (!media) {
    if (allowed.length > 0 && type !== '') note(`the OpenAPI document does not have ${type.slice(0, 64)}`)
    return reply
  }
  if (!media.check || body === null) return reply
  if (headers.has('content-encoding')) {
    note('not checked: it is encoded')
    return reply
  }
  const conclude = (bytes: Uint8Array): void => {
    const check = checkBody(media, type, bytes, readJson)
    if (check.kind === 'mismatch') note(`${check.mismatch.field}: ${check.mismatch.rule}`)
  }
  if (body instanceof Uint8Array) {
    conclude(body)
    return reply
  }
  return { ...reply, body: watched(body, conclude, () => note('not checked: it is too long')) }
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  conclude: (bytes: Uint8Array) => void,
  giveUp: () => void,
): AsyncIterable<Uint8Array> {
  let kept: Uint8Array[] | undefined = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_BODY_BYTES && kept) {
      kept = undefined
      giveUp()
    }
    kept?.push(chunk)
    yield chunk
  }
  if (kept) conclude(Buffer.concat(kept))
}
