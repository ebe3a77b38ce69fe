import { proofText, reviewStored, type StoredReview } from './access-review.ts'
import type { Config } from './config/index.ts'
import { RingwallError } from './core/errors.ts'
import { type Exchange, wantsHtml } from './core/exchange.ts'
import { redirectReply, type Reply, textReply } from './core/reply.ts'
import { parseDuration } from './core/units.ts'
import { GrantDesk, type Held, readEnd, readScope, type RecordEvent, scopeOf, when } from './grant-desk.ts'
import { type Account, escapeHtml, readForm } from './identity/index.ts'
import type { Kept } from './kept.ts'
import { frame, html, json } from './operator-frame.ts'
import type { SiteRoute } from './site.ts'

type Realm = Account['realm']

const MAX_REVIEW_MS = 366 * 86_400_000

/**
 * Who has what, at the operator's door: to see, to give, to take back and to review, as pages and, for who does not ask
 * for HTML, as an API (`GET /access`, `POST /access/give`, `POST /access/revoke`, `GET /access/review`).
 */
export function accessPages(config: Config, kept: Kept, record: RecordEvent): readonly SiteRoute[] {
  const deskOf = (exchange: Exchange, realm: Realm): GrantDesk => {
    const by = exchange.subject?.email
    if (by === undefined) throw new Error('a route that requires a permission was reached without a subject')
    return new GrantDesk({ authorization: config.security.authorization, kept, realm, by, record })
  }
  const route = (
    path: string,
    method: 'GET' | 'POST',
    upstream: (exchange: Exchange) => Promise<Reply>,
  ): SiteRoute => ({
    config: {
      name: `operator ${path.slice(1).replace('/', ' ')}`,
      path,
      methods: [method],
      sign_in: 'required',
      permission: method === 'GET' ? 'access:read' : 'access:write',
      inspect: 'off',
      content_types: ['application/x-www-form-urlencoded', 'application/json'],
    },
    upstream,
  })
  return [
    route('/access', 'GET', async (exchange) => {
      const desk = deskOf(exchange, realmOf(queryOf(exchange)))
      const held = await desk.held()
      return wantsHtml(exchange) ? html(heldPage(desk, held)) : json(held)
    }),
    route('/access/give', 'POST', (exchange) =>
      change(exchange, deskOf, async (desk, fields) => {
        const made = await give(desk, fields)
        return { status: 201, said: made }
      }),
    ),
    route('/access/revoke', 'POST', (exchange) =>
      change(exchange, deskOf, async (desk, fields) => ({
        status: 200,
        said: { revoked: await takeBack(desk, fields) },
      })),
    ),
    route('/access/review', 'GET', async (exchange) => {
      const query = queryOf(exchange)
      const desk = deskOf(exchange, realmOf(query))
      const since = query.get('since') ?? '90d'
      const sinceMs = Math.min(parseDuration(since) ?? parseDuration('90d') ?? 0, MAX_REVIEW_MS)
      const nowMs = Date.now()
      const stored = await reviewStored(config, kept, desk.realm, { fromMs: nowMs - sinceMs, nowMs })
      const { lines, proof } = stored.review
      await record('access.reviewed', exchange.subject?.id ?? '', {
        realm: desk.realm,
        by: desk.by,
        holdings: lines.length,
        can_go: lines.filter(({ advice }) => advice === 'can go').length,
        decisions: proof.decisions,
      })
      return wantsHtml(exchange) ? html(reviewPage(desk, stored)) : json(reviewData(stored))
    }),
  ]
}

type Fields = ReadonlyMap<string, string>

