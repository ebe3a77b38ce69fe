import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'

import { COMMENTS, DOCUMENTS, ORDERS, PRODUCTS, USERS } from './seed.ts'

/** One row, by column name. */
export type Row = Record<string, SQLOutputValue>

const SCHEMA = `
  DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS products; DROP TABLE IF EXISTS comments;
  DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS order_lines; DROP TABLE IF EXISTS documents;
  DROP TABLE IF EXISTS subscribers;
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, phone TEXT, password TEXT, role TEXT,
    card TEXT, ssn TEXT);
  CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, price_cents INTEGER, stock INTEGER,
    hidden INTEGER, description TEXT);
  CREATE TABLE comments (id INTEGER PRIMARY KEY, product_id INTEGER, author TEXT, text TEXT);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, status TEXT, address TEXT);
  CREATE TABLE order_lines (order_id INTEGER, product_id INTEGER, quantity INTEGER);
  CREATE TABLE documents (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, file TEXT, summary TEXT);
  CREATE TABLE subscribers (id INTEGER PRIMARY KEY, email TEXT);
`

/** Opens the shop's database and resets it to the seed, so that every start is the same. */
export function openDatabase(file = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(file)
  database.exec(SCHEMA)
  database.exec('BEGIN')
  const user = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  for (const u of USERS) user.run(u.id, u.name, u.email, u.phone, u.password, u.role, u.card, u.ssn)
  const product = database.prepare('INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)')
  for (const p of PRODUCTS) {
    product.run(p.id, p.name, p.kind, p.priceCents, p.stock, p.hidden ? 1 : 0, p.description)
  }
  const comment = database.prepare('INSERT INTO comments (product_id, author, text) VALUES (?, ?, ?)')
  for (const row of COMMENTS) comment.run(...row)
  const order = database.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)')
  const line = database.prepare('INSERT INTO order_lines VALUES (?, ?, ?)')
  for (const o of ORDERS) {
    order.run(o.id, o.userId, o.status, o.address)
    for (const [productId, quantity] of o.lines) line.run(o.id, productId, quantity)
  }
  const document = database.prepare('INSERT INTO documents VALUES (?, ?, ?, ?, ?)')
  for (const row of DOCUMENTS) document.run(...row)
  database.exec('COMMIT')
  return database
}

/** Runs one query. An error carries the statement with it, for the verbose error page. */
export function select(database: DatabaseSync, sql: string, ...values: SQLInputValue[]): Row[] {
  try {
    return database.prepare(sql).all(...values)
  } catch (cause) {
    throw withStatement(cause, sql)
  }
}

/** Runs a script of one or more statements: what makes stacked queries possible. */
export function runScript(database: DatabaseSync, sql: string): void {
  try {
    database.exec(sql)
  } catch (cause) {
    throw withStatement(cause, sql)
  }
}

// HOLE verbose-errors (Common Mistakes 2: Verbose Error Messages): the statement goes into the message.
function withStatement(cause: unknown, sql: string): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Error(`SQLite said: ${message}\nwhile running: ${sql}`, { cause })
}

/**
 * The shop's own idea of escaping: doubles an apostrophe between two letters, so that O'Brien and rock 'n' roll work.
 * HOLE sql-injection (Common Vulnerabilities: SQL Injection Prevention): everything else goes into the statement as it is.
 */
export function patchApostrophes(text: string): string {
  return text.replace(/(?<=\p{L})'(?=\p{L})/gu, "''").replaceAll(" 'n' ", " ''n'' ")
}
