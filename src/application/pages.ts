import type { Exchange } from '../core/exchange.ts'
import { refusalReply, type Reply, textReply } from '../core/reply.ts'
import { refuse } from '../core/verdict.ts'
import type { CspBook } from './csp-book.ts'
import { MAX_REPORT_BYTES, readCspReports } from './csp-report.ts'

/** Where browsers send reports of the policy of pages. */
export const CSP_REPORT_PATH = '/.well-known/ringwall/csp-report'

/** Takes the reports of browsers. Whatever comes, nothing of it is sent back, and nothing is decided by it. */
export async function serveCspReport(book: CspBook, exchange: Exchange, origin: string): Promise<Reply> {
  const { bytes, complete } = await exchange.body.tap(MAX_REPORT_BYTES)
  const read = complete
    ? readCspReports(exchange.headers.get('content-type'), bytes)
    : { ok: false as const, reason: 'too-large' }
  if (!read.ok)
    return refusalReply(
      refuse('application.content-type-not-allowed', `a report that cannot be read: ${read.reason}`),
      exchange.id,
      false,
    )
  book.report(origin, read.reports)
  return { ...textReply(204, 'text/plain', ''), body: null }
}
