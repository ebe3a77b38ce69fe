// Uploads through the real gateway: hostile ones are refused for their reason, ordinary ones arrive byte for byte.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import test from 'node:test'

import {
  applicationWall,
  inspectUpload,
  replaceFiles,
  type RefusedFile,
  scanByClamd,
  uploadPolicy,
} from '../src/application/index.ts'
import { type ConfigInput, completeConfig, ringwall, type RingwallOptions } from '../src/index.ts'
import { BOUNDARY, form, gif, jpeg, office, pdf, png, zip } from './uploads/makers.ts'
import { FORM_TYPE, hostileDrawings, hostileUploads, type HostileUpload } from './uploads/hostile.ts'
import { ordinaryUploads } from './uploads/ordinary.ts'

const TYPES = [
  'image/*',
  'application/pdf',
  'text/*',
  'application/json',
  'application/zip',
  'application/gzip',
  'application/x-tar',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
].map((type) => type)
const UPLOADS = { enabled: true, max_file: '2MB', types: TYPES }

function configOf(uploads: object, url = 'http://127.0.0.1:1'): ConfigInput {
  return {
    listen: { http: '127.0.0.1:0', operator: 'off' },
    store: { directory: ':memory:' },
    upstreams: { application: url },
    security: {
      application: { uploads },
      perimeter: { rules: { RATE_LIMIT: { enabled: false } } },
      rate_limiting: {},
    },
    routes: [{ path: '/**', inspect: 'off', rate_limit: 'off' }],
  }
}

