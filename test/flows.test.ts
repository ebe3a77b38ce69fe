// Plays every transcript of test/flows over real sockets: request, expected status and code, expected audit line.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import tls from 'node:tls'
import { gzipSync } from 'node:zlib'

import { startShop } from '../examples/shop/server.ts'
import { type AuditEvent, queryAudit } from '../src/audit/index.ts'
import { loadConfig, openKept, type Ringwall, ringwall, type Wall } from '../src/index.ts'
import { type FlowFile, type FlowStep, parseFlow } from './flow-file.ts'

interface Application {
  /** Its servers, by commas. */
  readonly url: string
  close(): unknown
}

/** What stands behind the walls of a flow. */
async function startApplication(what: string): Promise<Application> {
  if (what === 'shop') return startShop({ port: 0 })
  if (what === 'gone') return { url: 'http://127.0.0.1:1', close: () => undefined }
  if (what === 'gone twice') return { url: 'http://127.0.0.1:1, http://127.0.0.2:1', close: () => undefined }
  if (what.startsWith('raw ')) {
    const bytes = what.slice(4).replaceAll('\\r', '\r').replaceAll('\\n', '\n').replaceAll('\\t', '\t')
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(bytes, 'latin1'))
    })
    return listening(server)
  }
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      if (what === 'silent') return
      if (what === 'parrot') return answerAsAsked(req, res, Buffer.concat(chunks))
      const text = JSON.stringify({
        method: req.method,
        url: req.url,
        headers: req.headers,
        body: Buffer.concat(chunks).toString('latin1'),
      })
      if (what === 'failing')
        res
          .writeHead(500, { 'Content-Type': 'text/html' })
          .end('<pre>SQLITE_ERROR: near "x" at /srv/app.js:7</pre>')
      else res.writeHead(200, { 'Content-Type': 'application/json', Server: 'telltale' }).end(text)
    })
  })
  return listening(server)
}

async function listening(server: net.Server): Promise<Application> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      if (server instanceof http.Server) server.closeAllConnections()
      server.close()
    },
  }
}

/** Answers with the body that it was sent, as the fields `X-Say-...` ask. */
function answerAsAsked(req: http.IncomingMessage, res: http.ServerResponse, body: Buffer): void {
  const asked = (name: string): string | undefined => req.headers[`x-say-${name}`] as string | undefined
  const coding = asked('encoding')
  const headers: Record<string, string> = { ETag: '"1"', 'Cache-Control': 'public' }
  const [type, location] = [asked('type'), asked('location')]
  if (type !== undefined) headers['Content-Type'] = type
  if (coding !== undefined) headers['Content-Encoding'] = coding
  if (location !== undefined) headers['Location'] = location
  res.writeHead(Number(asked('status') ?? 200), headers)
  const said = coding === 'gzip' && asked('damaged') === undefined ? gzipSync(body) : body
  // In pieces of odd sizes, and without a length.
  for (let at = 0; at < said.length; at += 999) res.write(said.subarray(at, at + 999))
  res.end()
}

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly cookies: readonly string[]
  readonly body: string
}

async function send(
  url: string,
  step: FlowStep,
  jar: ReadonlyMap<string, string>,
  keys: ReadonlyMap<string, string>,
): Promise<Answer> {
  const { port, host } = new URL(url)
  const headers = new Map<string, [string, string]>([['connection', ['Connection', 'close']]])
  if (!step.headers.some(([name]) => name.toLowerCase() === 'host')) headers.set('host', ['Host', host])
  if (jar.size > 0)
    headers.set('cookie', ['Cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; ')])
  if (step.body !== undefined)
    headers.set('content-length', ['Content-Length', String(Buffer.byteLength(step.body, 'latin1'))])
  // What is shown in the handshake: a file with a certificate and its key.
  const shown = step.headers.find(([name]) => name === 'certificate')?.[1]
  for (const [name, value] of step.headers.filter(([name]) => name !== 'certificate'))
    headers.set(name.toLowerCase(), [name, withKeys(value.replace('$host', host), keys)])
  const head = [...headers.values()].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const bytes =
    step.raw ?? `${step.method} ${withKeys(step.target, keys)} HTTP/1.1\r\n${head}\r\n${step.body ?? ''}`
  const socket = step.https
    ? tls.connect({
        port: Number(port),
        host: '127.0.0.1',
        rejectUnauthorized: false,
        servername: 'localhost',
        ...(shown !== undefined && { cert: readFileSync(shown), key: readFileSync(shown) }),
      })
    : net.connect(Number(port), '127.0.0.1')
  socket.write(bytes, 'latin1')
  let text = ''
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1')
  return parseAnswer(text)
}

function withKeys(text: string, keys: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$key\.(\w+)/g, (whole, name: string) => keys.get(name) ?? whole)
}

function parseAnswer(text: string): Answer {
  const at = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, at).split('\r\n')
  const pairs = lines.map(
    (line) =>
      [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
  )
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map(pairs),
    cookies: pairs.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    body: text.slice(at + 4),
  }
}

