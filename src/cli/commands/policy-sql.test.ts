// `ringwall policy sql` and `ringwall policy types` as they are typed; the SQL is run, and the types are compiled.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import test, { type TestContext } from 'node:test'

import { main } from '../main.ts'

const FILES = {
  'shop.cedarschema': `entity Team;
entity User in [Team] { level: Long };
entity Order { owner: User, team?: Team, total: Long, from: ipaddr };
entity Note;
action read, write appliesTo { principal: User, resource: Order };
action trace appliesTo { principal: User, resource: Order, context: { now: datetime } };
action look appliesTo { principal: User, resource: Note };
`,
  'shop.cedar': `@id("own")
permit (principal, action in [Action::"read", Action::"write"], resource is Order)
when { resource.owner == principal };

@id("team")
permit (principal, action == Action::"read", resource is Order)
when { resource has team && principal in resource.team };

@id("senior")
permit (principal, action, resource is Order)
when { principal.level > 5 };

@id("large")
forbid (principal, action == Action::"write", resource is Order)
when { resource.total > 100 };
`,
  'mapping.yaml': `entities:
  User: { table: users, attributes: { level: level }, parents: { Team: { table: members, child: user_id, parent: team_id } } }
  Order: { table: orders, attributes: { owner: owner_id, team: team_id, total: total } }
`,
  'people.yaml': `User::ann: { in: Team::red, attributes: { level: 1 } }
User::bob: { attributes: { level: 9 } }
Order::1: { attributes: { owner: ann, team: red, total: 7, from: "10.0.0.1" } }
`,
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Asked {
  readonly outcome: Outcome
  /** Beside the files. */
  readonly path: string
}

async function ask(
  t: TestContext,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const path = mkdtempSync(join(tmpdir(), 'ringwall-sql-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  const all: Readonly<Record<string, string>> = { ...FILES, ...files }
  for (const [name, text] of Object.entries(all))
    writeFileSync(join(path, name), text.replaceAll('FOLDER', path))
  const said = { out: '', err: '' }
  const terminal = {
    isColored: false,
    isClosed: false,
    out: (text: string) => void (said.out += `${text}\n`),
    error: (text: string) => void (said.err += `${text}\n`),
  }
  const code = await main(
    [
      'policy',
      ...args.map((arg) => (Object.hasOwn(all, arg) || arg.endsWith('.ts') ? join(path, arg) : arg)),
    ],
    terminal,
  )
  const [out, err] = [said.out, said.err].map((text) => text.replaceAll(`${path}/`, ''))
  return { outcome: { code, out: out as string, err: err as string }, path }
}

const SOURCE = ['-p', 'shop.cedar', '-s', 'shop.cedarschema', '-m', 'mapping.yaml']
const PEOPLE = [...SOURCE, '-e', 'people.yaml']
const CONFIG = `security:
  authorization:
    policy:
      policies: FOLDER/shop.cedar
      schema: FOLDER/shop.cedarschema
      mapping: FOLDER/mapping.yaml
      database: { server: mariadb, verbs: { read: { verb: select } } }
`

for (const { name, args, files, code, out, err } of [
  {
    name: 'the rows of somebody, with what each policy comes to',
    args: ['sql', 'User::ann', '--action', 'read', ...PEOPLE],
    code: 0,
    out: /^User::"ann" read Order: some rows of Order\n {2}permit own {2}residual {2}shop\.cedar:1:1\n {2}permit team {2}residual {2}shop\.cedar:5:1\n {2}permit senior {2}never {2}shop\.cedar:9:1\n {2}WHERE \("orders"\."owner_id" = \$1::text OR [^]*\n {2}\$1 = "ann"\n {2}\$2 = "red"\n$/,
  },
  {
    name: 'every row, and no row',
    args: ['sql', 'bob', '--action', 'read', ...PEOPLE],
    code: 0,
    out: /^User::"bob" read Order: every row of Order\n[^]*permit senior {2}always/,
  },
  {
    name: 'no row at all',
    args: ['sql', 'ann', '--action', 'trace', ...PEOPLE, '--context', '{"now": "2026-01-01T00:00:00Z"}'],
    code: 0,
    out: /read|trace Order: no row; the query can be left out/,
  },
  {
    name: 'values as literals, in the SQL of SQLite',
    args: ['sql', 'ann', '-a', 'write', '-d', 'sqlite', '--inline', ...PEOPLE],
    code: 0,
    out: /forbid large {2}residual[^]*WHERE \("orders"\."owner_id" = 'ann' COLLATE BINARY AND \("orders"\."total" > 100\) IS NOT TRUE\)\n$/,
  },
  {
    name: 'who may use a resource',
    args: ['sql', '--who', 'Order::1', '-a', 'read', ...PEOPLE],
    code: 0,
    out: /^User read Order::"1": some rows of User\n[^]*"users"\."level" > /,
  },
  {
    name: 'what somebody may do, as one query',
    args: ['sql', 'ann', '--can', 'Order::1', '-a', 'read', ...PEOPLE],
    code: 0,
    out: /^SELECT 'read' AS "action" FROM "orders" WHERE \("orders"\."id" = \$1::text AND [^]*one row for each action/,
  },
  {
    name: 'without anybody: whether SQL can say it',
    args: ['sql', ...SOURCE],
    code: 0,
    out: /^User read Order {3}translatable\nUser write Order {2}translatable\nUser trace Order {2}translatable\n$/,
  },
  {
    name: 'a policy that SQL cannot say, with its place and the reason',
    args: ['sql', 'ann', ...PEOPLE, '-a', 'read'],
    files: {
      'shop.cedar': `${FILES['shop.cedar']}@id("near") permit (principal, action, resource is Order) when { resource.from.isLoopback() };`,
    },
    code: 1,
    out: /read Order: SQL cannot say it of Order\n[^]*permit near {2}refused: [^]*from[^]*shop\.cedar:\d+:\d+\n/,
    err: /1 question that SQL cannot answer/,
  },
  {
    name: 'the same without anybody, as JSON',
    args: ['sql', '--json', ...SOURCE],
    files: {
      'shop.cedar': 'permit (principal, action, resource is Order) when { resource.from.isLoopback() };',
    },
    code: 1,
    out: /"verdict": "refused",\n[^]*"reason": "/,
  },
  {
    name: 'nothing is known of somebody: that is said',
    args: ['sql', 'ann', '-a', 'read', ...SOURCE],
    code: 0,
    err: /nothing is known of ann beyond its name; say more with --entities FILE/,
  },
  {
    name: 'everything from the configuration, the dialect too',
    args: ['sql', 'User::ann', '-a', 'read', '-c', 'ringwall.yaml'],
    files: { 'ringwall.yaml': CONFIG },
    code: 0,
    out: /`orders`\.`owner_id` = \?/,
  },
  {
    name: 'a dialect that is none',
    args: ['sql', '-d', 'oracle', ...SOURCE],
    code: 2,
    err: /Allowed choices are postgres, mysql, sqlite/,
  },
  {
    name: 'an action that is none',
    args: ['sql', 'ann', '-a', 'raed', ...PEOPLE],
    code: 2,
    err: /no action `raed`; there is read, write, trace, look/,
  },
  {
    name: 'a type that is none',
    args: ['sql', 'Person::ann', ...PEOPLE],
    code: 2,
    err: /no entity type `Person`; there is Team, User, Order, Note/,
  },
  {
    name: '--can without a principal',
    args: ['sql', '--can', 'Order::1', ...PEOPLE],
    code: 2,
    err: /name the principal, such as User::ann/,
  },
  {
    name: '--can of what has no table',
    args: ['sql', 'ann', '--can', 'Note::1', ...PEOPLE],
    code: 2,
    err: /the mapping has no table for Note/,
  },
  {
    name: 'no mapping',
    args: ['sql', '-p', 'shop.cedar', '-s', 'shop.cedarschema'],
    code: 2,
    err: /name a mapping with --mapping FILE, or in security\.authorization\.policy\.mapping/,
  },
  {
    name: 'a mapping that does not fit the schema, with its line',
    args: ['sql', ...SOURCE],
    files: { 'mapping.yaml': FILES['mapping.yaml'].replace('total: total', 'totl: total') },
    code: 2,
    err: /mapping\.yaml:3:\d+: entities\.Order\.attributes\.totl: the schema has no such attribute; there is owner, team, total, from\n {2}3 \| /,
  },
  {
    name: 'policies that do not fit the schema',
    args: ['sql', ...SOURCE],
    files: { 'shop.cedar': 'permit (principal, action, resource is Order) when { resource.totl > 1 };' },
    code: 2,
    err: /shop\.cedar:1:\d+: policy policy0: [^]*totl/,
  },
  {
    name: 'types, printed',
    args: ['types', '-s', 'shop.cedarschema', '--name', 'Shop'],
    code: 0,
    out: /^\/\/ Generated [^]*export interface Shop \{/,
  },
  {
    name: 'types: a name that is none',
    args: ['types', '-s', 'shop.cedarschema', '--name', 'a-b'],
    code: 2,
    err: /`a-b` cannot be the name of a type/,
  },
  {
    name: 'types: --check without a file',
    args: ['types', '-s', 'shop.cedarschema', '--check'],
    code: 2,
    err: /needs `--out FILE`/,
  },
  {
    name: 'types: a file that somebody wrote',
    args: ['types', '-s', 'shop.cedarschema', '--out', 'own.ts'],
    files: { 'own.ts': 'export {}' },
    code: 2,
    err: /own\.ts` was not generated/,
  },
  {
    name: 'types: --check of an old file',
    args: ['types', '-s', 'shop.cedarschema', '--out', 'old.ts', '--check'],
    files: { 'old.ts': '// Generated from the Cedar schema' },
    code: 1,
    out: /old\.ts is not what the schema says/,
  },
  {
    name: 'types: no schema',
    args: ['types'],
    code: 2,
    err: /no policies: name them|no schema: name it with --schema FILE/,
  },
] as readonly {
  name: string
  args: readonly string[]
  files?: Readonly<Record<string, string>>
  code: number
  out?: RegExp
  err?: RegExp
}[]) {
  test(`policy ${args[0]}: ${name}`, async (t) => {
    const { outcome } = await ask(t, args, files)
    assert.equal(outcome.code, code, `${outcome.out}${outcome.err}`)
    if (out !== undefined) assert.match(outcome.out, out)
    if (err !== undefined) assert.match(outcome.err, err)
  })
}

test('the SQL that is shown finds the rows that the policies allow', async (t) => {
  const database = new DatabaseSync(':memory:')
  database.exec(`CREATE TABLE orders (id TEXT PRIMARY KEY, owner_id TEXT, team_id TEXT, total INTEGER);
    INSERT INTO orders VALUES ('1', 'ann', NULL, 7), ('2', 'eve', 'red', 7), ('3', 'eve', NULL, 7), ('4', 'ann', NULL, 700)`)
  for (const { action, want } of [
    { action: 'read', want: ['1', '2', '4'] },
    { action: 'write', want: ['1'] },
  ]) {
    const { outcome } = await ask(t, ['sql', 'User::ann', '-a', action, '-d', 'sqlite', '--json', ...PEOPLE])
    const [answer] = JSON.parse(outcome.out) as readonly {
      readonly verdict: string
      readonly sql: { readonly text: string; readonly parameters: readonly SQLInputValue[] }
    }[]
    assert.equal(answer?.verdict, 'some')
    const rows = database
      .prepare(`SELECT id FROM orders WHERE ${answer.sql.text} ORDER BY id`)
      .all(...answer.sql.parameters)
    assert.deepEqual(
      rows.map(({ id }) => id),
      want,
    )
  }
})

const MODULES = { DOOR: `'./door.ts'`, MODEL: `'./model.ts'` }
const USES = `import type { Access } from DOOR
import type { AppModel } from MODEL
declare const access: Access<AppModel>
const principal = { type: 'User', id: 'ann', attributes: { level: 1 } } as const
const attributes = { owner: 'ann', total: 1, from: '::1' }
access.check({ principal, action: 'read', resource: { type: 'Order', id: '1', attributes } })
`.replaceAll(/DOOR|MODEL/g, (name) => MODULES[name as keyof typeof MODULES])

test('types are written for real: a wrong action, type or attribute does not compile', async (t) => {
  const { outcome, path } = await ask(t, [
    'types',
    '-s',
    'shop.cedarschema',
    '--out',
    'model.ts',
    '--from',
    './door.ts',
  ])
  assert.deepEqual([outcome.code, outcome.out], [0, 'written: model.ts\n'])
  assert.match(readFileSync(join(path, 'model.ts'), 'utf8'), /readonly look: \{/)
  const room = join(import.meta.dirname, '..', '..', 'access')
  const door = [
    'check',
    'check-model',
    'cedar/extensions/datetime',
    'cedar/extensions/ipaddr',
    'cedar/extensions/decimal',
  ]
  writeFileSync(join(path, 'door.ts'), door.map((file) => `export * from '${room}/${file}.ts'`).join('\n'))
  const wrong = [
    [
      `access.check({ principal, action: 'raed', resource: { type: 'Order', id: '1', attributes } })`,
      /"raed"|'raed'/,
    ],
    [`access.check({ principal, action: 'read', resource: { type: 'Note', id: '1' } })`, /"Note"|'Note'/],
    [
      `access.check({ principal, action: 'read', resource: { type: 'Order', id: '1', attributes: { ...attributes, total: 'x' } } })`,
      /total/,
    ],
    [
      `access.check({ principal, action: 'trace', resource: { type: 'Order', id: '1', attributes } })`,
      /context/,
    ],
  ] as const
  writeFileSync(join(path, 'right.ts'), USES)
  for (const [at, [use]] of wrong.entries()) writeFileSync(join(path, `wrong${at}.ts`), `${USES}${use}\n`)
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--target',
    'esnext',
    '--module',
    'nodenext',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
    '--types',
    'node',
    '--typeRoots',
    join(room, '../../node_modules/@types'),
    '--lib',
    'esnext',
  ]
  const files = ['right.ts', ...wrong.map((_, at) => `wrong${at}.ts`)]
  const compiler = join(room, '../../node_modules/typescript/bin/tsc')
  const { stdout, status } = spawnSync(process.execPath, [compiler, ...options, ...files], {
    cwd: path,
    encoding: 'utf8',
  })
  assert.notEqual(status, 0)
  assert.doesNotMatch(stdout, /^(right|model|door)\.ts|src\/access/m, stdout)
  for (const [at, [, says]] of wrong.entries()) {
    const told = stdout
      .split('\n')
      .filter((line) => line.startsWith(`wrong${at}.ts`) || line.startsWith('  '))
    assert.ok(
      told.some((line) => line.startsWith(`wrong${at}.ts(7,`)),
      `wrong${at}.ts compiles:\n${stdout}`,
    )
    assert.match(told.join('\n'), says)
  }
})
