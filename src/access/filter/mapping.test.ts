import assert from 'node:assert/strict'
import test from 'node:test'

import { RingwallError } from '../../core/errors.ts'
import { type DialectName, readMapping } from './mapping-reader.ts'
import { MAPPING, SCHEMA } from './testing.ts'

test('a mapping for each database', () => {
  for (const dialect of ['postgres', 'mysql', 'sqlite'] as const)
    assert.equal(readMapping(MAPPING, SCHEMA, dialect).entities.get('Document')?.table?.name, 'documents')
})

const document = (attributes: unknown, more: object = {}): unknown => ({
  entities: { Document: { table: 'documents', attributes, ...more } },
})

for (const { name, raw, dialect = 'postgres', want } of [
  { name: 'no mapping at all', raw: {}, want: /entities: / },
  {
    name: 'a type that the schema does not have',
    raw: { entities: { Dokument: {} } },
    want: /entities.Dokument: the schema has no such entity type; there is Organisation, Team/,
  },
  {
    name: 'an attribute that the schema does not have',
    raw: document({ colour: 'c' }),
    want: /attributes.colour: the schema has no such attribute; there is title, note/,
  },
  {
    name: 'an unknown key',
    raw: document({ title: { colum: 'c' } }),
    want: /entities.Document.attributes.title: must be a column, or/,
  },
  {
    name: 'attributes without a table',
    raw: { entities: { Document: { attributes: { title: 'title' } } } },
    want: /need a `table`/,
  },
  {
    name: 'a set as a column',
    raw: document({ labels: 'labels' }),
    want: /labels: Set<String> is a set; say \{ table, owner, value \}/,
  },
  {
    name: 'a text as a table',
    raw: document({ title: { table: 't', owner: 'o', value: 'v' } }),
    want: /title: a table or an array is for sets; this is String/,
  },
  {
    name: 'an array outside PostgreSQL',
    raw: document({ labels: { array: 'labels' } }),
    dialect: 'mysql',
    want: /mysql has no arrays/,
  },
  {
    name: 'an address outside PostgreSQL',
    raw: document({ address: 'address' }),
    dialect: 'sqlite',
    want: /sqlite has no type for addresses/,
  },
  {
    name: 'a timestamp in SQLite',
    raw: document({ created: { column: 'c', storage: 'timestamp' } }),
    dialect: 'sqlite',
    want: /datetime cannot be kept as `timestamp` in sqlite; say milliseconds or seconds/,
  },
  {
    name: 'a storage that is none',
    raw: document({ title: { column: 'c', storage: 'units' } }),
    want: /`storage` is for times and decimals; this is String/,
  },
  { name: 'a record as a column', raw: document({ meta: 'meta' }), want: /is a record; say \{ fields/ },
  {
    name: 'a parent that the schema does not have',
    raw: document({}, { parents: { Team: 'team_id' } }),
    want: /parents.Team: the schema does not put Document in Team; there is Folder/,
  },
  {
    name: 'tags that the schema does not have',
    raw: { entities: { User: { table: 'users', tags: { table: 't', owner: 'o', key: 'k', value: 'v' } } } },
    want: /the schema gives User no tags/,
  },
  {
    name: 'two ways from a type to itself',
    raw: { entities: { Folder: { table: 'folders', parents: { Folder: ['a', 'b'] } } } },
    want: /only one way may lead from Folder to Folder/,
  },
] satisfies readonly { name: string; raw: unknown; dialect?: DialectName; want: RegExp }[]) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readMapping(raw, SCHEMA, dialect),
      (thrown) =>
        thrown instanceof RingwallError &&
        thrown.code === 'access.mapping-invalid' &&
        want.test(thrown.message),
    )
  })
}

test('all mistakes are told at once', () => {
  assert.throws(
    () => readMapping(document({ colour: 'c', labels: 'labels' }), SCHEMA, 'postgres'),
    /colour[^]*labels/,
  )
})
