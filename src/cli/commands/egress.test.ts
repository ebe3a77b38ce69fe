// `ringwall egress` and `ringwall lint`: command lines, and the proxy as a process of its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { main } from '../main.ts'
import { application, exchangeBytes, waitFor } from '../../testing.ts'

const BIN = join(import.meta.dirname, '../../../bin/ringwall.js')
const directory = mkdtempSync(join(tmpdir(), 'ringwall-egress-'))
after(() => rmSync(directory, { recursive: true, force: true }))

async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: '', err: '' }
  const code = await main(args, {
    out: (text) => void (said.out += `${text}\n`),
    error: (text) => void (said.err += `${text}\n`),
    isColored: false,
    isClosed: false,
  })
  return { code, ...said }
}

for (const { name, args, err } of [
  { name: 'an address without a port', args: ['--listen', 'localhost'], err: /--listen must be host:port/ },
  {
    name: 'a port that does not exist',
    args: ['--port', '70000'],
    err: /ports must be a whole number from 1 to 65535/,
  },
  {
    name: 'a host that is a URL',
    args: ['--allow', 'http://a.test'],
    err: /allowedHosts: `http:\/\/a\.test` is not a host/,
  },
  {
    name: 'a network with host bits',
    args: ['--dangerously-allow-private', '10.0.0.1/8'],
    err: /is not an address or a network/,
  },
  {
    name: 'a client that is no network',
    args: ['--client', 'all'],
    err: /--client: `all` is not an address/,
  },
  {
    name: 'a DNS server that is a name',
    args: ['--dns', 'dns.test'],
    err: /--dns: `dns\.test` is not an address/,
  },
  { name: 'a file that is not there', args: ['--allow-file', 'none'], err: /cannot read `none`/ },
  { name: 'a duration without a unit', args: ['--timeout', '30'], err: /--timeout takes a duration/ },
  { name: 'a size without a unit', args: ['--max-response', '5'], err: /--max-response takes a size/ },
]) {
  test(`ringwall egress: ${name} is told`, async () => {
    const outcome = await run('egress', ...args)
    assert.equal(outcome.code, 2, outcome.err)
    assert.match(outcome.err, err)
  })
}

test('ringwall egress: serves what the file allows, and writes a line for each request without addresses of people', async () => {
  const { port } = await application((_req, res) => res.end('hello'))
  writeFileSync(join(directory, 'allowed'), '# partners\n127.0.0.1   # ourselves\n*.example.com\n')
  const child = spawn(
    process.execPath,
    [
      BIN,
      'egress',
      '--listen=127.0.0.1:0',
      `--port=${port}`,
      '--allow-file=allowed',
      '--dangerously-allow-private=127.0.0.1',
    ],
    { cwd: directory },
  )
  after(() => child.kill('SIGKILL'))
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (err += data.toString()))
  const address = (): string | undefined => /listens at http:\/\/127\.0\.0\.1:(\d+)/.exec(err)?.[1]
  await waitFor(() => address() !== undefined, 20_000)
  const proxy = Number(address())
  const ask = (url: string) =>
    exchangeBytes(proxy, `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  assert.match(await ask(`http://127.0.0.1:${port}/?mail=ann@example.com`), /hello/)
  assert.match(await ask(`http://127.0.0.2:${port}/`), /^HTTP\/1\.1 403 /)
  assert.match(await ask(`http://ann@example.com:${port}/`), /^HTTP\/1\.1 403 /)
  await waitFor(() => out.trimEnd().split('\n').length === 3)
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    lines.map(({ host, verdict, reason }) => [host, verdict, reason]),
    [
      ['127.0.0.1', 'pass', undefined],
      ['127.0.0.2', 'refuse', 'address-internal'],
      ['example.com', 'refuse', 'credentials-in-url'],
    ],
  )
  assert.doesNotMatch(out, /ann@|mail=/)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0)
})

test('ringwall lint sql: names file, line and column, passes over node_modules, and ends with 1', async () => {
  const root = join(directory, 'app')
  mkdirSync(join(root, 'node_modules/x'), { recursive: true })
  writeFileSync(join(root, 'good.ts'), "db.query('SELECT * FROM t WHERE a = $1', [a])\n")
  assert.deepEqual(await run('lint', 'sql', root), { code: 0, out: '1 files, 0 findings\n', err: '' })
  for (const file of ['bad.js', 'node_modules/x/bad.js'])
    writeFileSync(join(root, file), 'const a = 1\ndb.query(`SELECT * FROM t WHERE a = ${b}`)\n')
  const outcome = await run('lint', 'sql', root)
  assert.equal(outcome.code, 1)
  assert.match(
    outcome.out,
    /app\/bad\.js:2:4: query: `b` becomes part of the text of SQL.*\n2 files, 1 finding\n$/,
  )
  const { findings } = JSON.parse((await run('lint', 'sql', root, '--json')).out) as {
    findings: readonly { file: string }[]
  }
  assert.deepEqual(
    findings.map(({ file }) => file),
    [join(root, 'bad.js')],
  )
  assert.match((await run('lint', 'sql', 'none')).err, /there is no file or folder `none`/)
})