/** Does what a form or a program asks for. An operator's mistake is shown on the page, or as problem+json. */
async function change(
  exchange: Exchange,
  deskOf: (exchange: Exchange, realm: Realm) => GrantDesk,
  work: (desk: GrantDesk, fields: Fields) => Promise<{ readonly status: number; readonly said: unknown }>,
): Promise<Reply> {
  const fields = await readForm(exchange)
  const desk = deskOf(exchange, realmOf(fields))
  try {
    const { status, said } = await work(desk, fields)
    return wantsHtml(exchange) ? redirectReply(303, `/access?realm=${desk.realm}`) : json(said, status)
  } catch (thrown) {
    if (!(thrown instanceof RingwallError)) throw thrown
    if (wantsHtml(exchange)) return html(heldPage(desk, await desk.held(), thrown.message, fields), 422)
    const problem = { title: 'This cannot be done', status: 422, detail: thrown.message, id: exchange.id }
    return textReply(422, 'application/problem+json', JSON.stringify(problem))
  }
}

async function give(desk: GrantDesk, fields: Fields) {
  const text = (name: string): string => fields.get(name)?.trim() ?? ''
  const giving = {
    email: text('email'),
    reason: text('reason'),
    ...optional('on', text('on'), readScope, 'write Type::id, such as Order::7, or Order::*'),
    ...optional(
      'expiresMs',
      text('expires'),
      (end) => readEnd(end, Date.now()),
      'it ends after 15m, 8h or 30d, or at a date to come',
    ),
  }
  const name = text('name')
  switch (text('kind')) {
    case 'role':
      return [await desk.assign(name, giving)]
    case 'permission':
      return [await desk.grant(name, giving)]
    case 'elevation':
      return desk.elevate(name.split(/[\s,]+/).slice(0, 20), {
        ...giving,
        ...(text('approved_by') !== '' && { approvedBy: text('approved_by') }),
      })
    default:
      throw wrong('say what is given: `kind` is role, permission or elevation')
  }
}

/** By the id of a grant; a role of the account itself by `email` and `role`. */
async function takeBack(desk: GrantDesk, fields: Fields): Promise<readonly string[]> {
  const id = fields.get('id') ?? ''
  const reason = fields.get('reason')?.trim() || undefined
  if (id !== '') return [(await desk.revoke(id, reason)).id]
  const email = fields.get('email') ?? ''
  const role = fields.get('role') ?? ''
  if (email === '' || role === '') throw wrong('say what is taken back: `id`, or `email` and `role`')
  return desk.revokeRole(email, role, undefined, reason)
}

function optional<Key extends string, Value>(
  key: Key,
  text: string,
  read: (text: string) => Value | undefined,
  otherwise: string,
): { readonly [K in Key]?: Value } {
  if (text === '') return {}
  const value = read(text)
  if (value === undefined) throw wrong(otherwise)
  return { [key]: value } as { readonly [K in Key]: Value }
}

function wrong(message: string): RingwallError {
  return new RingwallError('access.grant-invalid', message)
}

function queryOf({ target }: Exchange): Fields {
  return new Map(new URLSearchParams(target.ok ? target.rawQuery : ''))
}

function realmOf(fields: Fields): Realm {
  return fields.get('realm') === 'operator' ? 'operator' : 'site'
}

function heldPage(
  desk: GrantDesk,
  held: readonly Held[],
  alert?: string,
  fields: Fields = new Map(),
): string {
  const rows = held.map((one) => {
    const cells = [
      one.email,
      one.name,
      one.kind,
      one.on,
      one.source,
      one.grantedBy ?? '',
      when(one.expiresMs, ''),
      when(one.lastUsedMs, ''),
      one.reason ?? '',
    ]
    return row(cells, revokeForm(desk.realm, one))
  })
  const heads = [
    'Who',
    'What',
    'Kind',
    'On',
    'Source',
    'Given by',
    'Ends',
    'Last used',
    'Reason',
    'Take back',
  ]
  return frame(
    'Access',
    `${tabs('/access', desk.realm)}${alert === undefined ? '' : `<p role="alert">${escapeHtml(alert)}</p>`}
${giveForm(desk, fields)}
${table(heads, rows)}
<p><a href="/access/review?realm=${desk.realm}">Review</a>: what of this did nobody need in the last 90 days?</p>`,
  )
}

