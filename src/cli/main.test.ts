// Transcripts of the command line in processes of their own: arguments in, both streams and the exit code out.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'ringwall.js')
const DEADLINE_MS = 20_000

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Started {
  readonly child: ChildProcess
  readonly said: { out: string; err: string }
  readonly ended: Promise<Outcome>
}

function start(cwd: string, args: readonly string[]): Started {
  const { NO_COLOR: _plain, RINGWALL_DEBUG: _debug, ...env } = process.env
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env,
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => (said.out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said.err += data.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }))
  return { child, said, ended }
}

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'ringwall-cli-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited too long for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Line {
  readonly name: string
  readonly args: readonly string[]
  readonly code: 0 | 1 | 2
  readonly files?: Readonly<Record<string, string>>
  readonly out?: RegExp
  readonly err?: RegExp
}

const GOOD = "upstreams: { application: 'http://127.0.0.1:3000' }\n"
const MISTAKEN = 'securty: {}\nprofile: guid\n'
const OPEN = `${GOOD}security: { application: { errors: pass } }\n`
const HOSTED = `${GOOD}security: { edge: { hosts: ['*.example.com', shop.example.com] } }\n`

const LINES: readonly Line[] = [
  { name: 'no command prints the help', args: [], code: 2, err: /Usage: ringwall[^]*Examples:/ },
  { name: '--help is an answer', args: ['--help'], code: 0, out: /Usage: ringwall[^]*ringwall explain GET/ },
  { name: '--version prints the version', args: ['--version'], code: 0, out: /^\d+\.\d+\.\d+\n$/ },
  { name: 'a mistyped command is guessed', args: ['chek'], code: 2, err: /Did you mean check\?/ },
  { name: 'a mistyped flag is guessed', args: ['check', '--jso'], code: 2, err: /Did you mean --json\?/ },
  {
    name: 'the empty configuration is valid',
    args: ['check'],
    code: 0,
    out: /the empty configuration is valid: 0 risks/,
  },
  {
    name: 'mistakes come all at once, each with its place',
    args: ['check'],
    files: { 'security_config.yaml': MISTAKEN },
    code: 2,
    err: /^(?=[^]*security_config\.yaml:1:1: securty: .*did you mean `security`)(?=[^]*security_config\.yaml:2:10: profile: )/,
  },
  {
    name: 'a file that is not there is named',
    args: ['check', '-c', 'no.yaml'],
    code: 2,
    err: /no file `no\.yaml`.*ringwall init/,
  },
  {
    name: 'a risk is told',
    args: ['check', '-c', 'open.yaml'],
    files: { 'open.yaml': OPEN },
    code: 0,
    out: /errors-pass[^]*: 1 risk, /,
  },
  {
    name: 'a risk fails a strict check',
    args: ['check', '--strict', '-c', 'open.yaml'],
    files: { 'open.yaml': OPEN },
    code: 1,
  },
  {
    name: 'findings come as JSON',
    args: ['check', '--json', '-c', 'open.yaml'],
    files: { 'open.yaml': OPEN },
    code: 0,
    out: /"id": "errors-pass"/,
  },
  {
    name: 'config prints what counts',
    args: ['config', '-c', 'good.yaml'],
    files: { 'good.yaml': GOOD },
    code: 0,
    out: /min_length: 12[^]*hsts_max_age: 31536000/,
  },
  {
    name: 'explain passes an ordinary request',
    args: ['explain', 'GET', '/orders/7'],
    code: 0,
    out: / 200 pass [^]*perimeter[^]*data /,
  },
  {
    name: 'explain refuses an attack',
    args: ['explain', 'GET', '/?q=%27%20OR%20%271%27=%271'],
    code: 1,
    out: / 403 refuse [^]*perimeter\.sql-injection/,
  },
  {
    name: 'explain asks for a host that is served',
    args: ['explain', 'GET', '/', '-c', 'h.yaml'],
    files: { 'h.yaml': HOSTED },
    code: 0,
    out: /shop\.example\.com\//,
  },
  {
    name: 'explain wants an address',
    args: ['explain', 'GET', '/', '--ip', '999'],
    code: 2,
    err: /`999` is not an address/,
  },
  {
    name: 'explain wants a whole field',
    args: ['explain', 'GET', '/', '-H', 'nocolon'],
    code: 2,
    err: /write Name: value/,
  },
  {
    name: 'a wrong address names its flag',
    args: ['up', '--http', 'junk'],
    code: 2,
    err: /^--http must be host:port/,
  },
  {
    name: 'a wrong URL is told',
    args: ['up', 'localhost:3000'],
    code: 2,
    err: /^the URL must be http:\/\/host:port/,
  },
  { name: 'a wrong grace is told', args: ['up', '--drain', 'x'], code: 2, err: /^--drain takes seconds/ },
  {
    name: 'a URL beside several upstreams is ambiguous',
    args: ['up', 'http://127.0.0.1:3000', '-c', 'two.yaml'],
    files: {
      'two.yaml': "upstreams: { a: 'http://a:1', b: 'http://b:1' }\nroutes: [{ path: '/**', upstream: a }]\n",
    },
    code: 2,
    err: /several upstreams \(a, b\); leave the URL out/,
  },
  {
    name: 'reading a log that is not there makes none',
    args: ['audit', 'query'],
    code: 2,
    err: /no audit log in `\.ringwall`/,
  },
  {
    name: 'a time that is none is told',
    args: ['audit', 'query', '--since', 'yesterday'],
    code: 2,
    err: /write 15m, 24h, 7d/,
  },
  {
    name: 'an unknown role is told',
    args: ['user', 'add', 'ann@example.com', '--role', 'boss'],
    code: 2,
    err: /no role `boss`; there is customer/,
  },
  {
    name: 'an unknown shell is told',
    args: ['completion', 'tcsh'],
    code: 2,
    err: /there is bash, zsh and fish/,
  },
]