/** An application that says the digest of what it got, and counts. */
async function startDigest(): Promise<{ readonly url: string; readonly asked: () => number; close(): void }> {
  let asked = 0
  const server = http.createServer((req, res) => {
    asked++
    const hash = createHash('sha256')
    req.on('data', (piece: Buffer) => hash.update(piece))
    req.on('end', () => res.end(hash.digest('hex')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function withGate(
  uploads: object,
  run: (send: Send, asked: () => number) => Promise<void>,
  options: RingwallOptions = {},
): Promise<void> {
  const application = await startDigest()
  const gate = await ringwall(configOf(uploads, application.url), options)
  try {
    const { http: url } = await gate.listen()
    await run(async (body, contentType = FORM_TYPE) => {
      const answer = await fetch(`${url}/files`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'Content-Type': contentType },
      })
      return { status: answer.status, text: await answer.text() }
    }, application.asked)
  } finally {
    await gate.close()
    application.close()
  }
}

type Send = (
  body: Buffer,
  contentType?: string,
) => Promise<{ readonly status: number; readonly text: string }>

const policyOf = (uploads: object) =>
  uploadPolicy(completeConfig(configOf(uploads)).security.application.uploads, undefined)
const POLICY = policyOf(UPLOADS)
const headOf = (contentType = FORM_TYPE) => ({ contentTypes: [contentType], dispositions: [] })

async function misjudged(uploads: readonly HostileUpload[], policy: typeof POLICY): Promise<string[]> {
  const wrong: string[] = []
  for (const { name, reason, body, contentType } of uploads) {
    const verdict = await inspectUpload(body, headOf(contentType), policy)
    const said = verdict.ok ? 'pass' : `${verdict.fault.reason}: ${verdict.fault.detail}`
    if (!said.startsWith(`${reason}:`)) wrong.push(`${name}: want ${reason}, said ${said}`)
  }
  return wrong
}

test('at least 200 hostile uploads are refused, each for its reason', async () => {
  const uploads = hostileUploads()
  assert.ok(uploads.length >= 200, String(uploads.length))
  assert.deepEqual(await misjudged(uploads, POLICY), [])
})

test('drawings that do more than draw are refused, and those that draw pass', async () => {
  const policy = policyOf({ ...UPLOADS, svg: 'static' })
  assert.deepEqual(await misjudged(hostileDrawings(), policy), [])
  const drawing =
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"><defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><style><![CDATA[.b{fill:url(#a)}]]></style><a href="https://example.com/?a=1&amp;b=2"><path class="b" d="M0 0h9"/></a><use xlink:href="#c"/><text>a &lt; b</text></svg>'
  const body = form([{ fileName: 'a.svg', type: 'image/svg+xml', content: drawing }])
  assert.deepEqual((await inspectUpload(body, headOf(), policy)).ok, true)
  assert.deepEqual(
    (await inspectUpload(body, headOf(), POLICY)).ok,
    false,
    'SVG is not taken unless asked for',
  )
})

test('no hostile upload reaches the application, and at least 100 ordinary ones arrive byte for byte', async () => {
  await withGate(UPLOADS, async (send, asked) => {
    for (const { name, body, contentType } of hostileUploads()) {
      const { status, text } = await send(body, contentType)
      assert.equal(status, 422, `${name}: ${status} ${text}`)
      assert.match(text, /application\.upload-refused/)
    }
    assert.equal(asked(), 0, 'not a byte of a refused upload reaches the application')
    const ordinary = ordinaryUploads()
    assert.ok(ordinary.length >= 100, String(ordinary.length))
    for (const { name, part } of ordinary) {
      const body = form([
        { name: 'note', content: 'a line\r\nand another' },
        part,
        { name: 'files[]', fileName: '', type: 'application/octet-stream', content: '' },
      ])
      const { status, text } = await send(body)
      assert.equal(status, 200, `${name}: ${text}`)
      assert.equal(text, createHash('sha256').update(body).digest('hex'), name)
    }
    assert.equal(asked(), ordinary.length)
  })
})

test('bodies that are files are judged, calls of an interface are not, what is too large is never half judged', async () => {
  const large = Buffer.alloc(40_000, 'a')
  await withGate({ ...UPLOADS, inspect: '20KB' }, async (send) => {
    assert.equal((await send(png(8, 8), 'image/png')).status, 200)
    assert.equal((await send(png(8, 8), 'image/gif')).status, 422)
    assert.equal((await send(Buffer.from('{"a":'), 'application/json')).status, 200)
    assert.equal((await send(large, 'text/plain')).status, 422)
    assert.equal((await send(form([]))).status, 200)
  })
  await withGate({ ...UPLOADS, inspect: '20KB', on_excess: 'pass' }, async (send) => {
    assert.equal((await send(large, 'text/plain')).text, createHash('sha256').update(large).digest('hex'))
  })
  await withGate({ ...UPLOADS, raw: 'all' }, async (send) => {
    assert.equal((await send(Buffer.from('{"a":'), 'application/json')).status, 422)
  })
  await withGate({}, async (send) => {
    assert.equal((await send(png(8, 8), 'image/gif')).status, 200, 'off unless it is switched on')
  })
})

/** A server that speaks the documented protocol of clamd: INSTREAM with lengths, an answer that ends with NUL. */
async function startScanner(answerTo: (bytes: Buffer) => string | undefined): Promise<net.Server> {
  const server = net.createServer((socket) => {
    let got = Buffer.alloc(0)
    let isDone = false
    socket.on('error', () => undefined)
    socket.on('data', (piece: Buffer) => {
      got = Buffer.concat([got, piece])
      const content: Buffer[] = []
      let at = 10
      if (isDone || got.length < at) return
      assert.equal(got.toString('latin1', 0, 10), 'zINSTREAM\0')
      for (;;) {
        if (at + 4 > got.length) return
        const length = got.readUInt32BE(at)
        at += 4
        if (length === 0) break
        if (at + length > got.length) return
        content.push(got.subarray(at, at + length))
        at += length
      }
      isDone = true
      const answer = answerTo(Buffer.concat(content))
      if (answer !== undefined) socket.end(`${answer}\0`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

test('a scanner that speaks the protocol of clamd clears or refuses, and its silence is no clearance', async () => {
  const answers: Readonly<Record<string, string | undefined>> = {
    clean: 'stream: OK',
    bad: 'stream: Eicar-Test-Signature FOUND',
    odd: 'INSTREAM size limit exceeded. ERROR',
    silent: undefined,
  }
  const server = await startScanner((bytes) => answers[bytes.toString().slice(0, 6).trim()])
  const scanner = {
    connect: () => net.connect((server.address() as AddressInfo).port, '127.0.0.1'),
    timeoutMs: 200,
    onFailure: 'refuse' as const,
  }
  assert.equal(await scanByClamd(Buffer.from(`clean ${'x'.repeat(200_000)}`), scanner), undefined)
  assert.deepEqual(await scanByClamd(Buffer.from('bad   '), scanner), {
    reason: 'malware',
    detail: 'Eicar-Test-Signature',
  })
  for (const bytes of ['odd   ', 'silent'])
    assert.equal((await scanByClamd(Buffer.from(bytes), scanner))?.reason, 'scanner')
  assert.equal(await scanByClamd(Buffer.from('silent'), { ...scanner, onFailure: 'pass' }), undefined)
  const kept: RefusedFile[] = []
  const quarantine = (file: RefusedFile): Promise<void> => Promise.resolve(void kept.push(file))
  const { security, routes } = completeConfig(configOf(UPLOADS))
  const wall = applicationWall(security.application, routes[0] as (typeof routes)[0], {
    uploads: { scanner, quarantine },
  })
  const walls: RingwallOptions['walls'] = (all) => all.map((one) => (one.name === 'application' ? wall : one))
  await withGate(
    UPLOADS,
    async (send) => {
      assert.equal((await send(form([{ fileName: 'a.txt', content: 'clean ' }]))).status, 200)
      assert.equal((await send(form([{ fileName: 'b.txt', content: 'bad   ' }]))).status, 422)
      assert.equal((await send(form([{ fileName: 'c.php', content: 'x' }]))).status, 422)
    },
    { walls },
  )
  assert.deepEqual(
    kept.map(({ rawName, fault }) => [rawName, fault.reason]),
    [
      ['b.txt', 'malware'],
      ['c.php', 'name'],
    ],
  )
  server.close()
  await once(server, 'close')
  assert.equal((await scanByClamd(Buffer.from('clean '), scanner))?.reason, 'scanner', 'nobody listens')
})

test('a file that was encoded anew takes the place of the old one, and nothing else changes', async () => {
  const body = form([
    { name: 'a', content: '1' },
    { fileName: 'a.png', content: png(8, 8) },
    { name: 'b', content: '2' },
  ])
  const verdict = await inspectUpload(body, headOf(), POLICY)
  assert.ok(verdict.ok)
  const [file] = verdict.files as unknown as Parameters<typeof replaceFiles>[2] extends ReadonlyMap<
    infer F,
    unknown
  >
    ? F[]
    : never
  assert.ok(file)
  const smaller = png(2, 2)
  const changed = replaceFiles(body, BOUNDARY, new Map([[file, smaller]]))
  assert.deepEqual(
    changed,
    form([
      { name: 'a', content: '1' },
      { fileName: 'a.png', content: smaller },
      { name: 'b', content: '2' },
    ]),
  )
  assert.equal(replaceFiles(body, BOUNDARY, new Map([[file, Buffer.from(`x--${BOUNDARY}`)]])), undefined)
})

/** Numbers that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('damaged uploads never make the inspection throw or wait', async () => {
  const random = seeded(20_260_101)
  const policy = { ...policyOf({ ...UPLOADS, svg: 'static', on_unknown: 'pass' }), extensions: undefined }
  const files: readonly (readonly [string, Buffer])[] = [
    ['a.png', png(20, 20)],
    ['a.jpg', jpeg(64, 64)],
    ['a.gif', gif(9, 9, 4)],
    ['a.pdf', pdf()],
    ['a.docx', office('word')],
    ['a.zip', zip([{ path: 'a', content: 'x'.repeat(99) }])],
    ...ordinaryUploads()
      .filter((_, i) => i % 4 === 0)
      .map(({ part }) => [part.fileName ?? '', Buffer.from(part.content)] as const),
  ]
  let slowest = 0
  for (let i = 0; i < 3000; i++) {
    const [fileName, content] = files[i % files.length] as readonly [string, Buffer]
    if (content.length > 100_000) continue
    const isWhole = i % 3 === 0
    const bytes = Buffer.from(isWhole ? form([{ fileName, content }]) : content)
    for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
      const at = Math.floor(random() * bytes.length)
      if (random() < 0.3) bytes.fill(Math.floor(random() * 256), at, Math.min(at + 4, bytes.length))
      else bytes[at] = Math.floor(random() * 256)
    }
    const cut = random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
    const startedAt = process.cpuUsage().user
    const verdict = await inspectUpload(isWhole ? cut : form([{ fileName, content: cut }]), headOf(), policy)
    slowest = Math.max(slowest, process.cpuUsage().user - startedAt)
    assert.equal(typeof verdict.ok, 'boolean')
  }
  assert.ok(slowest < 1_000_000, `${slowest} us of processor time for one small file`)
})

test('the time of an inspection grows with the size of the file, not faster', async () => {
  const shapes: Readonly<Record<string, (count: number) => readonly [string, string]>> = {
    'open tags': (n) => ['a.svg', `<svg>${'<g>'.repeat(n)}`],
    'quotes of a CSV': (n) => ['a.csv', '"",'.repeat(n)],
    'names of a PDF': (n) => ['a.pdf', `%PDF-1.7\n${'/First '.repeat(n)}\n%%EOF`],
    'streams of a PDF': (n) => ['a.pdf', `%PDF-1.7\n${'/First stream'.repeat(n)}\n%%EOF`],
    'ends of archives': (n) => ['a.txt', 'PK\x05\x06'.repeat(n)],
    'less-than signs in a picture': (n) => ['a.gif', `GIF89a\x01\0\x01\0\0\0\0${'<'.repeat(n)}`],
    'dashes of a boundary': (n) => ['a.txt', `--${BOUNDARY.slice(0, -1)}`.repeat(n / 20)],
    attributes: (n) => ['a.svg', `<svg ${' a = "b"'.repeat(n)}/>`],
  }
  const policy = policyOf({ ...UPLOADS, svg: 'static' })
  for (const [name, make] of Object.entries(shapes)) {
    const [fileName, content] = make(50_000)
    const startedAt = process.cpuUsage().user
    await inspectUpload(form([{ fileName, content: Buffer.from(content, 'latin1') }]), headOf(), policy)
    const micros = process.cpuUsage().user - startedAt
    assert.ok(micros < 2_000_000, `${name}: ${micros} us`)
  }
})
