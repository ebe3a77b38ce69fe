/** What a load of requests came to. */
export interface LoadFigures {
  readonly sent: number
  readonly failed: number
  /** The first few, each once. */
  readonly errors: readonly string[]
  readonly p50Ms: number
  readonly p99Ms: number
  readonly perSecond: number
}

/** Most requests that may be under way: with more the machine cannot keep up, and the rate that is reported falls. */
const MAX_OPEN = 1000

/**
 * An open loop: so many requests a second are begun, whatever became of those before, until the work beside has ended. A request that throws
 * has failed; none is tried again.
 */
export async function underLoad(
  perSecond: number,
  request: (i: number) => Promise<void>,
  work: () => Promise<void>,
): Promise<LoadFigures> {
  const times: number[] = []
  const errors = new Map<string, number>()
  const open = new Set<Promise<void>>()
  let sent = 0
  const over = new AbortController()
  const startedAt = performance.now()
  const one = async (i: number): Promise<void> => {
    const at = performance.now()
    try {
      await request(i)
      times.push(performance.now() - at)
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown)
      errors.set(text, (errors.get(text) ?? 0) + 1)
    }
  }
  const begin = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
      for (; sent < due && open.size < MAX_OPEN; sent++) {
        const done = one(sent).finally(() => open.delete(done))
        open.add(done)
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const beginning = begin()
  try {
    await work()
  } finally {
    over.abort()
  }
  const seconds = (performance.now() - startedAt) / 1000
  await beginning
  await Promise.all(open)
  times.sort((a, b) => a - b)
  const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10
  return {
    sent,
    failed: [...errors.values()].reduce((sum, count) => sum + count, 0),
    errors: [...errors].slice(0, 3).map(([text, count]) => `${count} x ${text}`),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    perSecond: Math.round(sent / seconds),
  }
}
