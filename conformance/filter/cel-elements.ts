import { all, any, negated } from './cel-rails.ts'

/** What is asked of one element of a collection, without errors. */
export type Element =
  /** Of the row, not of the element. */
  | { readonly kind: 'outer'; readonly text: string }
  /** It has a name, and that is among these or not. */
  | { readonly kind: 'name'; readonly among: readonly string[]; readonly wanted: boolean }
  | { readonly kind: 'named'; readonly wanted: boolean }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Element[] }

/** A collection of elements with a name or without one, as sets of Cedar. */
export interface Collection {
  /** The names that there are. */
  readonly names: string
  /** The ids of the elements that have none. */
  readonly unnamed: string
}

export function opposite(element: Element): Element {
  switch (element.kind) {
    case 'outer':
      return { kind: 'outer', text: negated(element.text) }
    case 'named':
      return { kind: 'named', wanted: !element.wanted }
    case 'name':
      return {
        kind: 'or',
        parts: [
          { kind: 'named', wanted: false },
          { ...element, wanted: !element.wanted },
        ],
      }
    case 'and':
    case 'or':
      return { kind: element.kind === 'and' ? 'or' : 'and', parts: element.parts.map(opposite) }
    default:
      return element satisfies never
  }
}

/** That some element is so. Cedar has no lambdas, but it has `contains`, `containsAny` and `containsAll`. */
export function some(element: Element, collection: Collection): string {
  return any(
    alternatives(element).map((parts) => {
      const outer = parts.flatMap((part) => (part.kind === 'outer' ? [part.text] : []))
      const inner = parts.filter((part) => part.kind !== 'outer')
      if (inner.length > 1) throw new Error('two questions about one element')
      return all([...outer, one(inner[0], collection)])
    }),
  )
}

export function every(element: Element, collection: Collection): string {
  return negated(some(opposite(element), collection))
}

function one(element: Element | undefined, { names, unnamed }: Collection): string {
  if (element === undefined) return any([`!${names}.isEmpty()`, `!${unnamed}.isEmpty()`])
  if (element.kind === 'named') return element.wanted ? `!${names}.isEmpty()` : `!${unnamed}.isEmpty()`
  if (element.kind !== 'name') throw new Error('not one question')
  const { among, wanted } = element
  const [first] = among
  if (first === undefined) return wanted ? 'false' : `!${names}.isEmpty()`
  if (!wanted) return `!([${among.join(', ')}].containsAll(${names}))`
  return among.length === 1 ? `${names}.contains(${first})` : `${names}.containsAny([${among.join(', ')}])`
}

/** A disjunction of conjunctions. */
function alternatives(element: Element): readonly (readonly Element[])[] {
  if (element.kind === 'or') return element.parts.flatMap(alternatives)
  if (element.kind !== 'and') return [[element]]
  return element.parts
    .map(alternatives)
    .reduce((left, right) => left.flatMap((one) => right.map((other) => [...one, ...other])), [[]])
}
