import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Reply } from './core/reply.ts'
import type { Sent } from './record.ts'
import { linger } from './turns.ts'

/** The links of an early hint: the only field that it is for (RFC 8297 2). */
export function earlyLinks(fields: readonly string[]): string[] {
  const links: string[] = []
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === 'link') links.push(fields[i + 1] as string)
  return links
}

/** Never rejects: what cannot be written is a reply that broke off, and is recorded as one. */
export async function writeReply(res: ServerResponse, req: IncomingMessage, reply: Reply): Promise<Sent> {
  try {
    return await writeWhole(res, req, reply)
  } catch {
    reply.cancel?.()
    res.destroy()
    return { bytesOut: 0, aborted: true }
  }
}

async function writeWhole(res: ServerResponse, req: IncomingMessage, reply: Reply): Promise<Sent> {
  if (res.destroyed || res.socket?.destroyed === true) {
    reply.cancel?.()
    return { bytesOut: 0, aborted: true }
  }
  if (reply.close === true) {
    res.shouldKeepAlive = false
    // Node would destroy the socket with the reply still on its way; a reset then reaches the client before it.
    const { socket } = req
    socket.destroySoon = () => linger(socket)
  }
  res.writeHead(reply.status, reply.headers.flat() as string[])
  const { body } = reply
  if (body === null || body instanceof Uint8Array) {
    if (body === null) res.end()
    else res.end(body)
    await finished(res)
    return { bytesOut: body?.length ?? 0, aborted: !res.writableFinished }
  }
  if (!reply.headers.has('content-length')) res.flushHeaders()
  return writeStream(res, body, reply)
}

async function writeStream(
  res: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  reply: Reply,
): Promise<Sent> {
  let bytesOut = 0
  const gone = new Promise<'gone'>((resolve) => {
    res.once('close', () => resolve('gone'))
  })
  try {
    for await (const chunk of body) {
      if (res.destroyed) break
      bytesOut += chunk.length
      if (!res.write(chunk) && (await Promise.race([once(res, 'drain'), gone])) === 'gone') break
    }
  } catch {
    // INVARIANT: a reply that broke off must not look whole. Without a proper end the client sees the break.
    res.destroy()
    return { bytesOut, aborted: true }
  }
  if (res.destroyed) {
    reply.cancel?.()
    return { bytesOut, aborted: true }
  }
  const trailers = reply.trailers?.() ?? []
  if (trailers.length > 0) {
    const pairs: [string, string][] = []
    for (let i = 0; i < trailers.length; i += 2)
      pairs.push([trailers[i] as string, trailers[i + 1] as string])
    res.addTrailers(pairs)
  }
  res.end()
  await finished(res)
  return { bytesOut, aborted: !res.writableFinished }
}

function finished(res: ServerResponse): Promise<void> {
  if (res.writableFinished || res.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    res.once('finish', resolve)
    res.once('close', resolve)
  })
}
