import { type Document, isScalar, visit } from 'yaml'

/** A key that stands in its section a second time. */
export interface RepeatedKey {
  readonly key: string
  readonly offset: number
}

/** The keys that are there twice, in time linear in the document; at most so many. */
export function repeatedKeys(document: Document.Parsed, most: number): readonly RepeatedKey[] {
  const found: RepeatedKey[] = []
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (seen.has(name) && found.length < most) {
          found.push({ key: name, offset: key.range?.[0] ?? 0 })
        }
        seen.add(name)
      }
    },
  })
  return found
}
