import type { Subject } from '../../core/exchange.ts'
import { provisioningOf } from '../factors/provisioning.ts'
import type { RelyingParty } from '../factors/webauthn.ts'
import { alerts, escapeHtml, type Look, PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { fill } from '../words.ts'
import { passkeyForm } from './passkey-form.ts'

/** What the page of factors is drawn for. */
export interface FactorView {
  readonly identity: Identity
  readonly look: Look
  readonly subject: Subject
  readonly party: RelyingParty | undefined
  readonly messages: readonly string[]
}

/** The factors of somebody: what there is, and what can be added and taken away. */
export async function factorList(view: FactorView): Promise<string> {
  const { look, subject, messages } = view
  const why = subject.mustEnrolFactor === true ? `<p>${escapeHtml(look.words.factors.mustEnrol)}</p>` : ''
  const parts = [totpSection(view), passkeySection(view), codesSection(view), devicesSection(view)]
  return `${alerts(messages)}${why}${(await Promise.all(parts)).join('\n')}`
}

async function totpSection({ identity, look, subject }: FactorView): Promise<string> {
  const { factors } = look.words
  const title = `<h2>${escapeHtml(factors.totp)}</h2>`
  const pending = await identity.factors.totp.pending(subject.id)
  if (pending) {
    const { uri, secret } = provisioningOf(pending, identity.config.passkeys.name, subject.email)
    return `${title}<p>${escapeHtml(factors.totpScan)}</p>
<p><a href="${escapeHtml(uri)}"><img class="qr" src="${PAGES.qrSvg}" width="200" height="200" alt="${escapeHtml(factors.qr)}"></a></p>
<dl><dt>${escapeHtml(factors.secret)}</dt><dd><code>${(secret.match(/.{4}/g) ?? []).join(' ')}</code></dd></dl>
<form method="post" action="${PAGES.factors}"><input type="hidden" name="action" value="totp-confirm">
<label for="totp-code">${escapeHtml(factors.code)}</label>
<input id="totp-code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="16">
<button>${escapeHtml(factors.confirm)}</button></form>`
  }
  const isOn = (await identity.factors.totp.confirmedSince(subject.id)) !== undefined
  return isOn
    ? `${title}<p>${escapeHtml(factors.totpOn)}</p>${button('totp-remove', factors.remove, factors.totp)}`
    : `${title}<p>${escapeHtml(factors.totpOff)}</p>${button('totp-begin', factors.totpBegin)}`
}

async function passkeySection({ identity, look, subject, party }: FactorView): Promise<string> {
  const { factors, passkey: words } = look.words
  const passkeys = await identity.factors.passkeys.list(subject.id)
  if (!party && passkeys.length === 0) return ''
  const items = passkeys.map(({ id, name, isBackedUp, lastUsedMs }, at) => {
    const where = isBackedUp ? factors.synced : factors.thisDevice
    const used = lastUsedMs === null ? factors.neverUsed : fill(factors.lastUsed, { when: dayOf(lastUsedMs) })
    const which = `<input type="hidden" name="id" value="${escapeHtml(id)}">`
    return `<li><strong>${escapeHtml(name)}</strong> <small>${escapeHtml(where)}, ${escapeHtml(used)}</small>
<form method="post" action="${PAGES.factors}"><input type="hidden" name="action" value="passkey-rename">${which}
<label for="name-${at}">${escapeHtml(words.name)}</label><input id="name-${at}" name="name" value="${escapeHtml(name)}" required maxlength="64">
<button class="second">${escapeHtml(factors.rename)}</button></form>
${button('passkey-remove', factors.remove, name, which)}</li>`
  })
  const list =
    items.length === 0
      ? `<p>${escapeHtml(factors.noPasskeys)}</p>`
      : `<ul class="plain">${items.join('\n')}</ul>`
  const add =
    party &&
    passkeyForm(look, {
      kind: 'create',
      action: PAGES.factors,
      options: await identity.factors.passkeys.enrolmentOptions(party, subject, subject.sessionRef),
      submit: words.add,
      fields: `<input type="hidden" name="action" value="passkey-add">
<label for="new-name">${escapeHtml(words.name)}</label><input id="new-name" name="name" maxlength="64">`,
    })
  return `<h2>${escapeHtml(factors.passkeys)}</h2>${list}${add ?? ''}`
}

async function codesSection({ identity, look, subject }: FactorView): Promise<string> {
  const { factors } = look.words
  const count = await identity.factors.backupCodes.left(subject.id)
  // They stand in for another factor, and are none by themselves.
  if (count === 0 && !(await identity.factors.hasAny(subject.id))) return ''
  return `<h2>${escapeHtml(factors.codes)}</h2><p>${escapeHtml(fill(factors.codesLeft, { count }))}</p>
${button('codes-make', factors.codesMake)}`
}

async function devicesSection({ identity, look, subject }: FactorView): Promise<string> {
  const { factors } = look.words
  const devices = await identity.factors.devices.list(subject.id)
  const items = devices.map((device) => {
    const used = fill(factors.lastUsed, { when: dayOf(device.last_used_at) })
    const which = `<input type="hidden" name="id" value="${escapeHtml(device.token_hash)}">`
    return `<li>${escapeHtml(device.user_agent)} <small>${escapeHtml(used)}</small>${button('device-forget', factors.forget, device.user_agent, which)}</li>`
  })
  const list =
    items.length === 0
      ? `<p>${escapeHtml(factors.noDevices)}</p>`
      : `<ul class="plain">${items.join('\n')}</ul>`
  return `<h2>${escapeHtml(factors.devices)}</h2>${list}`
}

/** New backup codes, this once. */
export function codesOnce(look: Look, codes: readonly string[]): string {
  const { factors } = look.words
  const items = codes.map((code) => `<li><code>${escapeHtml(code)}</code></li>`)
  return `<p>${escapeHtml(factors.codesOnce)}</p>
<ul class="codes">${items.join('')}</ul>
<p><a href="${PAGES.factors}">${escapeHtml(factors.done)}</a></p>`
}

function button(action: string, text: string, what = '', fields = ''): string {
  const label = what === '' ? '' : ` aria-label="${escapeHtml(`${text}: ${what}`)}"`
  return `<form method="post" action="${PAGES.factors}"><input type="hidden" name="action" value="${action}">${fields}<button class="second"${label}>${escapeHtml(text)}</button></form>`
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
