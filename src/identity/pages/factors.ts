import { HeaderList } from '../../core/headers.ts'
import { type Exchange, type Subject, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, type Reply, textReply } from '../../core/reply.ts'
import { stepUpChallenge } from '../assurance.ts'
import { provisioningOf, qrPng, qrSvg } from '../factors/provisioning.ts'
import { PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { codesOnce, factorList } from './factor-list.ts'
import { failed, json, lookOf, originOf, readForm, setSession } from './form.ts'
import { parsed, partyOf, scriptedPage } from './passkey-form.ts'
import { FRESH_MS, needsConfirmation } from './step-up.ts'

/** One change of somebody's factors. */
interface Change {
  readonly identity: Identity
  readonly exchange: Exchange
  readonly subject: Subject
  readonly fields: ReadonlyMap<string, string>
}

/** What a change came to. */
type Outcome =
  | { readonly done: true; readonly answer?: object; readonly codes?: readonly string[] }
  | {
      readonly done: false
      readonly code:
        | 'identity.factor-wrong'
        | 'identity.factor-locked'
        | 'identity.busy'
        | 'identity.factor-required'
    }

/** What the forms of the page do, by the name that they send. */
const ACTIONS: Readonly<Record<string, (change: Change) => Promise<Outcome>>> = {
  'totp-begin': beginTotp,
  'totp-confirm': confirmTotp,
  'totp-remove': (change) => remove(change, 'totp', ({ factors }) => factors.totp.remove(change.subject.id)),
  'codes-make': makeCodes,
  'passkey-add': addPasskey,
  'passkey-rename': async ({ identity, subject, fields }) =>
    outcomeOf(
      await identity.factors.passkeys.rename(subject.id, fields.get('id') ?? '', fields.get('name') ?? ''),
    ),
  'passkey-remove': (change) =>
    remove(change, 'passkey', ({ factors }) =>
      factors.passkeys.remove(change.subject.id, change.fields.get('id') ?? ''),
    ),
  'device-forget': forgetDevice,
}

/** The factors of who is signed in, and what its forms send. A change asks for a recent proof first. */
export async function factorsPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) throw new Error('a route that requires sign-in was reached without a subject')
  if (exchange.method !== 'POST') return show(identity, exchange, subject, 200, [])
  if (await needsConfirmation(identity, subject, exchange.startedMs)) return confirmFirst(exchange)
  const fields = await readForm(exchange)
  const act = ACTIONS[fields.get('action') ?? '']
  if (!act) return failed(exchange, 'identity.factor-wrong', () => '')
  const outcome = await act({ identity, exchange, subject, fields })
  if (!outcome.done) {
    let message = ''
    const plain = failed(exchange, outcome.code, (text) => (message = text))
    if (!wantsHtml(exchange)) return plain
    return { ...(await show(identity, exchange, subject, plain.status, [message])), code: outcome.code }
  }
  if (!wantsHtml(exchange))
    return json(200, { ...outcome.answer, ...(outcome.codes && { backup_codes: outcome.codes }) })
  const look = lookOf(exchange)
  return outcome.codes
    ? scriptedPage(identity, 200, look, look.words.factors.codes, codesOnce(look, outcome.codes))
    : redirectReply(303, PAGES.factors)
}

/** The secret that waits for its first code, as a picture. */
export async function qrPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  const pending = subject && (await identity.factors.totp.pending(subject.id))
  if (!subject || !pending) return textReply(404, 'text/plain; charset=utf-8', 'nothing to scan\n')
  const { uri } = provisioningOf(pending, identity.config.passkeys.name, subject.email)
  if (exchange.target.ok && exchange.target.path === PAGES.qrSvg)
    return textReply(200, 'image/svg+xml', await qrSvg(uri))
  const body = await qrPng(uri)
  const headers = new HeaderList([
    'Content-Type',
    'image/png',
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
  ])
  return { status: 200, headers, body, origin: 'ringwall' }
}

async function show(
  identity: Identity,
  exchange: Exchange,
  subject: Subject,
  status: number,
  messages: readonly string[],
): Promise<Reply> {
  const { factors } = identity
  if (!wantsHtml(exchange)) {
    const { hasTotp, backupCodesLeft } = await factors.of(subject.id)
    const passkeys = (await factors.passkeys.list(subject.id)).map(({ id, name }) => ({ id, name }))
    const devices = (await factors.devices.list(subject.id)).map((one) => ({
      id: one.token_hash,
      user_agent: one.user_agent,
    }))
    return json(status, { totp: hasTotp, passkeys, backup_codes_left: backupCodesLeft, devices })
  }
  const look = lookOf(exchange)
  const party = partyOf(identity, exchange)
  const content = await factorList({ identity, look, subject, party, messages })
  return scriptedPage(identity, status, look, look.words.factors.title, content)
}

