// A real Chromium against the gateway: a hostile page gets nothing through, the shop's own forms work, and its reports are collected.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { type Browser, chromium, type Page } from 'playwright-core'

import { startShop } from '../../examples/shop/server.ts'
import { queryAudit } from '../../src/audit/index.ts'
import { loadConfig, openKept, ringwall } from '../../src/index.ts'
import { notHere } from '../../src/store/testing.ts'

const CHROMIUM = '/usr/bin/chromium'

interface Stage {
  readonly browser: Browser
  /** The gateway, by a name of its own. */
  readonly site: string
  /** A page of somebody else, on another site. */
  readonly evil: (body: string) => string
  readonly csp: () => Promise<string>
  /** How many posts of the profile were refused. */
  readonly refused: () => Promise<number>
}

/** What the page at an address answers with; addresses stand for pages. */
async function startEvil(): Promise<{ readonly page: (body: string) => string; close(): void }> {
  const pages: string[] = []
  const server = http.createServer((req, res) => {
    const index = Number(req.url?.slice(1))
    res.writeHead(200, { 'Content-Type': 'text/html' }).end(pages[index] ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    page: (body) => {
      pages.push(`<!doctype html><title>evil</title>${body}`)
      return `http://evil.localhost:${(server.address() as AddressInfo).port}/${pages.length - 1}`
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function onStage(context: TestContext, application: string, run: (stage: Stage) => Promise<void>) {
  if (!existsSync(CHROMIUM)) return notHere(context, 'chromium', 'apt-get install chromium')
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-browser-'))
  const shop = await startShop({ port: 0 })
  const evil = await startEvil()
  const config = loadConfig(
    `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { application: "${shop.url}" }
security:
  perimeter: { rules: { RATE_LIMIT: { enabled: false } } }
  rate_limiting: { login: { requests: 1000 } }
  application: ${application}
`,
    { file: 'browser.yaml' },
  )
  const kept = await openKept(config)
  const gate = await ringwall(config)
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--host-resolver-rules=MAP *.localhost 127.0.0.1'],
  })
  try {
    const { port } = new URL((await gate.listen()).http as string)
    await run({
      browser,
      site: `http://shop.localhost:${port}`,
      evil: evil.page,
      refused: async () => {
        const events = await queryAudit(kept.store.database, { verdict: 'refuse', limit: 1000 })
        return events.filter(({ method, path }) => method === 'POST' && path === '/profile').length
      },
      csp: async () => JSON.stringify(await kept.csp.snapshot()),
    })
  } finally {
    await browser.close()
    await gate.close()
    await kept.close()
    await shop.close()
    evil.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function signIn(page: Page, site: string): Promise<void> {
  await page.goto(`${site}/login`)
  await page.fill('input[name=email]', 'marta@customer.example')
  await page.fill('input[name=password]', 'lantern-1887')
  await Promise.all([
    page.waitForURL((url) => !url.pathname.startsWith('/login')),
    page.keyboard.press('Enter'),
  ])
}

async function phoneOf(page: Page, site: string): Promise<string> {
  await page.goto(`${site}/profile`)
  return page.inputValue('input[name=phone]')
}

for (const tokens of ['off', 'on'])
  test(`with tokens ${tokens}: forms of a hostile page change nothing, and the shop's own work`, (context) =>
    onStage(context, `{ csrf: { tokens: ${tokens} } }`, async ({ browser, site, evil, refused }) => {
      const page = await browser.newPage()
      await signIn(page, site)
      const before = await phoneOf(page, site)
      assert.notEqual(before, '+1 555 0100')
      const fields =
        '<input name="name" value="x"><input name="email" value="x@evil.test"><input name="phone" value="+1 555 0100">'
      const target = `${site}/profile`
      const attacks = [
        `<form id="f" method="post" action="${target}">${fields}</form><script>f.submit()</script>`,
        `<form id="f" method="post" action="${target}" enctype="text/plain">${fields}</form><script>f.submit()</script>`,
        `<form id="f" method="post" action="${target}" enctype="multipart/form-data">${fields}</form><script>f.submit()</script>`,
        `<iframe name="t"></iframe><form id="f" target="t" method="post" action="${target}">${fields}</form><script>f.submit()</script>`,
        `<iframe sandbox="allow-scripts allow-forms" srcdoc='<form id="f" method="post" action="${target}">${fields}</form><script>f.submit()</script>'></iframe>`,
        `<meta name="referrer" content="no-referrer"><form id="f" method="post" action="${target}">${fields}</form><script>f.submit()</script>`,
        `<script>fetch('${target}', { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'phone=%2B1+555+0100&name=x&email=x@evil.test' })</script>`,
        `<script>navigator.sendBeacon('${target}', new URLSearchParams({ phone: '+1 555 0100', name: 'x', email: 'x@evil.test' }))</script>`,
      ]
      for (const attack of attacks) {
        const known = await refused()
        await page.goto(evil(attack), { waitUntil: 'load' }).catch(() => undefined)
        let count = known
        for (let i = 0; i < 100 && count === known; i++) {
          await new Promise((resolve) => setTimeout(resolve, 50))
          count = await refused()
        }
        assert.ok(count > known, `nothing came of ${attack}`)
        assert.equal(await phoneOf(page, site), before, attack)
      }
      // The same form, filled in by hand on the shop's own page.
      await page.fill('input[name=phone]', '+353 1 555 0102')
      await Promise.all([page.waitForLoadState('load'), page.click('form[action="/profile"] button')])
      assert.equal(await phoneOf(page, site), '+353 1 555 0102')
      for (const path of ['/', '/products/1']) {
        await page.goto(site + path)
        const form = page.locator('form[method=post]').first()
        for (const field of await form.locator('input:not([type=hidden]), textarea').all())
          await field.fill((await field.getAttribute('type')) === 'email' ? 'ann@shop.test' : 'Lovely')
        const [answer] = await Promise.all([
          page.waitForResponse((one) => one.request().method() === 'POST'),
          form.locator('button').click(),
        ])
        assert.ok(answer.status() < 400, `${path}: ${answer.status()}`)
      }
    }))

test('a browser that is asked for reports sends them, and they are counted', (context) =>
  onStage(context, '{ csp_nonce: report-only }', async ({ browser, site, csp }) => {
    const page = await browser.newPage()
    await page.goto(`${site}/`)
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { text: '1' }))",
    )
    await page.evaluate("fetch('https://elsewhere.test/').catch(() => 0)")
    let seen = ''
    for (let i = 0; i < 200 && !seen.includes('elsewhere.test'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      seen = await csp()
    }
    assert.match(seen, /"directive":"connect-src","blocked":"https:\/\/elsewhere\.test"/)
    assert.match(seen, /"blocked":"inline"/)
  }))
