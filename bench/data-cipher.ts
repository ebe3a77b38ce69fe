// How many values a second does one thread encrypt with everything on, and how fast do streams go?
import { createCipheriv, randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { gcm } from '@noble/ciphers/aes.js'

import {
  decryptStream,
  encryptStream,
  type EncryptedTable,
  FieldCipher,
  declareColumns,
  openFileSource,
  openRange,
} from '../src/data/index.ts'
import { openTestKeys } from '../src/data/testing.ts'
import { median } from './measured-process.ts'

const VALUE = 'ann.example@mail.example.com, 36 B..'
const MIB = 1_048_576
/** The same block again and again: making random bytes would be measured too. */
const BLOCK = randomBytes(MIB)

/** Figures by name; peers are measured in the same run. */
export interface Measures {
  readonly figures: Readonly<Record<string, number>>
  readonly peers: Readonly<Record<string, number>>
}

/** Values per second, and gigabytes per second of streams in memory and through a file. */
export async function measureCipher(quick: boolean): Promise<Measures> {
  const keys = await openTestKeys()
  const plain = new FieldCipher({ keys, table: 'users', column: 'email', type: 'string' })
  const bytes = new FieldCipher({ keys, table: 'users', column: 'email', type: 'string', form: 'bytes' })
  const table = declareColumns(
    {
      users: {
        key: 'id',
        columns: {
          email: {
            type: 'string',
            padBytes: 32,
            indexes: { email_eq: { kind: 'equality', normalize: ['nfkc', 'casefold', 'trim'] } },
          },
        },
      },
    },
    keys,
  ).table('users')
  const stored = plain.encrypt(VALUE, 7)
  const rounds = quick ? 3 : 7
  const each = quick ? 10_000 : 40_000
  const nobleKey = randomBytes(32)
  const rates = interleave(rounds, each, {
    encrypt_per_s: (i) => plain.encrypt(VALUE, i),
    encrypt_bytes_per_s: (i) => bytes.encrypt(VALUE, i),
    encrypt_row_with_index_per_s: (i) => encryptOne(table, i),
    decrypt_per_s: () => plain.decrypt(stored, 7),
    'peer plain_gcm': () => sealPlain(nobleKey),
    'peer noble_gcm': () =>
      gcm(nobleKey, randomBytes(12), Buffer.from('users.email.7')).encrypt(Buffer.from(VALUE)),
  })
  const streams = await measureStreams(quick)
  const isPeer = (name: string): boolean => name.startsWith('peer ')
  return {
    figures: { ...Object.fromEntries(Object.entries(rates).filter(([name]) => !isPeer(name))), ...streams },
    peers: Object.fromEntries(
      Object.entries(rates)
        .filter(([name]) => isPeer(name))
        .map(([name, rate]) => [`${name.slice(5)}_per_s`, rate]),
    ),
  }
}

function encryptOne(table: EncryptedTable, id: number): unknown {
  return table.encryptRow({ id, email: VALUE })
}

/** What a hand-written column cipher does: GCM under one key, a random nonce, no commitment, no key id. */
function sealPlain(key: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('users.email.7'))
  return Buffer.concat([nonce, cipher.update(VALUE, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

function interleave(
  rounds: number,
  each: number,
  works: Readonly<Record<string, (i: number) => unknown>>,
): Record<string, number> {
  const rates = new Map<string, number[]>(Object.keys(works).map((name) => [name, []]))
  for (const work of Object.values(works)) for (let i = 0; i < each / 4; i++) work(i)
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(works)) {
      const startedAt = performance.now()
      for (let i = 0; i < each; i++) work(i)
      rates.get(name)?.push((each * 1000) / (performance.now() - startedAt))
    }
    console.log(
      `round ${round + 1}/${rounds}  ${[...rates].map(([name, all]) => `${name} ${Math.round(all.at(-1) ?? 0)}`).join('  ')}`,
    )
  }
  return Object.fromEntries([...rates].map(([name, all]) => [name, Math.round(median(all))]))
}

async function measureStreams(quick: boolean): Promise<Record<string, number>> {
  const key = { key: randomBytes(32) }
  const mebibytes = quick ? 256 : 1024
  const passes = quick ? 3 : 5
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-bench-'))
  const file = join(directory, 'stream')
  try {
    const sealing = await timed(passes, async () => drain(encryptStream(repeat(mebibytes), key)))
    await pipeline(
      Readable.from(repeat(mebibytes)),
      (source: AsyncIterable<Uint8Array>) => encryptStream(source, key),
      createWriteStream(file, { highWaterMark: 4 * MIB }),
    )
    const source = openFileSource(file)
    const sealed = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < source.size; at += MIB) yield source.read(at, Math.min(MIB, source.size - at))
    }
    const rssBefore = process.memoryUsage.rss()
    let peak = rssBefore
    let seen = 0
    const opening = await timed(passes, async () =>
      drain(decryptStream(sealed(), key), () => {
        // Not each time: to ask costs more than to decrypt.
        if (++seen % 1024 === 0) peak = Math.max(peak, process.memoryUsage.rss())
      }),
    )
    const range = await openRange(source, key)
    const reads = quick ? 500 : 3000
    const ranging = await timed(1, async () => {
      for (let i = 0; i < reads; i++) await range.read((i * 7_919_777) % (range.size - 4096), 4096)
    })
    source.close()
    const gigabytes = (mebibytes * MIB) / 1e9
    return {
      // By the clock, and by the processor's time, which neighbours on the machine disturb less.
      stream_encrypt_gb_per_s: round2(gigabytes / sealing.seconds),
      stream_encrypt_gb_per_cpu_s: round2(gigabytes / sealing.cpuSeconds),
      stream_decrypt_file_gb_per_s: round2(gigabytes / opening.seconds),
      stream_decrypt_file_gb_per_cpu_s: round2(gigabytes / opening.cpuSeconds),
      stream_mib: Math.round(statSync(file).size / MIB),
      stream_rss_growth_mib: Math.round((peak - rssBefore) / MIB),
      range_reads_4k_per_s: Math.round(reads / ranging.seconds),
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function* repeat(mebibytes: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < mebibytes; i++) yield BLOCK
}

async function drain(source: AsyncIterable<Uint8Array>, seen: () => void = () => undefined): Promise<void> {
  for await (const part of source) if (part.length > 0) seen()
}

/** The median of some passes. */
async function timed(
  passes: number,
  work: () => Promise<void>,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const seconds: number[] = []
  const cpuSeconds: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    const startedAt = performance.now()
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    seconds.push((performance.now() - startedAt) / 1000)
    cpuSeconds.push((user + system) / 1e6)
  }
  return { seconds: median(seconds), cpuSeconds: median(cpuSeconds) }
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
