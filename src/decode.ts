import { type Duplex, pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzip,
  inflate,
  zstdDecompress,
} from 'node:zlib'

import { StreamFault } from './core/fault.ts'
import type { BodyView } from './core/wall.ts'

type Unpack = (
  bytes: Uint8Array,
  options: { maxOutputLength: number; finishFlush: number },
) => Promise<Buffer>

/** The codings of RFC 9110 8.4.1, RFC 7932 and RFC 8878, with the flush that reads a cut-off stream as far as it goes. */
const CODINGS: Readonly<
  Record<string, { readonly unpack: Unpack; readonly flush: number; readonly finish: number }>
> = {
  gzip: { unpack: promisify(gunzip) as Unpack, flush: constants.Z_SYNC_FLUSH, finish: constants.Z_FINISH },
  'x-gzip': {
    unpack: promisify(gunzip) as Unpack,
    flush: constants.Z_SYNC_FLUSH,
    finish: constants.Z_FINISH,
  },
  deflate: {
    unpack: promisify(inflate) as Unpack,
    flush: constants.Z_SYNC_FLUSH,
    finish: constants.Z_FINISH,
  },
  br: {
    unpack: promisify(brotliDecompress) as Unpack,
    flush: constants.BROTLI_OPERATION_FLUSH,
    finish: constants.BROTLI_OPERATION_FINISH,
  },
  zstd: {
    unpack: promisify(zstdDecompress) as Unpack,
    flush: constants.ZSTD_e_flush,
    finish: constants.ZSTD_e_end,
  },
}

/**
 * Undoes the Content-Encoding of what was tapped, to at most `maxBytes`. More than one coding, an unknown one and
 * damage make the view undecodable; what unpacks beyond the bound is undecodable too, never silently cut.
 */
export async function decodeBody(
  tapped: { readonly bytes: Uint8Array; readonly complete: boolean },
  encodings: readonly string[],
  maxBytes: number,
): Promise<BodyView> {
  const codings = codingsOf(encodings)
  const { bytes, complete } = tapped
  if (codings.length === 0 || bytes.length === 0) return { bytes, complete, undecodable: undefined }
  const [name = '', ...more] = codings
  const coding = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined
  if (!coding || more.length > 0) {
    return {
      bytes,
      complete,
      undecodable: `the coding \`${codings.join(', ')}\` is not one that can be read`,
    }
  }
  try {
    const finishFlush = complete ? coding.finish : coding.flush
    return {
      bytes: await coding.unpack(bytes, { maxOutputLength: maxBytes, finishFlush }),
      complete,
      undecodable: undefined,
    }
  } catch (thrown) {
    const reason =
      thrown instanceof RangeError ? `it unpacks to more than ${maxBytes} bytes` : 'the data is damaged'
    return { bytes, complete, undecodable: `${name}: ${reason}` }
  }
}

const STREAMED: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** So much may come out before the ratio counts: zeros pack well. */
const RATIO_FREE_BYTES = 1024 * 1024
const MAX_RATIO = 200

/**
 * Undoes the Content-Encoding of an answer as it streams; undefined where that is more than one coding, or one that cannot be
 * read. What is damaged, or unpacks more than 200 to 1, breaks off with `data.answer-withheld`.
 */
export function decodeStream(
  body: AsyncIterable<Uint8Array>,
  encodings: readonly string[],
): AsyncIterable<Uint8Array> | undefined {
  const [name, ...more] = codingsOf(encodings)
  if (name === undefined) return body
  const create = Object.hasOwn(STREAMED, name) ? STREAMED[name] : undefined
  return create && more.length === 0 ? unpacked(body, name, create()) : undefined
}

async function* unpacked(
  body: AsyncIterable<Uint8Array>,
  name: string,
  unpack: Duplex,
): AsyncGenerator<Uint8Array> {
  let packedBytes = 0
  let bytes = 0
  let broken: unknown
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        packedBytes += chunk.length
        yield chunk
      }
    } catch (thrown) {
      broken = thrown
      throw thrown
    }
  }
  pipeline(Readable.from(counted(), { objectMode: false }), unpack, () => undefined)
  try {
    for await (const chunk of unpack as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > RATIO_FREE_BYTES && bytes > packedBytes * MAX_RATIO)
        throw new StreamFault('data.answer-withheld', `${name}: it unpacks more than ${MAX_RATIO} to 1`)
      yield chunk
    }
  } catch (thrown) {
    // That the application broke off is said as that.
    if (broken !== undefined) throw broken
    if (thrown instanceof StreamFault) throw thrown
    throw new StreamFault('data.answer-withheld', `${name}: the data is damaged`, { cause: thrown })
  } finally {
    unpack.destroy()
  }
}

function codingsOf(encodings: readonly string[]): string[] {
  return encodings
    .flatMap((value) => value.split(','))
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
}
