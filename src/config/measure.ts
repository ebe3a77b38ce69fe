/** Milliseconds in the largest unit that is exact, as the configuration reads them. */
export function formatDurationExact(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  for (const [unit, size] of units) if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`
  return `${ms}ms`
}

/** Bytes in the largest unit that is exact, as the configuration reads them. */
export function formatSizeExact(bytes: number): string {
  const units = [
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['KB', 1024],
  ] as const
  for (const [unit, size] of units) if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  return `${bytes}B`
}
