// The pages of accounts in a real Chromium: the whole journey, with and without JavaScript, light and dark, without a finding of axe.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

import { loadConfig, openKept, type Ringwall, ringwall } from '../../src/index.ts'
import { notHere } from '../../src/store/testing.ts'

const CHROMIUM = '/usr/bin/chromium'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS =
  process.env['RINGWALL_SCREENSHOTS'] ?? join(import.meta.dirname, '../../artifacts/account-pages')
const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#2457a6"/></svg>'
const PAGE = '/.well-known/ringwall'

interface Site {
  readonly url: string
  readonly gate: Ringwall
  readonly directory: string
  /** The link in the newest mail to an address, once there are so many. */
  link(to: string, count: number): Promise<string>
}

async function openSite(t: TestContext): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-pages-'))
  const application = http.createServer((req, res) => {
    res.setHeader('Content-Type', req.url === '/logo.svg' ? 'image/svg+xml' : 'text/plain')
    res.end(req.url === '/logo.svg' ? LOGO : 'the application')
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const upstream = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const config = loadConfig(`listen: { http: "127.0.0.1:${port}", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { application: "${upstream}" }
security:
  rate_limiting: { login: { requests: 1000 }, password_reset: { requests: 1000 } }
  authentication:
    public_url: "${url}"
    registration: { mode: open, roles: [customer] }
    lockout: { delay: false }
    pages: { name: Corner Shop, logo: /logo.svg, accent: "#2457a6", accent_dark: "#8fb8f2" }`)
  const gate = await ringwall(config)
  await gate.listen()
  t.after(async () => {
    await gate.close()
    application.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const folder = join(directory, 'mail')
  const link = async (to: string, count: number): Promise<string> => {
    for (let i = 0; i < 200; i++) {
      const mails = (existsSync(folder) ? readdirSync(folder).sort() : [])
        .map((file) => readFileSync(join(folder, file), 'utf8'))
        .filter((text) => text.includes(`To: ${to}`))
      const newest = mails.at(-1)?.replaceAll('=\n', '').replaceAll('=3D', '=')
      if (mails.length >= count && newest !== undefined)
        return /https?:\/\/\S+\?t=\S+/.exec(newest)?.[0] ?? ''
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`no mail to ${to}`)
  }
  return { url, gate, directory, link }
}

async function freePort(): Promise<number> {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Axe with all its rules of WCAG 2.2 A and AA and best practices; then a picture in light and in dark. */
async function examine(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(AXE)
    const findings = await page.evaluate<readonly string[]>(
      `axe.run().then(({ violations }) => violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' ')))`,
    )
    assert.deepEqual(findings, [], `${name} in ${colorScheme}`)
    await page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}.png`), fullPage: true })
  }
}

async function submit(page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForLoadState('load'), page.getByRole('button', { name, exact: true }).click()])
  await page.waitForLoadState('load')
}

async function signIn(page: Page, url: string, email: string, password: string): Promise<void> {
  await page.goto(`${url}${PAGE}/sign-in?to=${PAGE}/account`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await submit(page, 'Sign in')
}

/** Registers, signs in, looks around, forgets the password, comes back, and leaves. */
async function journey(
  site: Site,
  browser: Browser,
  context: BrowserContext,
  email: string,
  look: typeof examine,
) {
  const { url, link } = site
  const page = await context.newPage()
  const broken: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && broken.push(message.text())))
  await page.goto(`${url}${PAGE}/register`)
  await look(page, 'register')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Name').fill('Max Example')
  await submit(page, 'Send the link')
  await page.getByRole('status').waitFor()
  await look(page, 'register-sent')
  await page.goto(await link(email, 1))
  await page.getByLabel('Password').fill('short')
  await submit(page, 'Create the account')
  assert.match(await page.getByRole('alert').innerText(), /at least 12 characters/)
  await look(page, 'verify-refused')
  await page.getByLabel('Password').fill('Battery-staple-8')
  await submit(page, 'Create the account')
  assert.match(await page.getByRole('status').innerText(), /account is ready/)
  await look(page, 'sign-in')
  await signIn(page, url, email, 'wrong')
  assert.match(await page.getByRole('alert').innerText(), /E-mail or password is wrong/)
  await look(page, 'sign-in-refused')
  await signIn(page, url, email, 'Battery-staple-8')
  assert.match(await page.innerText('h1'), /Your account/)
  const elsewhere = await browser.newContext({ locale: 'en-GB' })
  await signIn(await elsewhere.newPage(), url, email, 'Battery-staple-8')
  await page.reload()
  assert.equal(await page.locator('.rows li').count(), 2)
  await look(page, 'account')
  await page.getByLabel('Name').fill('Max the Second')
  await submit(page, 'Save')
  assert.equal(await page.getByLabel('Name').inputValue(), 'Max the Second')
  await submit(page, 'Sign out everywhere else')
  assert.equal(await page.locator('.rows li').count(), 1)
  await elsewhere.close()
  await page.goto(`${url}${PAGE}/password`)
  await look(page, 'password')
  await page.goto(`${url}${PAGE}/account`)
  await page.getByText('Delete my account').first().click()
  await page.locator('#deletion-current').fill('Battery-staple-8')
  await submit(page, 'Delete my account')
  assert.match(await page.getByRole('alert').innerText(), /will be deleted on/)
  await look(page, 'account-leaving')
  await submit(page, 'Keep my account')
  await page.goto(`${url}${PAGE}/sign-out`)
  await look(page, 'sign-out')
  await submit(page, 'Sign out')
  await page.goto(`${url}${PAGE}/forgot`)
  await look(page, 'forgot')
  await page.getByLabel('E-mail').fill(email)
  await submit(page, 'Send the link')
  // After those to register, about the second device, and about the deletion.
  const reset = await link(email, 4)
  await page.goto(reset)
  await look(page, 'reset')
  await page.getByLabel('New password').fill('Another-staple-9')
  await submit(page, 'Set the password')
  await page.goto(reset)
  await look(page, 'reset-gone')
  await signIn(page, url, email, 'Another-staple-9')
  assert.match(await page.innerText('h1'), /Your account/)
  await page.close()
  return broken
}

test('the journey of an account, without a finding of axe in light or dark', async (t) => {
  if (!existsSync(CHROMIUM)) return notHere(t, 'Chromium', 'apt-get install chromium')
  mkdirSync(SHOTS, { recursive: true })
  const site = await openSite(t)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  t.after(() => browser.close())
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 900, height: 700 } })
  const broken = await journey(site, browser, context, 'max@shop.test', examine)
  // The browser says so of every answer of 4xx; what the policy blocked would stand here as well.
  assert.deepEqual(
    broken.filter((line) => !/status of (401|410|422)/.test(line)),
    [],
  )
})

test('the same without JavaScript', async (t) => {
  if (!existsSync(CHROMIUM)) return notHere(t, 'Chromium', 'apt-get install chromium')
  const site = await openSite(t)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  t.after(() => browser.close())
  const context = await browser.newContext({ locale: 'en-GB', javaScriptEnabled: false })
  await journey(site, browser, context, 'max@shop.test', async () => undefined)
})

test('on a phone, in German and Spanish, acting for somebody, and by keyboard alone', async (t) => {
  if (!existsSync(CHROMIUM)) return notHere(t, 'Chromium', 'apt-get install chromium')
  mkdirSync(SHOTS, { recursive: true })
  const site = await openSite(t)
  const kept = await openKept(loadConfig(`store: { directory: ${site.directory} }`))
  t.after(() => kept.close())
  const identity = kept.identity('site')
  const account = await identity.accounts.create('ann@shop.test', 'Ann', ['customer'])
  await identity.accounts.setPassword(account, 'Correct-horse-7')
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  t.after(() => browser.close())
  for (const [locale, title] of [
    ['de-AT', 'Anmelden'],
    ['es-ES', 'Iniciar sesi\u00f3n'],
    ['fr-FR', 'Sign in'],
  ] as const) {
    const context = await browser.newContext({ locale, viewport: { width: 360, height: 740 } })
    const page = await context.newPage()
    await page.goto(`${site.url}${PAGE}/sign-in?to=${PAGE}/account`)
    assert.equal(await page.innerText('h1'), title)
    await examine(page, `sign-in-phone-${locale.slice(0, 2)}`)
    await page.keyboard.type('ann@shop.test')
    await page.keyboard.press('Tab')
    await page.keyboard.type('Correct-horse-7')
    await page.keyboard.press('Enter')
    await page.waitForURL((to) => to.pathname.endsWith('/account'))
    await page.waitForLoadState('load')
    await examine(page, `account-phone-${locale.slice(0, 2)}`)
    const overflows = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')
    assert.equal(overflows, false, 'nothing is wider than the phone')
    await context.close()
  }
  const acting = await (await browser.newContext({ locale: 'en-GB' })).newPage()
  const fresh = (await identity.accounts.find(account.id)) ?? account
  const token = await identity.impersonation.begin(fresh, 'eve', 'ticket 7: she cannot see her order')
  await acting.goto(`${site.url}${PAGE}/impersonate?t=${token}`)
  await examine(acting, 'impersonate')
  await submit(acting, 'Go on')
  await examine(acting, 'account-impersonated')
})
