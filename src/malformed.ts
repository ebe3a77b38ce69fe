import { refusalReply, type Reply } from './core/reply.ts'
import type { RefusalCode } from './core/refusals.ts'
import { refuse } from './core/verdict.ts'
import type { AuditRecord } from './core/watch.ts'

/** What Node's parser says, as a status of its own where HTTP has one (RFC 6585 5, RFC 9110 15.5.9). */
const STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** The answer to bytes that are no HTTP request: there is no exchange, so it brings the strictest headers itself. */
export function malformedAnswer(
  reason: string,
  id: string,
): { readonly head: string; readonly body: string; readonly record: Partial<AuditRecord> } {
  const code: RefusalCode = 'edge.malformed-request'
  const reply: Reply = refusalReply(refuse(code, reason), id, false)
  const status = STATUS[reason] ?? '400 Bad Request'
  const headers = [...reply.headers].map(([name, value]) => `${name}: ${value}`)
  const fixed = [
    `Ringwall-Id: ${id}`,
    'X-Content-Type-Options: nosniff',
    'X-Frame-Options: DENY',
    "Content-Security-Policy: default-src 'none'",
    'Connection: close',
  ]
  return {
    head: `HTTP/1.1 ${status}\r\n${[...headers, ...fixed].join('\r\n')}\r\n\r\n`,
    body: new TextDecoder().decode(reply.body as Uint8Array),
    record: { status: Number(status.slice(0, 3)), code, detail: `the parser says ${reason}` },
  }
}
