// What only streams show of masked answers: long ones, ones that break, slow ones, and connections that are no answers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { type AuditEvent, queryAudit } from '../src/audit/index.ts'
import { explainWalk, loadConfig, type Kept, openKept, type Ringwall, ringwall } from '../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-masked-'))
const ROW = { email: 'ann@example.com', pad: 'x'.repeat(100) }
let goOn = (): void => undefined
let tunnelEnded = Promise.resolve<unknown>(undefined)

const application = http.createServer((req, res) => {
  const say = (text: string): void => void res.write(text)
  if (req.url === '/lines') {
    res.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
    say(`${JSON.stringify(ROW)}\n`)
    goOn = () => res.end(`${JSON.stringify(ROW)}\n`)
    return
  }
  res.writeHead(200, { 'Content-Type': 'application/json', Vary: 'Accept-Encoding' })
  say('[')
  for (let i = 0; i < 20_000; i++) say(`${JSON.stringify(ROW)},`)
  res.end(req.url === '/broken' ? '{"email":"leak@example.com" "' : '{}]')
})
application.on('upgrade', (_req, socket) => {
  tunnelEnded = once(socket, 'end')
  socket.on('error', () => undefined).resume()
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nleak@example.com',
  )
})

let gate: Ringwall
let kept: Kept
let url = ''
const configText = (): string => `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { application: "http://127.0.0.1:${(application.address() as AddressInfo).port}" }
routes: [{ path: "/**", mask: { fields: [email] } }]
`

before(async () => {
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const config = loadConfig(configText(), { file: 'masked.yaml' })
  kept = await openKept(config)
  gate = await ringwall(config)
  url = (await gate.listen()).http as string
})

after(async () => {
  await gate.close()
  await kept.close()
  application.closeAllConnections()
  application.close()
  rmSync(directory, { recursive: true, force: true })
})

async function linesOf(id: string, kind: string): Promise<readonly AuditEvent[]> {
  for (let i = 0; i < 200; i++) {
    const found = (await queryAudit(kept.store.database, { id })).filter((one) => one.kind === kind)
    if (found.length > 0) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return []
}

test('a long answer streams through, masked', async () => {
  const answer = await fetch(`${url}/long`)
  assert.equal(answer.headers.get('content-length'), null)
  const rows = (await answer.json()) as { email?: string }[]
  assert.equal(rows.length, 20_001)
  assert.ok(rows.every(({ email }) => email === undefined || email === 'a*n@example.com'))
})

test('an answer that turns out to be no JSON later than can be held back breaks off, and the log says why', async () => {
  const answer = await fetch(`${url}/broken`)
  assert.equal(answer.status, 200)
  let text = ''
  await assert.rejects(async () => {
    for await (const chunk of answer.body ?? []) text += new TextDecoder().decode(chunk)
  })
  assert.ok(text.length > 60_000)
  assert.doesNotMatch(text, /ann@|leak@/)
  const id = answer.headers.get('ringwall-id') ?? ''
  const [line] = await linesOf(id, 'exchange')
  assert.equal(line?.verdict, 'aborted')
  const [event] = await linesOf(id, 'data.mask-broke-off')
  assert.deepEqual(event?.data, { why: 'json: malformed' })
})

test('lines are not held back', async () => {
  const answer = await fetch(`${url}/lines`)
  const reader = answer.body?.getReader()
  const first = await reader?.read()
  assert.match(new TextDecoder().decode(first?.value), /^\{"email":"a\*n@example.com".*\n$/)
  goOn()
  const second = await reader?.read()
  assert.match(new TextDecoder().decode(second?.value), /a\*n@/)
})

test('a WebSocket on a masked route is withheld, and the connection to the application closed', async () => {
  const request = http.get(`${url}/socket`, {
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', Origin: url },
  })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  assert.equal(response.statusCode, 502)
  response.resume()
  await tunnelEnded
})

test('a HEAD request is answered without what would tell the length of what is masked', async () => {
  const answer = await fetch(`${url}/long`, { method: 'HEAD' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
})

test('explain says what would be masked', async () => {
  const { trace, verdict } = await explainWalk(loadConfig(configText(), { file: 'masked.yaml' }), {
    method: 'GET',
    target: '/long',
  })
  assert.equal(verdict, 'pass')
  assert.ok(trace?.some(({ wall, saw }) => wall === 'data' && saw?.includes('masks email in the answer')))
})
