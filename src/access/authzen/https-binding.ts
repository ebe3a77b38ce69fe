import { RingwallError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import { readJson } from '../cedar/json-reader.ts'
import type { Json } from '../cedar/json.ts'
import { type Caller, callerFinder } from './callers.ts'
import type { Answer, DecisionPoint } from './decision-point.ts'
import { cutReason } from './question.ts'

/** The head of a request. */
export interface AuthZenHead {
  readonly method: string
  /** Canonical, without a query. */
  readonly path: string
  readonly headers: HeaderList
}

/** What is answered: a flat list of fields and a text. Notes are for the operator alone. */
export interface AuthZenAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly caller?: string
  readonly notes: readonly string[]
}

/** Where a decision point is reached and who may ask it. */
export interface BindingParts {
  readonly point: DecisionPoint
  /** The identifier of the decision point: its public base URL, `https`, without query and fragment. */
  readonly url: string
  readonly callers: readonly Caller[]
  readonly maxBytes: number
}

/** The HTTPS JSON Binding (AuthZEN 1.0, Transport), as functions from requests to answers. */
export interface HttpsBinding {
  /** Paths that are answered, with their method. */
  readonly routes: readonly { readonly method: 'GET' | 'POST'; readonly path: string }[]
  readonly maxBytes: number
  /** The answer to a request of which no byte of body is needed to know it: a refusal, or the metadata. */
  admit(head: AuthZenHead): AuthZenAnswer | undefined
  /** The answer to a whole request. */
  answer(head: AuthZenHead, body: Uint8Array): Promise<AuthZenAnswer>
}

type Ask = (point: DecisionPoint, body: Json, caller: string) => Promise<Answer<object>>

interface Api {
  readonly parameter: string
  readonly path: string
  readonly isSearch: boolean
  readonly ask: Ask
}

/** The APIs, their metadata parameters and default paths (AuthZEN 1.0, API Endpoint Overview). */
const APIS: readonly Api[] = [
  {
    parameter: 'access_evaluation_endpoint',
    path: '/access/v1/evaluation',
    isSearch: false,
    ask: (point, body) => point.evaluate(body),
  },
  {
    parameter: 'access_evaluations_endpoint',
    path: '/access/v1/evaluations',
    isSearch: false,
    ask: (point, body) => point.evaluations(body),
  },
  {
    parameter: 'search_subject_endpoint',
    path: '/access/v1/search/subject',
    isSearch: true,
    ask: (point, body, caller) => point.searchSubject(body, caller),
  },
  {
    parameter: 'search_resource_endpoint',
    path: '/access/v1/search/resource',
    isSearch: true,
    ask: (point, body, caller) => point.searchResource(body, caller),
  },
  {
    parameter: 'search_action_endpoint',
    path: '/access/v1/search/action',
    isSearch: true,
    ask: (point, body, caller) => point.searchAction(body, caller),
  },
]

const WELL_KNOWN = '/.well-known/authzen-configuration'
const MAX_REQUEST_ID_CHARS = 1024

