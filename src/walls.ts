import { accessWall, type PolicySet } from './access/index.ts'
import { askFor, explainBy } from './access-policy.ts'
import { applicationWall, type HtmlParts, readStrictJson, type UploadParts } from './application/index.ts'
import type { Config, RouteConfig } from './config/index.ts'
import type { Clock } from './core/clock.ts'
import type { NoteUse } from './core/holding.ts'
import type { Upstream, Wall } from './core/wall.ts'
import { type AnswerParts, dataWall } from './data/index.ts'
import { type ClientAuthorities, edgeWall } from './edge/index.ts'
import {
  type ApiKeys,
  gatewayWall,
  graphqlWall,
  type OpenApiDocument,
  type SchemaConfig,
  schemaWall,
  subjectLimitsWall,
} from './gateway/index.ts'
import { type Identity, identityWall } from './identity/index.ts'
import {
  type DecodeBody,
  type Engine,
  type Geography,
  perimeterWall,
  type Visitors,
} from './perimeter/index.ts'
import type { Counters } from './store/index.ts'

/** What the walls of all routes share. */
export interface Parts {
  readonly counters: Counters
  readonly clock: Clock
  readonly identity: Identity
  readonly apiKeys: ApiKeys
  readonly noteUse: NoteUse
  /** The rule sets of the perimeter, where some are configured. */
  readonly rules: Engine | undefined
  readonly decode: DecodeBody
  readonly geography: Geography | undefined
  readonly visitors: Visitors | undefined
  /** What tokens of forms are made with. */
  readonly forms: HtmlParts
  /** What becomes of uploads that are refused. */
  readonly uploads: UploadParts
  /** What answers are masked with. */
  readonly answers: AnswerParts
  /** The policy of routes with `access`, where one is configured. */
  readonly policy: PolicySet | undefined
  readonly authorities: Pick<ClientAuthorities, 'find'>
  /** The OpenAPI document that a route names, compiled. */
  readonly openDocument: (config: SchemaConfig) => OpenApiDocument
  /** The public port of HTTPS, where it is listened on. */
  readonly httpsPort: number | undefined
}

/**
 * The walls of one route, outermost first. Reading order, running order and the order in the docs are this order.
 * Built once per route: all options are compiled here, and a request costs only the loop. To add a wall, add a line.
 */
export function buildWalls(
  { security }: Config,
  route: RouteConfig,
  upstream: Upstream,
  parts: Parts,
): readonly Wall[] {
  const { identity, policy: set, clock } = parts
  const audience = route.upstream ?? route.name
  const policy = set && {
    set,
    clock,
    audience,
    askForFacts: askFor(upstream),
    explain: explainBy(set),
    signingKey: () => identity.assertions.signingKey(),
  }
  return [
    perimeterWall(security.perimeter, route, parts),
    edgeWall(security, route, parts),
    gatewayWall(security, route, { ...parts, readJson, realm: identity.realm }),
    identityWall(identity, route, audience),
    subjectLimitsWall(security, route, { ...parts, readJson }),
    accessWall(security.authorization, route, parts.noteUse, policy),
    ...(route.graphql ? [graphqlWall(route.graphql, readJson)] : []),
    ...(route.openapi ? [schemaWall(route.openapi, parts.openDocument(route.openapi), readJson)] : []),
    applicationWall(security.application, route, { html: parts.forms, uploads: parts.uploads }),
    dataWall(route, parts.answers),
  ]
}

function readJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  const read = readStrictJson(bytes)
  return read.ok ? { value: read.value } : undefined
}
