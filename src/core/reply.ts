import { HeaderList } from './headers.ts'
import { REFUSALS, type RefusalCode } from './refusals.ts'
import type { Refuse } from './verdict.ts'

/** Nothing, all bytes at once, or a stream of them. */
export type ReplyBody = null | Uint8Array | AsyncIterable<Uint8Array>

/** What goes back to the client. Response walls may change its fields or wrap its body. */
export interface Reply {
  status: number
  headers: HeaderList
  body: ReplyBody
  /** Trailer fields as a flat list; known once the body has ended. */
  readonly trailers?: () => readonly string[]
  /** Lets go of a body that nobody will read. */
  readonly cancel?: () => void
  /** Set when the application agreed to switch protocols; only the two ends of the socket look inside. */
  readonly tunnel?: object
  /** Who made it: Ringwall itself, or the application. */
  readonly origin: 'ringwall' | 'upstream'
  /** Set on refusals. */
  readonly code?: RefusalCode
  /** Whether the connection must end after it, since the request's body was left unread. */
  close?: boolean
}

/** Fields that say something of the bytes of a body: untrue as soon as a wall changes one. */
const FIELDS_OF_BYTES = [
  'content-length',
  'etag',
  'last-modified',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]

/** The bytes of this reply will be others, and not those for the next visitor: nothing may say or keep what they were. */
export function dropFieldsOfBytes({ headers }: Reply): void {
  for (const name of FIELDS_OF_BYTES) headers.delete(name)
  headers.set('Cache-Control', 'no-store')
}

const encoder = new TextEncoder()

/** A reply of Ringwall's own with a text body. */
export function textReply(
  status: number,
  contentType: string,
  text: string,
  headers: readonly string[] = [],
): Reply {
  const body = encoder.encode(text)
  const list = new HeaderList(headers)
  list.set('Content-Type', contentType)
  list.set('Content-Length', String(body.length))
  list.set('Cache-Control', 'no-store')
  return { status, headers: list, body, origin: 'ringwall' }
}

/** A redirect that is never cached. 303 turns the next request into a GET (RFC 9110 15.4.4). */
export function redirectReply(
  status: 303 | 307 | 308,
  location: string,
  headers: readonly string[] = [],
): Reply {
  return textReply(status, 'text/plain; charset=utf-8', '', [...headers, 'Location', location])
}

/**
 * A refusal as the client sees it: RFC 9457 problem+json with code, title and id, and what it is `told`; a small page
 * with the same three for a browser that asked for HTML.
 */
export function refusalReply(refusal: Refuse, id: string, wantsHtml: boolean): Reply {
  const row = REFUSALS[refusal.code]
  const reply = wantsHtml
    ? textReply(
        row.status,
        'text/html; charset=utf-8',
        refusalPage(row.title, refusal.code, id),
        refusal.headers,
      )
    : textReply(
        row.status,
        'application/problem+json',
        JSON.stringify({
          type: `urn:ringwall:${refusal.code}`,
          title: row.title,
          status: row.status,
          code: refusal.code,
          id,
          ...refusal.told,
        }),
        refusal.headers,
      )
  return { ...reply, code: refusal.code }
}

// Title, code and id come from our own tables and alphabet, so there is nothing here to escape.
function refusalPage(title: string, code: RefusalCode, id: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body><main><h1>${title}</h1><p>If this surprises you, tell the operator of this site the two lines below.</p>
<dl><dt>Code</dt><dd><code>${code}</code></dd><dt>Id</dt><dd><code>${id}</code></dd></dl></main></body></html>
`
}
