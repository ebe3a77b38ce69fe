// `ringwall secret` as it is typed: files of secrets, editors that live and die, rotations on real servers, the report.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, type TestContext } from 'node:test'

import { notHere, startRedis } from '../store/testing.ts'
import { main } from './main.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'ringwall.js')
const cwd = mkdtempSync(join(tmpdir(), 'ringwall-cli-secret-'))
after(() => rmSync(cwd, { recursive: true, force: true }))
const config = join(cwd, 'security_config.yaml')
const identity = join(cwd, 'identity')
const file = join(cwd, 'secrets.age')
const plainPlaces = [process.env['XDG_RUNTIME_DIR'], '/dev/shm', tmpdir()].filter(
  (place) => place !== undefined,
)
const base = `store: { directory: ${join(cwd, 'state')} }
security:
  data:
    secrets:
      age: { identity: "file:${identity}" }
`
writeFileSync(config, base)

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function ringwall(...args: readonly string[]): Promise<Run> {
  let [out, err] = ['', '']
  const code = await main([...args], {
    isColored: false,
    isClosed: false,
    out: (text) => void (out += `${text}\n`),
    error: (text) => void (err += `${text}\n`),
  })
  return { code, out, err }
}

const secret = (...args: readonly string[]): Promise<Run> => ringwall('secret', ...args, '-c', config)

/** With an editor that is this shell command; `$1` is the file. */
async function edit(editor: string): Promise<Run> {
  process.env['VISUAL'] = `f() { ${editor}; }; f`
  try {
    return await secret('edit', file)
  } finally {
    delete process.env['VISUAL']
  }
}

const leftBehind = (): readonly string[] =>
  plainPlaces.flatMap((place) => readdirSync(place).filter((name) => name.startsWith('ringwall-plain-')))

const reveal = async (name: string): Promise<string> =>
  (await secret('get', `age:${file}#${name}`, '--dangerously-reveal')).out.trimEnd()

test('an identity is made once, in a file of our own', async () => {
  const made = await ringwall('secret', 'keygen', identity)
  assert.match(made.out, /^age1[a-z0-9]+\n$/)
  assert.equal(statSync(identity).mode & 0o777, 0o600)
  const again = await ringwall('secret', 'keygen', identity)
  assert.equal(again.code, 2)
  assert.match(again.err, /is there already/)
})