test('each command line ends with its code and says what to do', async (t) => {
  for (const { name, args, files = {}, code, out = /^/, err = code === 2 ? /./ : /^$/ } of LINES) {
    await t.test(name, async (t) => {
      const cwd = folder(t, files)
      const outcome = await start(cwd, args).ended
      assert.equal(outcome.code, code, outcome.err)
      assert.match(outcome.out, out)
      assert.match(outcome.err, err)
      assert.doesNotMatch(outcome.out + outcome.err, /\u001b|\n\s+at /, 'colours or a stack')
      if (args[0] === 'audit') assert.ok(!existsSync(join(cwd, '.ringwall')))
    })
  }
})

test('both mistakes of a file are printed, one a line', async (t) => {
  const { err } = await start(folder(t, { 'security_config.yaml': MISTAKEN }), ['check']).ended
  assert.equal(err.trimEnd().split('\n').length, 2, err)
})

test('init writes a file that is valid and prints itself again, and does not overwrite it', async (t) => {
  const cwd = folder(t)
  const flags = ['init', '--yes', '--upstream', 'http://127.0.0.1:3000', '--host', 'Shop.Example.com']
  assert.equal((await start(cwd, flags).ended).code, 0)
  const text = readFileSync(join(cwd, 'security_config.yaml'), 'utf8')
  assert.match(text, /hosts: \["shop\.example\.com"\]/)
  const printed = await start(cwd, ['config']).ended
  writeFileSync(join(cwd, 'again.yaml'), printed.out)
  assert.equal((await start(cwd, ['check', '-c', 'again.yaml']).ended).code, 0)
  const second = await start(cwd, ['init', '--yes']).ended
  assert.equal(second.code, 2)
  assert.match(second.err, /is there already; use --force/)
  assert.equal(readFileSync(join(cwd, 'security_config.yaml'), 'utf8'), text)
})

test('an account is made, listed, switched off and deleted, and the log tells of each', async (t) => {
  const cwd = folder(t)
  const run = async (...args: string[]): Promise<string> => {
    const outcome = await start(cwd, args).ended
    assert.equal(outcome.code, 0, `${args.join(' ')}: ${outcome.err}`)
    return outcome.out
  }
  assert.match(
    await run('user', 'add', 'ann@example.com', '--role', 'customer'),
    /one-time password, valid for 24 hours: (\w{5}-){3}\w{5}/,
  )
  assert.match(await run('user', 'list'), /ann@example\.com {2}customer {2}must change password/)
  await run('user', 'lock', 'ann@example.com')
  assert.match(await run('user', 'show', 'ann@example.com'), /state +locked/)
  await run('user', 'delete', 'ann@example.com')
  assert.equal((await start(cwd, ['user', 'show', 'ann@example.com']).ended).code, 2)
  const events = JSON.parse(await run('audit', 'query', '--json')) as { readonly kind: string }[]
  assert.deepEqual(
    events.map((event) => event.kind),
    ['identity.account-created', 'identity.account-disabled', 'identity.account-deleted'],
  )
})

