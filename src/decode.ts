import { promisify } from 'node:util'
import { brotliDecompress, constants, inflate, gunzip, zstdDecompress } from 'node:zlib'

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
  const codings = encodings
    .flatMap((value) => value.split(','))
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
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
