import { type Json, objectAt, type Path, stringAt, wrong } from '../cedar/json.ts'
import { attempt } from '../cedar/syntax.ts'
import type { Limits } from './limits.ts'

/** A JSON object as it was sent. */
export type JsonObject = Readonly<Record<string, Json>>

/** A kind of subjects or resources, with what is claimed of the one that is meant (AuthZEN 1.0, Subject and Resource). */
export interface Sort {
  readonly type: string
  readonly properties: JsonObject
}

/** One subject or resource. */
export interface Named extends Sort {
  readonly id: string
}

/** An action and what is said of this one use of it (AuthZEN 1.0, Action). */
export interface Deed {
  readonly name: string
  readonly properties: JsonObject
}

/** May this subject do this to this resource? */
export interface Question {
  readonly subject: Named
  readonly action: Deed
  readonly resource: Named
  readonly context: JsonObject
}

/** Which page of a search is wanted (AuthZEN 1.0, Paginated Requests). */
export interface PageWish {
  readonly token: string | undefined
  readonly limit: number | undefined
}

/** A search: what is looked for has no id (subjects, resources) or is not there at all (actions). */
export type SearchQuestion = (
  | { readonly kind: 'subject'; readonly subject: Sort; readonly action: Deed; readonly resource: Named }
  | { readonly kind: 'resource'; readonly subject: Named; readonly action: Deed; readonly resource: Sort }
  | { readonly kind: 'action'; readonly subject: Named; readonly resource: Named }
) & { readonly context: JsonObject; readonly page: PageWish | undefined }

/** What may be searched for. */
export type SearchKind = SearchQuestion['kind']

/** How several questions are run (AuthZEN 1.0, Evaluations semantics). */
export const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const

/** One of `SEMANTICS`. */
export type Semantic = (typeof SEMANTICS)[number]

/** Several questions; each is read by itself, so that one that is wrong does not spoil the others. */
export interface Batch {
  readonly semantic: Semantic
  readonly items: readonly Read<Question>[]
}

/** What was asked, or one sentence on what is wrong with it. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

const NOTHING: JsonObject = Object.freeze({})
const MAX_REASON_CHARS = 200

/** Reads an Access Evaluation request. Unknown members are ignored, as the standard asks. */
export function readQuestion(body: Json, limits: Limits): Read<Question> {
  return reading(() => questionAt(objectAt(body, ''), '', limits))
}

/**
 * Reads an Access Evaluations request; undefined where it has no evaluations and is to be read as a single one. Members
 * of the body are defaults of every evaluation: one that is given there replaces the whole default.
 */
export function readBatch(body: Json, limits: Limits): Read<Batch | undefined> {
  return reading(() => {
    const object = objectAt(body, '')
    const { evaluations } = object
    const semantic = semanticAt(object['options'])
    if (evaluations === undefined) return undefined
    if (!Array.isArray(evaluations)) wrong('evaluations', 'an array')
    const list = evaluations as readonly Json[]
    if (list.length === 0) return undefined
    if (list.length > limits.maxEvaluations) wrong('evaluations', `at most ${limits.maxEvaluations}`)
    const { subject, action, resource, context } = object
    if (subject !== undefined) namedAt(subject, 'subject', limits)
    if (action !== undefined) deedAt(action, 'action', limits)
    if (resource !== undefined) namedAt(resource, 'resource', limits)
    contextAt(context, 'context')
    const defaults = Object.fromEntries(
      Object.entries({ subject, action, resource, context }).filter(([, value]) => value !== undefined),
    ) as JsonObject
    const items = list.map((item, at) =>
      reading(() => {
        const path = `evaluations[${at}]`
        return questionAt({ ...defaults, ...objectAt(item, path) }, `${path}.`, limits)
      }),
    )
    return { semantic, items }
  })
}

/** Reads a request of one of the three Search APIs. */
export function readSearch(kind: SearchKind, body: Json, limits: Limits): Read<SearchQuestion> {
  return reading((): SearchQuestion => {
    const object = objectAt(body, '')
    const { subject, action, resource } = object
    const rest = { context: contextAt(object['context'], 'context'), page: pageAt(object['page']) }
    switch (kind) {
      case 'subject':
        return {
          kind,
          subject: sortAt(subject, 'subject', limits),
          action: deedAt(action, 'action', limits),
          resource: namedAt(resource, 'resource', limits),
          ...rest,
        }
      case 'resource':
        return {
          kind,
          subject: namedAt(subject, 'subject', limits),
          action: deedAt(action, 'action', limits),
          resource: sortAt(resource, 'resource', limits),
          ...rest,
        }
      case 'action':
        return {
          kind,
          subject: namedAt(subject, 'subject', limits),
          resource: namedAt(resource, 'resource', limits),
          ...rest,
        }
      default:
        return kind satisfies never
    }
  })
}

/** A reason as it is sent: what was asked may stand in it, so it is cut. */
export function cutReason(reason: string): string {
  return reason.length <= MAX_REASON_CHARS ? reason : `${reason.slice(0, MAX_REASON_CHARS).toWellFormed()}...`
}

function reading<T>(read: () => T): Read<T> {
  const parsed = attempt('', read)
  if (parsed.ok) return parsed
  return { ok: false, reason: cutReason(parsed.errors[0]?.message ?? 'unreadable') }
}

function questionAt(object: JsonObject, at: Path, limits: Limits): Question {
  return {
    subject: namedAt(object['subject'], `${at}subject`, limits),
    action: deedAt(object['action'], `${at}action`, limits),
    resource: namedAt(object['resource'], `${at}resource`, limits),
    context: contextAt(object['context'], `${at}context`),
  }
}

function namedAt(json: Json | undefined, path: Path, limits: Limits): Named {
  const id = textAt(objectAt(json, path)['id'], `${path}.id`, limits.maxIdChars)
  return { ...sortAt(json, path, limits), id }
}

function sortAt(json: Json | undefined, path: Path, limits: Limits): Sort {
  const { type, properties } = objectAt(json, path)
  return {
    type: textAt(type, `${path}.type`, limits.maxNameChars),
    properties: contextAt(properties, `${path}.properties`),
  }
}

function deedAt(json: Json | undefined, path: Path, limits: Limits): Deed {
  const { name, properties } = objectAt(json, path)
  return {
    name: textAt(name, `${path}.name`, limits.maxNameChars),
    properties: contextAt(properties, `${path}.properties`),
  }
}

function contextAt(json: Json | undefined, path: Path): JsonObject {
  return json === undefined ? NOTHING : objectAt(json, path)
}

function textAt(json: Json | undefined, path: Path, maxChars: number): string {
  const text = stringAt(json, path)
  return text.length <= maxChars ? text : wrong(path, `at most ${maxChars} characters`)
}

function semanticAt(json: Json | undefined): Semantic {
  const named = json === undefined ? undefined : objectAt(json, 'options')['evaluations_semantic']
  if (named === undefined) return 'execute_all'
  return (
    SEMANTICS.find((semantic) => semantic === named) ??
    wrong('options.evaluations_semantic', `one of ${SEMANTICS.join(', ')}`)
  )
}

function pageAt(json: Json | undefined): PageWish | undefined {
  if (json === undefined) return undefined
  const { token, limit } = objectAt(json, 'page')
  if (limit !== undefined && !(typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0))
    wrong('page.limit', 'a whole number that is not negative')
  return { token: token === undefined ? undefined : stringAt(token, 'page.token'), limit }
}
