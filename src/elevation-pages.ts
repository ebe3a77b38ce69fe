import {
  ElevatedPermissions,
  type ElevationAsked,
  type ElevationOutcome,
  ElevationRequests,
  Rbac,
} from './access/index.ts'
import type { Config } from './config/index.ts'
import { type Clock, systemRandom } from './core/clock.ts'
import { type Exchange, type Subject, wantsHtml } from './core/exchange.ts'
import { redirectReply, type Reply, textReply } from './core/reply.ts'
import { admit, escapeHtml, fill, type Identity, lookOf, page, PAGES, readForm } from './identity/index.ts'
import type { Kept } from './kept.ts'
import type { SiteRoute } from './site.ts'

const FRESH_MS = 15 * 60_000

/**
 * The page where somebody asks for elevated rights and where others approve them; none where nothing can be asked for. It
 * wants two factors that are not older than a quarter of an hour.
 */
export function elevationPages(
  config: Config,
  kept: Kept,
  identity: Identity,
  clock: Clock,
): readonly SiteRoute[] {
  const { authorization } = config.security
  const { elevation, roles, permissions, inherits } = authorization
  if (elevation.requestable.length === 0) return []
  const rbac = new Rbac(roles, permissions, inherits)
  const elevated = new ElevatedPermissions(kept.grants, rbac, clock, {
    defaultMs: elevation.default_ttl,
    maxMs: elevation.max_ttl,
    approval: elevation.approval,
  })
  const requests = new ElevationRequests({
    database: kept.store.database,
    elevated,
    requestable: elevation.requestable,
    isRole: (name) => rbac.isRole(name),
    approval: elevation.approval,
    defaultTtlMs: elevation.default_ttl,
    clock,
    random: systemRandom,
  })
  const desk: Desk = { identity, requests, elevated, clock, config: elevation }
  return [
    {
      config: {
        name: 'ringwall elevation',
        path: PAGES.elevation,
        methods: ['GET', 'POST'],
        inspect: 'off',
        authentication: { level: 2, max_age: FRESH_MS },
        content_types: ['application/x-www-form-urlencoded', 'application/json'],
      },
      upstream: (exchange) => serve(desk, exchange),
    },
  ]
}

interface Desk {
  readonly identity: Identity
  readonly requests: ElevationRequests
  readonly elevated: ElevatedPermissions
  readonly clock: Clock
  readonly config: Config['security']['authorization']['elevation']
}

async function serve(desk: Desk, exchange: Exchange): Promise<Reply> {
  const { subject } = exchange
  if (!subject) throw new Error('a route that requires sign-in was reached without a subject')
  if (exchange.method !== 'POST') return show(desk, exchange, subject, 200)
  const fields = await readForm(exchange)
  const action = fields.get('action') ?? ''
  if (action === 'ask') return ask(desk, exchange, subject, fields)
  if (action === 'end') {
    const ended = await desk.elevated.end(subject.id, subject.email)
    note(desk, exchange, 'access.elevation-ended', 'success', subject.id, { by: subject.email, count: ended })
    return done(exchange, { ended })
  }
  const decisions = { approve: 'approved', refuse: 'refused', withdraw: 'withdrawn' } as const
  const decision = Object.hasOwn(decisions, action) ? decisions[action as keyof typeof decisions] : undefined
  if (!decision || (decision !== 'withdrawn' && !isApprover(desk, subject)))
    return show(desk, exchange, subject, 403)
  const mayAct = async (asked: ElevationAsked): Promise<{ readonly email: string } | undefined> => {
    const account = await desk.identity.accounts.find(asked.accountId)
    const claim = { way: 'elevation', realm: asked.realm, sessionVersion: asked.session.version } as const
    const admission = admit(account, claim, desk.clock.now())
    return admission.ok ? { email: admission.admitted.account.email } : undefined
  }
  const outcome = await desk.requests.decide(fields.get('id') ?? '', decision, subject, mayAct)
  const whose = outcome.asked?.accountId ?? subject.id
  if (outcome.kind === 'refused') return refused(desk, exchange, subject, whose, outcome)
  const data = { request: fields.get('id') ?? '', by: subject.email }
  if (outcome.kind === 'given') noteGiven(desk, exchange, whose, outcome, subject.email)
  else note(desk, exchange, `access.elevation-${decision}`, 'success', whose, data)
  return done(exchange, { decision })
}

