/** What the application must have read; fields are compared without case of their names. */
export interface Wanted {
  readonly method: string
  readonly target: string
  readonly body?: string
  readonly has?: readonly (readonly [string, string])[]
  readonly hasNot?: readonly string[]
}

/** One conversation on one connection. A second, ordinary request is sent right behind it unless it says otherwise. */
export interface RequestCase {
  /** The section, and what is sent. */
  readonly id: string
  readonly send: string | readonly string[]
  /** Refused with this status, and the application sees nothing. */
  readonly refuse?: number
  /** Whether the connection must stay open after the refusal: only what was asked was in doubt, not where it ended. */
  readonly open?: true
  /** Accepted, with exactly these readings. */
  readonly accept?: readonly Wanted[]
  /** The gateway closes after it, and what is sent behind it is never read. */
  readonly closes?: true
  /** Nothing is sent behind it. */
  readonly alone?: true
  /** Our side is closed after the last byte. */
  readonly halfClose?: true
  /** No answer at all: what was sent was no request, or not a whole one. */
  readonly silent?: true
  /** Statuses of informational answers before the final one. */
  readonly informed?: readonly number[]
  /** The final status, where it is not 200. */
  readonly status?: number
}

/** The host of all cases. */
export const HOST = 'Host: a.test\r\n'

/** A GET of this target, with more field lines. */
export function get(target: string, fields = ''): string {
  return `GET ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`
}

/** A POST with these field lines and these bytes behind its head. */
export function post(fields: string, bytes = ''): string {
  return `POST /p HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\n${fields}\r\n${bytes}`
}

/** A chunked POST with these bytes as its body. */
export function chunked(bytes: string, fields = ''): string {
  return post(`${fields}Transfer-Encoding: chunked\r\n`, bytes)
}

/** A POST that was read with this body. */
export function posted(body: string): readonly Wanted[] {
  return [{ method: 'POST', target: '/p', body }]
}
