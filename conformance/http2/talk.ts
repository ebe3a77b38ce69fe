// One raw HTTP/2 connection over TLS.
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

import { CODE, FLAG, frame, type Frame, PREFACE, readFrames, settings, TYPE } from './frames.ts'

/** A connection that says exactly what it is told, and keeps what it hears. */
export class Talk {
  readonly frames: Frame[] = []
  closed = false
  readonly #socket: TLSSocket
  #held: Buffer = Buffer.alloc(0)
  #wake: () => void = () => undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      const { frames, rest } = readFrames(Buffer.concat([this.#held, chunk]))
      this.#held = rest
      this.frames.push(...frames)
      this.#wake()
    })
    const onClose = (): void => {
      this.closed = true
      this.#wake()
    }
    socket.on('end', onClose).on('close', onClose).on('error', onClose)
  }

  /** Opens a connection; `isGreeting` also says what comes first, and waits for the answer to it. */
  static async open(port: number, isGreeting: boolean): Promise<Talk> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    await once(socket, 'secureConnect')
    if (socket.alpnProtocol !== 'h2') throw new Error('HTTP/2 was not agreed')
    const talk = new Talk(socket)
    if (isGreeting) {
      talk.send(PREFACE, settings())
      await talk.hear((one) => one.type === TYPE.SETTINGS && (one.flags & FLAG.ACK) === 0)
      talk.send(frame(TYPE.SETTINGS, FLAG.ACK, 0))
      await talk.hear((one) => one.type === TYPE.SETTINGS && (one.flags & FLAG.ACK) !== 0)
    }
    return talk
  }

  send(...bytes: readonly Uint8Array[]): void {
    if (!this.closed) this.#socket.write(Buffer.concat(bytes))
  }

  /** The first frame that is so; undefined when none comes in time or the connection ends. */
  async hear(isIt: (one: Frame) => boolean, ms = 3000): Promise<Frame | undefined> {
    const endMs = Date.now() + ms
    for (;;) {
      const found = this.frames.find(isIt)
      const left = endMs - Date.now()
      if (found || this.closed || left <= 0) return found
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Waits for the other side to close. */
  async ended(ms = 3000): Promise<boolean> {
    await this.hear(() => false, ms)
    return this.closed
  }

  /** Whether the other side still answers. */
  async isAlive(): Promise<boolean> {
    const mark = Buffer.from(`alive${String(this.frames.length).padStart(3, '0')}`.slice(0, 8))
    this.send(frame(TYPE.PING, 0, 0, mark))
    const pong = await this.hear(
      ({ type, flags, payload }) => type === TYPE.PING && flags === FLAG.ACK && payload.equals(mark),
    )
    return pong !== undefined
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Everything that was heard, for people. */
  toString(): string {
    const names = Object.entries(TYPE)
    const codes = Object.entries(CODE)
    const said = this.frames.map(({ type, flags, stream, payload }) => {
      const name = names.find(([, number]) => number === type)?.[0] ?? String(type)
      const at = type === TYPE.RST_STREAM ? 0 : 4
      const isError = type === TYPE.RST_STREAM || type === TYPE.GOAWAY
      const code = isError ? ` ${codes.find(([, number]) => number === payload.readUInt32BE(at))?.[0]}` : ''
      return `${name}(${stream}, ${flags})${code}`
    })
    return `${said.join(' ')}${this.closed ? ' closed' : ''}`
  }
}

/** The status of an answer's HEADERS: indexed, or a literal of three digits, plain or Huffman-coded. */
export function statusOf({ payload }: Frame): number {
  let at = 0
  while (((payload[at] ?? 0) & 0xe0) === 0x20) at++
  const first = payload[at] ?? 0
  const known = new Map([
    [0x88, 200],
    [0x89, 204],
    [0x8a, 206],
    [0x8b, 304],
    [0x8c, 400],
    [0x8d, 404],
    [0x8e, 500],
  ])
  const status = known.get(first)
  if (status !== undefined) return status
  const length = payload[at + 1] ?? 0
  const bytes = payload.subarray(at + 2, at + 2 + (length & 0x7f))
  return Number((length & 0x80) === 0 ? bytes.toString('latin1') : digitsOf(bytes))
}

/** RFC 7541 appendix B, for digits: 0 to 2 have five bits, 3 to 9 six. */
function digitsOf(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let digits = ''
  for (let at = 0; digits.length < 3;) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2)
    if (five <= 2) {
      digits += five
      at += 5
      continue
    }
    digits += Number.parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3
    at += 6
  }
  return digits
}
