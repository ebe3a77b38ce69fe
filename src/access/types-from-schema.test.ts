import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { parseSchema, typesFromSchema } from './index.ts'

const SCHEMA = `
  entity Role in [Role];
  entity User in [Role] = { name: String, "e-mail"?: String };
  entity Status enum ["draft", "it's final"];
  entity Folder;
  entity Document in [Folder] {
    owner: User, size: Long, price?: decimal, from: ipaddr, made: datetime, kept: duration,
    readers: Set<User>, address: { city: String, zip?: String }
  } tags Set<String>;
  action all;
  action read in [all] appliesTo { principal: User, resource: [Document, Folder] };
  action "move it" appliesTo {
    principal: User, resource: Document, context: { mfa: Bool, status: Status, note?: String }
  };
`

const house = mkdtempSync(join(tmpdir(), 'ringwall-types-'))
after(() => rmSync(house, { recursive: true, force: true }))
/** The parts of the door that are needed, so that little is compiled. */
const door = './door.ts'
const model = './model.ts'
const DOOR = [
  'check',
  'check-model',
  'policy-builder',
  'cedar/extensions/datetime',
  'cedar/extensions/decimal',
  'cedar/extensions/ipaddr',
]
  .map((file) => `export * from ${JSON.stringify(join(import.meta.dirname, `${file}.ts`))}`)
  .join('\n')

function generated(text: string): string {
  const schema = parseSchema(text)
  assert.ok(schema.ok, JSON.stringify(schema))
  return typesFromSchema(schema.value, { from: door })
}

const USES = `
import { type Access, createAccess, policyBuilder } from ${JSON.stringify(door)}
import type { AppModel } from ${JSON.stringify(model)}
interface Row { readonly id: string; readonly rowOwner: string }
declare const access: Access<AppModel, { Document: Row }>
declare const row: Row
const user = { type: 'User', id: 'ann', attributes: { name: 'Ann', teamOfOurs: 7 } } as const
const address = { city: 'Rome', zip: null }
const attributes = {
  owner: 'ann', size: 1n, from: '::1', made: new Date(), kept: '1h', readers: new Set(['ann']), address,
}
const document = { type: 'Document', id: '1', attributes } as const
declare const build: ReturnType<typeof policyBuilder<AppModel>>
const { permit, forbid } = build
const mine = { mfa: true, status: 'draft' } as const

// These are right.
access.check({ principal: user, action: 'read', resource: document })
access.check({ principal: user, action: 'read', resource: { type: 'Folder', id: 'f' } })
access.check({ principal: user, action: 'read', resource: { type: 'Document', object: row } })
access.check({ principal: user, action: 'move it', resource: document, context: mine })
access.check({ principal: { type: 'User', id: 'x', parents: [{ type: 'Role', id: 'r' }] }, action: 'read', resource: document })
access.check({ principal: user, action: 'read', resource: { ...document, tags: { a: ['b'] } } })
access.checkAll([
  { principal: user, action: 'read', resource: document },
  { principal: user, action: 'move it', resource: document, context: { ...mine, status: "it's final", note: 'n' } },
])
permit({ principal: 'User', action: 'read', resource: 'Document' })
  .when((p, a, r, c) => r.owner.eq(p).and(r.readers.contains(p), a.in('all')))
  .when((p, a, r) => r.size.plus(1).lt(10).or(r.from.isInRange('10.0.0.0/8'), r.price.lt('1.5')))
  .when((p, a, r) => r.made.durationSince(new Date()).gt(r.kept).and(r.address.city.like('R*'), p.has('e-mail')))
  .when((p, a, r) => p['e-mail'].eq(r.address.zip).and(r.hasTag('x').ifElse(r.tag('x').contains('y'), r.readers.isEmpty())))
forbid({ action: 'move it' }).unless((p, a, r, c) => c.mfa.and(c.status.ne({ type: 'Status', id: 'draft' })))
permit({ action: ['read', 'move it'], principal: { in: { type: 'Role', id: 'r' } }, resource: { is: 'Document' } })
createAccess<AppModel, { Document: Row }>({
  policies: '', schema: '',
  objects: { Document: { id: (one) => one.id, attributes: { owner: (one) => one.rowOwner } } },
})
`

