// Uploads with what the configuration may add: a real clamd, a quarantine with its command, a service that encodes anew.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { Quarantine } from '../src/application/index.ts'
import { main } from '../src/cli/main.ts'
import { completeConfig, loadConfig, ringwall } from '../src/index.ts'
import { notHere } from '../src/store/testing.ts'
import { FORM_TYPE } from './uploads/hostile.ts'
import { form, png } from './uploads/makers.ts'

const EICAR = Buffer.from('X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*', 'latin1')

interface Clamd {
  readonly socket: string
  readonly port: number
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A clamd of our own with one signature: nothing is downloaded. Undefined where there is none. */
async function startClamd(): Promise<Clamd | undefined> {
  if (spawnSync('clamd', ['--version']).status !== 0) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-clamd-'))
  writeFileSync(join(directory, 'local.ndb'), `Ringwall.Eicar:0:*:${EICAR.toString('hex')}\n`)
  const [socket, port] = [join(directory, 'socket'), await freePort()]
  const settings = {
    LocalSocket: socket,
    TCPSocket: port,
    TCPAddr: '127.0.0.1',
    DatabaseDirectory: directory,
    TemporaryDirectory: directory,
    Foreground: 'yes',
    StreamMaxLength: '1M',
    // Root would give itself up to a user who may not read the folder.
    ...(process.getuid?.() === 0 && { User: 'root' }),
  }
  const text = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`)
  writeFileSync(join(directory, 'clamd.conf'), text.join(''))
  const child = spawn('clamd', ['-c', join(directory, 'clamd.conf')], { stdio: 'ignore' })
  for (let i = 0; i < 600 && !statSync(socket, { throwIfNoEntry: false }); i++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    socket,
    port,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

interface Upload {
  readonly status: number
  readonly text: string
  readonly id: string
}

interface Gate {
  send(body: Buffer, type?: string, path?: string): Promise<Upload>
  /** Bodies that reached the application. */
  readonly arrived: { readonly body: Buffer; readonly length: string | undefined }[]
  readonly config: string
}

async function withGate(uploads: string, run: (gate: Gate) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-scan-'))
  const arrived: Gate['arrived'] = []
  const application = http.createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      arrived.push({ body: Buffer.concat(chunks), length: req.headers['content-length'] })
      res.end('thanks')
    })
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const file = join(directory, 'security_config.yaml')
  const text = `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory}/store }
upstreams: { application: "http://127.0.0.1:${(application.address() as AddressInfo).port}" }
security:
  perimeter: { rules: { RATE_LIMIT: { enabled: false } } }
  application:
    uploads:
      enabled: true
${uploads.replaceAll(/^/gm, '      ')}
routes:
  - { path: /free, inspect: "off", uploads: { clamav: false, quarantine: false, reencode: false } }
  - { path: "/**", inspect: "off" }
