// A real gateway over real sockets, an application behind it that writes down every byte it gets, and a client that reads
// answers as strictly as the application reads requests.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { completeConfig, type ConfigInput, ringwall } from '../../src/index.ts'
import { type Message, readMessages } from './messages.ts'

/** What the application behind the gateway got, as it read it. */
export interface Seen {
  readonly method: string
  readonly target: string
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
}

/** The bytes with which the application answers a request; `end` closes its side after them. */
export interface Answer {
  readonly bytes: string
  readonly end?: boolean
}

/** A gateway with its application. */
export interface Rig {
  readonly port: number
  /** Everything that reached the application since the last call. */
  take(): Seen[]
  /** What was wrong with the requests that reached it since the last call: the gateway's own framing. */
  takeFaults(): string[]
  close(): Promise<void>
}

/** The configuration of a gateway that stands in front of this port, with the walls out of the way that are asked elsewhere. */
export function configFor(
  applicationUrl: string,
  directory: string,
  listen: NonNullable<ConfigInput['listen']>,
  edge: NonNullable<NonNullable<ConfigInput['security']>['edge']> = {},
): ConfigInput {
  return {
    listen: { https: 'off', operator: 'off', ...listen },
    store: { directory },
    upstreams: { application: { url: applicationUrl, timeout: '2s', connect_timeout: '2s' } },
    routes: [{ path: '/**', sign_in: 'off', max_body: '1MB', cross_site: 'allow', inspect: 'off' }],
    security: { edge, perimeter: { rules: { RATE_LIMIT: { enabled: false } } } },
  }
}

/** Starts both. Without `answer` the application says 200 to everything. */
export async function openRig(
  answer?: (seen: Seen) => Answer,
  scheme: 'http' | 'https' = 'http',
): Promise<Rig> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-http1-'))
  const seen: Seen[] = []
  const faults: string[] = []
  const application = net.createServer((socket) => {
    let held = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (data: Buffer) => {
      held += data.toString('latin1')
      const read = readMessages(held, 'request')
      if (read.fault !== undefined) {
        faults.push(read.fault)
        socket.destroy()
        return
      }
      held = read.rest
      for (const message of read.messages) {
        const request = seenOf(message)
        seen.push(request)
        const { bytes, end } = answer?.(request) ?? ordinaryAnswer(request)
        if (end === true) socket.end(bytes, 'latin1')
        else socket.write(bytes, 'latin1')
      }
    })
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const { port } = application.address() as AddressInfo
  const gateway = await ringwall(
    completeConfig(
      configFor(`http://127.0.0.1:${port}`, directory, { http: 'off', [scheme]: '127.0.0.1:0' }),
    ),
  )
  const url = (await gateway.listen())[scheme]
  return {
    port: Number(new URL(url as string).port),
    take: () => seen.splice(0),
    takeFaults: () => faults.splice(0),
    async close() {
      await gateway.close()
      application.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function seenOf(message: Message): Seen {
  const [method = '', target = ''] = message.start.split(' ')
  return { method, target, fields: message.fields, body: message.body }
}

/** An answer that an application in order gives. */
export function ordinaryAnswer(request: Seen): Answer {
  const asks = request.fields.some(
    ([name, value]) => name.toLowerCase() === 'upgrade' && value === 'websocket',
  )
  if (asks && request.target === '/ws')
    return {
      bytes:
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
    }
  const body = request.method === 'HEAD' ? '' : 'ok'
  return { bytes: `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n${body}` }
}

/** What a client got on one connection. */
export interface Got {
  readonly answers: readonly Message[]
  /** Why what came is not a sequence of whole answers. */
  readonly fault: string | undefined
  readonly rest: string
  readonly closed: boolean
}

/**
 * Sends these pieces on one connection, and reads until the gateway closes, until so many final answers have come, or until
 * nothing more comes.
 */
export async function converse(
  port: number,
  pieces: readonly string[],
  options: {
    readonly finals: number
    readonly heads?: readonly string[]
    readonly halfClose?: boolean
    readonly silenceMs?: number
  },
): Promise<Got> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.setNoDelay(true)
  let text = ''
  let closed = false
  let wake: () => void = () => undefined
  const onBytes = (data: Buffer): void => {
    text += data.toString('latin1')
    wake()
  }
  socket.on('data', onBytes)
  const onClose = (): void => {
    closed = true
    wake()
  }
  socket.on('end', onClose)
  socket.on('close', onClose)
  socket.on('error', onClose)
  for (const piece of pieces) {
    if (closed) break
    socket.write(piece, 'latin1')
    if (pieces.length > 1) await new Promise((resolve) => setTimeout(resolve, 3))
  }
  if (options.halfClose === true) socket.end()
  const endMs = Date.now() + (options.silenceMs ?? 4000)
  const read = () => readMessages(text, 'answer', options.heads)
  const isOver = (): boolean => closed || Date.now() >= endMs
  while (!isOver()) {
    const finals = read().messages.filter(({ start }) => !start.startsWith('HTTP/1.1 1')).length
    if (finals >= options.finals) break
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, endMs - Date.now()))
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
  // A connection that is to be closed after the answers is, within a moment.
  if (
    !closed &&
    read()
      .messages.at(-1)
      ?.fields.some(([name, value]) => /^connection$/i.test(name) && value === 'close')
  )
    await Promise.race([once(socket, 'end'), new Promise((resolve) => setTimeout(resolve, 2000))])
  const { messages, rest, fault } = read()
  socket.destroy()
  return { answers: messages, fault, rest, closed }
}
