// Recorded traffic against rules that are not enforced yet, and a hole that is patched from outside.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { main } from '../src/cli/main.ts'
import { readTraffic } from '../src/cli/recorded-traffic.ts'
import { nextRuleId } from '../src/cli/rules-file.ts'
import { completeConfig, imagineWalls } from '../src/index.ts'

const LOG = String.raw`203.0.113.9 - - [24/Nov/2026:10:00:00 +0000] "GET /search?q=lantern HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64)"
203.0.113.9 - ann [24/Nov/2026:10:00:01 +0000] "GET /search?q=%27%20OR%20%271%27=%271 HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64)"
203.0.113.9 - - [24/Nov/2026:10:00:02 +0000] "GET / HTTP/1.1" 200 512 "https://a.example/?x=\"y\"" "sqlmap/1.8"
203.0.113.9 - - [24/Nov/2026:10:00:03 +0000] "GET /a HTTP/1.1" 304 -
this is no line of a log
`
const HAR = JSON.stringify({
  log: {
    entries: [
      {
        request: {
          method: 'GET',
          url: 'https://shop.example/a?b=c',
          headers: [
            { name: ':authority', value: 'x' },
            { name: 'Accept', value: 'text/html' },
          ],
        },
      },
      {
        request: {
          method: 'POST',
          url: 'https://shop.example/comments',
          headers: [{ name: 'Origin', value: 'https://shop.example' }],
          postData: {
            mimeType: 'application/x-www-form-urlencoded',
            text: 'text=%3Cscript%3Ealert(1)%3C/script%3E',
          },
        },
      },
      { request: { method: 'GET', url: 'data:text/plain,x' } },
    ],
  },
})

async function run(t: test.TestContext, ...args: readonly string[]): Promise<{ code: number; text: string }> {
  const said: string[] = []
  const terminal = {
    out: (text: string) => void said.push(text),
    error: (text: string) => void said.push(text),
    isColored: false,
    isClosed: false,
  }
  const code = await main(args, terminal)
  t.diagnostic(said.at(-1) ?? '')
  return { code, text: said.join('\n') }
}

function folder(t: test.TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-replay-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('an access log says what would be refused, by rule, and what it could not read', async (t) => {
  const directory = folder(t)
  const [log, config] = [join(directory, 'access.log'), join(directory, 'c.yaml')]
  writeFileSync(log, LOG)
  writeFileSync(config, `store: { directory: ${directory} }\nroutes: [{ path: "/**", inspect: detect }]\n`)
  const { code, text } = await run(t, 'rules', 'replay', log, '-c', config)
  assert.equal(code, 1)
  assert.match(text, /access\.log:2 {2}GET \/search\?q=%27[^]*perimeter\.sql-injection/)
  assert.match(text, /access\.log:3 {2}GET \/\n {4}perimeter\.bot-refused: scanner/)
  assert.match(text, /2 of 4 requests would be refused, 1 lines could not be read/)
})

test('a HAR file is read with its bodies; what is no request of a site is left out', async (t) => {
  const { requests, unread } = readTraffic(HAR, 'site.har')
  assert.equal(unread, 1)
  assert.deepEqual(requests[0]?.request, {
    method: 'GET',
    target: '/a?b=c',
    host: 'shop.example',
    https: true,
    headers: ['Accept', 'text/html'],
  })
  const directory = folder(t)
  const [har, config] = [join(directory, 'site.har'), join(directory, 'c.yaml')]
  writeFileSync(har, HAR)
  writeFileSync(config, `store: { directory: ${directory} }\n`)
  const { code, text } = await run(t, 'rules', 'replay', har, '-c', config, '--json')
  assert.equal(code, 1)
  const report = JSON.parse(text) as { requests: number; refusals: { at: string; code: string }[] }
  assert.equal(report.requests, 2)
  assert.deepEqual(
    report.refusals.map(({ at, code }) => [at.slice(-7), code]),
    [['entry 2', 'perimeter.cross-site-scripting']],
  )
})

for (const { name, text, says } of [
  { name: 'nothing of the kind', text: 'hello\nworld\n', says: /neither a HAR file nor an access log/ },
  { name: 'broken JSON', text: '{ "log": ', says: /is no JSON/ },
  { name: 'other JSON', text: '{ "a": 1 }', says: /no log\.entries/ },
]) {
  test(`a recording that is none is told: ${name}`, () => assert.throws(() => readTraffic(text, 'f'), says))
}

test('a patch is proposed, tried, written, and refuses until it ends', async (t) => {
  const directory = folder(t)
  const file = join(directory, 'patches.conf')
  const args = [
    'rules',
    'patch',
    '--path',
    '/orders',
    '--param',
    'id',
    '--reason',
    "ids' holes",
    '--file',
    file,
  ]
  const bad = await run(t, ...args, '--must-match', '(?=a)b')
  assert.notEqual(bad.code, 0)
  assert.match(bad.text, /lookahead|\(\?=/)
  assert.match((await run(t, ...args)).text, /one of --must-match and --must-not-match/)
  const proposed = await run(t, ...args, '--must-match', '[0-9]{1,8}')
  assert.match(proposed.text, /nothing is written/)
  const written = await run(t, ...args, '--must-match', '[0-9]{1,8}', '--write')
  assert.equal(written.code, 0, written.text)
  await run(t, ...args.with(3, '/quotes'), '--must-not-match', String.raw`.*["\"].*`, '--write')
  assert.match(readFileSync(file, 'utf8'), /id:2800000[^]*id:2800001/)
  const without = readFileSync(file, 'utf8').replace(/^#[^\n]*\n[^#]*id:2800000[^#]*(?=#)/, '')
  assert.doesNotMatch(without, /2800000/)
  assert.equal(nextRuleId(without, 2_800_000), 2_800_002, 'a number that is taken is not given again')

  const walls = await imagineWalls(
    completeConfig({ security: { perimeter: { rule_files: [file], default_rules: false } } }),
  )
  t.after(() => walls.close())
  for (const { target, code } of [
    { target: '/orders?id=7', code: null },
    { target: '/orders?id=7a', code: 'perimeter.rule' },
    { target: '/orders?id=7%0a', code: 'perimeter.rule' },
    { target: '/orders?other=7a', code: null },
    { target: '/order?id=7a', code: null },
    { target: '/quotes?id=a', code: null },
    { target: '/quotes?id=a%22b', code: 'perimeter.rule' },
  ])
    assert.equal((await walls.walk({ method: 'GET', target })).code, code, target)
})
