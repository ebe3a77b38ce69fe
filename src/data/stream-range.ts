import { closeSync, fstatSync, openSync, read } from 'node:fs'

import { RingwallError } from '../core/errors.ts'
import {
  CHUNK_BYTES,
  CHUNK_TAG_BYTES,
  openChunk,
  openHead,
  refuseStream,
  STREAM_HEAD_BYTES,
  type StreamKey,
} from './stream-cipher.ts'

/** Where encrypted bytes can be read from any place: a file, an object store, an HTTP server that knows ranges. */
export interface RangeSource {
  /** Bytes in all. */
  readonly size: number
  /** Exactly these bytes. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** An encrypted stream that is read from any place. */
export interface RangeReader {
  /** Plain bytes in all, authenticated. */
  readonly size: number
  /** Plain bytes from `offset`, fewer only at the end. Reads and authenticates only the chunks that hold them. */
  read(offset: number, length: number): Promise<Buffer>
}

const SEALED_CHUNK = CHUNK_BYTES + CHUNK_TAG_BYTES
/** Chunks that are read at once: 1 MiB. */
const CHUNKS_AT_ONCE = 64

/**
 * Opens an encrypted stream for reading in any order. The last chunk is authenticated first, and with it the length, so that
 * a stream which lost its end is refused at once (C2SP chunked-encryption, implementation notes).
 */
export async function openRange(source: RangeSource, streamKey: StreamKey): Promise<RangeReader> {
  if (source.size < STREAM_HEAD_BYTES + CHUNK_TAG_BYTES) throw refuseStream('truncated')
  const keys = openHead(streamKey, await source.read(0, STREAM_HEAD_BYTES))
  const sealedBytes = source.size - STREAM_HEAD_BYTES
  const lastNumber = Math.floor(sealedBytes / SEALED_CHUNK)
  const lastSealed = sealedBytes % SEALED_CHUNK
  if (lastSealed < CHUNK_TAG_BYTES) throw refuseStream('truncated')
  const last = openChunk(
    keys,
    lastNumber,
    await source.read(STREAM_HEAD_BYTES + lastNumber * SEALED_CHUNK, lastSealed),
  )
  const size = lastNumber * CHUNK_BYTES + last.length
  return {
    size,
    async read(offset, length) {
      if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
        throw new RingwallError('data.range', `there is no range of ${length} bytes at ${offset}`)
      const end = Math.min(size, offset + length)
      if (offset >= end) return Buffer.alloc(0)
      const out = Buffer.allocUnsafe(end - offset)
      const lastOfRange = Math.floor((end - 1) / CHUNK_BYTES)
      for (let first = Math.floor(offset / CHUNK_BYTES); first <= lastOfRange; first += CHUNKS_AT_ONCE) {
        const until = Math.min(lastOfRange + 1, first + CHUNKS_AT_ONCE)
        const from = STREAM_HEAD_BYTES + first * SEALED_CHUNK
        const sealed = await source.read(
          from,
          Math.min(source.size, from + (until - first) * SEALED_CHUNK) - from,
        )
        for (let number = first; number < until; number++) {
          const at = (number - first) * SEALED_CHUNK
          const plain = openChunk(keys, number, sealed.subarray(at, at + SEALED_CHUNK))
          const start = number * CHUNK_BYTES
          plain.copy(
            out,
            Math.max(0, start - offset),
            Math.max(0, offset - start),
            Math.min(plain.length, end - start),
          )
        }
      }
      return out
    },
  }
}

/** A file as a source of ranges. */
export function openFileSource(file: string): RangeSource & { close(): void } {
  const handle = openSync(file, 'r')
  return {
    size: fstatSync(handle).size,
    async read(offset, length) {
      const bytes = Buffer.allocUnsafe(length)
      for (let got = 0; got < length;) {
        const count = await readAt(handle, bytes, got, offset + got)
        if (count === 0) throw refuseStream('truncated')
        got += count
      }
      return bytes
    },
    close: () => closeSync(handle),
  }
}

function readAt(handle: number, bytes: Buffer, at: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(handle, bytes, at, bytes.length - at, position, (error, count) =>
      error ? reject(error) : resolve(count),
    )
  })
}
