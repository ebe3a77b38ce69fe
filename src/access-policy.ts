import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import {
  type AskForFacts,
  Explainer,
  formatExplanation,
  type Named,
  type PolicyConfig,
  type PolicyParts,
  PolicySet,
  readJson,
} from './access/index.ts'
import { createTextMask } from './data/index.ts'
import { openapiRoutes, type RouteConfig } from './config/index.ts'
import { RingwallError } from './core/errors.ts'
import type { Exchange } from './core/exchange.ts'
import { StreamFault } from './core/fault.ts'
import type { Upstream } from './core/wall.ts'
import { StreamedBody } from './body.ts'

const loaded = new WeakMap<PolicyConfig, PolicySet>()

/** The policy that a configuration names, for as long as the configuration is in force. Throws RingwallError with file and line. */
export function openPolicy(config: PolicyConfig | undefined): PolicySet | undefined {
  if (!config) return undefined
  let set = loaded.get(config)
  if (!set) {
    const { policies, schema, entities } = config
    set = PolicySet.load({
      policies: policyFiles(policies).map(readNamed),
      schema: readNamed(schema),
      entities: entities === undefined ? undefined : readNamed(entities),
    })
    loaded.set(config, set)
  }
  return set
}

/** Why a request is denied, in lines: each policy that could have allowed it and what kept it from doing so. Values are masked. */
export function explainBy(set: PolicySet): PolicyParts['explain'] {
  const explainer = new Explainer(set.policies, { mask: createTextMask(), failedForbid: 'deny' })
  return (request, entities) =>
    formatExplanation(explainer.explain(request, entities), { maxPolicies: 5 }).split('\n')
}

/** The routes that the OpenAPI document of a policy declares. */
export function policyRoutes(config: PolicyConfig | undefined): RouteConfig[] {
  if (config?.openapi === undefined) return []
  const { file, text } = readNamed(config.openapi)
  return openapiRoutes(text, file)
}

/** The files of a policy: the one that is named, or the *.cedar files of a folder. */
export function policyFiles(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  const files = readdirSync(path)
    .filter((name) => name.endsWith('.cedar'))
    .sort()
  if (files.length === 0) throw new RingwallError('access.policy', `there is no *.cedar file in ${path}`)
  return files.map((name) => join(path, name))
}

/** A file of a policy. Throws RingwallError where it cannot be read. */
export function readNamed(file: string): Named {
  try {
    return { file, text: readFileSync(file, 'utf8') }
  } catch (cause) {
    throw new RingwallError('access.file-unreadable', `\`${file}\` cannot be read`, { cause, at: { file } })
  }
}

/** More is no row. */
const MAX_FACTS_BYTES = 256 * 1024
/** Fields of the request that are about its own message, or would make the answer about another one. */
const NOT_ASKED =
  /^(content-.*|transfer-encoding|if-.*|range|accept.*|upgrade|connection|expect|ringwall-.*)$/

/** Asks an application for a resource: a GET of another path in the name of the same client, with the same cookies. */
export function askFor(upstream: Upstream): AskForFacts {
  return async (exchange, path) => {
    const question: Exchange = {
      ...exchange,
      method: 'GET',
      headers: exchange.headers.filter((name) => !NOT_ASKED.test(name)),
      target: { ok: true, path, rawQuery: '', decodedPath: path },
      body: new StreamedBody(0, () => ({ next: async () => ({ done: true, value: undefined }) })),
      onInformation: undefined,
    }
    question.headers.append('Accept', 'application/json')
    question.headers.append('Accept-Encoding', 'identity')
    try {
      const reply = await upstream(question)
      if (reply.status === 404 || reply.status === 410) {
        reply.cancel?.()
        return { kind: 'absent' }
      }
      if (reply.status === 401 || reply.status === 403) {
        reply.cancel?.()
        return { kind: 'withheld' }
      }
      const type = reply.headers.get('content-type') ?? 'no type'
      if (reply.status !== 200 || !/^application\/(\w[\w.-]*\+)?json\b/i.test(type)) {
        reply.cancel?.()
        return { kind: 'failed', why: `${reply.status} with ${type}` }
      }
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of reply.body instanceof Uint8Array ? [reply.body] : (reply.body ?? [])) {
        size += chunk.length
        if (size > MAX_FACTS_BYTES) {
          reply.cancel?.()
          return { kind: 'failed', why: `more than ${MAX_FACTS_BYTES} bytes` }
        }
        chunks.push(chunk)
      }
      const json = readJson(Buffer.concat(chunks).toString())
      const isObject =
        json.ok && typeof json.value === 'object' && json.value !== null && !Array.isArray(json.value)
      if (!isObject) return { kind: 'failed', why: 'no JSON object' }
      return { kind: 'found', fields: json.value as Readonly<Record<string, unknown>> }
    } catch (thrown) {
      if (thrown instanceof StreamFault) return { kind: 'failed', why: thrown.message }
      throw thrown
    }
  }
}
