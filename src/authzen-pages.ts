import { createHmac } from 'node:crypto'

import {
  AUTHZEN_LIMITS,
  type AuthZenAnswer,
  type AuthZenConfig,
  type AuthZenHead,
  bindHttps,
  DecisionPoint,
  type HttpsBinding,
  MemoryEntities,
  PolicySet,
  readEntitiesFile,
  readPolicyFiles,
  type Schema,
} from './access/index.ts'
import { readNamed } from './access-policy.ts'
import type { Clock } from './core/clock.ts'
import type { Exchange } from './core/exchange.ts'
import { HeaderList } from './core/headers.ts'
import type { Keys } from './core/keys.ts'
import type { Reply } from './core/reply.ts'
import type { SiteRoute } from './site.ts'

/** What an evaluation may hold on average where a request may have very many of them. */
const VALUES_PER_EVALUATION = 40
const MAX_NOTES = 8
const MAX_NOTE_CHARS = 200

/**
 * The routes of the AuthZEN decision point that a configuration describes; none where it is off. Without policies of its own
 * it answers by the policy of the routes.
 */
export function authzenPages(
  config: AuthZenConfig,
  shared: PolicySet | undefined,
  keys: Keys,
  clock: Clock,
): readonly SiteRoute[] {
  if (!config.enabled) return []
  const binding = openBinding(config, shared, keys, clock)
  return binding.routes.map(({ path }) => ({
    // Every method comes to the binding, which answers as the standard asks. Callers have tokens, not sessions, and bodies
    // are judged by a stricter reader than the attack rules.
    config: {
      name: `authzen ${path}`,
      path,
      sign_in: 'off',
      inspect: 'off',
      max_body: binding.maxBytes,
    },
    upstream: (exchange) => answerExchange(binding, exchange),
  }))
}

async function answerExchange(binding: HttpsBinding, exchange: Exchange): Promise<Reply> {
  const head: AuthZenHead = {
    method: exchange.method,
    path: exchange.target.ok ? exchange.target.path : '',
    headers: exchange.headers,
  }
  // The body is read only when its caller is known. The gateway wall holds it to `max_body`.
  const answer =
    binding.admit(head) ?? (await binding.answer(head, (await exchange.body.tap(binding.maxBytes + 1)).bytes))
  for (const note of answer.notes.slice(0, MAX_NOTES)) exchange.trace.note(note.slice(0, MAX_NOTE_CHARS))
  const caller = answer.caller ?? 'unknown'
  exchange.trace.note(`caller ${caller}`)
  if (answer.status === 401 || answer.status === 403) {
    exchange.events.push({
      kind: 'access.caller-refused',
      outcome: 'failure',
      data: { caller, status: answer.status },
    })
  }
  const reply = replyOf(answer)
  // A body that was left on the socket must not be read as the next request.
  return exchange.body.ended ? reply : { ...reply, close: true }
}

function replyOf({ status, headers, body }: AuthZenAnswer): Reply {
  const bytes = Buffer.from(body, 'utf8')
  const list = new HeaderList(headers)
  list.set('Content-Length', String(bytes.length))
  return { status, headers: list, body: bytes, origin: 'ringwall' }
}

/** What it decides by. */
type Basis = Pick<PolicySet, 'policies' | 'entities'> & { readonly schema: Schema | undefined }

function basisOf(config: AuthZenConfig, shared: PolicySet | undefined): Basis {
  const entities = config.entities === undefined ? undefined : readNamed(config.entities)
  if (shared && config.policies.length === 0) {
    const { policies, schema } = shared
    return { policies, schema, entities: entities ? readEntitiesFile(entities, schema) : shared.entities }
  }
  const policies = config.policies.map(readNamed)
  if (config.schema !== undefined)
    return PolicySet.load({ policies, schema: readNamed(config.schema), entities })
  return {
    policies: readPolicyFiles(policies),
    schema: undefined,
    entities: readEntitiesFile(entities, undefined),
  }
}

function openBinding(
  config: AuthZenConfig,
  shared: PolicySet | undefined,
  keys: Keys,
  clock: Clock,
): HttpsBinding {
  const { policies, schema, entities } = basisOf(config, shared)
  const point = new DecisionPoint({
    policies,
    entities: new MemoryEntities(entities),
    ...(schema && { schema }),
    vocabulary: {
      namespace: config.namespace,
      types: Object.fromEntries(
        Object.entries(config.types).map(([name, { must_exist: mustExist, ...rule }]) => [
          name,
          { ...rule, mustExist },
        ]),
      ),
    },
    actions: config.actions,
    ...(config.action_properties_in !== undefined && { actionPropertiesIn: config.action_properties_in }),
    annotations: config.annotations,
    failedForbid: config.failed_forbid,
    limits: {
      pageSize: config.page_size,
      maxEvaluations: config.max_evaluations,
      maxValues: Math.max(AUTHZEN_LIMITS.maxValues, VALUES_PER_EVALUATION * config.max_evaluations),
    },
    pageKey: pageKeyOf(keys),
    clock,
  })
  return bindHttps({
    point,
    url: config.url ?? '',
    callers: Object.entries(config.callers).map(([name, { token, search }]) => ({
      name,
      token,
      maySearch: search,
    })),
    maxBytes: config.max_body,
  })
}

/** Gateways with the same keyring read each other's page tokens. A rotation ends searches that are under way. */
function pageKeyOf(keys: Keys): Uint8Array {
  return createHmac('sha256', keys.current('cookie').material.reveal())
    .update('ringwall authzen page')
    .digest()
}
