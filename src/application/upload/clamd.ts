import { connect as connectTo } from 'node:net'

import { bufferOf } from './bytes.ts'
import { fault, type UploadFault } from './upload-fault.ts'

/** A connection to a virus scanner: what a socket is. Opened by whoever may open sockets. */
export interface ScannerConnection extends AsyncIterable<Uint8Array> {
  write(bytes: Uint8Array): unknown
  destroy(): unknown
}

/** Where the scanner is, and what to do where it does not answer. */
export interface ScannerOptions {
  readonly connect: () => ScannerConnection
  readonly timeoutMs: number
  readonly onFailure: 'refuse' | 'pass'
}

/** The scanner of a configuration: at a path, or at a host and a port. */
export function clamdAt({
  socket,
  host,
  port,
  timeoutMs,
  onFailure,
}: {
  readonly socket?: string | undefined
  readonly host?: string
  readonly port?: number | undefined
  readonly timeoutMs: number
  readonly onFailure: ScannerOptions['onFailure']
}): ScannerOptions {
  const connect = (): ScannerConnection =>
    socket === undefined ? connectTo(port ?? 3310, host ?? '127.0.0.1') : connectTo(socket)
  return { connect, timeoutMs, onFailure }
}

const CHUNK_BYTES = 64 * 1024
const MAX_ANSWER_BYTES = 4096

/**
 * Asks clamd about a file (clamd(8), INSTREAM): the command ended by NUL, chunks each with its length in four bytes, a
 * length of zero; the answer is `stream: OK`, `stream: NAME FOUND` or an error. An error is no clearance.
 */
export async function scanByClamd(
  bytes: Uint8Array,
  options: ScannerOptions,
): Promise<UploadFault | undefined> {
  let answer: string
  try {
    answer = await ask(bytes, options)
  } catch (thrown) {
    answer = thrown instanceof Error ? thrown.message : 'no answer'
  }
  if (answer === 'stream: OK') return undefined
  const found = /^stream: ([\x21-\x7e]{1,200}) FOUND$/.exec(answer)?.[1]
  if (found !== undefined) return fault('malware', found)
  return options.onFailure === 'pass'
    ? undefined
    : fault('scanner', `the scanner did not clear the file: ${JSON.stringify(answer.slice(0, 200))}`)
}

async function ask(bytes: Uint8Array, { connect, timeoutMs }: ScannerOptions): Promise<string> {
  const connection = connect()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    connection.write(Buffer.from('zINSTREAM\0'))
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bufferOf(bytes).subarray(at, at + CHUNK_BYTES)
      connection.write(Buffer.concat([lengthOf(chunk.length), chunk]))
    }
    connection.write(lengthOf(0))
    return await Promise.race([readAnswer(connection), late])
  } finally {
    clearTimeout(timer)
    connection.destroy()
  }
}

function lengthOf(count: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(count)
  return bytes
}

async function readAnswer(connection: ScannerConnection): Promise<string> {
  let text = ''
  for await (const chunk of connection) {
    text += bufferOf(chunk).toString('latin1')
    if (text.includes('\0') || text.length > MAX_ANSWER_BYTES) break
  }
  return text.split('\0')[0] as string
}
