// `ringwall policy diff --since`: the files of now against those of a revision, in a repository made for the test.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { main } from '../main.ts'

const house = mkdtempSync(join(tmpdir(), 'ringwall-revision-'))
const file = (name: string): string => join(house, name)
const SCHEMA =
  'entity User; entity Order { total: Long }; action read appliesTo { principal: User, resource: Order };'
const clerks = (limit: number): string =>
  `@id("clerks")\npermit (principal, action == Action::"read", resource) when { resource.total <= ${limit} };\n`

function git(...args: readonly string[]): void {
  execFileSync('git', ['-C', house, ...args], { stdio: 'ignore' })
}

before(() => {
  git('init', '-q')
  mkdirSync(file('policy'))
  writeFileSync(file('policy/shop.cedar'), clerks(100))
  writeFileSync(
    file('policy/old.cedar'),
    '@id("gone")\npermit (principal == User::"root", action, resource);\n',
  )
  writeFileSync(file('policy/notes.txt'), 'no policy')
  writeFileSync(file('root.cedar'), clerks(1))
  writeFileSync(file('shop.cedarschema'), SCHEMA)
  git('add', '.')
  git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '-qm', 'First')
  writeFileSync(file('policy/shop.cedar'), clerks(200))
  unlinkSync(file('policy/old.cedar'))
  symlinkSync(file('policy'), file('link'))
})
after(() => rmSync(house, { recursive: true, force: true }))

async function diff(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const code = await main(['policy', 'diff', '-s', file('shop.cedarschema'), ...args], {
    isColored: false,
    isClosed: false,
    out: (text) => void (said.out += `${text}\n`),
    error: (text) => void (said.err += `${text}\n`),
  })
  return { code, ...said }
}

test('one file of now against the same of then', async () => {
  const { code, out } = await diff('--since', 'HEAD', '-p', file('policy/shop.cedar'))
  assert.equal(code, 1)
  assert.match(out, /^deny -> allow {2}`clerks` was changed\n[^]*1 kind of request decided differently/)
})

test('a folder stands for the files of then, those that are gone too', async () => {
  for (const folder of ['policy', 'link']) {
    const { code, out, err } = await diff('--since', 'HEAD', '-p', file(folder))
    assert.equal(code, 1, err)
    assert.match(out, /allow -> deny {2}`gone` was /)
    assert.match(out, /deny -> allow {2}`clerks` was changed/)
  }
})

test('the folder of the repository itself', async () => {
  const { code, out, err } = await diff('--since', 'HEAD', '-p', house)
  assert.equal(code, 0, err)
  assert.match(out, /^0 kinds of requests decided differently/)
})

test('what is the same then and now differs in nothing', async () => {
  git('add', '-A')
  git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'commit', '-qm', 'Second')
  const { code, out } = await diff('--since', 'HEAD', '-p', file('policy'))
  assert.equal(code, 0, out)
  assert.match(out, /^0 kinds of requests decided differently; proved/)
  assert.equal((await diff('--since', 'HEAD~1', '-p', file('policy'))).code, 1)
})

for (const [name, args, want] of [
  [
    'a revision that is none',
    ['--since', 'no-such', '-p', file('policy')],
    /git knows no revision `no-such` here/,
  ],
  [
    'a revision that looks like an option',
    ['--since=--help', '-p', file('policy')],
    /git knows no revision `--help`/,
  ],
  [
    'a file that was not there',
    ['--since', 'HEAD', '-p', file('shop.cedarschema')],
    /shop\.cedarschema:1:1: /,
  ],
  ['neither of both', ['-p', file('policy')], /name the older policies, or a revision of git with --since/],
  ['both', ['x.cedar', '--since', 'HEAD', '-p', file('policy')], /name the older policies, or a revision/],
] as const) {
  test(`a mistake says what to do: ${name}`, async () => {
    const { code, err } = await diff(...args)
    assert.equal(code, 2, err)
    assert.match(err, want)
  })
}

test('outside of a repository it is said what to do instead', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'ringwall-outside-'))
  try {
    writeFileSync(join(outside, 'a.cedar'), clerks(1))
    const { code, err } = await diff('--since', 'HEAD', '-p', join(outside, 'a.cedar'))
    assert.equal(code, 2)
    assert.match(err, /is in no repository of git; name the older policies themselves/)
  } finally {
    rmSync(outside, { recursive: true, force: true })
  }
})
