import type { Exchange } from '../core/exchange.ts'
import { pass, type Refuse, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { GraphqlConfig } from './graphql/graphql-config.ts'
import { graphqlFault, type GraphqlLimits, type Variables } from './graphql/limits.ts'
import { readPairs } from './schema/parameters.ts'
import type { ReadJson } from './schema/schema-check.ts'

type Operation = { readonly query: string; readonly variables: Variables }

/** What a request asks to execute, or why that cannot be told. */
type Asked = readonly Operation[] | string

/**
 * Layer 3: how much one request to an endpoint of GraphQL may ask for - depth, aliases, cost, operations at once - and that it does
 * not ask for the schema. Judged on the document itself, before the application reads it. What cannot be read is refused.
 */
export function graphqlWall(config: GraphqlConfig, readJson: ReadJson): Wall {
  const limits: GraphqlLimits = {
    maxDepth: config.max_depth,
    maxAliases: config.max_aliases,
    maxCost: config.max_cost,
    maxTokens: config.max_tokens,
    maxDirectives: config.max_directives,
    maxBatch: config.max_batch,
    introspection: config.introspection === 'pass',
  }
  const judged = (exchange: Exchange, refusal: Refuse): Verdict => {
    if (config.mode === 'enforce') return refusal
    exchange.trace.note(`would be refused: ${refusal.code}, ${refusal.detail}`)
    return pass
  }
  const judge = (exchange: Exchange, asked: Asked): Verdict => {
    const fault = typeof asked === 'string' ? asked : graphqlFault(asked, limits)
    if (fault === undefined) return pass
    const told = { errors: [{ in: 'query', rule: fault }] }
    return judged(exchange, { ...refuse('gateway.graphql-refused', fault), told })
  }
  return {
    layer: 3,
    name: 'gateway',
    head(exchange) {
      const { target, body } = exchange
      const isAskedByQuery = target.ok && body.declaredBytes === 0 && target.rawQuery !== ''
      return isAskedByQuery ? judge(exchange, askedInQuery(target.rawQuery, readJson)) : pass
    },
    body: {
      wants: (exchange) => (exchange.body.declaredBytes === 0 ? 0 : config.max_body),
      judge(exchange, { bytes, complete, undecodable }) {
        if (bytes.length === 0 && complete) return pass
        if (!complete) return judge(exchange, `more than ${config.max_body} bytes`)
        if (undecodable !== undefined) return judge(exchange, 'an encoding that cannot be read')
        const type = exchange.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
        if (type === 'application/graphql')
          return judge(exchange, [{ query: Buffer.from(bytes).toString('utf8'), variables: {} }])
        if (type !== 'application/json')
          return judged(exchange, refuse('application.content-type-not-allowed', 'GraphQL comes as JSON'))
        return judge(exchange, askedInJson(readJson(bytes)?.value))
      },
    },
  }
}

function askedInQuery(rawQuery: string, readJson: ReadJson): Asked {
  const pairs = readPairs(rawQuery.replace(/^\?/, ''))
  const queries = pairs?.filter(([name]) => name === 'query')
  const variables = pairs?.filter(([name]) => name === 'variables')
  if (!queries || !variables || queries.length > 1 || variables.length > 1)
    return 'it can be read in two ways'
  const [query] = queries
  if (!query) return []
  const [given] = variables
  const read = given ? readJson(Buffer.from(given[1])) : { value: {} }
  return read ? askedInJson({ query: query[1], variables: read.value }) : 'variables that are no JSON'
}

/** One operation, or a list of them. An operation that is known by its hash alone is the application's own. */
function askedInJson(value: unknown): Asked {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  const found: Operation[] = []
  for (const one of all) {
    if (!isRecord(one)) return 'no object with a `query`'
    const { query, variables = {}, extensions } = one
    if (query === undefined && isRecord(extensions) && isRecord(extensions['persistedQuery'])) continue
    if (typeof query !== 'string') return 'no text in `query`'
    found.push({ query, variables: isRecord(variables) ? variables : {} })
  }
  return found
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