/** Binds a decision point to its URL and its callers. */
export function bindHttps({ point, url, callers, maxBytes }: BindingParts): HttpsBinding {
  const { identifier, prefix } = readUrl(url)
  const metadata = JSON.stringify({
    policy_decision_point: identifier,
    ...Object.fromEntries(APIS.map(({ parameter, path }) => [parameter, identifier + path])),
  })
  const metadataPath = WELL_KNOWN + prefix
  const apis = new Map(APIS.map((api) => [prefix + api.path, api]))
  const findCaller = callerFinder(callers)

  const judge = (head: AuthZenHead): AuthZenAnswer | { readonly api: Api; readonly caller: Caller } => {
    const fail = failureFor(head)
    const doubt = doubtInRequestId(head.headers)
    if (doubt !== undefined) return { ...fail(400, doubt), headers: JSON_FIELDS }
    const api = apis.get(head.path)
    if (api === undefined && head.path !== metadataPath) return fail(404, 'there is no such endpoint')
    const isRight = api === undefined ? ['GET', 'HEAD'].includes(head.method) : head.method === 'POST'
    if (!isRight) return fail(405, 'the method is wrong', ['Allow', api === undefined ? 'GET, HEAD' : 'POST'])
    if (api === undefined) return reply(head, 200, metadata, ['Cache-Control', 'public, max-age=3600'])
    const caller = findCaller(head.headers.all('authorization'))
    if (caller === undefined)
      return fail(401, 'a bearer token of a known caller is needed', [
        'WWW-Authenticate',
        `Bearer realm="${identifier}"`,
      ])
    if (api.isSearch && !caller.maySearch)
      return { ...fail(403, 'this caller may not search'), caller: caller.name }
    const wrong = doubtInContent(head.headers)
    return wrong === undefined ? { api, caller } : { ...fail(400, wrong), caller: caller.name }
  }

  return {
    routes: [
      { method: 'GET', path: metadataPath },
      ...[...apis.keys()].map((path) => ({ method: 'POST', path }) as const),
    ],
    maxBytes,
    admit(head) {
      const judged = judge(head)
      return 'api' in judged ? undefined : judged
    },
    async answer(head, body) {
      const judged = judge(head)
      if (!('api' in judged)) return judged
      const { api, caller } = judged
      const fail = (status: number, reason: string): AuthZenAnswer => ({
        ...failureFor(head)(status, reason),
        caller: caller.name,
      })
      if (body.length > maxBytes) return fail(413, `the body is larger than ${maxBytes} bytes`)
      const text = decode(body)
      if (text === undefined) return fail(400, 'the body is no UTF-8')
      const json = readJson(text)
      if (!json.ok) return fail(400, json.errors[0]?.message ?? 'the body is no JSON')
      const answer = await api.ask(point, json.value, caller.name)
      if (!answer.ok) return fail(400, answer.reason)
      const { notes } = answer
      return { ...reply(head, 200, JSON.stringify(answer.body)), notes, caller: caller.name }
    },
  }
}

const JSON_FIELDS = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'] as const

/** An answer with the identifier of its request (AuthZEN 1.0, Request Identification). */
function reply(
  { headers }: AuthZenHead,
  status: number,
  body: string,
  fields: readonly string[] = ['Cache-Control', 'no-store'],
): AuthZenAnswer {
  const [requestId] = headers.all('x-request-id')
  const echo = requestId === undefined ? [] : ['X-Request-ID', requestId]
  return { status, headers: ['Content-Type', 'application/json', ...fields, ...echo], body, notes: [] }
}

/** Errors are a message as a JSON string (AuthZEN 1.0, Error Responses). */
function failureFor(
  head: AuthZenHead,
): (status: number, reason: string, fields?: readonly string[]) => AuthZenAnswer {
  return (status, reason, fields = []) => ({
    ...reply(head, status, JSON.stringify(cutReason(reason)), ['Cache-Control', 'no-store', ...fields]),
    notes: [reason],
  })
}

function doubtInRequestId(headers: HeaderList): string | undefined {
  const [id = '', ...more] = headers.all('x-request-id')
  if (more.length > 0) return 'there are two X-Request-ID fields'
  if (id.length > MAX_REQUEST_ID_CHARS)
    return `X-Request-ID is longer than ${MAX_REQUEST_ID_CHARS} characters`
  return /[\0-\x08\x0a-\x1f\x7f]/.test(id) ? 'X-Request-ID holds a control character' : undefined
}

function doubtInContent(headers: HeaderList): string | undefined {
  const [type = '', ...more] = headers.all('content-type')
  const media = type.split(';', 1)[0]?.trim().toLowerCase()
  if (media !== 'application/json' || more.length > 0) return 'Content-Type must be application/json'
  const coding = headers.get('content-encoding')?.trim().toLowerCase()
  return coding === undefined || coding === 'identity' ? undefined : 'Content-Encoding must be identity'
}

/** A byte order mark is no JSON (RFC 8259 8.1), so it stays in and is found. */
function decode(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}

function readUrl(text: string): { readonly identifier: string; readonly prefix: string } {
  const url = URL.parse(text)
  const isPlain = url?.username === '' && url.password === '' && !/[?#]/.test(text)
  if (url?.protocol !== 'https:' || !isPlain || !/^\/[\w./~-]*$/.test(url.pathname))
    throw new RingwallError(
      'access.authzen-url',
      `\`${text}\` cannot be the URL of a decision point; write its public base URL, such as https://pdp.example.com`,
    )
  const prefix = url.pathname.replace(/\/$/, '')
  return { identifier: url.origin + prefix, prefix }
}
