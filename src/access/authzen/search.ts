/** Something that a search may find. */
export interface Candidate<T> {
  /** Where a later page begins again. */
  readonly place: string
  readonly result: T
  readonly isAllowed: () => boolean
}

/** One page of a search. */
export interface Page<T> {
  readonly results: readonly T[]
  /** The last candidate that is done with. */
  readonly after: string | undefined
  /** Whether there may be more after it. */
  readonly hasMore: boolean
}

/** After so many candidates others get their turn. */
const STRIDE = 256

/**
 * Asks candidates one after the other until the page is full and one more is found, or until `maxExamined` were looked
 * at: a search that finds little ends too, with a page that is short or empty and a token for the rest.
 */
export async function findPage<T>(
  candidates: AsyncIterable<Candidate<T>> | Iterable<Candidate<T>>,
  from: string | undefined,
  limit: number,
  maxExamined: number,
): Promise<Page<T>> {
  const results: T[] = []
  let after = from
  let examined = 0
  for await (const { place, result, isAllowed } of candidates) {
    if (isAllowed()) {
      if (results.length >= limit) return { results, after, hasMore: true }
      results.push(result)
    }
    after = place
    examined++
    if (examined >= maxExamined) return { results, after, hasMore: true }
    if (examined % STRIDE === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { results, after, hasMore: false }
}