function confirmFirst(exchange: Exchange): Reply {
  if (wantsHtml(exchange))
    return redirectReply(303, `${PAGES.stepUp}?to=${encodeURIComponent(PAGES.factors)}`)
  const headers = ['WWW-Authenticate', stepUpChallenge({ maxAgeMs: FRESH_MS })]
  return failed(exchange, 'identity.step-up-required', () => '', headers)
}

async function beginTotp({ identity, subject }: Change): Promise<Outcome> {
  const secret = await identity.factors.totp.begin(subject.id)
  if (!secret) return { done: false, code: 'identity.factor-wrong' }
  return { done: true, answer: provisioningOf(secret, identity.config.passkeys.name, subject.email) }
}

async function confirmTotp(change: Change): Promise<Outcome> {
  const { identity, subject, fields } = change
  const check = await identity.factors.confirmTotp(subject.id, fields.get('code') ?? '')
  if (!check.ok)
    return {
      done: false,
      code: check.reason === 'locked' ? 'identity.factor-locked' : 'identity.factor-wrong',
    }
  note(change, 'identity.factor-added', { factor: 'totp' })
  await restart(change, 2, 'otp')
  return withFirstCodes(change)
}

async function addPasskey(change: Change): Promise<Outcome> {
  const { identity, exchange, subject, fields } = change
  const party = partyOf(identity, exchange)
  if (!party) return { done: false, code: 'identity.factor-wrong' }
  const raw = parsed(fields.get('passkey') ?? '')
  const name = fields.get('name') ?? ''
  const added = await identity.factors.passkeys.enrol(party, subject.id, subject.sessionRef, raw, name)
  if (!added.ok) {
    note(change, 'identity.factor-failed', { factor: 'passkey', detail: added.reason }, 'failure')
    return { done: false, code: 'identity.factor-wrong' }
  }
  note(change, 'identity.factor-added', { factor: 'passkey', id: added.id })
  await restart(change, 2, 'pop')
  return withFirstCodes(change)
}

/** With the first factor come backup codes, so that nobody is locked out by a lost telephone. */
async function withFirstCodes(change: Change): Promise<Outcome> {
  const { identity, subject } = change
  if ((await identity.factors.backupCodes.left(subject.id)) > 0)
    return { done: true, answer: { added: true } }
  const made = await makeCodes(change)
  return made.done ? { ...made, answer: { added: true } } : { done: true, answer: { added: true } }
}

async function makeCodes(change: Change): Promise<Outcome> {
  const codes = await change.identity.factors.backupCodes.regenerate(change.subject.id)
  if (!codes) return { done: false, code: 'identity.busy' }
  note(change, 'identity.backup-codes-made', { count: codes.length })
  return { done: true, codes }
}

async function remove(
  change: Change,
  factor: string,
  take: (identity: Identity) => Promise<boolean>,
): Promise<Outcome> {
  const { identity, subject } = change
  const account = await identity.accounts.find(subject.id)
  const { hasTotp, passkeys } = await identity.factors.of(subject.id)
  const isLast = passkeys + (hasTotp ? 1 : 0) === 1
  if (isLast && account && identity.factors.isRequired({ ...account, roles: subject.roles }))
    return { done: false, code: 'identity.factor-required' }
  if (!(await take(identity))) return { done: false, code: 'identity.factor-wrong' }
  if (isLast) await identity.factors.backupCodes.remove(subject.id)
  note(change, 'identity.factor-removed', { factor })
  await restart(change, isLast ? 1 : 2)
  return { done: true, answer: { removed: true } }
}

async function forgetDevice(change: Change): Promise<Outcome> {
  const { identity, subject, fields } = change
  const gone = await identity.factors.devices.forget(subject.id, fields.get('id') ?? '')
  if (gone) note(change, 'identity.device-forgotten', {})
  return outcomeOf(gone)
}

/** Ends all sessions, since what they stand on has changed, and goes on in a new one. */
async function restart(
  { identity, exchange, subject }: Change,
  level: 1 | 2,
  method?: 'otp' | 'pop',
): Promise<void> {
  const before = level === 1 ? ['pwd'] : (subject.authentication?.methods ?? ['pwd'])
  const methods = [...new Set([...before, ...(method ? [method] : [])])] as ('pwd' | 'otp' | 'pop')[]
  const token = await identity.restartSessions(subject, originOf(exchange), { assurance: level, methods })
  if (token !== undefined) setSession(identity, exchange, token)
}

function note(
  { identity, exchange, subject }: Change,
  kind: string,
  data: Readonly<Record<string, string | number>>,
  outcome: 'success' | 'failure' = 'success',
): void {
  exchange.events.push({ kind, outcome, subject: subject.id, data: { realm: identity.realm, ...data } })
}

function outcomeOf(isDone: boolean): Outcome {
  return isDone ? { done: true, answer: { done: true } } : { done: false, code: 'identity.factor-wrong' }
}