`
  writeFileSync(file, text)
  const gate = await ringwall(loadConfig(text, { file }))
  try {
    const { http: url } = await gate.listen()
    await run({
      arrived,
      config: file,
      async send(body, type = FORM_TYPE, path = '/') {
        const answer = await fetch(`${url}${path}`, {
          method: 'POST',
          body: new Uint8Array(body),
          headers: { 'Content-Type': type },
        })
        return {
          status: answer.status,
          text: await answer.text(),
          id: answer.headers.get('ringwall-id') ?? '',
        }
      },
    })
  } finally {
    await gate.close()
    application.closeAllConnections()
    application.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function command(...argv: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const said = { out: '', error: '' }
  const terminal = {
    out: (text: string) => void (said.out += `${text}\n`),
    error: (text: string) => void (said.error += `${text}\n`),
  }
  const code = await main(argv, terminal as never)
  return { code, ...said }
}

const plain = (content: Buffer | string): Buffer => form([{ fileName: 'a.txt', content }])

async function withClamd(context: TestContext, run: (clamd: Clamd) => Promise<void>): Promise<void> {
  const clamd = await startClamd()
  if (!clamd) return notHere(context, 'clamd', 'apt-get install clamav-daemon')
  try {
    await run(clamd)
  } finally {
    await clamd.stop()
  }
}

test('a real clamd, over its socket and over TCP, keeps malware from the application', (context) =>
  withClamd(context, async (clamd) => {
    for (const where of [`socket: ${clamd.socket}`, `port: ${clamd.port}`]) {
      await withGate(`clamav: { ${where} }`, async ({ send, arrived }) => {
        assert.equal((await send(plain('good'))).status, 200)
        assert.match((await send(plain(EICAR.toString('latin1')))).text, /application\.upload-refused/)
        assert.equal(arrived.length, 1)
        const unscanned = await send(plain(EICAR.toString('latin1')), undefined, '/free')
        assert.equal(unscanned.status, 200)
        // Larger than clamd takes: it says an error, and that is no clearance.
        assert.equal((await send(plain('x'.repeat(1_200_000)))).status, 422)
        assert.equal(arrived.length, 2)
      })
    }
  }))

test('where clamd does not answer, files are refused, or pass where the configuration says so', async () => {
  const port = await freePort()
  await withGate(`clamav: { port: ${port} }`, async ({ send, arrived }) => {
    assert.equal((await send(plain('good'))).status, 422)
    assert.equal(arrived.length, 0)
  })
  await withGate(`clamav: { port: ${port}, on_failure: pass }`, async ({ send, arrived }) => {
    assert.equal((await send(plain('good'))).status, 200)
    assert.equal(arrived.length, 1)
  })
})

test('refused files are kept aside, and can be listed, shown, released and deleted', async () => {
  await withGate('quarantine: { max_files: 3 }', async ({ send, config }) => {
    const evil = form([{ fileName: 'shell\u202e.php', content: '<?php system($_GET[1]);' }])
    const { status, id } = await send(evil)
    assert.equal(status, 422)
    assert.equal((await send(evil, undefined, '/free')).status, 422)
    const folder = join(config, '..', 'store', 'quarantine')
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    const names = readdirSync(folder)
    assert.equal(names.length, 2)
    for (const name of names) {
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
      assert.equal(readFileSync(join(folder, name)).includes('<?php'), false)
    }
    const listed = await command('uploads', 'list', '--json', '--config', config)
    const [file] = JSON.parse(listed.out) as { id: string; exchangeId: string; reason: string }[]
    assert.ok(file)
    assert.equal(file.exchangeId, id)
    assert.match((await command('uploads', 'list', '--config', config)).out, /name +shell\?\.php/)
    assert.match((await command('uploads', 'show', file.id, '--config', config)).out, /ringwall why/)
    const to = join(config, '..', 'released.bin')
    const argv = ['uploads', 'release', file.id, '--to', to, '--keep', '--config', config]
    assert.equal((await command(...argv)).code, 0)
    assert.equal(readFileSync(to, 'utf8'), '<?php system($_GET[1]);')
    assert.equal(statSync(to).mode & 0o777, 0o600)
    assert.match((await command(...argv)).error, /cannot write/)
    assert.equal((await command('uploads', 'delete', file.id, 'x', '--config', config)).code, 1)
    assert.equal(readdirSync(folder).length, 0)
    assert.match((await command('uploads', 'show', file.id, '--config', config)).error, /no file/)
    const audit = await command('audit', 'query', '--json', '--config', config)
    for (const kind of ['quarantined', 'released', 'deleted'])
      assert.match(audit.out, new RegExp(`application\\.upload-${kind}`))
    for (let i = 0; i < 5; i++) assert.equal((await send(evil)).status, 422)
    assert.equal(readdirSync(folder).length, 6, 'what came first stays, and no more is taken')
  })
})

test('a quarantine keeps to its bounds, forgets in time, and gives nothing back that was changed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-quarantine-'))
  let now = 1_700_000_000_000
  const quarantine = new Quarantine(directory, { maxFiles: 10, maxBytes: 100, keepMs: 1000 }, () => now++)
  const file = {
    exchangeId: 'x',
    rawName: 'n'.repeat(5000),
    declaredType: undefined,
    bytes: new Uint8Array(60).fill(7),
    fault: { reason: 'type', detail: 'd' },
  } as const
  const first = await quarantine.put(file)
  assert.equal(first.rawName?.length, 1024)
  await assert.rejects(quarantine.put(file), /full/)
  assert.deepEqual(await quarantine.read(first.id), Buffer.from(file.bytes))
  writeFileSync(join(directory, `${first.id}.held`), 'other')
  assert.equal(await quarantine.read(first.id), undefined)
  for (const id of ['../../etc/passwd', '', `${first.id}/..`, first.id.toUpperCase()])
    assert.equal(await quarantine.find(id), undefined)
  now += 2000
  const second = await quarantine.put(file)
  assert.deepEqual(
    (await quarantine.list()).map(({ id }) => id),
    [second.id],
  )
  writeFileSync(join(directory, `${second.id}.json`), '{"id":"../x"}')
  assert.deepEqual(await quarantine.list(), [])
  rmSync(directory, { recursive: true })
})

test('pictures are encoded anew before the application gets them, and what the service makes is judged as well', async () => {
  let answer: (body: Buffer, res: http.ServerResponse) => void = (_body, res) => void res.end(png(2, 2))
  const service = http.createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => answer(Buffer.concat(chunks), res))
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo
  const sent = form([
    { fileName: 'a.png', content: png(8, 8) },
    { name: 'b', content: '2' },
  ])
  try {
    await withGate(`reencode: { url: "http://127.0.0.1:${port}/png" }`, async ({ send, arrived }) => {
      assert.equal((await send(sent)).status, 200)
      const wanted = form([
        { fileName: 'a.png', content: png(2, 2) },
        { name: 'b', content: '2' },
      ])
      assert.deepEqual(arrived[0]?.body, wanted)
      assert.equal(arrived[0]?.length, String(wanted.length))
      assert.equal((await send(png(8, 8), 'image/png')).status, 200)
      assert.deepEqual(arrived[1]?.body, png(2, 2))
      assert.equal((await send(plain('text'))).status, 200)
      assert.deepEqual(arrived[2]?.body, plain('text'))
      answer = (_body, res) => void res.writeHead(204).end()
      assert.equal((await send(sent)).status, 200)
      assert.deepEqual(arrived[3]?.body, sent)
      for (const bad of [
        (_: Buffer, res: http.ServerResponse) => void res.writeHead(500).end(),
        (_: Buffer, res: http.ServerResponse) => void res.end(),
        (_: Buffer, res: http.ServerResponse) => void res.end('<script>alert(1)</script>'),
        (_: Buffer, res: http.ServerResponse) => void res.end(Buffer.from('GIF89a')),
        (_: Buffer, res: http.ServerResponse) => void res.writeHead(302, { Location: '/' }).end(),
        (_: Buffer, res: http.ServerResponse) => void res.destroy(),
      ]) {
        answer = bad
        assert.equal((await send(sent)).status, 422)
      }
      assert.equal(arrived.length, 4)
      assert.equal((await send(sent, undefined, '/free')).status, 200)
    })
  } finally {
    service.closeAllConnections()
    service.close()
  }
})

test('a scanner with two places, or none, is a mistake that is told', () => {
  for (const clamav of [{}, { socket: '/x', port: 3310 }])
    assert.throws(
      () => completeConfig({ security: { application: { uploads: { clamav } } } }),
      /either the socket or the port/,
    )
})
