// The control: a proxy that frames by the length alone and hands on what it got, as careless ones did.
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'

import type { Counted } from './backends.ts'

/** Starts it in front of a port. All clients share one connection to the server behind, one request after the other. */
export async function startLenientProxy(
  target: number,
): Promise<{ readonly port: number; stop(): Promise<readonly Counted[]> }> {
  const counted: Counted[] = []
  const sockets = new Set<Socket>()
  const server = net.createServer((client) => {
    sockets.add(client)
    let held = ''
    const behind = net.connect(target, '127.0.0.1')
    sockets.add(behind)
    behind.on('data', (data) => client.write(data))
    behind.on('error', () => client.destroy())
    behind.on('close', () => client.end())
    client.on('error', () => behind.destroy())
    client.on('close', () => behind.destroy())
    client.on('data', (data: Buffer) => {
      held += data.toString('latin1')
      for (let message = first(held); message; message = first(held)) {
        counted.push({ path: message.path, status: 200 })
        behind.write(held.slice(0, message.end), 'latin1')
        held = held.slice(message.end)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      return counted
    },
  }
}

function first(text: string): { readonly path: string; readonly end: number } | undefined {
  const head = /^([\s\S]*?)\r?\n\r?\n/.exec(text)
  if (!head) return undefined
  const length = Number.parseInt(/^content-length:\s*(\d+)/im.exec(head[0])?.[1] ?? '0', 10)
  const end = head[0].length + length
  if (text.length < end) return undefined
  return { path: /^\S+\s+([^\s?]+)/.exec(head[0])?.[1] ?? '', end }
}
