// Ordinary requests that no firewall should refuse: tables of texts, each sent in several of the places where such texts stand.
import { AGENTS, browserHeaders } from './browsers.ts'
import { FORM_DRAFTS, UPLOAD_DRAFTS } from './forms.ts'
import { LINE_PLACEMENTS, PROSE_PLACEMENTS, type Placement } from './placements.ts'
import { bytes, formValue, type Draft, type OrdinaryRequest } from './request.ts'
import { readBlocks, readLines } from './seeds.ts'

/** Tables of one line each that people type into small fields: topic, and in how many places each text is sent. */
const LINES: readonly (readonly [topic: string, places: number])[] = [
  ['names', 5],
  ['places', 4],
  ['searches', 4],
  ['signs', 4],
]

/** Tables of one line each that people write into large fields, and now and then into small ones. */
const PROSE: readonly (readonly [topic: string, places: number])[] = [
  ['prose-english', 5],
  ['sql-words', 6],
  ['science', 5],
  ['german', 4],
  ['french', 4],
  ['spanish', 4],
  ['polish', 4],
  ['turkish', 4],
  ['greek', 4],
  ['russian', 4],
  ['chinese', 4],
  ['japanese', 4],
  ['korean', 5],
  ['arabic', 4],
  ['hebrew', 4],
  ['indic-and-thai', 4],
  ['more-languages', 4],
  ['emoji', 4],
]

/** Tables of many lines each: code that is only code, reports, documents. */
const POSTS: readonly (readonly [topic: string, places: number])[] = [
  ['code', 4],
  ['markdown', 4],
  ['rich-text', 4],
  ['reports', 4],
  ['documents', 4],
]

const XML_TARGETS = ['/feeds/import', '/api/xml'] as const

/** The same places in the same order on every run, and a different first one for every text. */
function choose(
  placements: readonly Placement[],
  text: string,
  i: number,
  count: number,
): readonly Placement[] {
  const chosen: Placement[] = []
  for (let step = 0; step < placements.length && chosen.length < count; step++) {
    const placement = placements[(i * 3 + step) % placements.length] as Placement
    if (placement.fits(text)) chosen.push(placement)
  }
  return chosen
}

function* spread(
  topic: string,
  texts: readonly string[],
  placements: readonly Placement[],
  count: number,
): Generator<OrdinaryRequest> {
  for (const [i, text] of texts.entries()) {
    for (const placement of choose(placements, text, i, count)) {
      yield finish(topic, `${i + 1}-${placement.name}`, placement.draft(text, i), i)
    }
  }
}

function* each(topic: string, drafts: Iterable<Draft>): Generator<OrdinaryRequest> {
  let i = 0
  for (const draft of drafts) yield finish(topic, String(++i), draft, i)
}

function finish(topic: string, name: string, draft: Draft, i: number): OrdinaryRequest {
  const { method = 'GET', target, type, headers = [], body } = draft
  const own = new Set(headers.map(([field]) => field.toLowerCase()))
  const sent: [string, string][] = [
    ...browserHeaders(i, body !== undefined).filter(([field]) => !own.has(field.toLowerCase())),
    ...headers.map(([field, value]) => [field, value] as [string, string]),
    ...(type === undefined ? [] : [['Content-Type', type] as [string, string]]),
  ]
  return {
    id: `${topic}-${name}`,
    topic,
    method,
    target,
    headers: sent,
    ...(body === undefined ? {} : { body }),
  }
}

function* jsonDrafts(): Generator<Draft> {
  for (const block of readBlocks('json-bodies')) {
    const [first = '', ...rest] = block.split('\n')
    const [method = 'POST', target = '/'] = first.split(' ')
    const text = rest.join('\n')
    const type = target === '/api/csp-report' ? 'application/csp-report' : 'application/json'
    yield { method, target, type, body: bytes(text) }
    const pretty = JSON.stringify(JSON.parse(text), undefined, 2)
    yield {
      method,
      target: `/v2${target}`,
      type: 'application/json;charset=UTF-8',
      body: bytes(`${pretty}\n`),
    }
  }
}

function* agentDrafts(): Generator<Draft> {
  for (const [i, agent] of AGENTS.entries()) {
    const headers = [['User-Agent', agent]] as const
    yield { target: `/?visit=${i}`, headers }
    yield { method: i % 3 === 0 ? 'HEAD' : 'GET', target: `/products/${i}`, headers }
  }
}

/** What a search field sends while somebody types: words cut off, quotes and brackets still open. */
function prefixDrafts(): Draft[] {
  const prefixes = new Set<string>()
  for (const text of readLines('searches')) {
    const letters = [...text]
    if (letters.length < 7 || /^[a-z ]+$/.test(text)) continue
    for (const share of [0.3, 0.5, 0.8])
      prefixes.add(letters.slice(0, Math.ceil(letters.length * share)).join(''))
  }
  return [...prefixes].map((prefix) => ({
    target: `/complete?prefix=${formValue(prefix)}`,
    headers: [['X-Requested-With', 'XMLHttpRequest']],
  }))
}

const xmlDrafts = (): Draft[] =>
  readBlocks('xml-bodies').flatMap((text, i) =>
    XML_TARGETS.map((target, t) => ({
      method: t === 0 ? 'POST' : 'PUT',
      target: `${target}/${i}`,
      type: t === 0 ? 'application/xml' : 'text/xml; charset=utf-8',
      body: bytes(text),
    })),
  )

/** Every ordinary request, in the same order each time. */
export function* ordinaryTraffic(): Generator<OrdinaryRequest> {
  for (const [topic, count] of LINES) yield* spread(topic, readLines(topic), LINE_PLACEMENTS, count)
  for (const [topic, count] of PROSE) {
    const inLarge = Math.max(3, count - 1)
    yield* spread(topic, readLines(topic), PROSE_PLACEMENTS, inLarge)
    yield* spread(topic, readLines(topic), LINE_PLACEMENTS, count - inLarge)
  }
  for (const [topic, count] of POSTS) yield* spread(topic, readBlocks(topic), PROSE_PLACEMENTS, count)
  yield* each(
    'targets',
    readLines('targets').map((target) => ({ target })),
  )
  yield* each(
    'cookies',
    readLines('cookies').flatMap((cookie, i) =>
      ['/', '/cart'].map((path) => ({
        target: `${path}?v=${i}`,
        headers: [['Cookie', bytes(cookie)] as const],
      })),
    ),
  )
  yield* each('prefixes', prefixDrafts())
  yield* each('agents', agentDrafts())
  yield* each('json', jsonDrafts())
  yield* each('xml', xmlDrafts())
  yield* each('forms', FORM_DRAFTS)
  yield* each('uploads', UPLOAD_DRAFTS)
}
