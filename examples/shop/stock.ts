import type { DatabaseSync } from 'node:sqlite'

import { patchApostrophes, runScript, select, type Row } from './database.ts'
import type { UploadedFile, Visit } from './visit.ts'
import { textOf } from './visit.ts'

/** All that a running shop knows. */
export interface Shop {
  readonly database: DatabaseSync
  readonly uploads: Map<number, UploadedFile>
  /** What every customer starts with; each one's own preferences have this object as prototype. */
  readonly defaultPreferences: Record<string, unknown>
  readonly preferences: Map<number, Record<string, unknown>>
}

const LISTED = 'id, name, kind, price_cents, description'

/** Everything on the shelves. */
export function listProducts(shop: Shop): Row[] {
  return select(shop.database, `SELECT ${LISTED} FROM products WHERE hidden = 0 ORDER BY id`)
}

/**
 * One product.
 * HOLE sql-injection (Common Vulnerabilities: SQL Injection Prevention): the id comes from the path and is not a number yet.
 */
export function findProduct(shop: Shop, rawId: string): Row | undefined {
  return select(shop.database, `SELECT ${LISTED}, stock FROM products WHERE id = ${rawId}`)[0]
}

/** Products by a word. HOLE sql-injection (SQL Injection Prevention): the word is concatenated into the statement. */
export function searchProducts(shop: Shop, rawWord: string): Row[] {
  const word = patchApostrophes(rawWord)
  return select(
    shop.database,
    `SELECT ${LISTED} FROM products WHERE kind = '${word}' OR name || ' ' || description LIKE '%${word}%' AND hidden = 0`,
  )
}

/** Who comes with this e-mail and password. HOLE sql-injection: the guide's own example, `' OR '1'='1' --`. */
export function findByPassword(shop: Shop, rawEmail: string, rawPassword: string): Row | undefined {
  const email = patchApostrophes(rawEmail)
  const password = patchApostrophes(rawPassword)
  return select(shop.database, `SELECT * FROM users WHERE email = '${email}' AND password = '${password}'`)[0]
}

/** Adds somebody to the newsletter. HOLE sql-injection: run as a script, so that a second statement can follow. */
export function subscribe(shop: Shop, rawEmail: string): void {
  runScript(
    shop.database,
    `INSERT INTO subscribers (email) VALUES ('${patchApostrophes(rawEmail)}'); SELECT 1`,
  )
}

/**
 * The customer of this visit.
 * HOLE session (Authentication: Session Management): the cookie is the user's number, so that anybody can be anybody.
 * HOLE sql-injection: and it goes into the statement as it came.
 */
export function whoShops(shop: Shop, visit: Visit): Row | undefined {
  const rawId = visit.cookies['shop_user']
  if (rawId === undefined || rawId === '') return undefined
  return select(shop.database, `SELECT * FROM users WHERE id = ${rawId}`)[0]
}

/** The comments on one product, oldest first. */
export function listComments(shop: Shop, productId: number): Row[] {
  return select(
    shop.database,
    'SELECT id, author, text FROM comments WHERE product_id = ? ORDER BY id',
    productId,
  )
}

/** Adds a comment as it came; it is not escaped when it is shown, either. */
export function addComment(shop: Shop, productId: number, author: string, text: string): void {
  shop.database
    .prepare('INSERT INTO comments (product_id, author, text) VALUES (?, ?, ?)')
    .run(productId, author, text)
}

const ORDER = `SELECT o.id, o.user_id, o.status, o.address, u.name, u.email, u.card,
    (SELECT sum(l.quantity * p.price_cents) FROM order_lines l JOIN products p ON p.id = l.product_id
      WHERE l.order_id = o.id) AS total_cents
  FROM orders o JOIN users u ON u.id = o.user_id`

/** The orders of one customer. */
export function listOrders(shop: Shop, userId: number): Row[] {
  return select(shop.database, `${ORDER} WHERE o.user_id = ? ORDER BY o.id`, userId)
}

/**
 * One order with its lines.
 * HOLE idor (Common Mistakes 5: Insecure Direct Object Reference): nobody asks whose order it is.
 * HOLE data-masking (Data Protection: Data Masking): the card number goes out whole.
 */
export function findOrder(shop: Shop, id: string): { order: Row; lines: Row[] } | undefined {
  const order = select(shop.database, `${ORDER} WHERE o.id = ?`, id)[0]
  if (!order) return undefined
  const lines = select(
    shop.database,
    `SELECT p.id, p.name, l.quantity, p.price_cents FROM order_lines l
      JOIN products p ON p.id = l.product_id WHERE l.order_id = ?`,
    id,
  )
  return { order, lines }
}

/** The documents that this customer should see: the public ones and the customer's own. */
export function listDocuments(shop: Shop, userId: number | undefined): Row[] {
  return select(
    shop.database,
    'SELECT id, title, summary FROM documents WHERE user_id IS NULL OR user_id = ? ORDER BY id',
    userId ?? 0,
  )
}

/** One document. HOLE idor (Common Mistakes 5): whoever knows the number may read it. */
export function findDocument(shop: Shop, id: string): Row | undefined {
  return select(
    shop.database,
    'SELECT d.id, d.title, d.file, d.summary, u.email AS owner FROM documents d LEFT JOIN users u ON u.id = d.user_id WHERE d.id = ?',
    id,
  )[0]
}

/** What belongs to a file: the document, and whose it is. */
export function findFile(shop: Shop, name: string): Row | undefined {
  return select(
    shop.database,
    'SELECT d.file, d.title, u.email AS owner FROM documents d LEFT JOIN users u ON u.id = d.user_id WHERE d.file = ?',
    name,
  )[0]
}

const COLUMN = /^[a-z]+$/

/**
 * Changes the customer's own row.
 * HOLE mass-assignment (Common Mistakes 3: Missing Input Validation): every field that is a column is written, `role` too.
 */
export function updateProfile(
  shop: Shop,
  userId: number,
  fields: Readonly<Record<string, unknown>>,
): Row | undefined {
  const columns = select(shop.database, 'SELECT name FROM pragma_table_info(?)', 'users').map(
    (row) => row['name'],
  )
  for (const name of Object.keys(fields)) {
    if (!COLUMN.test(name) || name === 'id' || !columns.includes(name)) continue
    shop.database.prepare(`UPDATE users SET ${name} = ? WHERE id = ?`).run(textOf(fields, name), userId)
  }
  return select(shop.database, 'SELECT * FROM users WHERE id = ?', userId)[0]
}

/** The preferences of one customer. */
export function preferencesOf(shop: Shop, userId: number): Record<string, unknown> {
  let own = shop.preferences.get(userId)
  if (!own) {
    own = Object.create(shop.defaultPreferences) as Record<string, unknown>
    shop.preferences.set(userId, own)
  }
  return own
}

/**
 * Merges preferences.
 * HOLE deserialization (Common Vulnerabilities: Insecure Deserialization Prevention), as JavaScript has it: a key
 * `__proto__` reaches the object that all customers share. Kept inside this shop: the process's own prototypes are not reached.
 */
export function mergePreferences(
  target: Record<string, unknown>,
  raw: Readonly<Record<string, unknown>>,
): void {
  for (const key of Object.keys(raw)) {
    const value = raw[key]
    const mine = target[key]
    // INVARIANT: Object.prototype stays clean; the demo pollutes its own shared defaults and nothing else.
    if (key === 'constructor' || mine === Object.prototype) continue
    if (isPlain(value) && isPlain(mine)) mergePreferences(mine, value)
    else target[key] = value
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
