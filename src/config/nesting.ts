/** Sections within each other that a configuration may have; ours has about ten. */
export const MAX_NESTING = 100

/**
 * Whether plain values are nested deeper than this. Without recursion, since that is what the bound is for; what stands in several
 * places by an alias is looked at once.
 */
export function isDeeperThan(value: unknown, most: number): boolean {
  const seen = new Set<unknown>()
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) return true
    const next: unknown[] = []
    for (const one of level) {
      if (typeof one !== 'object' || one === null || seen.has(one)) continue
      seen.add(one)
      for (const inner of Object.values(one)) next.push(inner)
    }
    level = next
  }
  return false
}
