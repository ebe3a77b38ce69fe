/** The value of a cookie; undefined when it is absent, or there twice with different values. */
export function readCookie(rawCookies: readonly string[], name: string): string | undefined {
  const values = new Set<string>()
  for (const pair of rawCookies.flatMap((header) => header.split(';'))) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) values.add(pair.slice(at + 1).trim())
  }
  return values.size === 1 ? [...values][0] : undefined
}
