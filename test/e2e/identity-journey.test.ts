// The way of somebody through the pages of second factors in Chromium: screenshots of each, and no finding of axe.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'node:test'

import { URI } from 'otpauth'
import type { Page } from 'playwright-core'

import { notHere } from '../../src/store/testing.ts'
import { ARTIFACTS, CHROMIUM, openPlace, PATH, Visitor } from './identity-browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Looks at a page in light and dark: a picture of each, and what axe finds. */
async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(ARTIFACTS, `${name}-${colorScheme}.png`), fullPage: true })
    await page.evaluate(AXE)
    const findings = await page.evaluate<readonly Finding[]>(
      `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => ({ html })) })))`,
    )
    assert.deepEqual(
      findings.map(({ id, help, nodes }) => `${name} ${colorScheme}: ${id}: ${help}: ${nodes[0]?.html}`),
      [],
    )
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

async function secretOf(page: Page): Promise<string> {
  const uri = (await page.getAttribute('a:has(img.qr)', 'href')) ?? ''
  assert.match(uri, /^otpauth:\/\/totp\//)
  return uri
}

/** A code that was not used yet: the next step counts too. */
function codeOf(uri: string, steps = 0): string {
  return URI.parse(uri).generate({ timestamp: Date.now() + steps * 30_000 })
}

test('the journey of somebody who must have a second factor', async (context) => {
  if (!existsSync(CHROMIUM)) return notHere(context, 'Chromium', 'apt-get install chromium')
  const place = await openPlace('{ mfa: { required: true } }')
  const email = 'ann@shop.test'
  const id = await place.add(email)
  const visitor = await Visitor.arrive(place)
  const { page } = visitor
  try {
    await visitor.go('/private')
    assert.equal(visitor.path, `${PATH}/sign-in`)
    await look(page, '01-sign-in')
    await page.fill('#email', email)
    await page.fill('#password', 'wrong')
    await page.click('form[action$="/sign-in"] button')
    await page.waitForSelector('[role="alert"]')
    await look(page, '02-sign-in-refused')
    await visitor.typePassword(email)
    await visitor.go('/private')
    assert.equal(visitor.path, `${PATH}/factors`, 'nothing else before a second factor')
    await look(page, '03-must-enrol')
    await page.click('button:has-text("Set up an authenticator application")')
    await page.waitForSelector('img.qr')
    await look(page, '04-authenticator')
    const uri = await secretOf(page)
    await page.fill('#totp-code', '000000')
    await page.click('form:has(#totp-code) button')
    await page.waitForSelector('[role="alert"]:visible')
    await page.fill('#totp-code', codeOf(uri, -1))
    await page.click('form:has(#totp-code) button')
    await page.waitForSelector('.codes')
    const codes = await page.locator('.codes li').allTextContents()
    assert.equal(codes.length, 10)
    await look(page, '05-backup-codes')
    await visitor.addPasskey('Laptop')
    await visitor.go(`${PATH}/factors`)
    await look(page, '06-factors')
    assert.equal(await visitor.who(), id)
    await visitor.go(`${PATH}/account`)
    await look(page, '07-account')

    await visitor.signOut()
    await visitor.signIn(email)
    assert.equal(visitor.path, `${PATH}/second-factor`)
    await look(page, '08-second-factor')
    await page.fill('#code', '123456')
    await page.click('form:has(#code) button')
    await page.waitForSelector('div.alert')
    await look(page, '09-second-factor-refused')
    await page.fill('#code', codeOf(uri))
    await page.check('form:has(#code) input[name="remember"]')
    await page.click('form:has(#code) button')
    await page.waitForURL((url) => url.pathname === '/private')
    await visitor.context.clearCookies({ name: 'ringwall' })
    await visitor.signIn(email)
    assert.equal(visitor.path, '/private', 'this device is remembered')
    await visitor.go('/money')
    assert.equal(visitor.path, `${PATH}/step-up`)
    await look(page, '10-step-up')
    await page.fill('#code', codes[0] ?? '')
    await page.click('form:has(#code) button')
    await page.waitForURL((url) => url.pathname === '/money')
    await visitor.go(`${PATH}/factors`)
    assert.match((await page.textContent('main')) ?? '', /9 of your backup codes are left/)
    await look(page, '11-factors-with-device')
    await page.click('button[aria-label^="Forget"]')
    await page.waitForFunction("document.body.textContent.includes('No device is remembered')")
    await page.click('button[aria-label^="Remove: Laptop"]')
    await page.waitForFunction("document.body.textContent.includes('No passkey yet')")
    await page.click('button[aria-label^="Remove: Authenticator"]')
    await page.waitForSelector('div.alert')
    assert.match((await page.textContent('div.alert')) ?? '', /second factor first/, 'the last one stays')

    for (const locale of ['de-DE', 'es-ES']) {
      const other = await place.browser.newContext({ locale, viewport: { width: 360, height: 740 } })
      const small = await other.newPage()
      await small.goto(`${place.url}${PATH}/sign-in?to=/private`)
      await look(small, `12-sign-in-${locale}`)
      await small.fill('#email', email)
      await small.fill('#password', 'Correct-horse-7')
      await small.keyboard.press('Enter')
      await small.waitForSelector('#code')
      await look(small, `13-second-factor-${locale}`)
      await small.fill('#code', codes[locale === 'de-DE' ? 1 : 2] ?? '')
      await small.keyboard.press('Enter')
      await small.waitForURL((url) => url.pathname === '/private')
      await small.goto(`${place.url}${PATH}/factors`)
      await look(small, `14-factors-${locale}`)
      assert.equal(
        await small.evaluate('document.documentElement.scrollWidth <= innerWidth'),
        true,
        'it fits a telephone',
      )
      await other.close()
    }
  } finally {
    await visitor.close()
    await place.close()
  }
})
