import { request } from 'undici'

import { describeError } from '../../core/errors.ts'
import { bufferOf } from './bytes.ts'
import { fault, type UploadFault } from './upload-fault.ts'

/** A file as it goes to be encoded anew. */
export interface EncodedFile {
  readonly type: string
  readonly bytes: Uint8Array
}

/** Encodes a file anew: pictures lose what hides in them. Undefined leaves it as it is; what is thrown is a failure. */
export type Reencode = (file: EncodedFile) => Promise<Uint8Array | undefined>

/** How files are encoded anew. */
export interface Reencoding {
  readonly reencode: Reencode
  /** Whether files of this type are. */
  readonly takes: (type: string) => boolean
  readonly onFailure: 'refuse' | 'pass'
}

/**
 * A service that encodes files anew: POST with the file and its type, answered by 200 with the new file or 204 for the old one.
 * Redirects are not followed, and no more than `maxBytes` are taken.
 */
export function httpReencode(url: string, timeoutMs: number, maxBytes: number): Reencode {
  return async ({ type, bytes }) => {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': type, accept: type },
      body: bytes,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (answer.statusCode === 204) {
      await answer.body.dump()
      return undefined
    }
    if (answer.statusCode !== 200) {
      await answer.body.dump()
      throw new Error(`the encoder answered ${answer.statusCode}`)
    }
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maxBytes) throw new Error(`the encoder answered with more than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    if (length === 0) throw new Error('the encoder answered with nothing')
    return Buffer.concat(chunks)
  }
}

/** A file encoded anew; undefined where it stays as it is. */
export async function encodeAnew(
  file: EncodedFile,
  { reencode, takes, onFailure }: Reencoding,
): Promise<Buffer | UploadFault | undefined> {
  if (!takes(file.type)) return undefined
  try {
    const bytes = await reencode(file)
    return bytes && bufferOf(bytes)
  } catch (thrown) {
    return onFailure === 'pass'
      ? undefined
      : fault('reencoding', `the file was not encoded anew: ${describeError(thrown).slice(0, 200)}`)
  }
}