async function ask(
  desk: Desk,
  exchange: Exchange,
  subject: Subject,
  fields: ReadonlyMap<string, string>,
): Promise<Reply> {
  const names = (fields.get('names') ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .slice(0, 16)
  const minutes = Number(fields.get('minutes') ?? '')
  const reason = fields.get('reason') ?? ''
  const outcome = await desk.requests.ask({
    realm: subject.realm,
    accountId: subject.id,
    email: subject.email,
    session: { ref: subject.sessionRef, version: subject.sessionVersion },
    names,
    reason,
    ...(Number.isInteger(minutes) && minutes > 0 && { ttlMs: minutes * 60_000 }),
  })
  if (outcome.kind === 'refused') return refused(desk, exchange, subject, subject.id, outcome)
  if (outcome.kind === 'given') noteGiven(desk, exchange, subject.id, outcome)
  else {
    const data = { request: outcome.id, names: names.join(','), reason: reason.slice(0, 500) }
    note(desk, exchange, 'access.elevation-requested', 'success', subject.id, data)
  }
  return done(exchange, outcome.kind === 'waiting' ? { waiting: outcome.id } : { given: names })
}

function refused(
  desk: Desk,
  exchange: Exchange,
  subject: Subject,
  whose: string,
  { reason }: Extract<ElevationOutcome, { kind: 'refused' }>,
): Promise<Reply> {
  note(desk, exchange, 'access.elevation-failed', 'failure', whose, {
    by: subject.email,
    reason: reason.slice(0, 300),
  })
  return show(desk, exchange, subject, 422, reason)
}

function noteGiven(
  desk: Desk,
  exchange: Exchange,
  whose: string,
  { grants }: Extract<ElevationOutcome, { kind: 'given' }>,
  approvedBy?: string,
): void {
  for (const { id, name, reason, expiresMs } of grants) {
    note(desk, exchange, 'access.elevated', 'success', whose, {
      grant: id,
      name,
      reason,
      expires: new Date(expiresMs ?? 0).toISOString(),
      ...(approvedBy !== undefined && { approved_by: approvedBy }),
    })
  }
}

function note(
  { identity }: Desk,
  exchange: Exchange,
  kind: string,
  outcome: 'success' | 'failure',
  subject: string,
  data: Readonly<Record<string, string | number>>,
): void {
  exchange.events.push({ kind, outcome, subject, data: { realm: identity.realm, ...data } })
}

function isApprover({ config }: Desk, subject: Subject): boolean {
  return subject.roles.some((role) => config.approvers.includes(role))
}

function done(exchange: Exchange, value: object): Reply {
  return wantsHtml(exchange) ? redirectReply(303, PAGES.elevation) : json(200, value)
}

async function show(
  desk: Desk,
  exchange: Exchange,
  subject: Subject,
  status: number,
  problem?: string,
): Promise<Reply> {
  const mine = await desk.elevated.of(subject.id)
  const open = await desk.requests.open(subject.realm)
  const visible = isApprover(desk, subject) ? open : open.filter(({ accountId }) => accountId === subject.id)
  if (!wantsHtml(exchange)) {
    const grants = mine.map(({ id, name, expiresMs }) => ({ id, name, expires: expiresMs }))
    const waiting = visible.map(({ id, names, reason }) => ({ id, names, reason }))
    return json(status, {
      requestable: desk.config.requestable,
      grants,
      waiting,
      ...(problem !== undefined && { problem }),
    })
  }
  const look = lookOf(exchange)
  const { elevation: words } = look.words
  const emails = new Map<string, string>()
  for (const { accountId } of visible)
    emails.set(accountId, (await desk.identity.accounts.find(accountId))?.email ?? accountId)
  const held = mine.map(
    ({ name, expiresMs }) =>
      `<li><strong>${escapeHtml(name)}</strong> ${escapeHtml(fill(words.until, { time: timeOf(expiresMs ?? 0) }))}</li>`,
  )
  const waiting = visible.map((asked) => {
    const isOwn = asked.accountId === subject.id
    const actions = isOwn
      ? button('withdraw', words.withdraw, asked.id)
      : button('approve', words.approve, asked.id) + button('refuse', words.refuse, asked.id)
    return `<li><strong>${escapeHtml(asked.names.join(', '))}</strong> ${escapeHtml(emails.get(asked.accountId) ?? '')}<br>${escapeHtml(asked.reason)}${actions}</li>`
  })
  const options = desk.config.requestable.map((name) => `<option>${escapeHtml(name)}</option>`)
  const content = `${problem === undefined ? '' : `<p class="alert" role="alert">${escapeHtml(problem)}</p>`}
<h2>${escapeHtml(words.held)}</h2>
${held.length === 0 ? `<p>${escapeHtml(words.none)}</p>` : `<ul class="plain">${held.join('')}</ul>${button('end', words.end)}`}
<h2>${escapeHtml(words.ask)}</h2>
<form method="post" action="${PAGES.elevation}"><input type="hidden" name="action" value="ask">
<label for="names">${escapeHtml(words.what)}</label><select id="names" name="names" required>${options.join('')}</select>
<label for="reason">${escapeHtml(words.reason)}</label><input id="reason" name="reason" required maxlength="500">
<label for="minutes">${escapeHtml(words.minutes)}</label><input id="minutes" name="minutes" type="number" min="1" max="${Math.floor(desk.config.max_ttl / 60_000)}" value="${Math.floor(desk.config.default_ttl / 60_000)}">
<button>${escapeHtml(words.submit)}</button></form>
<h2>${escapeHtml(words.waiting)}</h2>
${waiting.length === 0 ? `<p>${escapeHtml(words.nothing)}</p>` : `<ul class="plain">${waiting.join('\n')}</ul>`}
<p><a href="${PAGES.account}">${escapeHtml(look.words.account.title)}</a></p>`
  return textReply(status, 'text/html; charset=utf-8', page(look, words.title, content))
}

function button(action: string, text: string, id = ''): string {
  return `<form method="post" action="${PAGES.elevation}"><input type="hidden" name="action" value="${action}"><input type="hidden" name="id" value="${escapeHtml(id)}"><button class="second">${escapeHtml(text)}</button></form>`
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`
}

function json(status: number, value: object): Reply {
  return textReply(status, 'application/json', JSON.stringify(value))
}
