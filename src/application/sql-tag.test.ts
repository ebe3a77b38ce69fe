import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'

import { createSqlTag, identifier, joinSql, type Sql, sql, sqlQuestion } from './index.ts'

const name = "' OR '1'='1' --"

for (const { what, made, text, values } of [
  { what: 'no value', made: sql`select 1`, text: 'select 1', values: [] },
  {
    what: 'values in order',
    made: sql`select * from t where a = ${name} and b = ${7}`,
    text: 'select * from t where a = $1 and b = $2',
    values: [name, 7],
  },
  {
    what: 'question marks',
    made: sqlQuestion`select * from t where a = ${name} and b = ${null}`,
    text: 'select * from t where a = ? and b = ?',
    values: [name, null],
  },
  {
    what: 'a statement within a statement',
    made: sql`select * from t where a = ${1} and ${sql`b = ${2} or c = ${3}`} and d = ${4}`,
    text: 'select * from t where a = $1 and b = $2 or c = $3 and d = $4',
    values: [1, 2, 3, 4],
  },
  {
    what: 'statements in a row',
    made: sql`select * from t where ${joinSql([sql`a = ${1}`, sql`b = ${2}`], sql` and `)} limit ${3}`,
    text: 'select * from t where a = $1 and b = $2 limit $3',
    values: [1, 2, 3],
  },
  {
    what: 'an identifier',
    made: sql`select * from t order by ${identifier('created_at', ['name', 'created_at']) as never} desc`,
    text: 'select * from t order by "created_at" desc',
    values: [],
  },
  {
    what: 'an identifier with its schema',
    made: sqlQuestion`select * from ${identifier('shop.orders', ['shop.orders']) as never}`,
    text: 'select * from `shop`.`orders`',
    values: [],
  },
  {
    what: 'an array',
    made: sql`select * from t where a = any(${[1, 2]})`,
    text: 'select * from t where a = any($1)',
    values: [[1, 2]],
  },
  {
    what: 'quotes that are closed',
    made: sql`select 'a''b', "c" where d = ${1}`,
    text: `select 'a''b', "c" where d = $1`,
    values: [1],
  },
  {
    what: 'a comment that is closed',
    made: sql`select 1 -- it's\n where d = ${1} /* ' */`,
    text: "select 1 -- it's\n where d = $1 /* ' */",
    values: [1],
  },
  {
    what: 'a quoted body',
    made: sql`select $a$ it's $b$ $a$ where d = ${1}`,
    text: "select $a$ it's $b$ $a$ where d = $1",
    values: [1],
  },
] as readonly { what: string; made: Sql; text: string; values: readonly unknown[] }[]) {
  test(`sql: ${what}`, () => {
    assert.equal(made.text, text)
    assert.deepEqual(made.values, values)
  })
}

const hostile: unknown = { toString: () => '1; drop table t' }
for (const { what, make } of [
  { what: 'a text in place of a template', make: () => sql(['select 1'] as never) },
  { what: 'a forged template', make: () => sql(Object.assign(["select '"], { raw: ["select '"] }) as never) },
  { what: 'a call with a text', make: () => sql('select 1' as never) },
  { what: 'a forged statement', make: () => sql`select ${{ text: '1; drop table t', values: [] }}` },
  { what: 'a statement that was copied', make: () => sql`select ${{ ...sql`1` }}` },
  { what: 'a forged identifier', make: () => sql`select ${{ parts: ['a" from b --'] }}` },
  {
    what: 'an object of a body',
    make: () => sqlQuestion`select * from users where name = ${{ name: 1 } as never}`,
  },
  {
    what: 'an array where drivers expand it',
    make: () => sqlQuestion`select * from t where a in (${['a', 'b']})`,
  },
  { what: 'an array with an object in it', make: () => sql`select ${[{ a: 1 }] as never}` },
  { what: 'an object with toString', make: () => sql`select ${hostile as never}` },
  { what: 'undefined', make: () => sql`select ${undefined as never}` },
  { what: 'an identifier that is not listed', make: () => sql`select ${identifier('a', ['b']) as never}` },
  { what: 'a function', make: () => sql`select ${(() => 1) as never}` },
  { what: 'no number', make: () => sql`select ${Number.NaN}` },
  { what: 'a hole within quotes', make: () => sql`select * from t where a = '${name}'` },
  { what: 'a hole within a pattern', make: () => sql`select * from t where a like '%${name}%'` },
  { what: 'a hole within a name', make: () => sql`select "${name}"` },
  { what: 'a hole within a quoted name of MySQL', make: () => sqlQuestion`select \`${name}\`` },
  { what: 'a hole within a comment', make: () => sql`select 1 -- ${name}` },
  { what: 'a hole within a block comment', make: () => sql`select /* ${name} */ 1` },
  { what: 'a hole within a quoted body', make: () => sql`select $a$ ${name} $a$` },
  { what: 'a quote that stays open', make: () => sql`select 'a` },
  { what: 'a comment that hides what follows', make: () => sql`select 1 -- a` },
  { what: 'a placeholder of its own', make: () => sql`select $1` },
  { what: 'a question mark of its own', make: () => sqlQuestion`select a ? ${1}` },
  { what: 'a statement of the other style', make: () => sql`select ${sqlQuestion`${1}`}` },
  { what: 'a row of forged statements', make: () => joinSql([{ text: 'x', values: [] }], sql`,`) },
  { what: 'a list entry that is no name', make: () => identifier('a"b', ['a"b']) },
]) {
  test(`sql: ${what} does not become part of a text`, () => {
    assert.throws(make, { name: 'RingwallError', code: 'application.sql' })
  })
}

test('sql: a name that is not on the list is undefined', () => {
  for (const one of ['', 'password', 'name; drop table t', 'NAME', 'toString', '__proto__'])
    assert.equal(identifier(one, ['name']), undefined)
})

test('sql: what was made cannot be changed', () => {
  const made = sql`select ${1}`
  assert.throws(() => ((made as { text: string }).text = 'x'), TypeError)
  assert.throws(() => (made.values as number[]).push(2), TypeError)
})

test('sql: injections of every kind stay values in a real database', () => {
  const database = new DatabaseSync(':memory:')
  database.exec("create table users (name text); insert into users values ('ann'), ('bob')")
  const tag = createSqlTag('question')
  const run = (made: Sql): number => database.prepare(made.text).all(...(made.values as string[])).length
  assert.equal(run(tag`select * from users where name = ${'ann'}`), 1)
  for (const attack of [
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "' UNION SELECT name FROM users --",
    "\\' OR 1=1 --",
    '" OR ""="',
    '\u02bc OR 1=1 --',
    'ann\u0000',
    "ann'/**/OR/**/1=1",
  ])
    assert.equal(run(tag`select * from users where name = ${attack}`), 0, attack)
  assert.equal(run(tag`select * from users`), 2)
})
