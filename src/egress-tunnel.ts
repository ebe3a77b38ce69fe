import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** What a tunnel may take. */
export interface TunnelBounds {
  readonly idleMs: number
  /** In each direction. */
  readonly maxBytes: number
  readonly maxMs: number
}

/** What went through a tunnel, and why it ended. */
export interface TunnelEnd {
  readonly bytesUp: number
  readonly bytesDown: number
  readonly why: 'closed' | 'idle' | 'too many bytes' | 'too long' | 'broken'
}

/** Carries bytes both ways until one side closes or a bound is reached. Never rejects; both sockets are gone afterwards. */
export function relay(client: Socket, remote: Socket, bounds: TunnelBounds): Promise<TunnelEnd> {
  return new Promise((resolve) => {
    let bytesUp = 0
    let bytesDown = 0
    let open = 2
    let why: TunnelEnd['why'] | undefined
    const stop = (because: TunnelEnd['why']): void => {
      why ??= because
      client.destroy()
      remote.destroy()
    }
    const timer = setTimeout(() => stop('too long'), bounds.maxMs)
    for (const [socket, other] of [
      [client, remote],
      [remote, client],
    ] as const) {
      socket.setTimeout(bounds.idleMs, () => stop('idle'))
      socket.once('error', () => stop('broken'))
      socket.once('close', () => {
        // What this side has sent still goes out; the idle bound counts on.
        other.destroySoon()
        if (--open > 0) return
        clearTimeout(timer)
        resolve({ bytesUp, bytesDown, why: why ?? 'closed' })
      })
    }
    countBytes(client, (bytes) => {
      bytesUp += bytes
      if (bytesUp > bounds.maxBytes) stop('too many bytes')
    })
    countBytes(remote, (bytes) => {
      bytesDown += bytes
      if (bytesDown > bounds.maxBytes) stop('too many bytes')
    })
    client.pipe(remote)
    remote.pipe(client)
  })
}

/** Counts what passes by, beside the pipe that reads it. */
export function countBytes(stream: Readable, count: (bytes: number) => void): void {
  stream.on('data', (chunk: Uint8Array) => count(chunk.byteLength))
}