/** Each line does not compile, for the reason given. */
const MISTAKES: readonly (readonly [line: string, why: RegExp])[] = [
  [`access.check({ principal: user, action: 'reed', resource: document })`, /'"reed"' is not assignable/],
  [`access.check({ principal: user, action: 'all', resource: document })`, /'"all"' is not assignable/],
  [
    `access.check({ principal: document, action: 'read', resource: document })`,
    /'"Document"' is not assignable to type '"User"'/,
  ],
  [`access.check({ principal: user, action: 'read', resource: user })`, /"User".* is not assignable/s],
  [
    `access.check({ principal: user, action: 'move it', resource: { type: 'Folder', id: 'f' }, context: mine })`,
    /"Folder".* is not assignable/s,
  ],
  [`access.check({ principal: user, action: 'move it', resource: document })`, /'context' is missing/],
  [
    `access.check({ principal: user, action: 'move it', resource: document, context: { mfa: true } })`,
    /'status' is missing/,
  ],
  [
    `access.check({ principal: user, action: 'move it', resource: document, context: { mfa: 'yes', status: 'draft' } })`,
    /'string' is not assignable to type 'boolean'/,
  ],
  [
    `access.check({ principal: user, action: 'move it', resource: document, context: { ...mine, status: 'lost' } })`,
    /'"lost"' is not assignable/,
  ],
  [
    `access.check({ principal: user, action: 'move it', resource: document, context: { ...mine, nota: '' } })`,
    /'nota' does not exist/,
  ],
  [
    `access.check({ principal: user, action: 'read', resource: document, context: { mfa: true } })`,
    /is not assignable to type 'never'/,
  ],
  [
    `access.check({ principal: { type: 'User', id: 'x', attributes: {} }, action: 'read', resource: document })`,
    /'name' is missing/,
  ],
  [
    `access.check({ principal: user, action: 'read', resource: { ...document, attributes: { ...attributes, size: '1' } } })`,
    /size' are incompatible/,
  ],
  [
    `access.check({ principal: { type: 'User', id: 'x', parents: [{ type: 'Folder', id: 'f' }] }, action: 'read', resource: document })`,
    /'"Folder"' is not assignable to type '"Role"'/,
  ],
  [
    `access.check({ principal: user, action: 'read', resource: { type: 'Document', object: { id: 1 } } })`,
    /'number' is not assignable|'rowOwner' is missing/,
  ],
  [`access.isAllowed({ principal: user, action: 'reed', resource: document })`, /'"reed"' is not assignable/],
  [`access.require({ principal: user, action: 'move it', resource: document })`, /'context' is missing/],
  [`access.checkAll([{ principal: user, action: 'move it', resource: document }])`, /'context' is missing/],
  [
    `createAccess<AppModel, { Document: Row }>({ policies: '', schema: '', objects: { Document: { id: (one) => one.rowId } } })`,
    /'rowId' does not exist/,
  ],
  [
    `createAccess<AppModel, { Document: Row }>({ policies: '', schema: '', objects: { Document: { id: (one) => one.id, attributes: { size: (one) => one.id } } } })`,
    /'string' is not assignable to type 'number \| bigint'/,
  ],
]

