// `ringwall policy` in this process: arguments in, both streams and the exit code out.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { main } from '../main.ts'
import type { Terminal } from '../terminal.ts'

const SCHEMA = `entity Role enum ["clerk"];
entity User in [Role];
entity Order = { owner: User, total: Long, note?: String };
action read, write appliesTo { principal: User, resource: Order };
`
const POLICIES = `@id("own")
permit (principal, action, resource is Order)
when { resource.owner == principal };

@id("clerks")
permit (principal in Role::"clerk", action == Action::"read", resource is Order)
when { resource.total <= 100 };
`
const PEOPLE = `User::ann: {}
User::bob: { in: Role::clerk }
Order::1: { attributes: { owner: ann, total: 100 } }
Order::2: { attributes: { owner: ann, total: 101 } }
`
const TESTS = `entities:
  ${PEOPLE.trimEnd().replaceAll('\n', '\n  ')}
tables:
  - name: orders
    resource: Order::1
    principals: [ann, bob]
    rows:
      read: [allow, allow]
      write: [allow, deny]
`
const FILES = {
  'shop.cedar': POLICIES,
  'shop.cedarschema': SCHEMA,
  'shop.tests.yaml': TESTS,
  'people.yaml': PEOPLE,
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], isColored = false): Promise<Outcome> {
  const said = { out: '', err: '' }
  const terminal: Terminal = {
    isColored,
    isClosed: false,
    out: (text) => void (said.out += `${text}\n`),
    error: (text) => void (said.err += `${text}\n`),
  }
  const code = await main(['policy', ...args], terminal)
  return { code, ...said }
}

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'ringwall-policy-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

const SOURCE = ['-p', 'shop.cedar', '-s', 'shop.cedarschema']
const LATER = POLICIES.replace('<= 100', '<= 200')

