// What the tests of identity in Chromium share: a gateway with accounts, pages, and virtual authenticators.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'

import { type Kept, loadConfig, openKept, ringwall } from '../../src/index.ts'

export const CHROMIUM = '/usr/bin/chromium'
export const PASSWORD = 'Correct-horse-7'
export const PATH = '/.well-known/ringwall'
/** Where screenshots are kept. */
export const ARTIFACTS = join(import.meta.dirname, '..', '..', 'artifacts', 'identity')

/** A gateway in front of a page that says who is signed in. */
export interface Place {
  readonly url: string
  readonly kept: Kept
  readonly browser: Browser
  add(email: string, roles?: readonly string[]): Promise<string>
  close(): Promise<void>
}

/** Opens the gateway and the browser. */
export async function openPlace(authentication = '{}'): Promise<Place> {
  mkdirSync(ARTIFACTS, { recursive: true })
  const application = createServer((req, res) => {
    res.setHeader('Content-Type', 'text/html; charset=utf-8')
    res.end(
      `<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop ${req.url}</h1><p id="who">${String(req.headers['ringwall-subject'] ?? 'nobody')}</p></main></html>`,
    )
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => application.once('listening', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-browser-'))
  const config = loadConfig(`
listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { shop: "http://127.0.0.1:${(application.address() as AddressInfo).port}" }
security: { rate_limiting: { login: { requests: 10000 }, api: { requests: 100000 } }, authentication: ${authentication} }
routes:
  - { path: /private, sign_in: required }
  - { path: /money, authentication: { level: 2 } }
  - { path: "/**" }
`)
  const kept = await openKept(config)
  const gate = await ringwall(config)
  const { port } = new URL((await gate.listen()).http as string)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  return {
    url: `http://localhost:${port}`,
    kept,
    browser,
    async add(email, roles = []) {
      const accounts = kept.accounts('site')
      const account = await accounts.create(email, 'Ann Example', roles)
      await accounts.setPassword(account, PASSWORD)
      return account.id
    },
    async close() {
      await browser.close()
      await gate.close()
      await kept.close()
      application.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What an authenticator can. */
export interface AuthenticatorOptions {
  readonly transport?: 'internal' | 'usb'
  readonly residentKey?: boolean
  readonly verifies?: boolean
  readonly isVerified?: boolean
  readonly isSynced?: boolean
  /** Whether the browser suggests passkeys in the form by itself; a virtual authenticator then agrees at once. */
  readonly suggests?: boolean
}

/** A visitor: a browser of his own with an authenticator in it. */
export class Visitor {
  readonly context: BrowserContext
  readonly page: Page
  readonly cdp: CDPSession
  readonly #url: string
  authenticator = ''

  private constructor(context: BrowserContext, page: Page, cdp: CDPSession, url: string) {
    this.context = context
    this.page = page
    this.cdp = cdp
    this.#url = url
  }

  static async arrive(place: Place, options: AuthenticatorOptions | undefined = {}): Promise<Visitor> {
    const context = await place.browser.newContext({ locale: 'en-GB' })
    if (options.suggests !== true)
      await context.addInitScript('delete PublicKeyCredential.isConditionalMediationAvailable')
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    const cdp = await context.newCDPSession(page)
    const visitor = new Visitor(context, page, cdp, place.url)
    await cdp.send('WebAuthn.enable')
    await visitor.plug(options)
    return visitor
  }

  /** Adds an authenticator; the one that is there stays. */
  async plug(options: AuthenticatorOptions = {}): Promise<string> {
    const { authenticatorId } = await this.cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: options.transport ?? 'internal',
        hasResidentKey: options.residentKey ?? true,
        hasUserVerification: options.verifies ?? true,
        isUserVerified: options.isVerified ?? true,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: options.isSynced ?? false,
        defaultBackupState: options.isSynced ?? false,
      },
    })
    this.authenticator = authenticatorId
    return authenticatorId
  }

  async unplug(authenticatorId = this.authenticator): Promise<void> {
    await this.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.#url}${path}`)
  }

  /** The path that the page is at. */
  get path(): string {
    return new URL(this.page.url()).pathname
  }

  async typePassword(email: string, password = PASSWORD): Promise<void> {
    await this.page.fill('#email', email)
    await this.page.fill('#password', password)
    await Promise.all([
      this.page.waitForURL((url) => url.pathname !== `${PATH}/sign-in`),
      this.page.click('form[action$="/sign-in"] button'),
    ])
  }

  /** Signs in with a password, where nothing else is asked. */
  async signIn(email: string): Promise<void> {
    await this.go(`${PATH}/sign-in?to=/private`)
    await this.typePassword(email)
  }

  /** Adds a passkey on the page of factors. */
  async addPasskey(name = 'My key'): Promise<void> {
    await this.go(`${PATH}/factors`)
    await this.page.fill('#new-name', name)
    const sent = this.page.waitForResponse(
      (response) => response.request().method() === 'POST' && response.url().endsWith('/factors'),
    )
    await this.page.click('form[data-passkey="create"] button')
    await sent
    await this.page.waitForSelector('.codes, .plain strong')
  }

  async signOut(): Promise<void> {
    await this.context.clearCookies()
  }

  /** Presses the button of a passkey; whether it led past the pages of signing in. */
  async usePasskey(): Promise<boolean> {
    await this.page.click('form[data-passkey="get"] button')
    const left = this.page
      .waitForURL(({ pathname }) => !/\/(sign-in|passkey|second-factor|step-up)$/.test(pathname))
      .then(() => true)
    const failed = this.page.waitForSelector('[data-failed]:visible, div.alert').then(() => false)
    return Promise.any([left, failed])
  }

  async who(): Promise<string> {
    await this.go('/private')
    return this.path === '/private' ? ((await this.page.textContent('#who')) ?? '') : 'nobody'
  }

  async close(): Promise<void> {
    await this.context.close()
  }
}
