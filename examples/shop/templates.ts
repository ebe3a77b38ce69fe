import type { Row } from './database.ts'
import { html, money, unescaped, type Markup } from './markup.ts'

/** Who is greeted at the top of each page. */
export interface Greeting {
  /** The shop's own customer. */
  readonly customer: Row | undefined
  /** Who the gateway in front says it is. */
  readonly throughRingwall: string | undefined
}

/** The frame of every page. No script and no style stands in it, so that a strict content security policy breaks nothing. */
export function layout(greeting: Greeting, title: string, content: Markup): string {
  const { customer, throughRingwall } = greeting
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Wall &amp; Lantern</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/pictures/1.svg" type="image/svg+xml" />
      </head>
      <body>
        <header class="top">
          <div class="bar">
            <a class="brand" href="/">Wall &amp; Lantern</a>
            <nav aria-label="Shop">
              <a href="/">Products</a> <a href="/orders">Orders</a> <a href="/documents">Documents</a>
              <a href="/upload">Show us yours</a>
              ${customer ? html`<a href="/profile">${String(customer['name'])}</a> <a href="/logout">Sign out</a>` : html`<a href="/login">Sign in</a>`}
            </nav>
            <form class="search" action="/search" role="search">
              <input
                name="q"
                type="search"
                aria-label="Search products"
                placeholder="Brick, gate, lamp"
              /><button>Search</button>
            </form>
          </div>
        </header>
        <main>
          ${throughRingwall === undefined ? '' : html`<p class="panel note">signed in through Ringwall as ${throughRingwall}</p>`}
          ${content}
        </main>
        <footer>
          <div class="bar">
            <span
              >Wall &amp; Lantern is a demonstration with mistakes on purpose. Nothing here is for sale.</span
            >
            <form class="search" action="/newsletter" method="post">
              <input
                name="email"
                aria-label="E-mail for the newsletter"
                placeholder="you@example.com"
              /><button>Get the newsletter</button>
            </form>
          </div>
        </footer>
      </body>
    </html> `.toString()
}

/** A shelf of products. */
export function shelf(products: readonly Row[]): Markup {
  return html`<ul class="grid">
    ${products.map(
      (product) =>
        html` <li class="card">
          <a href="/products/${product['id']}"
            ><img src="/pictures/${product['id']}.svg" alt="" width="320" height="220" loading="lazy" />
            <span class="text"
              ><strong>${product['name']}</strong><span class="soft">${product['description']}</span
              ><span class="price">${money(product['price_cents'])}</span></span
            ></a
          >
        </li>`,
    )}
  </ul>`
}

/** One product with what people say about it. */
export function productView(product: Row, comments: readonly Row[], author: string): Markup {
  return html`<div class="two">
      <img
        src="/pictures/${product['id']}.svg"
        alt="Drawing of ${product['name']}"
        width="320"
        height="220"
      />
      <div>
        <h1>${product['name']}</h1>
        <p class="lead">${product['description']}</p>
        <p class="price">${money(product['price_cents'])}</p>
        <p class="soft">${product['stock']} in the yard</p>
      </div>
    </div>
    <h2>What people say</h2>
    ${comments.map(
      // HOLE stored-xss (Common Vulnerabilities: XSS Prevention): the guide's `render_comment_vulnerable`.
      (comment) =>
        html`<div class="panel comment">
          <p>${unescaped(comment['text'])}</p>
          <p class="soft">${comment['author']}</p>
        </div> `,
    )}
    <h2>Say something</h2>
    <form class="stack" method="post" action="/products/${product['id']}/comments">
      <label>Name <input name="author" value="${author}" required /></label>
      <label>Comment <textarea name="text" rows="4" required></textarea></label><button>Send</button>
    </form>`
}

/** Search results. */
export function searchView(rawQuery: string, products: readonly Row[]): Markup {
  // HOLE reflected-xss (Common Vulnerabilities: XSS Prevention): what was asked for is written into the page as it came.
  return html`<h1>Results for ${unescaped(rawQuery)}</h1>
    <p class="lead">${products.length} found</p>
    ${shelf(products)}`
}

/** The shop's own sign-in. */
export function loginView(problem: string | undefined): Markup {
  return html`<h1>Sign in</h1>
    <p class="lead">Try niall@customer.example with drystone-1847.</p>
    ${problem === undefined ? '' : html`<p class="panel bad" role="alert">${problem}</p>`}
    <form class="stack" method="post" action="/login">
      <label>E-mail <input name="email" autocomplete="username" required /></label>
      <label
        >Password <input name="password" type="password" autocomplete="current-password" required /></label
      ><button>Sign in</button>
    </form>`
}

/** A table of orders. */
export function ordersView(orders: readonly Row[]): Markup {
  return html`<h1>Your orders</h1>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Order</th>
            <th>Status</th>
            <th>Goes to</th>
            <th>Total</th>
          </tr>
        </thead>
        <tbody>
          ${orders.map(
            (order) =>
              html`<tr>
                <td><a href="/orders/${order['id']}">${order['id']}</a></td>
                <td>${order['status']}</td>
                <td>${order['address']}</td>
                <td>${money(order['total_cents'])}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`
}

/** One order. */
export function orderView(order: Row, lines: readonly Row[]): Markup {
  return html`<h1>Order ${order['id']}</h1>
    <p class="lead">${order['status']}</p>
    <div class="panel">
      <p>${order['name']}<br />${order['email']}<br />${order['address']}</p>
      <p>Paid with card ${order['card']}</p>
    </div>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Product</th>
            <th>Quantity</th>
            <th>Each</th>
          </tr>
        </thead>
        <tbody>
          ${lines.map(
            (line) =>
              html`<tr>
                <td><a href="/products/${line['id']}">${line['name']}</a></td>
                <td>${line['quantity']}</td>
                <td>${money(line['price_cents'])}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="price">Total ${money(order['total_cents'])}</p>`
}

/** The list of documents. */
export function documentsView(documents: readonly Row[]): Markup {
  return html`<h1>Documents</h1>
    <p class="lead">Good to have when the lorry comes.</p>
    ${documents.map((document) => html`<div class="panel"><a href="/documents/${document['id']}">${document['title']}</a><br /><span class="soft">${document['summary']}</span></div>`)}`
}

/** One document, with a link to its file. */
export function documentView(document: Row): Markup {
  return html`<h1>${document['title']}</h1>
    <p class="lead">${document['summary']}</p>
    <p><a href="/files?name=${encodeURIComponent(String(document['file']))}">Read ${document['file']}</a></p>`
}

/** The customer's own data. */
export function profileView(user: Row, note: string | undefined): Markup {
  const field = (name: string, label: string): Markup =>
    html`<label>${label} <input name="${name}" value="${user[name]}" /></label>`
  return html`<h1>${user['name']}</h1>
    <p class="lead">Role: ${user['role']}. Card ${user['card']}, SSN ${user['ssn']}.</p>
    ${note === undefined ? '' : html`<p class="panel note" role="status">${note}</p>`}
    <form class="stack" method="post" action="/profile">
      ${field('name', 'Name')}${field('email', 'E-mail')}${field('phone', 'Phone')}<button>Save</button>
    </form>`
}

/** Where visitors show their own walls. */
export function uploadView(uploads: readonly (readonly [id: number, name: string])[]): Markup {
  return html`<h1>Show us yours</h1>
    <p class="lead">A picture of the wall that you built, or the address of one.</p>
    <form class="stack" method="post" action="/upload" enctype="multipart/form-data">
      <label>Picture <input type="file" name="picture" /></label><button>Upload</button>
    </form>
    <h2>From an address</h2>
    <form class="stack" action="/fetch-image">
      <label>Address <input name="url" placeholder="https://example.com/wall.jpg" /></label
      ><button>Fetch</button>
    </form>
    <h2>Shown so far</h2>
    ${uploads.map(([id, name]) => html`<p><a href="/uploads/${id}">${name}</a></p>`)}`
}

/** A page with one message. */
export function messageView(title: string, text: string): Markup {
  return html`<h1>${title}</h1>
    <p class="lead">${text}</p>
    <p><a href="/">Back to the products</a></p>`
}

/**
 * The page for what went wrong.
 * HOLE verbose-errors (Common Mistakes 2: Verbose Error Messages): stack trace and statement, for everybody to read.
 */
export function errorView(error: Error): Markup {
  return html`<h1>Something fell over</h1>
    <p class="lead">${error.message}</p>
    <pre>${error.stack}</pre>`
}