for (const { name, args, files = {}, code, out, err } of [
  {
    name: 'check: nothing to say',
    args: ['check', ...SOURCE],
    code: 0,
    out: /^2 policies: 0 errors, 0 warnings, 1 piece of advice$/m,
  },
  {
    name: 'check: a type fault is shown in its line',
    args: ['check', ...SOURCE],
    files: { 'shop.cedar': POLICIES.replace('resource.total', 'resource.totl') },
    code: 1,
    out: /shop\.cedar:7:8: error: clerks: Order has no attribute `totl` \(no-attribute\)\n {2}7 \| when \{ resource\.totl <= 100 \};\n {13}\^/,
  },
  {
    name: 'check: a text that is no policy',
    args: ['check', ...SOURCE],
    files: { 'shop.cedar': 'permit (principal, action resource);' },
    code: 2,
    err: /shop\.cedar:1:27: expected `,`[^\n]*\n {2}1 \| permit \(principal, action resource\);\n {32}\^/,
  },
  {
    name: 'check: a schema that is none',
    args: ['check', ...SOURCE],
    files: { 'shop.cedarschema': 'entity User in Role;\naction;' },
    code: 2,
    err: /shop\.cedarschema:\d+:\d+: /,
  },
  {
    name: 'check --strict fails for a warning',
    args: ['check', '--strict', ...SOURCE],
    files: { 'shop.cedar': 'permit (principal, action, resource);' },
    code: 1,
    out: /warning: policy0: this permits everyone everything/,
  },
  {
    name: 'check --json',
    args: ['check', '--json', ...SOURCE],
    files: { 'shop.cedar': 'permit (principal, action, resource);' },
    code: 0,
    out: /"id": "permits-everything"[^}]*"line": 1/,
  },
  {
    name: 'check: two policies of one name',
    args: ['check', ...SOURCE],
    files: { 'shop.cedar': POLICIES.replace('"own"', '"clerks"') },
    code: 2,
    err: /a second policy is called `clerks`/,
  },
  {
    name: 'without policies it is said where they are named',
    args: ['check'],
    code: 2,
    err: /--policies FILE, or in security\.authorization\.policy/,
  },
  {
    name: 'a file that is not there',
    args: ['check', '-p', 'no.cedar'],
    code: 2,
    err: /there is no file `.*no\.cedar`/,
  },
  {
    name: 'test: all pass, and what they do not notice is told',
    args: ['test', ...SOURCE],
    code: 0,
    out: /shop\.cedar:\d+:\d+: clerks: not noticed: resource\.total <= 100 became[^]*cases: 4 of 4 passed|cases: 4 of 4 passed[^]*clause coverage: [\d.]+ %[^]*not noticed[^]*mutation score: [\d.]+ %/,
  },
  {
    name: 'test: a failure has its place and the reason',
    args: ['test', '--no-mutants', ...SOURCE],
    files: { 'shop.tests.yaml': TESTS.replace('write: [allow, deny]', 'write: [allow, allow]') },
    code: 1,
    out: /shop\.tests\.yaml:12:7: failed: orders: bob write: expected allow, got deny\n {4}deny: User::"bob"[^]*resource\.owner == principal {2}is false[^]*cases: 3 of 4 passed/,
  },
  {
    name: 'test: a mistake in the tests is shown in its line',
    args: ['test', ...SOURCE],
    files: { 'shop.tests.yaml': TESTS.replace('resource:', 'resorce:') },
    code: 2,
    err: /shop\.tests\.yaml:8:5: tables\.0\.resorce: no such key; did you mean `resource`\?\n {2}8 \| {5}resorce/,
  },
  {
    name: 'test: YAML that is none',
    args: ['test', ...SOURCE],
    files: { 'shop.tests.yaml': 'cases: [' },
    code: 2,
    err: /shop\.tests\.yaml:1:\d+: /,
  },
  {
    name: 'test: a score that is too low fails',
    args: ['test', '--min-score', '99', ...SOURCE],
    code: 1,
    out: /mutation score/,
  },
  {
    name: 'test: a score that is none',
    args: ['test', '--min-score', 'high', ...SOURCE],
    code: 2,
    err: /no percentage/,
  },
  {
    name: 'test: without any test it is said what to do',
    args: ['test', ...SOURCE],
    files: { 'shop.tests.yaml': '{}' },
    code: 2,
    err: /no test: write NAME\.tests\.yaml/,
  },
  {
    name: 'explain: a refusal',
    args: ['explain', 'bob', 'read', '2', ...SOURCE, '-e', 'people.yaml'],
    code: 1,
    out: /^deny: User::"bob" Action::"read" Order::"2"\n[^]*not permitted by clerks \(shop\.cedar:5:1\)\n {4}when: resource\.total <= 100 {2}is false[^]*resource\.total = 101/,
  },
  {
    name: 'explain: an answer that is yes, as JSON',
    args: ['explain', '--json', 'bob', 'read', '1', ...SOURCE, '-e', 'people.yaml'],
    code: 0,
    out: /"decision": "allow"[^]*"policy": "clerks"/,
  },
  {
    name: 'explain: a request that does not fit the schema',
    args: ['explain', 'Order::1', 'read', '2', ...SOURCE],
    code: 2,
    err: /does not apply to `Order`/,
  },
  {
    name: 'explain: a context that is no JSON',
    args: ['explain', 'bob', 'read', '2', ...SOURCE, '--context', 'x'],
    code: 2,
    err: /--context '\{"name": "value"\}'/,
  },
  {
    name: 'explain: entities as Cedar writes them',
    args: ['explain', 'bob', 'read', '2', ...SOURCE, '-e', 'people.json'],
    files: {
      'people.json':
        '[{"uid": {"type": "Order", "id": "2"}, "attrs": {"owner": {"type": "User", "id": "bob"}, "total": 5}, "parents": []}]',
    },
    code: 0,
    out: /permitted by own/,
  },
  { name: 'fmt --check: files that are in style', args: ['fmt', '--check', '-p', 'shop.cedar'], code: 0 },
  {
    name: 'fmt --check: a file that is not',
    args: ['fmt', '--check', '-p', 'shop.cedar'],
    files: { 'shop.cedar': 'permit(principal,action,resource);' },
    code: 1,
    out: /^shop\.cedar$/m,
  },
  {
    name: 'fmt prints',
    args: ['fmt', '-p', 'shop.cedar'],
    files: { 'shop.cedar': 'permit(principal,action,resource);' },
    code: 0,
    out: /^permit \(principal, action, resource\);$/m,
  },
  {
    name: 'diff: nothing',
    args: ['diff', 'shop.cedar', ...SOURCE],
    code: 0,
    out: /^0 kinds of requests decided differently; proved/,
  },
  {
    name: 'diff: a wider limit with an example',
    args: ['diff', 'old.cedar', ...SOURCE],
    files: { 'old.cedar': POLICIES, 'shop.cedar': LATER },
    code: 1,
    out: /^deny -> allow {2}`clerks` was changed\n[^]*total: 1\d\d[^]*not permitted by clerks[^]*1 kind of request decided differently/,
  },
  {
    name: 'diff: recorded decisions are asked again',
    args: ['diff', 'old.cedar', ...SOURCE, '--recorded', 'log.jsonl'],
    files: {
      'old.cedar': POLICIES,
      'shop.cedar': LATER,
      'log.jsonl': ['101', '100', '201']
        .map(
          (total) =>
            `{"principal": "bob", "action": "read", "resource": "1", "expect": "deny", "entities": {"User::bob": {"in": "Role::clerk"}, "Order::1": {"attributes": {"owner": "ann", "total": ${total}}}}}`,
        )
        .join('\n'),
    },
    code: 1,
    out: /of 3 recorded decisions, 0 would be refused now and 1 allowed now/,
  },
  {
    name: 'diff: a line that is no JSON',
    args: ['diff', 'shop.cedar', ...SOURCE, '--recorded', 'log.jsonl'],
    files: { 'log.jsonl': '\n{' },
    code: 2,
    err: /log\.jsonl:2:1: this line is no JSON/,
  },
  {
    name: 'who',
    args: ['who', 'read', 'Order::1', ...SOURCE, '-e', 'people.yaml'],
    code: 0,
    out: /^User::ann\nUser::bob\n$/,
  },
  {
    name: 'who: nobody',
    args: ['who', 'read', '3', ...SOURCE, '-e', 'people.yaml'],
    code: 0,
    out: /^nobody\n$/,
  },
  {
    name: 'what',
    args: ['what', 'User::bob', ...SOURCE, '-e', 'people.yaml'],
    code: 0,
    out: /^read {2}Order::1\n$/,
  },
  {
    name: 'what, of one action, as JSON',
    args: ['what', 'User::ann', ...SOURCE, '-e', 'people.yaml', '--action', 'write', '--json'],
    code: 0,
    out: /"action": "write",\n *"resource": "Order::2"/,
  },
  {
    name: 'what: no type',
    args: ['what', 'ann', ...SOURCE, '-e', 'people.yaml'],
    code: 2,
    err: /write Type::ann/,
  },
] as readonly {
  name: string
  args: readonly string[]
  files?: Readonly<Record<string, string>>
  code: number
  out?: RegExp
  err?: RegExp
}[]) {
  test(`policy ${name}`, async (t) => {
    const all: Readonly<Record<string, string>> = { ...FILES, ...files }
    const path = folder(t, all)
    const outcome = await run(
      args.map((arg) => (Object.hasOwn(all, arg) || arg === 'no.cedar' ? join(path, arg) : arg)),
    )
    const [said, complained] = [outcome.out, outcome.err].map((text) => text.replaceAll(`${path}/`, ''))
    assert.equal(outcome.code, code, `${said}${complained}`)
    if (out !== undefined) assert.match(said as string, out)
    if (err !== undefined) assert.match(complained as string, err)
  })
}

