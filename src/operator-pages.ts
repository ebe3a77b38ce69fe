import { type AuditEvent, formatTrace, queryAudit } from './audit/index.ts'
import { cspProposal, type CspSnapshot } from './application/index.ts'
import type { Config } from './config/index.ts'
import { type Exchange, wantsHtml } from './core/exchange.ts'
import { isId } from './core/id.ts'
import { refusalReply, textReply } from './core/reply.ts'
import { refuse } from './core/verdict.ts'
import { escapeHtml } from './identity/index.ts'
import { accessPages } from './access-pages.ts'
import type { Kept } from './kept.ts'
import { frame, html, json, STYLE } from './operator-frame.ts'
import type { RecordEvent } from './grant-desk.ts'
import type { SiteRoute } from './site.ts'

const SHOWN = 100

/** What an operator sees at his own door: the last lines of the watch, and the walk of one exchange. */
export function operatorPages(config: Config, kept: Kept, record: RecordEvent): readonly SiteRoute[] {
  const { database } = kept.store
  const page = (name: string, path: string, upstream: SiteRoute['upstream']): SiteRoute => ({
    config: {
      name: `operator ${name}`,
      path,
      methods: ['GET'],
      sign_in: 'required',
      permission: 'audit:read',
    },
    upstream,
  })
  return [
    ...accessPages(config, kept, record),
    page('overview', '/', async (exchange) => {
      const only = new URLSearchParams(exchange.target.ok ? exchange.target.rawQuery : '').get('verdict')
      const filter = only === null ? {} : { verdict: only.slice(0, 16) }
      const events = await queryAudit(database, { ...filter, limit: SHOWN, take: 'newest' })
      return wantsHtml(exchange) ? html(overview(config, events.toReversed())) : json(events)
    }),
    page('walk', '/exchanges/{id}', async (exchange) => {
      const { id = '' } = exchange.route.params
      const events = isId(id) ? await queryAudit(database, { id }) : []
      if (events.length === 0)
        return refusalReply(refuse('gateway.no-route', 'no such exchange'), exchange.id, wantsHtml(exchange))
      return wantsHtml(exchange) ? html(walkOf(id, events)) : json(events)
    }),
    page('csp', '/csp', async (exchange) => {
      const seen = await kept.csp.snapshot()
      return wantsHtml(exchange) ? html(scriptsOf(config, seen)) : json(seen)
    }),
    page('style', '/operator.css', async (_exchange: Exchange) =>
      textReply(200, 'text/css; charset=utf-8', STYLE),
    ),
  ]
}

function overview(config: Config, events: readonly AuditEvent[]): string {
  const rows = events.map((event) => {
    const what = event.kind === 'exchange' ? `${event.method ?? ''} ${event.path ?? ''}` : event.kind
    return `<tr class="${event.verdict === 'refuse' || event.verdict === 'failure' ? 'no' : 'yes'}">
<td><time>${new Date(event.atMs).toISOString().slice(11, 23)}</time></td><td>${escapeHtml(event.verdict)}</td>
<td>${event.status ?? ''}</td><td class="what">${escapeHtml(what)}</td><td>${escapeHtml(event.code ?? '')}</td>
<td>${escapeHtml(event.ip ?? '')}</td><td>${event.durationMicros === null ? '' : `${(event.durationMicros / 1000).toFixed(1)} ms`}</td>
<td><a href="/exchanges/${event.id}">walk</a></td></tr>`
  })
  const upstreams = Object.entries(config.upstreams).map(([name, { servers }]) =>
    escapeHtml(`${name} (${servers.map(({ url }) => url).join(', ')})`),
  )
  return frame(
    'The watch',
    `<p>Protecting ${upstreams.join(', ') || 'nothing yet'}. The last ${SHOWN} lines of the audit log, newest first.
<a href="/">all</a> <a href="/?verdict=refuse">refused</a> <a href="/?verdict=pass">passed</a></p>
<table><thead><tr><th>Time (UTC)</th><th>Verdict</th><th>Status</th><th>What</th><th>Code</th><th>From</th><th>Took</th><th></th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`,
  )
}

function walkOf(id: string, events: readonly AuditEvent[]): string {
  const walks = events.map((event) =>
    event.kind === 'exchange'
      ? `<pre>${escapeHtml(formatTrace(event))}</pre>`
      : `<pre>${escapeHtml(`${event.kind} ${event.verdict} ${JSON.stringify(event.data)}`)}</pre>`,
  )
  return frame(`Walk ${id}`, `<p><a href="/">back to the watch</a></p>${walks.join('\n')}`)
}

/** What pages hold and the policy lacks, to be looked at; `ringwall csp adopt` changes the lists. */
function scriptsOf({ security }: Config, seen: CspSnapshot): string {
  const { csp_known: known, csp_sources: sources, csp_nonce: mode } = security.application
  const parts = Object.entries(seen).map(([origin, pages]) => {
    const { add, remove, sources: more, unfit } = cspProposal(origin, pages, known, sources)
    const row = (sign: string, where: string, what: string, why: string): string =>
      `<tr><td>${sign}</td><td>${escapeHtml(where)}</td><td class="what">${escapeHtml(what)}</td><td>${escapeHtml(why)}</td></tr>`
    const rows = [
      ...add.map(({ kind, source, times }) => row('+', 'csp_known', source, `${kind}, seen ${times} times`)),
      ...remove.map((source) => row('-', 'csp_known', source, 'not seen')),
      ...more.map((one) =>
        row('+', `csp_sources.${one.directive}`, one.blocked, `reported ${one.times} times, by anybody`),
      ),
      ...unfit.map((one) => row('!', one.directive, one.blocked, `on ${one.page}: the page must change`)),
    ]
    return `<h2>${escapeHtml(origin)}</h2><table><thead><tr><th></th><th>List</th><th>Source</th><th>Why</th></tr></thead>
<tbody>${rows.join('\n') || '<tr><td colspan="4">The lists are what was seen.</td></tr>'}</tbody></table>`
  })
  return frame(
    'Scripts and styles',
    `<p>The policy is <strong>${mode}</strong>. What was injected into a page is seen as well: look before you adopt with <code>ringwall csp adopt</code>.</p>
${parts.join('\n') || '<p>Nothing was seen yet.</p>'}`,
  )
}