test('values come from a pipe or at random, are listed without values, and shown only when that is asked for', async () => {
  const piped = spawnSync(process.execPath, [BIN, 'secret', 'set', `age:${file}#API_KEY`, '-c', config], {
    encoding: 'utf8',
    input: 'hunter2-hunter2\n',
  })
  assert.equal(piped.status, 0, piped.stderr)
  assert.equal((await secret('set', `age:${file}#RANDOM`, '--generate')).code, 0)
  assert.match((await secret('list', file)).out, /^NAME +CHANGED\nAPI_KEY +20.*\nRANDOM +20/)
  const got = await secret('get', `age:${file}#API_KEY`)
  assert.match(got.out, /^\[secret\] 15 characters, changed 20/)
  assert.equal(await reveal('API_KEY'), 'hunter2-hunter2')
  assert.equal((await reveal('RANDOM')).length, 43)
  assert.match(
    (await ringwall('audit', 'query', '--kind', 'data.secret-revealed', '--json', '-c', config)).out,
    /API_KEY/,
  )
  const missing = await secret('get', `age:${file}#NOTHING`)
  assert.equal(missing.code, 2)
  assert.match(missing.err, /holds no `NOTHING`; add it with `ringwall secret edit/)
})

test('the editor sees the plain text in a file that is ours alone, in memory where there is such a place', async () => {
  const before = readFileSync(file, 'utf8')
  const seen = join(cwd, 'seen')
  const run = await edit(
    `stat -c '%a %n' "$1" > ${seen}; stat -c '%a' "$(dirname "$1")" >> ${seen}; cat "$1" >> ${seen}`,
  )
  assert.equal(run.code, 0, run.err)
  const [mode, folder] = readFileSync(seen, 'utf8').split('\n')
  assert.match(mode ?? '', /^600 /)
  assert.equal(folder, '700')
  if (existsSync('/dev/shm')) assert.match(mode ?? '', /^600 (?:\/dev\/shm|\/run)\//)
  assert.match(readFileSync(seen, 'utf8'), /^API_KEY: hunter2-hunter2$/m)
  assert.match(run.err, /nothing was changed/)
  assert.equal(readFileSync(file, 'utf8'), before)
  assert.deepEqual(leftBehind(), [])
})

test('what is changed, added and removed is sealed; the other lines stay byte for byte', async () => {
  const before = readFileSync(file, 'utf8').split('\n')
  const run = await edit(`sed -i 's/^RANDOM.*/NEW: |-\\n  line one\\n  line two/' "$1"; cp "$1" "$1.bak"`)
  assert.equal(run.code, 0, run.err)
  assert.deepEqual(run.out.trim().split('\n').sort(), ['added   NEW', 'removed RANDOM'])
  const later = readFileSync(file, 'utf8').split('\n')
  assert.equal(
    later.find((line) => line.startsWith('value API_KEY')),
    before.find((line) => line.startsWith('value API_KEY')),
  )
  assert.equal(await reveal('NEW'), 'line one\nline two')
  assert.deepEqual(leftBehind(), [], 'also what the editor wrote beside')
})

for (const { name, editor, says } of [
  {
    name: 'is killed',
    editor: 'echo "API_KEY: changed" > "$1"; kill -9 $$',
    says: /editor ended with 137; nothing was changed/,
  },
  { name: 'fails', editor: 'echo "API_KEY: changed" > "$1"; return 3', says: /ended with 3/ },
  { name: 'is not there', editor: 'no-such-editor', says: /ended with 127/ },
  {
    name: 'writes no list',
    editor: 'echo "just hunter2 text" > "$1"',
    says: /not a list[^]*could not be read 5 times/,
  },
  {
    name: 'writes a number of lines twice',
    editor: 'printf "A: hunter2\\nA: b\\n" > "$1"',
    says: /line \d is not NAME: value \(DUPLICATE_KEY\)/,
  },
  { name: 'writes a name that is none', editor: 'echo "a b: hunter2" > "$1"', says: /`a b` is not a name/ },
]) {
  test(`an editor that ${name} changes nothing and leaves nothing behind`, async () => {
    const before = readFileSync(file, 'utf8')
    const run = await edit(editor)
    assert.equal(run.code, 2)
    assert.match(run.err, says)
    assert.ok(!run.err.includes('hunter2'))
    assert.equal(readFileSync(file, 'utf8'), before)
    assert.deepEqual(leftBehind(), [])
  })
}

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
  test(`ended by ${signal} while the editor is open, the plain text does not stay`, async () => {
    const before = readFileSync(file, 'utf8')
    const child = spawn(process.execPath, [BIN, 'secret', 'edit', file, '-c', config], {
      env: { ...process.env, VISUAL: 'sleep 3; :' },
      stdio: 'ignore',
    })
    for (let i = 0; leftBehind().length === 0; i++) {
      assert.ok(i < 200, 'the editor was never opened')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    child.kill(signal)
    await once(child, 'exit')
    if (signal === 'SIGKILL') await edit(':')
    assert.deepEqual(leftBehind(), [])
    assert.equal(readFileSync(file, 'utf8'), before)
  })
}

test('recipients come and go', async () => {
  const other = join(cwd, 'other')
  const recipient = (await ringwall('secret', 'keygen', other, '--post-quantum')).out.trim()
  assert.match(recipient, /^age1pq1/)
  assert.match((await secret('edit', file, '--add-recipient', recipient)).err, /2 recipients/)
  const own = readFileSync(identity, 'utf8')
  writeFileSync(identity, readFileSync(other, 'utf8'))
  assert.equal(await reveal('API_KEY'), 'hunter2-hunter2')
  writeFileSync(identity, own)
  const removed = await secret('edit', file, '--remove-recipient', recipient)
  assert.match(removed.err, /1 recipients\n.*rotate them/)
  writeFileSync(identity, readFileSync(other, 'utf8'))
  assert.match((await secret('list', file)).err, /none of our age identities/)
  writeFileSync(identity, own)
  assert.match((await secret('edit', file, '--remove-recipient', recipient)).err, /not among the recipients/)
})

test('the list and the report know every reference, its users and its age; overdue and missing end with 1', async () => {
  const old = join(cwd, 'old-password')
  writeFileSync(old, 'short', { mode: 0o600 })
  utimesSync(old, new Date(), new Date(Date.now() - 100 * 86_400_000))
  process.env['RINGWALL_TEST_KEY'] = 'hunter2-hunter2'
  after(() => delete process.env['RINGWALL_TEST_KEY'])
  writeFileSync(
    config,
    `${base}      required: ["file:${old}", "\${env:RINGWALL_TEST_KEY}", "age:${file}#API_KEY"]
      rotations:
        api: { kind: command, command: [ "true" ], secret: "age:${file}#API_KEY", used_by: [shop], every_days: 30 }
`,
  )
  const list = JSON.parse((await secret('list', '--json')).out) as {
    secret: string
    used_by: string[]
    state: string
  }[]
  assert.deepEqual(list.find((row) => row.secret === `age:${file}#API_KEY`)?.used_by.toSorted(), [
    'security.data.secrets.required.2',
    'shop',
  ])
  const report = await secret('report', '--json')
  assert.equal(report.code, 1)
  const rows = JSON.parse(report.out) as {
    secret: string
    state: string
    age_days: number
    due: string
    notes: string[]
  }[]
  const row = (name: string) => rows.find((one) => one.secret === name)
  assert.equal(rows[0]?.secret, `file:${old}`)
  assert.deepEqual([row(`file:${old}`)?.state, row(`file:${old}`)?.age_days], ['overdue', 100])
  assert.match(row(`file:${old}`)?.notes.join() ?? '', /5 characters are few/)
  assert.equal(row('${env:RINGWALL_TEST_KEY}')?.state, 'unknown')
  assert.deepEqual(row('${env:RINGWALL_TEST_KEY}')?.notes.slice(-1), [
    `the same value as age:${file}#API_KEY`,
  ])
  assert.equal(
    row(`age:${file}#API_KEY`)?.due,
    new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10),
  )
  assert.deepEqual(row(`age:${file}#NEW`)?.notes, ['nothing is known to use it'])
  assert.ok(row('keyring:assertion')?.state === 'ok')
  assert.ok(!report.out.includes('hunter2'))
  assert.match(
    (await secret('report')).out,
    /^STATE +SECRET[^]*overdue +file:[^]*1 overdue, by 10 days at most/,
  )
  rmSync(old)
  const missing = await secret('list')
  assert.equal(missing.code, 1)
  assert.match(missing.out, /missing +file:.*ENOENT/)
})

