// The learned policy from end to end: pages are counted, browsers' reports collected, the lists changed by command, floods kept out.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { CSP_REPORT_PATH, readCspBook } from '../src/application/index.ts'
import { main } from '../src/cli/main.ts'
import { loadConfig, type Ringwall, ringwall } from '../src/index.ts'
import { cspFile } from '../src/kept.ts'

const PAGE =
  '<!doctype html><script src="/app.js"></script><script>inline()</script><style>p{}</style><script src="https://cdn.test/x.js"></script>'
const directory = mkdtempSync(join(tmpdir(), 'ringwall-csp-'))
const store = join(directory, 'store')
const file = join(directory, 'security_config.yaml')
const application = http.createServer((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE)
})
let gate: Ringwall
let url = ''

before(async () => {
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  writeFileSync(
    file,
    `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${store} }
upstreams: { application: "http://127.0.0.1:${(application.address() as AddressInfo).port}" }
security:
  application:
    # Seen first, then enforced.
    csp_nonce: report-only
    csp_known: [/app.js, /gone.js]
`,
  )
  gate = await ringwall(loadConfig(readFileSync(file, 'utf8'), { file }))
  url = (await gate.listen()).http as string
})

after(async () => {
  await gate.close()
  application.closeAllConnections()
  application.close()
  rmSync(directory, { recursive: true, force: true })
})

const visit = async (): Promise<Response> => fetch(`${url}/`, { headers: { Accept: 'text/html' } })

function report(blocked: string, page = `${url}/x?q=1`): Promise<Response> {
  const text = JSON.stringify({
    'csp-report': { 'document-uri': page, 'blocked-uri': blocked, 'violated-directive': 'connect-src' },
  })
  return fetch(url + CSP_REPORT_PATH, {
    method: 'POST',
    headers: { 'Content-Type': 'application/csp-report', 'Sec-Fetch-Site': 'cross-site' },
    body: text,
  })
}

async function csp(...argv: readonly string[]): Promise<{ code: number; text: string }> {
  let text = ''
  const say = (line: string): void => void (text += `${line}\n`)
  const code = await main(['csp', ...argv, '--config', file], { out: say, error: say } as never)
  return { code, text }
}

async function untilLearned(condition: (text: string) => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (condition(JSON.stringify((await readCspBook(cspFile(store))) ?? {}))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail('it was not written')
}

test('the policy asks for reports, and only what is known has the nonce', async () => {
  assert.match((await csp('show')).text, /nothing was learned yet/)
  const answer = await visit()
  const policy = answer.headers.get('content-security-policy-report-only') ?? ''
  assert.match(policy, /report-uri \/\.well-known\/ringwall\/csp-report$/)
  // Browsers send nothing to an endpoint of plain HTTP, and nothing elsewhere once they know of one.
  assert.equal(answer.headers.get('reporting-endpoints'), null)
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1]
  assert.equal(await answer.text(), PAGE.replace('<script src="/app', `<script nonce="${nonce}" src="/app`))
})

test('over HTTPS the policy names an endpoint as well', async () => {
  const request = new Request(`${url.replace('http:', 'https:')}/`, { headers: { Accept: 'text/html' } })
  const answer = await gate.fetch(request, { peer: '127.0.0.1' })
  await answer.text()
  assert.equal(answer.headers.get('reporting-endpoints'), `ringwall="${CSP_REPORT_PATH}"`)
  assert.match(answer.headers.get('content-security-policy-report-only') ?? '', /; report-to ringwall$/)
})

test('reports are taken from anybody, and answered with nothing', async () => {
  const answer = await report('https://api.test/v1?token=leak')
  assert.equal(answer.status, 204)
  assert.equal(await answer.text(), '')
  assert.equal((await report('https://evil.test/', 'https://other.test/')).status, 204)
  const wrong = (type: string, body: string): Promise<Response> =>
    fetch(url + CSP_REPORT_PATH, { method: 'POST', headers: { 'Content-Type': type }, body })
  assert.equal((await wrong('text/plain', '{}')).status, 415)
  assert.equal((await wrong('application/csp-report', '{')).status, 415)
  assert.equal((await wrong('application/csp-report', `"${'x'.repeat(70_000)}"`)).status, 413)
})

test('what was learned is on disk, shown, proposed and adopted; the comments of the file stay', async () => {
  await untilLearned((text) => text.includes('cdn.test') && text.includes('api.test'))
  const kept = readFileSync(cspFile(store), 'utf8')
  assert.doesNotMatch(kept, /leak|evil\.test/)
  assert.match((await csp('show')).text, /script +\/app\.js|script +http:\/\/127\.0\.0\.1:\d+\/app\.js/)
  const diff = await csp('diff')
  assert.equal(diff.code, 1)
  assert.match(diff.text, /\+ +csp_known +https:\/\/cdn\.test\/x\.js/)
  assert.match(diff.text, /\+ +csp_known +sha256-\S{44} +script/)
  assert.match(diff.text, /- +csp_known +\/gone\.js/)
  assert.match(diff.text, /\+ +csp_sources\.connect-src +https:\/\/api\.test/)
  assert.match((await csp('adopt')).text, /name what to adopt/)
  assert.match((await csp('adopt', 'https://nobody.test/x.js')).text, /not proposed/)
  const before = readFileSync(file, 'utf8')
  assert.match((await csp('adopt', '--all', '--dry-run')).text, /cdn\.test/)
  assert.equal(readFileSync(file, 'utf8'), before)
  const adopted = await csp('adopt', 'https://cdn.test/x.js', 'https://api.test')
  assert.equal(adopted.code, 0, adopted.text)
  const text = readFileSync(file, 'utf8')
  assert.match(text, /# Seen first, then enforced\./)
  const config = loadConfig(text, { file })
  assert.deepEqual(config.security.application.csp_known, ['/app.js', '/gone.js', 'https://cdn.test/x.js'])
  assert.deepEqual(config.security.application.csp_sources, { 'connect-src': ['https://api.test'] })
  assert.doesNotMatch((await csp('diff')).text, /cdn\.test/)
  await gate.reload(config)
  const answer = await visit()
  assert.match(await answer.text(), /nonce="[^"]+" src="https:\/\/cdn\.test\/x\.js"/)
  assert.match(
    answer.headers.get('content-security-policy-report-only') ?? '',
    /connect-src 'self' https:\/\/api\.test;/,
  )
})

test('a flood of reports is cut off, and the site is not', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 80; i++) statuses.push((await report(`https://x${i}.test`)).status)
  assert.ok(statuses.includes(429))
  assert.equal((await visit()).status, 200)
})

test('what was learned can be forgotten', async () => {
  assert.equal((await csp('forget')).code, 0)
  assert.equal(await readCspBook(cspFile(store)), undefined)
})
