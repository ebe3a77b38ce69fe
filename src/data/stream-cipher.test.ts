import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import test, { after } from 'node:test'

import { CHUNK_BYTES, decryptStream, encryptStream, type StreamKey } from './stream-cipher.ts'
import { openFileSource, openRange, type RangeSource } from './stream-range.ts'
import { seeded } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-stream-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const key: StreamKey = { key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)) }
const named = (context: string): StreamKey => ({ ...key, context: Buffer.from(context) })

async function* partsOf(bytes: Uint8Array, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

const encrypt = (plain: Uint8Array, streamKey = key, salt?: Uint8Array): Promise<Buffer> =>
  collect(encryptStream(partsOf(plain, 65_536), streamKey, salt ? () => salt : undefined))
const decrypt = (sealed: Uint8Array, streamKey = key): Promise<Buffer> =>
  collect(decryptStream(partsOf(sealed, 65_536), streamKey))

// Made with Cobblestone256Encryptor of Python's cryptography 50.0.2: salt, commitment, and SHA-256 of the whole.
for (const { name, context, plain, salt, commitment, digest } of [
  {
    name: 'nothing',
    context: '',
    plain: Buffer.alloc(0),
    salt: 'bca4de6d8e40b840c9f64bb7eff06e55488a0ab2e78c161e',
    commitment: '901d1544d5db159fa78db52d3b44b1796f7e4617b7ee79a7dd4ebc07feb621b9',
    digest: '1cce38d1f9390aecbe1156806cd010027b14ab609dcc1f80db0105092e6bd5de',
  },
  {
    name: 'five bytes with a context',
    context: 'ringwall test',
    plain: Buffer.from('hello'),
    salt: 'f347f81519e80f6dc61c60dc033cacc5735ee5c9e85afc42',
    commitment: 'bb9a218c70867c91bd908909c709cf22fadb064193bb7045b6f31d847fd7153d',
    digest: '3fb3c3ec6ca9bf5146f1fc95adf2e6a4f4f8040a637df92697d52d4ee266a21a',
  },
  {
    name: 'exactly one chunk',
    context: '',
    plain: Buffer.alloc(16_384),
    salt: 'bb2cdf410843bbbf3e6272598abf2cda4b73f38ce2432b64',
    commitment: '0adf6078acc4b846c71cc1192e30c8bd7860292a28ac2e7ccd52c2ed59e5001b',
    digest: '496e7089cb518c72923f0c81329149aa88e3179d2651793977760f3683d8c491',
  },
  {
    name: '257 chunks',
    context: 'c',
    plain: Buffer.from(Uint8Array.from({ length: 256 * 16_384 + 5 }, (_, i) => i % 251)),
    salt: '09522def152126e63d46c38dac54cb492169b26d479e5261',
    commitment: 'b03694b8b8da59e6f165b6ed02aaa85042a7619a56e3309d1b9d787381574d48',
    digest: 'a665cc32bc7d45394ce2ead2411b595aa4c7f86dcf5fffeb21abfca66a981445',
  },
]) {
  test(`another implementation of Cobblestone-256 writes the same: ${name}`, async () => {
    const sealed = await encrypt(plain, named(context), Buffer.from(salt, 'hex'))
    assert.equal(sealed.subarray(24, 56).toString('hex'), commitment)
    assert.equal(createHash('sha256').update(sealed).digest('hex'), digest)
    assert.deepEqual(await decrypt(sealed, named(context)), plain)
  })
}

const LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 777]

test('every length comes back, however it is cut on the way', async () => {
  for (const length of LENGTHS) {
    const plain = randomBytes(length)
    const sealed = await collect(encryptStream(partsOf(plain, 1, 5000, 40_000), key))
    assert.equal(sealed.length, 56 + length + 16 * (Math.floor(length / CHUNK_BYTES) + 1))
    assert.deepEqual(await collect(decryptStream(partsOf(sealed, 3, 55, 1, 16_400, 20_000), key)), plain)
  }
})

test('a stream that ends early is refused, at every chunk and around it', async () => {
  const sealed = await encrypt(randomBytes(3 * CHUNK_BYTES + 10))
  const cuts = [0, 1, 55, 56, 57, 71, 72].concat(
    [1, 2, 3].flatMap((n) => [-1, 0, 1, 15, 16, 17].map((more) => 56 + n * 16_400 + more)),
  )
  for (const cut of cuts)
    await assert.rejects(
      decrypt(sealed.subarray(0, cut)),
      /data\.stream-|truncated|altered|missing/,
      `cut at ${cut}`,
    )
  await assert.rejects(decrypt(Buffer.concat([sealed, Buffer.alloc(1)])), { code: 'data.stream-altered' })
})