function keepCookies(jar: Map<string, string>, answer: Answer): void {
  for (const cookie of answer.cookies) {
    const [pair = ''] = cookie.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(name.length + 1)
    if (/max-age=0/i.test(cookie)) jar.delete(name)
    else jar.set(name, value)
  }
}

function check(step: FlowStep, answer: Answer, events: readonly AuditEvent[], where: string): void {
  const shown = `${where}\n${answer.status} ${JSON.stringify([...answer.headers])}\n${answer.body.slice(0, 600)}`
  assert.equal(answer.status, step.status, shown)
  const type = answer.headers.get('content-type')
  if (step.code !== undefined) {
    if (type?.startsWith('application/problem+json'))
      assert.equal((JSON.parse(answer.body) as { code: string }).code, step.code, shown)
    assert.ok(
      events.some((event) => event.code === step.code),
      `${shown}\nno audit line has ${step.code}: ${JSON.stringify(events)}`,
    )
  }
  for (const { name, text, absent } of step.has) {
    const value = name === 'body' ? answer.body : answer.headers.get(name.toLowerCase())
    const found = value?.includes(text) === true
    assert.equal(found, !absent, `${shown}\n${name} ${absent ? 'has' : 'has not'} \`${text}\``)
  }
  for (const wanted of step.audit) {
    const matches = events.some((event) =>
      Object.entries(wanted).every(([key, value]) => textOf(event, key).includes(value)),
    )
    assert.ok(matches, `${where}\nno audit line with ${JSON.stringify(wanted)} in ${JSON.stringify(events)}`)
  }
}

function textOf(event: AuditEvent, key: string): string {
  const value = key.startsWith('data.') ? event.data?.[key.slice(5)] : event[key as keyof AuditEvent]
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

async function play(flow: FlowFile, file: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-flow-'))
  const application = await startApplication(flow.application)
  const servers = application.url
    .split(', ')
    .map((url) => JSON.stringify(url))
    .join()
  const listen = `listen: { http: "127.0.0.1:0", https: "127.0.0.1:0", operator: off }\nstore: { directory: ${directory} }\n`
  const config = loadConfig(
    `${listen}upstreams: { application: { servers: [${servers}], timeout: 1s } }\n${flow.config}`,
    {
      file,
    },
  )
  const throwing: Wall = {
    layer: 5,
    name: 'application',
    head() {
      throw new Error('planted')
    },
  }
  let gate: Ringwall | undefined
  const kept = await openKept(config)
  try {
    for (const { email, password, roles } of flow.users) {
      const account = await kept.accounts('site').create(email, '', roles)
      assert.deepEqual(await kept.accounts('site').setPassword(account, password), { ok: true })
    }
    const keys = new Map<string, string>()
    for (const { name, draft } of flow.keys) {
      const made = await kept.apiKeys.create({
        ...(JSON.parse(draft) as object),
        realm: 'site',
        name,
        owner: 'test',
        by: 'test',
      })
      keys.set(name, made.text.reveal())
    }
    gate = await ringwall(config, flow.plant === undefined ? {} : { walls: (walls) => [...walls, throwing] })
    const urls = await gate.listen()
    const jar = new Map<string, string>()
    for (const step of flow.steps) {
      if ('breakLog' in step) {
        const database = new DatabaseSync(join(directory, 'ringwall.sqlite'))
        database.exec('ALTER TABLE audit_events RENAME TO audit_events_gone')
        database.close()
        continue
      }
      const url = (step.https ? urls.https : urls.http) as string
      let answers: Answer[] = []
      if (step.together)
        answers = await Promise.all(Array.from({ length: step.times }, () => send(url, step, jar, keys)))
      else for (let i = 0; i < step.times; i++) answers = [await send(url, step, jar, keys)]
      const answer = answers.find((one) => one.status === step.status) ?? answers[0]
      assert.ok(answer)
      keepCookies(jar, answer)
      const id = answer.headers.get('ringwall-id') ?? ''
      // Passes are written within the second that is configured below.
      let events = await auditOf(kept, id)
      for (let i = 0; events.length === 0 && i < 100 && step.audit.length > 0; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        events = await auditOf(kept, id)
      }
      check(step, answer, events, `${file}:${step.line}`)
    }
  } finally {
    await gate?.close()
    await kept.close()
    await application.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function auditOf(
  kept: Awaited<ReturnType<typeof openKept>>,
  id: string,
): Promise<readonly AuditEvent[]> {
  try {
    return await queryAudit(kept.store.database, { id })
  } catch {
    // The log was broken on purpose: what it says is that it says nothing.
    return [{ code: 'audit.unavailable' } as AuditEvent]
  }
}

const files = globSync(join(import.meta.dirname, 'flows', '*.flow')).sort()
assert.ok(files.length > 0, 'there are flows')
for (const file of files) {
  const flow = parseFlow(readFileSync(file, 'utf8'), `test/flows/${basename(file)}`)
  test(`${basename(file)}: ${flow.title}`, () => play(flow, `test/flows/${basename(file)}`))
}
