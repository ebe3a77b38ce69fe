/** One ordinary request. Text is a byte string (one char per byte), as it goes over the wire. */
export interface OrdinaryRequest {
  /** Unique and stable: the topic, the number of the seed, and the place where it stands. */
  readonly id: string
  /** For counting apart, and for keeping some topics back. */
  readonly topic: string
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** All but Content-Length, which belongs to whoever sends it. */
  readonly headers: [string, string][]
  readonly body?: string
}

/** A request before it has an id and the headers of a browser. */
export interface Draft {
  readonly method?: string
  readonly target: string
  readonly type?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
}

/** UTF-8 as a byte string. */
export function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** As `encodeURIComponent` writes it: `%20`, and apostrophes as they are. */
export const percent = encodeURIComponent

/** As a form writes it: `+` for a space, `%27` for an apostrophe. */
export function formValue(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice(2)
}

/** A form, as a browser posts it. */
export function form(target: string, fields: Readonly<Record<string, string>>, method = 'POST'): Draft {
  const body = new URLSearchParams(fields).toString()
  return { method, target, type: 'application/x-www-form-urlencoded', body }
}

/** JSON with its UTF-8 as it is. */
export function json(target: string, value: unknown, method = 'POST', type = 'application/json'): Draft {
  return { method, target, type, body: bytes(JSON.stringify(value)) }
}

/** JSON in ASCII, as Python and PHP write it by default. */
export function asciiJson(target: string, value: unknown, method = 'POST'): Draft {
  const text = JSON.stringify(value)
  let body = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    body += code < 0x7f ? text.charAt(i) : `\\u${code.toString(16).padStart(4, '0')}`
  }
  return { method, target, type: 'application/json; charset=utf-8', body }
}

/** One part of a multipart form. */
export interface Part {
  readonly name: string
  readonly content: string
  readonly file?: string
  readonly type?: string
}

/** A multipart form (RFC 7578), as Chromium writes it. Contents are byte strings. */
export function multipart(target: string, boundary: string, parts: readonly Part[]): Draft {
  const written = parts.map(({ name, content, file, type }) => {
    const fileName = file === undefined ? '' : `; filename="${bytes(file).replaceAll('"', '%22')}"`
    const kind = type === undefined ? '' : `\r\nContent-Type: ${type}`
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName}${kind}\r\n\r\n${content}\r\n`
  })
  return {
    method: 'POST',
    target,
    type: `multipart/form-data; boundary=${boundary}`,
    body: `${written.join('')}--${boundary}--\r\n`,
  }
}

/** Text as content of an XML element. */
export function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
