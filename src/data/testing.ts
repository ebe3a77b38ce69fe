// What the tests of encryption share: keys in memory, a MariaDB of their own, and an attacker.
import { createPool, type Pool } from 'mysql2/promise'

import { ManualClock, type RandomBytes, systemRandom } from '../core/clock.ts'
import { memoryDataKeyStore, type DataKeyStore } from './data-key-store.ts'
import { type DataKeys, openDataKeys } from './data-keys.ts'
import { openMemoryKeyring } from './keyring.ts'
import { keyringWrapper } from './key-wrapper.ts'

/** Data keys of nobody. */
export function openTestKeys(
  options: { readonly store?: DataKeyStore; readonly clock?: ManualClock } = {},
): Promise<DataKeys> {
  const clock = options.clock ?? new ManualClock()
  return openDataKeys({
    store: options.store ?? memoryDataKeyStore(),
    wrappers: [keyringWrapper(openMemoryKeyring(clock), systemRandom)],
    clock,
  })
}

/** A database of its own on the running MariaDB or MySQL, dropped afterwards; undefined where there is no server. */
export async function leaseMysql(): Promise<
  { readonly pool: Pool; readonly url: string; release(): Promise<void> } | undefined
> {
  const url =
    process.env['RINGWALL_TEST_MYSQL'] ?? 'mysql://root@localhost/?socketPath=/run/mysqld/mysqld.sock'
  const admin = createPool({ uri: url, connectionLimit: 1, connectTimeout: 2000 })
  const name = `ringwall_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  try {
    await admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  } catch {
    await admin.end()
    return undefined
  }
  const own = new URL(url)
  own.pathname = `/${name}`
  const pool = createPool({ uri: own.href, connectionLimit: 8 })
  return {
    pool,
    url: own.href,
    async release() {
      await pool.end()
      await admin.query(`DROP DATABASE ${name}`)
      await admin.end()
    },
  }
}

/** Numbers that look random and are the same in every run (xorshift32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

/** Bytes that look random and are the same in every run. */
export function seededBytes(seed: number): RandomBytes {
  const next = seeded(seed)
  return (length) => Uint8Array.from({ length }, () => next(256))
}

/** What an attacker with write access does to a stored value: every way gives something else than was stored. */
export function mutate(stored: Uint8Array, other: Uint8Array, next: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from(stored)
  const at = next(bytes.length)
  switch (next(8)) {
    case 0:
    case 1:
    case 2:
      bytes[at] = (bytes[at] as number) ^ (1 << next(8))
      return bytes
    case 3:
      return bytes.subarray(0, at)
    case 4:
      return Uint8Array.from([...bytes.subarray(0, at), next(256), ...bytes.subarray(at)])
    case 5:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)])
    case 6: {
      // The head of one value before the tail of another.
      const spliced = Uint8Array.from([
        ...bytes.subarray(0, at),
        ...other.subarray(Math.min(at, other.length)),
      ])
      return Buffer.from(spliced).equals(bytes) ? other : spliced
    }
    default: {
      const to = next(bytes.length)
      const [a, b] = [bytes[at] as number, bytes[to] as number]
      bytes[at] = b
      bytes[to] = a === b ? a ^ 0x55 : a
      return bytes
    }
  }
}
