// Every default rule against the attacks and the harmless texts that stand above it in its file.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'node:test'

import { FIREWALL_ATTACKS } from '../../examples/shop/attacks/firewall.ts'
import { ordinaryTraffic } from '../../test/traffic/ordinary-traffic.ts'
import { Engine } from './engine/engine.ts'
import type { RequestFacts } from './engine/facts.ts'
import { operatorNames } from './operators/table.ts'
import { loadRules } from './seclang/rule-set.ts'

const FOLDER = join(import.meta.dirname, 'rules')
const FILES = globSync('*.conf', { cwd: FOLDER }).sort()
const read = (file: string): string => readFileSync(join(FOLDER, file), 'latin1')

const engine = new Engine(loadRules(FILES, { read, resolve: () => [] }, operatorNames), {
  now: () => 0,
  readLines: () => [],
})

interface Sample {
  readonly rule: number
  readonly kind: 'attack' | 'harmless'
  readonly text: string
}

/** The samples above each rule, and how many there are of each kind. */
function samplesOf(file: string): Sample[] {
  const found: Sample[] = []
  let waiting: Omit<Sample, 'rule'>[] = []
  for (const line of read(file).split('\n')) {
    const sample = /^# {3}(attack|harmless): (.*)$/.exec(line)
    if (sample) waiting.push({ kind: sample[1] as Sample['kind'], text: sample[2] as string })
    const id = /"id:(\d+),/.exec(line)
    if (!id) continue
    found.push(...waiting.map((one) => ({ ...one, rule: Number(id[1]) })))
    waiting = []
  }
  return found
}

interface Message {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly body?: string
  readonly answer?: string
}

const HEADERS = ['Host', 'shop.example', 'User-Agent', 'Mozilla/5.0 (X11; Linux x86_64)']
const post = (type: string, body: string): Message => ({
  method: 'POST',
  target: '/notes',
  headers: [...HEADERS, 'Content-Type', type, 'Content-Length', String(body.length)],
  body,
})

/** A sample as a message: a value of a query, or what its `@word` says. */
function messageOf(text: string): Message {
  const own = /^@([a-z]+) (.*)$/s.exec(text)
  const rest = own?.[2] ?? ''
  switch (own?.[1] ?? '') {
    case 'query':
      return { method: 'GET', target: `/?${rest}`, headers: HEADERS }
    case 'target':
      return { method: 'GET', target: rest, headers: HEADERS }
    case 'json':
      return post('application/json', rest)
    case 'form':
      return post('application/x-www-form-urlencoded', rest)
    case 'xml':
      return post('application/xml', rest)
    case 'header': {
      const [name = '', value = ''] = rest.split(': ', 2)
      return { method: 'GET', target: '/', headers: [...HEADERS.slice(0, 2), name, value] }
    }
    case 'answer':
      return { method: 'GET', target: '/', headers: HEADERS, answer: rest }
    default: {
      const encoded = text.replaceAll(
        /[^\w.~-]/g,
        (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
      )
      return { method: 'GET', target: `/?q=${encoded}`, headers: HEADERS }
    }
  }
}

/** The rules that match, not stopping at the first. */
function matched({ method, target, headers, body, answer }: Message): number[] {
  const facts: RequestFacts = {
    id: 'test',
    startedMs: 0,
    method,
    target,
    protocol: 'HTTP/1.1',
    headers,
    clientIp: '192.0.2.1',
    clientPort: 40_000,
    serverPort: 443,
    serverName: 'shop.example',
  }
  const t = engine.begin(facts)
  t.mode = 'detect'
  engine.judgeHead(t)
  engine.judgeBody(t, body === undefined ? undefined : { text: body, complete: true })
  if (answer !== undefined) {
    engine.judgeResponse(t, { status: 200, protocol: 'HTTP/1.1', headers: ['Content-Type', 'text/html'] })
    engine.judgeResponseBody(t, { text: answer, complete: true })
  }
  return t.matches.map((match) => match.id)
}

for (const file of FILES) {
  for (const { rule, kind, text } of samplesOf(file)) {
    test(`${basename(file, '.conf')} ${rule}: ${kind} ${text.slice(0, 80)}`, () => {
      const ids = matched(messageOf(text))
      if (kind === 'attack') assert.ok(ids.includes(rule), `only ${ids.join(', ') || 'nothing'} matches`)
      else assert.deepEqual(ids, [])
    })
  }
}

test('every rule has at least three attacks, three harmless texts, and says what it is', () => {
  const samples = FILES.flatMap(samplesOf)
  for (const rule of engine.rules) {
    for (const kind of ['attack', 'harmless'] as const) {
      const count = samples.filter((one) => one.rule === rule.id && one.kind === kind).length
      assert.ok(count >= 3, `${rule.id} has ${count} of ${kind}`)
    }
    assert.notEqual(rule.msg, '')
    for (const tag of [/^attack-/, /^CWE-\d+$/, /^OWASP\/A\d\d:2025$/, /^guide\//])
      assert.ok(
        rule.tags.some((one) => tag.test(one)),
        `${rule.id} has no tag ${tag}`,
      )
  }
})

test('ordinary traffic of more than 5,000 requests matches no rule', () => {
  const hits: string[] = []
  let count = 0
  for (const { id, method, target, headers, body } of ordinaryTraffic()) {
    count++
    const ids = matched({ method, target, headers: headers.flat(), ...(body !== undefined && { body }) })
    if (ids.length > 0) hits.push(`${id}: ${ids.join(', ')}`)
  }
  assert.ok(count > 5000)
  assert.deepEqual(hits, [])
})

test('the rules beside SQL, scripts and paths stop nearly every attack of their classes', () => {
  const elsewhere = new Set([
    'sql-injection',
    'cross-site-scripting',
    'path-traversal',
    'xpath-injection',
    'graphql-abuse',
  ])
  const attacks = FIREWALL_ATTACKS.filter((attack) => !elsewhere.has(attack.class))
  const through = attacks.filter(({ request: { method, target, headers, body } }) => {
    const flat = ['Host', 'shop.example', ...headers.flat()]
    return matched({ method, target, headers: flat, ...(body !== undefined && { body }) }).length === 0
  })
  assert.deepEqual(
    through.map((attack) => attack.id),
    [],
  )
})
