import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'

import type { Reply } from './core/reply.ts'
import type { Sent } from './record.ts'
import { linger } from './turns.ts'

/** Bodies up to this size are joined with their head. */
const MAX_JOINED_BYTES = 8 * 1024

/** The links of an early hint: the only field that it is for (RFC 8297 2). */
export function earlyLinks(fields: readonly string[]): string[] {
  const links: string[] = []
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === 'link') links.push(fields[i + 1] as string)
  return links
}

/**
 * Waits for an event of what is written to. False when it is gone, or when nothing could be written for so long: a client that
 * reads slower than that holds an application's answer, and is let go.
 */
export function unlessStalled(to: Writable, event: 'drain' | 'finish', stallMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    if (to.destroyed) {
      resolve(false)
      return
    }
    let timer: NodeJS.Timeout
    const settle = (isThere: boolean): void => {
      clearTimeout(timer)
      to.off(event, onEvent).off('close', onClose)
      resolve(isThere)
    }
    const onEvent = (): void => settle(true)
    const onClose = (): void => settle(event === 'finish' && to.writableFinished)
    const writtenOf = (): number => bytesWritten(to)
    let written = writtenOf()
    const check = (): void => {
      const now = writtenOf()
      if (now === written) {
        settle(false)
        return
      }
      written = now
      timer = setTimeout(check, stallMs)
    }
    timer = setTimeout(check, stallMs)
    to.on(event, onEvent).on('close', onClose)
  })
}

/** Bytes that have left us, or the nearest that can be known. */
function bytesWritten(to: Writable): number {
  const socket = 'socket' in to ? (to.socket as { bytesWritten?: number } | null | undefined) : undefined
  return (socket?.bytesWritten ?? 0) - to.writableLength
}

/** Never rejects: what cannot be written is a reply that broke off, and is recorded as one. */
export async function writeReply(
  res: ServerResponse,
  req: IncomingMessage,
  reply: Reply,
  stallMs: number,
): Promise<Sent> {
  try {
    return await writeWhole(res, req, reply, stallMs)
  } catch {
    reply.cancel?.()
    res.destroy()
    return { bytesOut: 0, aborted: true }
  }
}

async function writeWhole(
  res: ServerResponse,
  req: IncomingMessage,
  reply: Reply,
  stallMs: number,
): Promise<Sent> {
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
    else if (body.length > MAX_JOINED_BYTES) res.end(body)
    // Head and body in one string leave in one write.
    else res.end(latin1Of(body), 'latin1')
    const isOut = await finished(res, stallMs)
    return { bytesOut: body?.length ?? 0, aborted: !isOut }
  }
  if (!reply.headers.has('content-length')) res.flushHeaders()
  return writeStream(res, body, reply, stallMs)
}

async function writeStream(
  res: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  reply: Reply,
  stallMs: number,
): Promise<Sent> {
  let bytesOut = 0
  try {
    for await (const chunk of body) {
      if (res.destroyed) break
      bytesOut += chunk.length
      if (res.write(chunk) || (await unlessStalled(res, 'drain', stallMs))) continue
      res.destroy()
      break
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
  return { bytesOut, aborted: !(await finished(res, stallMs)) }
}

/** Whether all of it has left us. */
async function finished(res: ServerResponse, stallMs: number): Promise<boolean> {
  if (res.writableFinished) return true
  if (await unlessStalled(res, 'finish', stallMs)) return true
  res.destroy()
  return false
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