test('a rotation goes forward with each run, is recorded, and is done when the overlap is over', async (t: TestContext) => {
  const server = await startRedis()
  if (!server) return notHere(t, 'Redis', 'apt-get install redis-server')
  t.after(() => server.release())
  const place = join(cwd, 'redis-url')
  writeFileSync(place, `redis://default:first-password-of-all@127.0.0.1:${server.port}\n`)
  chmodSync(place, 0o600)
  spawnSync('redis-cli', [
    '-p',
    String(server.port),
    'ACL',
    'SETUSER',
    'admin',
    'on',
    '>admin-password',
    '+@all',
    '~*',
  ])
  spawnSync('redis-cli', [
    '-p',
    String(server.port),
    'ACL',
    'SETUSER',
    'default',
    'resetpass',
    '>first-password-of-all',
  ])
  process.env['RINGWALL_TEST_ADMIN'] = `redis://admin:admin-password@127.0.0.1:${server.port}`
  after(() => delete process.env['RINGWALL_TEST_ADMIN'])
  writeFileSync(
    config,
    `${base}      rotations:
        cache: { kind: redis, secret: "file:${place}", admin: "\${env:RINGWALL_TEST_ADMIN}", overlap: 1s }
`,
  )
  const first = await secret('rotate', 'cache')
  assert.equal(first.code, 0, first.err)
  assert.match(first.out, /the new value is in use.*Run this again after 20/)
  const url = readFileSync(place, 'utf8').trim()
  assert.ok(!url.includes('first-password'))
  const done = await secret('rotate', '--wait', '--json')
  assert.equal((JSON.parse(done.out) as { step: string }).step, 'retired', done.err)
  assert.match((await secret('rotate')).err, /nothing is due/)
  const audit = (await ringwall('audit', 'query', '--kind', 'data.secret-rotation', '--json', '-c', config))
    .out
  for (const step of ['created', 'set', 'tested', 'promoted', 'retired'])
    assert.match(audit, new RegExp(`"${step}"`))
  assert.ok(!audit.includes(new URL(url).password))
  assert.match((await secret('rotate', 'nothing')).err, /no rotation `nothing`; .* has cache/)
  assert.match((await secret('rotate', '--roll-back')).err, /name the rotation/)
})

test('a configuration of rotations with mistakes is refused with all of them', async () => {
  writeFileSync(
    config,
    `${base}      rotations:
        a: { kind: postgres, secret: "age:x#A" }
        b: { kind: mariadb, secret: "plain", admin: "file:x", roles: [one] }
        c: { kind: keyring }
`,
  )
  const { code, err } = await secret('rotate')
  assert.equal(code, 2)
  for (const says of [
    /a\.admin: is missing/,
    /a\.roles: is missing/,
    /b\.secret: must be a reference/,
    /c\.purpose: is missing/,
  ])
    assert.match(err, says)
})
