import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { select, type Row } from './database.ts'
import { fetchPicture } from './picture-fetch.ts'
import { drawProduct } from './pictures.ts'
import { readFromDisk } from './pretend-disk.ts'
import {
  addComment,
  findByPassword,
  findDocument,
  findOrder,
  findProduct,
  listComments,
  listDocuments,
  listOrders,
  listProducts,
  searchProducts,
  subscribe,
  updateProfile,
  whoShops,
  type Shop,
} from './stock.ts'
import {
  documentsView,
  documentView,
  layout,
  loginView,
  messageView,
  ordersView,
  orderView,
  productView,
  profileView,
  searchView,
  shelf,
  uploadView,
} from './templates.ts'
import { html, type Markup } from './markup.ts'
import { json, page, readFields, readFile, redirect, textOf, type Answer, type Visit } from './visit.ts'

/** One row of the shop's routing table. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'TRACE' | 'ANY'
  /** With `{name}` for one segment and `{name*}` for the rest. */
  readonly pattern: string
  readonly run: (shop: Shop, visit: Visit) => Answer | Promise<Answer>
}

const STYLE = readFileSync(join(import.meta.dirname, 'style.css'), 'utf8')
const MAX_UPLOADS = 50

/** HOLE trusted-header (Layer 4: Application Security): the name is believed whoever sent it; only a gateway that strips it makes it true. */
function subjectOf(visit: Visit): string | undefined {
  const subject = visit.headers['ringwall-subject']
  return typeof subject === 'string' ? subject : undefined
}

function show(shop: Shop, visit: Visit, title: string, content: Markup, status = 200): Answer {
  const greeting = { customer: whoShops(shop, visit), throughRingwall: subjectOf(visit) }
  // HOLE security-headers (Network Security: Security Headers): not one of them is set.
  return page(layout(greeting, title, content), status)
}

/** The page for what is not there. */
export function notFound(shop: Shop, visit: Visit): Answer {
  return show(shop, visit, 'Not found', messageView('There is no door here', 'Only wall.'), 404)
}

function signInFirst(shop: Shop, visit: Visit): Answer {
  return show(
    shop,
    visit,
    'Sign in',
    messageView('Please sign in', 'The shop wants to know who you are.'),
    401,
  )
}

/** HOLE session (Authentication: Session Management): no HttpOnly, no SameSite, no Secure, no end, no signature. */
export function sessionCookie(user: Row): string {
  return `shop_user=${Number(user['id'])}; Path=/`
}

const file = (body: string | Uint8Array, type: string): Answer => ({
  status: 200,
  headers: { 'Content-Type': type },
  body,
})

async function sendDocument(shop: Shop, visit: Visit, rawName: string): Promise<Answer> {
  const bytes = await readFromDisk(rawName)
  return bytes ? file(bytes, 'text/plain; charset=utf-8') : notFound(shop, visit)
}

/** HOLE rate-limit (Common Mistakes 6: Missing Rate Limiting; Authentication: no lockout): try as often as you like. */
function signIn(shop: Shop, visit: Visit): Answer {
  const fields = readFields(visit)
  const user = findByPassword(shop, textOf(fields, 'email'), textOf(fields, 'password'))
  if (!user) return show(shop, visit, 'Sign in', loginView('Wrong e-mail or password.'), 401)
  return redirect('/profile', { 'Set-Cookie': sessionCookie(user) })
}

/** HOLE csrf (Common Vulnerabilities: CSRF Prevention): the cookie alone is enough, whichever page the form came from. */
function saveProfile(shop: Shop, visit: Visit): Answer {
  const user = whoShops(shop, visit)
  if (!user) return signInFirst(shop, visit)
  const saved = updateProfile(shop, Number(user['id']), readFields(visit))
  return show(shop, visit, 'Profile', profileView(saved ?? user, 'Saved.'))
}

function comment(shop: Shop, visit: Visit): Answer {
  const fields = readFields(visit)
  const product = findProduct(shop, visit.params['id'] ?? '')
  if (!product) return notFound(shop, visit)
  addComment(shop, Number(product['id']), textOf(fields, 'author'), textOf(fields, 'text'))
  return redirect(`/products/${Number(product['id'])}`)
}

/** HOLE upload (Common Mistakes 3: Missing Input Validation): any file of any type, shown later as what it claims to be. */
function upload(shop: Shop, visit: Visit): Answer {
  const uploaded = readFile(visit)
  if (!uploaded) return show(shop, visit, 'Upload', messageView('Nothing came', 'Choose a file first.'), 400)
  if (shop.uploads.size >= MAX_UPLOADS) shop.uploads.clear()
  const id = shop.uploads.size + 1
  shop.uploads.set(id, uploaded)
  return redirect(`/uploads/${id}`)
}

async function showFetched(shop: Shop, visit: Visit): Promise<Answer> {
  const fetched = await fetchPicture(visit.query.get('url') ?? '')
  if ('reason' in fetched) {
    return show(shop, visit, 'Picture', messageView('The picture did not come', fetched.reason), 404)
  }
  return file(fetched.bytes, fetched.type || 'application/octet-stream')
}

function showProduct(shop: Shop, visit: Visit): Answer {
  const product = findProduct(shop, visit.params['id'] ?? '')
  if (!product) return notFound(shop, visit)
  const author = String(whoShops(shop, visit)?.['name'] ?? '')
  const view = productView(product, listComments(shop, Number(product['id'])), author)
  return show(shop, visit, String(product['name']), view)
}

