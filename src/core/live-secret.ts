import type { Secret } from './secret.ts'

/**
 * A secret that may be rotated while it is in use. What opens connections with it asks for the current value each time, and says
 * when the other side refused one.
 */
export interface LiveSecret {
  /** The value that counts now, from memory. Throws where it has been out of reach for longer than it may be trusted. */
  current(): Secret
  /** After the other side refused `rejected`: reads it anew. Gives the same value where there is no newer one. */
  refresh(rejected: Secret): Promise<Secret>
  /** Called with each new value. Gives the way to stop it. */
  onChange(listener: (secret: Secret) => void): () => void
}

/** One that never changes. */
export function constantSecret(secret: Secret): LiveSecret {
  return { current: () => secret, refresh: async () => secret, onChange: () => () => undefined }
}

/** Between two attempts with a refused secret, while a rotation is between its steps. */
const WAITS_MS = [0, 50, 200, 500, 1000, 1500]

/**
 * Works with the current value; where the other side refuses that, with what a fresh read gives. Where that is no newer, a rotation may
 * be between its steps: a few more attempts, 3 seconds at most, then the refusal is thrown on.
 */
export async function withLiveSecret<T>(
  source: LiveSecret,
  work: (secret: Secret) => Promise<T>,
  isRefusal: (thrown: unknown) => boolean,
): Promise<T> {
  let secret = source.current()
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(secret)
    } catch (thrown) {
      const wait = WAITS_MS[attempt]
      if (wait === undefined || !isRefusal(thrown)) throw thrown
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      secret = await source.refresh(secret)
    }
  }
}
