// A device is named for its owner's eyes only: nothing is decided by it, so a few words are enough.

const BROWSERS: readonly (readonly [pattern: string, name: string])[] = [
  ['Edg/', 'Edge'],
  ['EdgiOS/', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Vivaldi/', 'Vivaldi'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['HeadlessChrome/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
  ['curl/', 'curl'],
]

const SYSTEMS: readonly (readonly [pattern: string, name: string])[] = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['CrOS', 'ChromeOS'],
  ['Windows', 'Windows'],
  ['Macintosh', 'macOS'],
  ['Linux', 'Linux'],
]

/** What a User-Agent field says of browser and system. The order of the tables matters: browsers name each other. */
export function readUserAgent(rawUserAgent: string): {
  readonly browser: string | undefined
  readonly system: string | undefined
} {
  const text = rawUserAgent.slice(0, 256)
  const find = (table: typeof BROWSERS): string | undefined =>
    table.find(([pattern]) => text.includes(pattern))?.[1]
  return { browser: find(BROWSERS), system: find(SYSTEMS) }
}