function showOrder(shop: Shop, visit: Visit): Answer {
  const found = findOrder(shop, visit.params['id'] ?? '')
  if (!found) return notFound(shop, visit)
  return show(shop, visit, `Order ${Number(found.order['id'])}`, orderView(found.order, found.lines))
}

function showProfile(shop: Shop, visit: Visit): Answer {
  const user = whoShops(shop, visit)
  return user ? show(shop, visit, 'Profile', profileView(user, undefined)) : signInFirst(shop, visit)
}

/** HOLE trace (OWASP Top 10 overview: Security Misconfiguration): sends everything back, cookies too. */
function trace(_shop: Shop, visit: Visit): Answer {
  const fields = visit.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
  return file(`TRACE ${visit.rawPath} HTTP/1.1\r\n${fields}\r\n`, 'message/http')
}

function whoAmI(_shop: Shop, visit: Visit): Answer {
  return json(
    Object.fromEntries(Object.entries(visit.headers).filter(([name]) => name.startsWith('ringwall-'))),
  )
}

/** The pages. */
export const PAGES: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/',
    run: (shop, visit) =>
      show(
        shop,
        visit,
        'Products',
        html`<h1>Walls that stand, lamps that last</h1>
          <p class="lead">Bricks, gates and lanterns for people who like a clear line between in and out.</p>
          ${shelf(listProducts(shop))}`,
      ),
  },
  { method: 'GET', pattern: '/style.css', run: () => file(STYLE, 'text/css; charset=utf-8') },
  {
    method: 'GET',
    pattern: '/pictures/{id}.svg',
    run: (shop, visit) => {
      const id = Number(visit.params['id'])
      const found = select(shop.database, 'SELECT kind FROM products WHERE id = ?', id)[0]
      return found ? file(drawProduct(String(found['kind']), id), 'image/svg+xml') : notFound(shop, visit)
    },
  },
  { method: 'GET', pattern: '/products/{id}', run: showProduct },
  { method: 'POST', pattern: '/products/{id}/comments', run: comment },
  {
    method: 'GET',
    pattern: '/search',
    run: (shop, visit) => {
      const rawQuery = visit.query.get('q') ?? ''
      return show(shop, visit, 'Search', searchView(rawQuery, searchProducts(shop, rawQuery)))
    },
  },
  {
    method: 'GET',
    pattern: '/login',
    run: (shop, visit) => show(shop, visit, 'Sign in', loginView(undefined)),
  },
  { method: 'POST', pattern: '/login', run: signIn },
  {
    method: 'GET',
    pattern: '/logout',
    run: () => redirect('/', { 'Set-Cookie': 'shop_user=; Path=/; Max-Age=0' }),
  },
  {
    method: 'GET',
    pattern: '/orders',
    run: (shop, visit) => {
      const user = whoShops(shop, visit)
      if (!user) return signInFirst(shop, visit)
      return show(shop, visit, 'Orders', ordersView(listOrders(shop, Number(user['id']))))
    },
  },
  { method: 'GET', pattern: '/orders/{id}', run: showOrder },
  {
    method: 'GET',
    pattern: '/documents',
    run: (shop, visit) => {
      const id = whoShops(shop, visit)?.['id']
      const documents = listDocuments(shop, id === undefined ? undefined : Number(id))
      return show(shop, visit, 'Documents', documentsView(documents))
    },
  },
  {
    method: 'GET',
    pattern: '/documents/{id}',
    run: (shop, visit) => {
      const document = findDocument(shop, visit.params['id'] ?? '')
      return document ? show(shop, visit, 'Document', documentView(document)) : notFound(shop, visit)
    },
  },
  {
    method: 'GET',
    pattern: '/files',
    run: (shop, visit) => sendDocument(shop, visit, visit.query.get('name') ?? ''),
  },
  {
    method: 'GET',
    pattern: '/files/{name*}',
    run: (shop, visit) => sendDocument(shop, visit, visit.params['name'] ?? ''),
  },
  { method: 'GET', pattern: '/profile', run: showProfile },
  { method: 'POST', pattern: '/profile', run: saveProfile },
  {
    method: 'GET',
    pattern: '/upload',
    run: (shop, visit) => {
      const uploads = [...shop.uploads].map(([id, uploaded]) => [id, uploaded.name] as const)
      return show(shop, visit, 'Show us yours', uploadView(uploads))
    },
  },
  { method: 'POST', pattern: '/upload', run: upload },
  {
    method: 'GET',
    pattern: '/uploads/{id}',
    run: (shop, visit) => {
      const uploaded = shop.uploads.get(Number(visit.params['id']))
      return uploaded ? file(uploaded.bytes, uploaded.type) : notFound(shop, visit)
    },
  },
  { method: 'GET', pattern: '/fetch-image', run: showFetched },
  {
    method: 'POST',
    pattern: '/newsletter',
    run: (shop, visit) => {
      subscribe(shop, textOf(readFields(visit), 'email'))
      return show(
        shop,
        visit,
        'Newsletter',
        messageView('Thank you', 'The next letter comes with the next full moon.'),
      )
    },
  },
  {
    method: 'GET',
    pattern: '/go',
    // HOLE open-redirect (Common Mistakes 3: Missing Input Validation): anywhere at all.
    run: (_shop, visit) => redirect(visit.query.get('to') ?? '/'),
  },
  { method: 'GET', pattern: '/whoami', run: whoAmI },
  { method: 'TRACE', pattern: '/{any*}', run: trace },
]