function giveForm({ rbac, permissions, realm }: GrantDesk, fields: Fields): string {
  const value = (name: string): string => escapeHtml(fields.get(name) ?? '')
  const kinds = ['role', 'permission', 'elevation'].map(
    (kind) => `<option${fields.get('kind') === kind ? ' selected' : ''}>${kind}</option>`,
  )
  const names = [...rbac.roles, ...permissions].map((name) => `<option value="${escapeHtml(name)}">`)
  return `<form class="row" method="post" action="/access/give"><input type="hidden" name="realm" value="${realm}">
<label>E-mail<input name="email" type="email" required maxlength="320" value="${value('email')}"></label>
<label>Give<select name="kind">${kinds.join('')}</select></label>
<label>Which<input name="name" required maxlength="500" list="names" value="${value('name')}"></label>
<datalist id="names">${names.join('')}</datalist>
<label>Only on<input name="on" maxlength="500" placeholder="Order::7" value="${value('on')}"></label>
<label>Ends<input name="expires" maxlength="40" placeholder="8h, 30d" value="${value('expires')}"></label>
<label>Reason<input name="reason" required maxlength="500" value="${value('reason')}"></label>
<label>Approved by<input name="approved_by" maxlength="320" value="${value('approved_by')}"></label>
<button>Give</button></form>`
}

function revokeForm(realm: Realm, { id, email, name, source }: Held): string {
  const what = source === 'account' ? { email, role: name } : { id }
  const hidden = Object.entries({ realm, ...what }).map(
    ([key, value]) => `<input type="hidden" name="${key}" value="${escapeHtml(value)}">`,
  )
  const label = escapeHtml(`Take ${name} back from ${email}`)
  return `<form method="post" action="/access/revoke">${hidden.join('')}<button aria-label="${label}">Take back</button></form>`
}

function reviewPage({ realm }: GrantDesk, { review, roles, who }: StoredReview): string {
  const rows = review.lines.map((line) =>
    row(
      [
        who.get(line.subject)?.email ?? `${line.subject} (gone)`,
        line.holding.name,
        scopeOf(line.holding),
        line.source,
        line.grantedBy ?? '',
        when(line.grantedMs, ''),
        when(line.lastUsedMs, 'never'),
        String(line.uses),
        line.advice,
      ],
      '',
      line.advice === 'can go',
    ),
  )
  const heads = ['Who', 'What', 'On', 'Source', 'Given by', 'Since', 'Last used', 'Uses', 'Advice', '']
  const wide = roles.roles.map(({ role, unused }) => row([role, unused.join(' ') || 'nothing'], ''))
  return frame(
    'Access review',
    `${tabs('/access/review', realm)}<p>${escapeHtml(proofText(review))}</p>${table(heads, rows)}
<h2>What roles give that nobody used</h2>${table(['Role', 'Never used', ''], wide)}`,
  )
}

function reviewData({ review, roles, who }: StoredReview): unknown {
  const lines = review.lines.map((line) => ({ ...line, email: who.get(line.subject)?.email ?? null }))
  return { ...review, lines, roles }
}

function tabs(path: string, realm: Realm): string {
  const tab = (one: Realm, title: string): string =>
    `<a href="${path}?realm=${one}"${one === realm ? ' aria-current="page"' : ''}>${title}</a>`
  return `<nav aria-label="Whose access">${tab('site', 'Users of the site')} ${tab('operator', 'Operators')}</nav>`
}

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((one) => `<th scope="col">${escapeHtml(one)}</th>`).join('')
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function row(cells: readonly string[], last: string, isMarked = false): string {
  const columns = cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')
  return `<tr${isMarked ? ' class="no"' : ''}>${columns}<td>${last}</td></tr>`
}