test('chunks that change places, flipped bits, another key and another context are refused', async () => {
  const sealed = await encrypt(randomBytes(3 * CHUNK_BYTES), named('a'))
  const chunk = (n: number): Buffer => sealed.subarray(56 + n * 16_400, 56 + (n + 1) * 16_400)
  const swapped = Buffer.concat([
    sealed.subarray(0, 56),
    chunk(1),
    chunk(0),
    sealed.subarray(56 + 2 * 16_400),
  ])
  await assert.rejects(decrypt(swapped, named('a')), { code: 'data.stream-altered' })
  await assert.rejects(decrypt(sealed, named('b')), { code: 'data.stream-wrong-key-or-context' })
  await assert.rejects(decrypt(sealed, { ...named('a'), key: randomBytes(32) }), {
    code: 'data.stream-wrong-key-or-context',
  })
  const next = seeded(5)
  for (let i = 0; i < 200; i++) {
    const altered = Buffer.from(sealed)
    const at = next(altered.length)
    altered[at] = (altered[at] as number) ^ (1 << next(8))
    await assert.rejects(decrypt(altered, named('a')), /data\.|altered|another/)
  }
})

test('any range of a file is read, and only what is needed for it', async () => {
  const plain = randomBytes(10 * CHUNK_BYTES + 4321)
  const file = join(directory, 'ranges')
  writeFileSync(file, await encrypt(plain))
  const source = openFileSource(file)
  let bytesRead = 0
  const counted: RangeSource = {
    size: source.size,
    read(offset, length) {
      bytesRead += length
      return source.read(offset, length)
    },
  }
  const range = await openRange(counted, key)
  assert.equal(range.size, plain.length)
  bytesRead = 0
  assert.deepEqual(
    await range.read(5 * CHUNK_BYTES + 10, 100),
    plain.subarray(5 * CHUNK_BYTES + 10, 5 * CHUNK_BYTES + 110),
  )
  assert.equal(bytesRead, 16_400)
  const next = seeded(9)
  for (let i = 0; i < 300; i++) {
    const from = next(plain.length + 10)
    const length = next(4 * CHUNK_BYTES)
    assert.deepEqual(await range.read(from, length), plain.subarray(from, from + length))
  }
  assert.deepEqual(await range.read(0, 1e9), plain)
  assert.equal((await range.read(plain.length, 5)).length, 0)
  await assert.rejects(range.read(-1, 5), { code: 'data.range' })
  source.close()
})

test('a file that lost its end is refused when it is opened, before any range is read', async () => {
  const sealed = await encrypt(randomBytes(5 * CHUNK_BYTES))
  for (const cut of [
    10,
    56,
    56 + 16,
    56 + 16_400,
    56 + 3 * 16_400,
    56 + 3 * 16_400 + 16,
    sealed.length - 1,
  ]) {
    const file = join(directory, `cut-${cut}`)
    writeFileSync(file, sealed.subarray(0, cut))
    const source = openFileSource(file)
    await assert.rejects(openRange(source, key), /missing|altered/, `cut at ${cut}`)
    source.close()
  }
})

test('files pass through without growing memory', async () => {
  const file = join(directory, 'large')
  const bytes = 96 * 1_048_576
  const part = randomBytes(1_048_576)
  const source = Readable.from(
    (function* () {
      for (let i = 0; i < bytes / part.length; i++) yield part
    })(),
  )
  await pipeline(
    source,
    (from: AsyncIterable<Uint8Array>) => encryptStream(from, key),
    createWriteStream(file),
  )
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let peak = 0
  let seen = 0
  for await (const plain of decryptStream(createReadStream(file, { highWaterMark: 262_144 }), key)) {
    seen += plain.length
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  assert.equal(seen, bytes)
  // Garbage of some collections is there; that of the file is not.
  assert.ok(peak - before < 64 * 1_048_576, `${Math.round((peak - before) / 1_048_576)} MiB more`)
})

test('a key of another length is told', async () => {
  await assert.rejects(encrypt(Buffer.alloc(1), { key: Buffer.alloc(16) }), { code: 'data.key-length' })
})