/** The same for policies. */
const POLICY_MISTAKES: readonly (readonly [line: string, why: RegExp])[] = [
  [`permit({ action: 'reed' })`, /'"reed"' is not assignable/],
  [`permit({ action: 'read', principal: 'Document' })`, /'"Document"' is not assignable|"Document"/],
  [`permit({ action: 'move it', resource: 'Folder' })`, /"Folder"/],
  [
    `permit({ action: 'read', resource: 'Document' }).when((p, a, r) => r.ownr.eq(p))`,
    /'ownr' does not exist/,
  ],
  [`permit({ action: 'read' }).when((p, a, r) => r.owner.eq(p))`, /'owner' does not exist/],
  [`permit({ action: 'read', resource: 'Document' }).when((p, a, r) => r.owner.eq(r))`, /not assignable/],
  [
    `permit({ action: 'read', resource: 'Document' }).when((p, a, r) => r.size)`,
    /'LongTerm' is not assignable/,
  ],
  [
    `permit({ action: 'read', resource: 'Document' }).when((p, a, r) => r.size.lt('3'))`,
    /'string' is not assignable/,
  ],
  [
    `permit({ action: 'read', resource: 'Document' }).when((p, a, r) => r.readers.contains(7))`,
    /'number' is not assignable/,
  ],
  [`permit({ action: 'move it' }).when((p, a, r, c) => c.note.lt(3))`, /'lt' does not exist/],
  [`permit({ action: 'read' }).when((p, a, r, c) => c.mfa)`, /'mfa' does not exist|not assignable to type/],
  [
    `permit({ action: 'read', resource: 'Document' }).when((p, a, r) => r.has('ownr'))`,
    /'"ownr"' is not assignable/,
  ],
  [
    `permit({ action: 'read', resource: 'Document' }).when((p, a, r) => a.eq('reed'))`,
    /'"reed"' is not assignable/,
  ],
]

interface Diagnostic {
  readonly line: number
  readonly text: string
}

/** Compiles the files as the project itself is compiled. */
function diagnosticsOf(files: Readonly<Record<string, string>>, main: string): readonly Diagnostic[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(house, name), text)
  const root = join(import.meta.dirname, '..', '..')
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noUnusedLocals: false,
      noUnusedParameters: false,
      rewriteRelativeImportExtensions: false,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: ['*.ts'],
  }
  writeFileSync(join(house, 'package.json'), '{"type":"module"}')
  writeFileSync(join(house, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const run = spawnSync(process.execPath, [tsc, '-p', house, '--pretty', 'false'], {
    cwd: house,
    encoding: 'utf8',
  })
  const found: { line: number; text: string }[] = []
  for (const line of run.stdout.split('\n')) {
    const start = /^(.+)\((\d+),\d+\): error (.*)$/.exec(line)
    if (start)
      found.push({ line: Number(start[2]), text: `${start[1] === main ? '' : `${start[1]}: `}${start[3]}` })
    else if (line.trim() !== '' && found.length > 0) (found.at(-1) as { text: string }).text += `\n${line}`
  }
  assert.equal(run.stderr, '')
  return found
}

test('types: what is right compiles, and each mistake is an error on its own line', () => {
  const mistakes = [...MISTAKES, ...POLICY_MISTAKES]
  const lines = [USES, ...mistakes.map(([line]) => line)].join('\n').split('\n')
  const files = { 'door.ts': DOOR, 'model.ts': generated(SCHEMA), 'uses.ts': lines.join('\n') }
  const found = diagnosticsOf(files, 'uses.ts')
  const first = lines.length - mistakes.length + 1
  assert.deepEqual(
    found.filter(({ line }) => line < first),
    [],
  )
  const wrong = mistakes.flatMap(([line, why], at) => {
    const errors = found.filter((error) => error.line === first + at).map(({ text }) => text)
    return errors.some((text) => why.test(text)) ? [] : [{ line, errors }]
  })
  assert.deepEqual(wrong, [])
})

test('types: the same schema gives the same text; names are quoted where they must be', () => {
  const text = generated(SCHEMA)
  assert.equal(text, generated(SCHEMA))
  assert.match(text, /readonly id: 'draft' \| 'it\\'s final'/)
  assert.match(text, /readonly 'move it': \{/)
  assert.match(text, /readonly 'e-mail'\?: string \| null \| undefined/)
  assert.match(text, /readonly tags: readonly string\[\] \| ReadonlySet<string>/)
})

test('types: actions of two namespaces with one id are told apart', () => {
  const text = generated(`
    namespace A { entity U; action read, own appliesTo { principal: U, resource: U }; }
    namespace B { entity U; action read appliesTo { principal: U, resource: U }; }`)
  assert.match(text, /readonly 'A::Action::"read"': \{\n\s+readonly principal: 'A::U'/)
  assert.match(text, /readonly 'B::Action::"read"': \{\n\s+readonly principal: 'B::U'/)
  assert.match(text, /readonly own: \{/)
})
