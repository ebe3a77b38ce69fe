import { type RandomBytes, systemRandom } from '../core/clock.ts'

const POOL_BYTES = 4096

/**
 * Takes randomness in large draws and hands it out in small ones: a draw costs as much as a whole encryption. What was
 * handed out is a copy and is wiped from the pool.
 */
export function poolRandom(random: RandomBytes = systemRandom): RandomBytes {
  let pool = new Uint8Array(0)
  let used = 0
  return (length) => {
    if (length > POOL_BYTES) return random(length)
    if (used + length > pool.length) {
      pool = Uint8Array.from(random(POOL_BYTES))
      used = 0
    }
    const taken = pool.slice(used, used + length)
    pool.fill(0, used, used + length)
    used += length
    return taken
  }
}
