// Passkeys in a real Chromium with its virtual authenticators, through the gateway and its pages.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'

import { notHere } from '../../src/store/testing.ts'
import { CHROMIUM, openPlace, PATH, type Place, Visitor } from './identity-browser.ts'

interface Scene {
  readonly place: Place
  readonly visitor: Visitor
  readonly email: string
  readonly id: string
}

type Scenario = readonly [name: string, play: (scene: Scene) => Promise<void>]

/** Signed in, with a passkey, and out again. */
async function enrolled({ visitor, email }: Scene): Promise<void> {
  await visitor.signIn(email)
  await visitor.addPasskey()
  await visitor.signOut()
  await visitor.go(`${PATH}/sign-in?to=/private`)
}

async function account({ place, id }: Scene) {
  const found = await place.kept.accounts('site').find(id)
  assert.ok(found)
  return found
}

async function credentials({ visitor }: Scene) {
  const { authenticator: authenticatorId, cdp } = visitor
  return (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials
}

const SCENARIOS: readonly Scenario[] = [
  [
    'the first passkey comes with backup codes, and is listed with its name',
    async ({ visitor, email }) => {
      await visitor.signIn(email)
      await visitor.addPasskey('Blue key')
      assert.equal(await visitor.page.locator('.codes li').count(), 10)
      await visitor.go(`${PATH}/factors`)
      assert.match((await visitor.page.textContent('.plain')) ?? '', /Blue key on one device/)
    },
  ],
  [
    'somebody signs in without a name, by a passkey alone',
    async (scene) => {
      await enrolled(scene)
      assert.equal(await scene.visitor.usePasskey(), true)
      assert.equal(await scene.visitor.who(), scene.id)
    },
  ],
  [
    'the browser suggests the passkey in the form, and nobody presses anything',
    async (scene) => {
      await enrolled(scene)
      const visitor = await Visitor.arrive(scene.place, { suggests: true })
      const [credential] = await credentials(scene)
      assert.ok(credential)
      const { authenticator: authenticatorId } = visitor
      await visitor.cdp.send('WebAuthn.addCredential', { authenticatorId, credential })
      await visitor.go(`${PATH}/sign-in?to=/private`)
      await visitor.page.waitForURL((url) => url.pathname === '/private')
      assert.equal(await visitor.who(), scene.id)
      await visitor.close()
    },
  ],
  [
    'a session of a passkey is strong enough for what asks for two factors',
    async (scene) => {
      await enrolled(scene)
      assert.equal(await scene.visitor.usePasskey(), true)
      await scene.visitor.go('/money')
      assert.equal(scene.visitor.path, '/money')
    },
  ],
  [
    'somebody types his address, and his passkey is asked for',
    async (scene) => {
      await enrolled(scene)
      await scene.visitor.page.fill('#email', scene.email)
      assert.equal(await scene.visitor.usePasskey(), true)
      assert.equal(await scene.visitor.who(), scene.id)
    },
  ],
  [
    'an address without an account looks alike and leads nowhere',
    async (scene) => {
      await enrolled(scene)
      await scene.visitor.page.fill('#email', 'nobody@shop.test')
      assert.equal(await scene.visitor.usePasskey(), false)
      assert.equal(await scene.visitor.who(), 'nobody')
    },
  ],
  [
    'after the password a passkey is the second factor',
    async (scene) => {
      await enrolled(scene)
      const { visitor, email, id } = scene
      await visitor.typePassword(email)
      assert.equal(visitor.path, `${PATH}/second-factor`)
      assert.equal(await visitor.usePasskey(), true)
      assert.equal(await visitor.who(), id)
    },
  ],
  [
    'a security key that cannot verify its user is taken as the second factor',
    async ({ place, email, id }) => {
      const visitor = await Visitor.arrive(place, {
        transport: 'usb',
        residentKey: false,
        verifies: false,
        isVerified: false,
      })
      await visitor.signIn(email)
      await visitor.addPasskey()
      await visitor.signOut()
      await visitor.go(`${PATH}/sign-in`)
      await visitor.typePassword(email)
      assert.equal(await visitor.usePasskey(), true)
      assert.equal(await visitor.who(), id)
      await visitor.close()
    },
  ],
  [
    'the same key is not taken in place of a password',
    async ({ place, email }) => {
      const visitor = await Visitor.arrive(place, {
        transport: 'usb',
        residentKey: false,
        verifies: false,
        isVerified: false,
      })
      await visitor.signIn(email)
      await visitor.addPasskey()
      await visitor.signOut()
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), false)
      assert.equal(await visitor.who(), 'nobody')
      await visitor.close()
    },
  ],
  [
    'somebody who fails to verify does not get in',
    async (scene) => {
      await enrolled(scene)
      const { visitor } = scene
      const { authenticator: authenticatorId } = visitor
      await visitor.cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
      assert.equal(await visitor.usePasskey(), false)
      assert.equal(await visitor.who(), 'nobody')
    },
  ],
  [
    'without any passkey the page says so and stays',
    async ({ visitor }) => {
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), false)
      assert.equal(visitor.path, `${PATH}/sign-in`)
    },
  ],
  [
    'a copied key, whose counter is behind, is refused and stands in the log',
    async (scene) => {
      await enrolled(scene)
      const { visitor } = scene
      assert.equal(await visitor.usePasskey(), true)
      const [credential] = await credentials(scene)
      assert.ok(credential)
      const { authenticator: authenticatorId, cdp } = visitor
      const { credentialId } = credential
      await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId })
      await cdp.send('WebAuthn.addCredential', {
        authenticatorId,
        credential: { ...credential, signCount: 0 },
      })
      await visitor.signOut()
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), false)
      const events = await scene.place.kept.store.database.kysely
        .selectFrom('audit_events')
        .select(['kind', 'subject'])
        .where('kind', '=', 'identity.passkey-copied')
        .execute()
      assert.ok(events.some(({ subject }) => subject === scene.id))
    },
  ],
  [
    'a passkey that was removed here is refused, though the authenticator still has it',
    async (scene) => {
      await enrolled(scene)
      const [row] = await scene.place.kept.identity('site').factors.passkeys.list(scene.id)
      assert.ok(row && (await scene.place.kept.identity('site').factors.passkeys.remove(scene.id, row.id)))
      assert.equal(await scene.visitor.usePasskey(), false)
    },
  ],
  [
    'a passkey that the authenticator lost cannot be used',
    async (scene) => {
      await enrolled(scene)
      const { authenticator: authenticatorId, cdp } = scene.visitor
      await cdp.send('WebAuthn.clearCredentials', { authenticatorId })
      assert.equal(await scene.visitor.usePasskey(), false)
    },
  ],
  [
    'the same authenticator is not enrolled twice',
    async ({ visitor, email }) => {
      await visitor.signIn(email)
      await visitor.addPasskey()
      await visitor.go(`${PATH}/factors`)
      await visitor.page.click('form[data-passkey="create"] button')
      await visitor.page.waitForSelector('form[data-passkey="create"] [data-failed]:visible')
    },
  ],
  [
    'two passkeys on two authenticators both get in',
    async (scene) => {
      const { visitor, email, id, place } = scene
      await visitor.signIn(email)
      await visitor.addPasskey('first')
      const first = visitor.authenticator
      const [kept] = await credentials(scene)
      await visitor.unplug(first)
      await visitor.plug({ transport: 'usb' })
      await visitor.addPasskey('second')
      assert.equal((await place.kept.identity('site').factors.passkeys.list(id)).length, 2)
      await visitor.signOut()
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), true)
      await visitor.unplug()
      await visitor.plug()
      assert.ok(kept)
      await visitor.cdp.send('WebAuthn.addCredential', {
        authenticatorId: visitor.authenticator,
        credential: kept,
      })
      await visitor.signOut()
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), true)
      assert.equal(await visitor.who(), id)
    },
  ],
  [
    'a passkey is renamed, and its name is text and not HTML',
    async ({ visitor, email }) => {
      await visitor.signIn(email)
      await visitor.addPasskey()
      await visitor.go(`${PATH}/factors`)
      await visitor.page.fill('#name-0', '<b>Pocket</b>')
      await visitor.page.click('form:has(#name-0) button')
      await visitor.page.waitForFunction(
        "document.querySelector('.plain strong')?.textContent === '<b>Pocket</b>'",
      )
    },
  ],
  [
    'removing a passkey ends every other session at its next request',
    async (scene) => {
      const { visitor, email, id, place } = scene
      await visitor.signIn(email)
      await visitor.addPasskey()
      const other = await Visitor.arrive(place)
      const [credential] = await credentials(scene)
      assert.ok(credential)
      await other.cdp.send('WebAuthn.addCredential', { authenticatorId: other.authenticator, credential })
      await other.go(`${PATH}/sign-in?to=/private`)
      assert.equal(await other.usePasskey(), true)
      assert.equal(await other.who(), id)
      await visitor.go(`${PATH}/factors`)
      await visitor.page.click('button[aria-label^="Remove: My key"]')
      await visitor.page.waitForFunction("document.body.textContent.includes('No passkey yet')")
      assert.equal(await other.who(), 'nobody')
      assert.equal(await visitor.who(), id, 'who did it goes on')
      await other.close()
    },
  ],
  [
    'a disabled account does not get in by its passkey',
    async (scene) => {
      await enrolled(scene)
      await scene.place.kept.accounts('site').setDisabled(await account(scene), true)
      assert.equal(await scene.visitor.usePasskey(), false)
      assert.equal(await scene.visitor.who(), 'nobody')
    },
  ],
  [
    'an account of a suspended tenant does not get in by its passkey',
    async (scene) => {
      await enrolled(scene)
      const { kept } = scene.place
      await kept.accounts('site').setTenant(await account(scene), `tenant-of-${scene.id}`)
      await kept.suspensions.suspend(`tenant-of-${scene.id}`, 'a test', 'max')
      assert.equal(await scene.visitor.usePasskey(), false)
    },
  ],
  [
    'a synchronised passkey is listed as one, and one that becomes so later is refused',
    async ({ place, email, id }) => {
      const visitor = await Visitor.arrive(place, { isSynced: true })
      await visitor.signIn(email)
      await visitor.addPasskey()
      await visitor.go(`${PATH}/factors`)
      assert.match((await visitor.page.textContent('.plain')) ?? '', /synchronised/)
      const { authenticator: authenticatorId, cdp } = visitor
      const { credentials: all } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
      const credentialId = all[0]?.credentialId ?? ''
      await cdp.send('WebAuthn.setCredentialProperties', {
        authenticatorId,
        credentialId,
        backupEligibility: false,
        backupState: false,
      })
      await visitor.signOut()
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), false)
      await cdp.send('WebAuthn.setCredentialProperties', {
        authenticatorId,
        credentialId,
        backupEligibility: true,
        backupState: false,
      })
      await visitor.go(`${PATH}/sign-in`)
      assert.equal(await visitor.usePasskey(), true)
      const [row] = await place.kept.identity('site').factors.passkeys.list(id)
      assert.equal(row?.isBackedUp, false)
      await visitor.close()
    },
  ],
  [
    'step-up by passkey leads back to the page that was wanted',
    async (scene) => {
      await enrolled(scene)
      const { visitor, email, place } = scene
      await visitor.typePassword(email)
      await visitor.page.check('form[data-passkey] input[name="remember"]')
      assert.equal(await visitor.usePasskey(), true)
      const session = (await visitor.context.cookies()).find(({ name }) => name === 'ringwall')
      assert.ok(session)
      await visitor.context.clearCookies({ name: 'ringwall' })
      await visitor.signIn(email)
      assert.equal(visitor.path, '/private', 'a remembered device is not asked')
      await visitor.go('/money')
      assert.equal(visitor.path, `${PATH}/step-up`, 'and is not enough for what asks for two')
      assert.equal(await visitor.usePasskey(), true)
      assert.equal(visitor.path, '/money')
      assert.ok((await place.kept.identity('site').factors.devices.list(scene.id)).length === 1)
    },
  ],
  [
    'an answer that was recorded is not taken a second time',
    async (scene) => {
      await enrolled(scene)
      const { visitor } = scene
      let body = ''
      visitor.page.on('request', (request) => {
        if (request.method() === 'POST' && request.url().endsWith('/passkey')) body = request.postData() ?? ''
      })
      assert.equal(await visitor.usePasskey(), true)
      assert.match(body, /passkey=/)
      await visitor.context.clearCookies({ name: 'ringwall' })
      const again = await visitor.context.request.post(`${scene.place.url}${PATH}/passkey`, {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: scene.place.url },
        data: body,
      })
      assert.equal(again.status(), 401)
    },
  ],
  [
    'an answer to the challenge of another browser is not taken',
    async (scene) => {
      await enrolled(scene)
      const { visitor, place } = scene
      const thief = await Visitor.arrive(place)
      await thief.go(`${PATH}/sign-in`)
      const theirs = await thief.page.getAttribute('form[data-passkey]', 'data-options')
      await visitor.page.evaluate(
        `document.querySelector('form[data-passkey]').setAttribute('data-options', ${JSON.stringify(theirs)})`,
      )
      assert.equal(await visitor.usePasskey(), false)
      await thief.close()
    },
  ],
  [
    'at a bare address there are no passkeys, and the page has no script',
    async ({ visitor, place }) => {
      await visitor.page.goto(`${place.url.replace('localhost', '127.0.0.1')}${PATH}/sign-in`)
      assert.equal(await visitor.page.locator('form[data-passkey], script').count(), 0)
    },
  ],
  [
    'without scripts the passkey form stays hidden, and password and backup code get in',
    async (scene) => {
      const { visitor, email, place, id } = scene
      await visitor.signIn(email)
      await visitor.addPasskey()
      const code = (await visitor.page.locator('.codes li').first().textContent()) ?? ''
      const context = await place.browser.newContext({ javaScriptEnabled: false })
      const page = await context.newPage()
      await page.goto(`${place.url}${PATH}/sign-in?to=/private`)
      assert.equal(await page.locator('form[data-passkey]').isVisible(), false)
      await page.fill('#email', email)
      await page.fill('#password', 'Correct-horse-7')
      await page.click('form[action$="/sign-in"] button')
      await page.fill('#code', code)
      await page.click('form:has(#code) button')
      assert.equal(await page.textContent('#who'), id)
      await context.close()
    },
  ],
  [
    'a script that somebody slipped into the page does not run',
    async ({ visitor }) => {
      await visitor.go(`${PATH}/sign-in`)
      const ran = await visitor.page.evaluate(`(() => {
        const script = document.createElement('script')
        script.textContent = 'document.title = "slipped in"'
        document.body.append(script)
        return document.title
      })()`)
      assert.equal(ran, 'Sign in')
    },
  ],
]

test(`passkeys in Chromium: ${SCENARIOS.length} scenarios`, async (context) => {
  if (!existsSync(CHROMIUM)) return notHere(context, 'Chromium', 'apt-get install chromium')
  assert.ok(SCENARIOS.length >= 20)
  const place = await openPlace()
  try {
    for (const [at, [name, play]] of SCENARIOS.entries()) {
      await context.test(name, async () => {
        const email = `visitor-${at}@shop.test`
        const id = await place.add(email)
        const visitor = await Visitor.arrive(place)
        try {
          await play({ place, visitor, email, id })
        } finally {
          await visitor.close()
        }
      })
    }
  } finally {
    await place.close()
  }
})
