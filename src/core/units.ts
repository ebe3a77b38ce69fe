const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SIZE_BYTES = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const

/** `15m` to milliseconds. Units: ms, s, m, h, d. Undefined where the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text)
  return match ? Number(match[1]) * DURATION_MS[match[2] as keyof typeof DURATION_MS] : undefined
}

/** `10MB` to bytes. Units: B, KB, MB, GB, each 1,024 of the one before. Undefined where the text is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,9})(B|KB|MB|GB)$/.exec(text)
  return match ? Number(match[1]) * SIZE_BYTES[match[2] as keyof typeof SIZE_BYTES] : undefined
}

/** Bytes as people write them: `1.5 MB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GB', 'MB', 'KB'] as const) {
    if (bytes >= SIZE_BYTES[unit]) return `${Number((bytes / SIZE_BYTES[unit]).toFixed(1))} ${unit}`
  }
  return `${bytes} B`
}