test('policy test --generate writes cases that pass and notice every mistake, and overwrites no other file', async (t) => {
  const path = folder(t, FILES)
  const source = ['-p', join(path, 'shop.cedar'), '-s', join(path, 'shop.cedarschema')]
  const generated = join(path, 'shop.generated.tests.yaml')
  const first = await run(['test', ...source, '--generate', '--min-score', '100'])
  assert.equal(first.code, 0, first.out)
  assert.match(first.out, /mutation score: 100\.0 %/)
  assert.ok(existsSync(generated))
  const text = readFileSync(generated, 'utf8')
  assert.match(text, /^# Generated by `ringwall policy test --generate`/)
  assert.match(text, /total: 101/)
  const again = await run(['test', ...source])
  assert.equal(again.code, 0)
  assert.match(again.out, /mutation score: 100\.0 %/)
  await run(['test', ...source, '--generate'])
  assert.equal(readFileSync(generated, 'utf8'), text)
  const other = await run(['test', ...source, '--generate', join(path, 'people.yaml')])
  assert.equal(other.code, 2)
  assert.match(other.err, /was not generated/)
})

test('policy fmt --write changes the file, and a folder stands for its policies', async (t) => {
  const path = folder(t, {
    'a.cedar': 'permit(principal,action,resource);',
    'b.cedar': POLICIES,
    'c.txt': '',
  })
  const outcome = await run(['fmt', '--write', '-p', path])
  assert.deepEqual(outcome, { code: 0, out: `written: ${join(path, 'a.cedar')}\n`, err: '' })
  assert.equal(readFileSync(join(path, 'a.cedar'), 'utf8'), 'permit (principal, action, resource);\n')
})

test('policies of several files are told apart by their files', async (t) => {
  const path = folder(t, {
    'a.cedar': 'permit (principal, action, resource);',
    'b.cedar': 'permit (principal, action, resource);',
  })
  const { out } = await run(['check', '-p', path])
  assert.match(out, /a\.cedar:1:1: warning: a\.cedar#policy0: [^]*b\.cedar:1:1: warning: b\.cedar#policy0: /)
})

test('colours are used on a terminal only', async (t) => {
  const path = folder(t, { 'a.cedar': 'permit (principal, action, resource);' })
  const colored = await run(['check', '-p', path], true)
  assert.ok(colored.out.includes('\u001b[33mwarning'))
  assert.ok(!(await run(['check', '-p', path])).out.includes('\u001b['))
})
