import assert from 'node:assert/strict'
import test from 'node:test'

import { lintSql } from './index.ts'

const FOUND = {
  'a template with a hole': "db.query(`SELECT * FROM users WHERE name = '${name}'`)",
  'a template over lines': 'await pool.query(`\n  SELECT *\n  FROM users\n  WHERE id = ${req.params.id}\n`)',
  'text and a variable': `db.query('SELECT * FROM users WHERE name = "' + name + '"')`,
  'text and a property': `connection.execute("DELETE FROM orders WHERE id = " + req.body.id)`,
  'a call in a hole': 'db.run(`UPDATE t SET a = ${String(a)} WHERE id = 1`)',
  'a name that was put together before': 'const text = `SELECT * FROM t WHERE a = ${a}`\ndb.query(text)',
  'a name that was added to':
    "let text = 'SELECT * FROM t WHERE 1 = 1'\nif (a) text += ' AND a = ' + a\ndb.query(text)",
  'a name that something bare was added to':
    "let text = 'SELECT * FROM t WHERE a = '\ntext += a\ndb.query(text)",
  'a name with a type': 'const text: string = `SELECT * FROM t ORDER BY ${sort}`\nawait db.query<Row>(text)',
  'an object with text': 'client.query({ text: `SELECT * FROM t WHERE a = ${a}`, values: [] })',
  'an object of a name': 'const how = { sql: `SELECT * FROM t LIMIT ${limit}` }\nconn.query(how)',
  concat: `db.query('SELECT * FROM t WHERE a = '.concat(a))`,
  replace: `db.query('SELECT * FROM t WHERE a = :a'.replace(':a', a))`,
  join: `db.query(['SELECT * FROM t WHERE a =', a].join(' '))`,
  format: `db.query(util.format('SELECT * FROM t WHERE a = %s', a))`,
  'an unsafe function of prisma': 'prisma.$queryRawUnsafe(`SELECT * FROM t WHERE a = ${a}`)',
  'a raw condition of knex': "knex('t').whereRaw(`a = '${a}'`)",
  'raw of knex': 'knex.raw(`lower(${column}) = 1`)',
  'unsafe of postgres': "sql.unsafe('select ' + columns)",
  'a condition of typeorm': "builder.where(`user.name = '${name}'`)",
  'a hole in a hole': 'db.query(`SELECT * FROM t WHERE ${a ? `a = ${a}` : "1 = 1"}`)',
  'a choice with a value': "db.query('SELECT * FROM t WHERE a = ' + (a ? a : 1))",
  'within a function':
    'export async function f(a: string) {\n  return db.all(`SELECT * FROM t WHERE a = ${a}`)\n}',
  'within an arrow': 'const f = async (a) => db.get(`SELECT * FROM t WHERE a = ${a}`)',
  'within a callback': 'db.transaction(async (trx) => {\n  await trx.raw(`UPDATE t SET a = ${a}`)\n})',
  'an insert': 'db.prepare(`INSERT INTO t (a) VALUES (${a})`)',
  'a table of the request': 'db.query(`SELECT * FROM ${req.query.table}`)',
  'a literal that was replaced by a value':
    "let order = 'ASC'\nif (req.query.order) order = req.query.order\ndb.query(`SELECT * FROM t ORDER BY a ${order}`)",
  'like with a value': "db.query(`SELECT * FROM t WHERE a LIKE '%${q}%'`)",
  'a comment between': 'db.query(/* all */ `SELECT * FROM t WHERE a = ${a}`)',
  'optional call': 'db?.query(`SELECT * FROM t WHERE a = ${a}`)',
  'a reason that is missing': '// ringwall-allow-sql:\ndb.query(`SELECT * FROM t WHERE a = ${a}`)',
}

