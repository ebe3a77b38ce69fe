import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'

import { describeError, RingwallError } from '../core/errors.ts'

/**
 * A file of known passwords that answers "is it among them?" and nothing else: a Bloom filter in blocks of 512 bits, keyed
 * by SHA-1, as breach lists are. It never says no of a password that is in it, and says yes of a stranger once in some
 * thousands (the rate is measured in the tests). 64 bytes of head, then the blocks.
 */
export class PasswordFilter {
  readonly #layout: Layout
  readonly #read: (block: number) => Buffer

  private constructor(layout: Layout, read: (block: number) => Buffer) {
    this.#layout = layout
    this.#read = read
  }

  /** How many passwords went into it. */
  get keys(): number {
    return this.#layout.keys
  }

  /** Opens a file. A large one stays on disk; each look-up reads 64 bytes of it. */
  static open(file: string): PasswordFilter {
    try {
      const descriptor = openSync(file, 'r')
      const { size } = fstatSync(descriptor)
      const head = Buffer.alloc(HEAD_BYTES)
      readSync(descriptor, head, 0, HEAD_BYTES, 0)
      const layout = readHead(head, size)
      if (size <= MAX_IN_MEMORY) {
        closeSync(descriptor)
        const all = readFileSync(file)
        return new PasswordFilter(layout, (block) =>
          all.subarray(HEAD_BYTES + block * BLOCK_BYTES, HEAD_BYTES + (block + 1) * BLOCK_BYTES),
        )
      }
      const bytes = Buffer.alloc(BLOCK_BYTES)
      return new PasswordFilter(layout, (block) => {
        readSync(descriptor, bytes, 0, BLOCK_BYTES, HEAD_BYTES + block * BLOCK_BYTES)
        return bytes
      })
    } catch (cause) {
      if (cause instanceof RingwallError) throw cause
      throw new RingwallError(
        'identity.password-list',
        `cannot read the password list \`${file}\`: ${describeError(cause)}`,
        { cause },
      )
    }
  }

  has(password: string): boolean {
    const digest = createHash('sha1').update(password, 'utf8').digest()
    const block = this.#read(blockOf(digest, this.#layout.blocks))
    for (const bit of bitsOf(digest, this.#layout.hashes))
      if (((block[bit >> 3] as number) & (1 << (bit & 7))) === 0) return false
    return true
  }
}

/** Fills a filter that is written as a file. */
export class PasswordFilterBuilder {
  readonly #layout: { keys: number; readonly blocks: number; readonly hashes: number }
  readonly #bytes: Buffer

  /** Room for so many passwords. 20 bits each is a false yes in some 10,000; 12 bits one in some 250. */
  constructor(expectedKeys: number, bitsPerKey = 20) {
    const blocks = Math.max(1, Math.ceil((expectedKeys * bitsPerKey) / (BLOCK_BYTES * 8)))
    const hashes = Math.min(MAX_HASHES, Math.max(1, Math.round(bitsPerKey * 0.55)))
    if (blocks > 2 ** 31 / BLOCK_BYTES) {
      throw new RingwallError(
        'identity.password-list',
        'so many passwords at so many bits need more than 2 GB; ask for fewer bits for each',
      )
    }
    this.#layout = { keys: 0, blocks, hashes }
    this.#bytes = Buffer.alloc(HEAD_BYTES + blocks * BLOCK_BYTES)
  }

  add(password: string): void {
    this.addDigest(createHash('sha1').update(password, 'utf8').digest())
  }

  /** Takes the SHA-1 of a password, 20 bytes. */
  addDigest(digest: Buffer): void {
    const start = HEAD_BYTES + blockOf(digest, this.#layout.blocks) * BLOCK_BYTES
    for (const bit of bitsOf(digest, this.#layout.hashes)) {
      const at = start + (bit >> 3)
      this.#bytes[at] = (this.#bytes[at] as number) | (1 << (bit & 7))
    }
    this.#layout.keys++
  }

  /** The file. */
  toBytes(): Buffer {
    this.#bytes.write(MAGIC, 0, 'latin1')
    this.#bytes.writeUInt32BE(this.#layout.blocks, 8)
    this.#bytes.writeUInt32BE(this.#layout.keys, 12)
    this.#bytes.writeUInt8(this.#layout.hashes, 16)
    return this.#bytes
  }
}

interface Layout {
  readonly keys: number
  readonly blocks: number
  readonly hashes: number
}

const MAGIC = 'RWPWLIST'
const HEAD_BYTES = 64
const BLOCK_BYTES = 64
/** Nine bits each of the 128 that follow the 32 that choose the block. */
const MAX_HASHES = 14
const MAX_IN_MEMORY = 64 * 1024 ** 2

function readHead(head: Buffer, size: number): Layout {
  const layout = { blocks: head.readUInt32BE(8), keys: head.readUInt32BE(12), hashes: head.readUInt8(16) }
  const isWhole =
    head.toString('latin1', 0, 8) === MAGIC &&
    layout.hashes >= 1 &&
    layout.hashes <= MAX_HASHES &&
    layout.blocks >= 1 &&
    size === HEAD_BYTES + layout.blocks * BLOCK_BYTES
  if (isWhole) return layout
  throw new RingwallError(
    'identity.password-list',
    'the password list is damaged or no list; make it again with `ringwall password-list import`',
  )
}

function blockOf(digest: Buffer, blocks: number): number {
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * blocks)
}

function* bitsOf(digest: Buffer, hashes: number): Generator<number> {
  let pool = 0
  let poolBits = 0
  let at = 4
  for (let count = 0; count < hashes; count++) {
    while (poolBits < 9) {
      pool = (pool << 8) | (digest[at++] as number)
      poolBits += 8
    }
    poolBits -= 9
    yield (pool >> poolBits) & 511
    pool &= (1 << poolBits) - 1
  }
}
