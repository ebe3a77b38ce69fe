/** The known name nearest to a mistyped one, if it is near enough to be meant. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const one of known) {
    const distance = editDistance(name.toLowerCase(), one.toLowerCase())
    if (!best || distance < best.distance) best = { name: one, distance }
  }
  return best && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.name : undefined
}

/** Insertions, deletions, changes and swaps of neighbours, on names that are cut to 64 characters. */
function editDistance(rawA: string, rawB: string): number {
  const [a, b] = [rawA.slice(0, 64), rawB.slice(0, 64)]
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = isSwap ? (before[j - 2] as number) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(change, swap, (next[j - 1] as number) + 1, (row[j] as number) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] as number
}