const PASSED = {
  'a literal': "db.query('SELECT * FROM t WHERE a = $1', [a])",
  'a template without holes': 'db.query(`SELECT * FROM t WHERE a = ?`, [a])',
  'literals in a row': "db.query('SELECT * ' + 'FROM t ' + 'WHERE a = ?', [a])",
  'values beside': "db.query('SELECT * FROM t WHERE a LIKE $1', [`%${q}%`])",
  'a tag': 'db.query(sql`SELECT * FROM t WHERE a = ${a}`)',
  'a tag of a property': 'db.execute(Prisma.sql`SELECT * FROM t WHERE a = ${a}`)',
  'a tag in a name': 'const text = sql`SELECT * FROM t WHERE a = ${a}`\ndb.query(text)',
  'a tagged call': 'prisma.$queryRaw`SELECT * FROM t WHERE a = ${a}`',
  'a constant': 'db.query(`SELECT * FROM ${TABLE} WHERE a = ?`, [a])',
  'a constant of an object': 'db.query(`SELECT ${Columns.ALL} FROM t`)',
  'a look-up in constants': 'db.query(`SELECT * FROM t ORDER BY ${SORTS[sort]}`)',
  'a name of a literal': "const table = 'users'\ndb.query(`SELECT * FROM ${table} WHERE a = ?`)",
  'a name of a number': 'const limit = 10\ndb.query(`SELECT * FROM t LIMIT ${limit}`)',
  'names of literals of each other': "const a = 'x'\nconst b = a + 'y'\ndb.query('SELECT * FROM ' + b)",
  'a choice of literals': "db.query(`SELECT * FROM t ORDER BY a ${isDown ? 'DESC' : 'ASC'}`)",
  'placeholders by map': "db.query(`SELECT * FROM t WHERE a IN (${ids.map(() => '?').join(', ')})`, ids)",
  'placeholders by number':
    'db.query(`SELECT * FROM t WHERE a IN (${ids.map((_, i) => `$${i + 1}`).join(",")})`, ids)',
  'placeholders by fill':
    "db.query(`SELECT * FROM t WHERE a IN (${Array(ids.length).fill('?').join(',')})`, ids)",
  'the number of a parameter': 'db.query(`SELECT * FROM t WHERE a = $${values.length}`, values)',
  'a number': 'db.query(`SELECT * FROM t LIMIT ${Number(limit)}`)',
  parseInt: 'db.query(`SELECT * FROM t LIMIT ${parseInt(limit, 10)}`)',
  'a quoting function': 'conn.query(`SELECT * FROM ${mysql.escapeId(table)} WHERE a = ?`, [a])',
  'static text added': "let text = 'SELECT * FROM t'\nif (a) text += ' WHERE a = ?'\ndb.query(text, [a])",
  'a regular expression': 'pattern.exec(`${a} from ${b}`)',
  'a regular expression with quotes': "const r = /['\"`]/\ndb.query('SELECT 1 FROM t')",
  'a query of a page': 'document.query(`.select-${name}`)',
  'a search': 'client.query(`${name} in ${city}`)',
  'a URL': 'api.get(`/users/${id}/orders?from=${date}`)',
  'a command': 'exec(`update-alternatives --set editor ${path}`)',
  'a route with a handler':
    "app.get('/x', async (req) => db.query('SELECT 1 FROM t WHERE a = ?', [req.query.a]))",
  'a log line': 'console.log(`SELECT * FROM ${table} took ${ms} ms`)',
  'an error': "throw new Error('cannot select from ' + table)",
  'a test of a callback': 'describe.each(rows)(`select ${a} from list`, () => {})',
  'an apostrophe in JSX': "const a = <p>it's</p>\ndb.query('SELECT 1 FROM t WHERE a = ?', [a])",
  'a comment': '// db.query(`SELECT * FROM t WHERE a = ${a}`)',
  'a text about it': "const text = 'db.query(`SELECT * FROM t WHERE a = ${a}`)'",
  'a reason': '// ringwall-allow-sql: the name comes from the schema\ndb.query(`SELECT * FROM ${name}`)',
  'a definition': 'function query(text = `SELECT ${a} FROM t`) {}',
  'another scope':
    "const f = () => {\n  const text = `hello ${name}`\n}\nconst g = () => {\n  const text = 'SELECT 1 FROM t'\n  db.query(text)\n}",
  'a string that was not closed': "const a = 'x\ndb.query('SELECT 1 FROM t')",
  division: "const a = b / c / d\ndb.query('SELECT 1 FROM t WHERE a = ?', [a / 2])",
}

for (const [name, source] of Object.entries(FOUND)) {
  test(`sql lint: ${name} is found`, () => {
    assert.equal(lintSql(source).length, 1, JSON.stringify(lintSql(source)))
  })
}

for (const [name, source] of Object.entries(PASSED)) {
  test(`sql lint: ${name} is no finding`, () => {
    assert.deepEqual(lintSql(source), [])
  })
}

test('sql lint: a finding has its place, its function and the part that is to blame', () => {
  const [finding] = lintSql('const a = 1\n\n  db.query(`SELECT * FROM t WHERE a = ${first.second}`)\n')
  assert.deepEqual(finding, {
    line: 3,
    column: 6,
    sink: 'query',
    message: '`first` becomes part of the text of SQL; pass it as a parameter',
  })
})

test('sql lint: hostile sources take linear time', () => {
  const n = 3000
  for (const source of [
    '`${'.repeat(n),
    'db.query('.repeat(n),
    "'a' + ".repeat(n),
    'const a = '.repeat(n),
    'a < '.repeat(n),
    '/* '.repeat(n),
    '('.repeat(n),
    `db.query('SELECT 1 FROM t'${' + a'.repeat(n)})`,
    `const a = () => {`.repeat(200) + `x = 'select' + b;`.repeat(2000),
  ]) {
    const startedAt = performance.now()
    lintSql(source)
    const ms = performance.now() - startedAt
    assert.ok(ms < 3000, `${source.slice(0, 20)}: ${ms} ms`)
  }
})