test('a reader that goes away ends the command in silence', async (t) => {
  const { child, ended } = start(folder(t), ['config'])
  child.stdout?.destroy()
  const { code, err } = await ended
  assert.deepEqual({ code, err }, { code: 0, err: '' })
})

const SLOW_MS = 1200

async function startApplication(t: TestContext, name: string): Promise<string> {
  const server = http.createServer((req, res) => {
    setTimeout(() => res.end(name), req.url === '/slow' ? SLOW_MS : 0)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startGateway(
  t: TestContext,
  cwd: string,
  args: readonly string[],
): Promise<Started & { readonly site: string }> {
  const started = start(cwd, ['up', '--http', '127.0.0.1:0', '--https', 'off', ...args])
  t.after(() => started.child.kill('SIGKILL'))
  const site = (): string | undefined => /site +(http:\S+)/.exec(started.said.out)?.[1]
  await until(
    `the gateway to be up: ${started.said.err}`,
    () => site() !== undefined || started.child.exitCode !== null,
  )
  assert.notEqual(site(), undefined, started.said.err)
  return { ...started, site: site() as string }
}

const get = async (url: string): Promise<string> =>
  (await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })).text()

test('the URL of the command line stands in for the upstream of the file, whatever its name', async (t) => {
  const [a, b] = [await startApplication(t, 'app a'), await startApplication(t, 'app b')]
  const cwd = folder(t, { 'c.yaml': `listen: { operator: off }\nupstreams: { shop: '${a}' }\n` })
  const { site, said } = await startGateway(t, cwd, [b, '-c', 'c.yaml'])
  assert.equal(await get(`${site}/`), 'app b')
  assert.match(said.out, new RegExp(`in front of shop at ${b}\n`))
})

test('a changed file counts at once, a bad one changes nothing and says why, and addresses wait for a restart', async (t) => {
  const [a, b] = [await startApplication(t, 'app a'), await startApplication(t, 'app b')]
  const text = (url: string, http = ''): string =>
    `listen: { operator: off${http} }\nupstreams: { shop: '${url}' }\n`
  const cwd = folder(t, { 'c.yaml': text(a) })
  const file = join(cwd, 'c.yaml')
  const { child, site, said } = await startGateway(t, cwd, ['-c', 'c.yaml'])
  assert.equal(await get(`${site}/`), 'app a')

  writeFileSync(file, 'upstrems: {}\n')
  await until('the refusal of the bad file', () => said.err.includes('did you mean `upstreams`?'))
  assert.match(said.err, /not reloaded, the old configuration goes on/)
  assert.equal(await get(`${site}/`), 'app a')

  writeFileSync(file, text(b, ', http2: false'))
  child.kill('SIGHUP')
  await until('the reload', () => said.err.includes('reloaded c.yaml'))
  assert.equal(await get(`${site}/`), 'app b')
  await until('the note', () => said.err.includes('what changed in `listen` counts after a restart'))
})

test('one Ctrl-C, though it arrives twice, lets a request under way finish', async (t) => {
  const url = await startApplication(t, 'slow but whole')
  const cwd = folder(t, { 'c.yaml': 'listen: { operator: off }\n' })
  const { child, site, ended } = await startGateway(t, cwd, [url, '-c', 'c.yaml'])
  const reply = get(`${site}/slow`)
  await new Promise((resolve) => setTimeout(resolve, 200))
  child.kill('SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 30))
  child.kill('SIGINT')
  assert.equal(await reply, 'slow but whole')
  const { code, err } = await ended
  assert.equal(code, 0, err)
})

test('a second signal, later, ends at once', async (t) => {
  const url = await startApplication(t, 'never seen')
  const cwd = folder(t, { 'c.yaml': 'listen: { operator: off }\n' })
  const { child, site, ended } = await startGateway(t, cwd, [url, '-c', 'c.yaml'])
  const reply = get(`${site}/slow`).catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 200))
  child.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 600))
  child.kill('SIGTERM')
  assert.equal((await ended).code, 1)
  assert.notEqual(await reply, 'never seen')
})
