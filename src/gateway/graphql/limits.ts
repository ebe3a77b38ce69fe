import { type GraphqlDocument, readDocument, type Selection } from './document.ts'
import { GraphqlFault } from './lexer.ts'

/** What one request may ask for. */
export interface GraphqlLimits {
  /** Fields within each other. */
  readonly maxDepth: number
  /** Fields under another name, all operations and fragments together. */
  readonly maxAliases: number
  /** Fields that come back, where each list is as long as its argument says. */
  readonly maxCost: number
  readonly maxTokens: number
  readonly maxDirectives: number
  /** Operations in one request. */
  readonly maxBatch: number
  readonly introspection: boolean
}

/** What a document asks for. */
export interface GraphqlWeight {
  readonly depth: number
  readonly aliases: number
  readonly cost: number
  readonly introspects: boolean
}

/** Variables of a request, of which only whole numbers matter here. */
export type Variables = Readonly<Record<string, unknown>>

/** Why a request asks for too much; undefined where it does not. `operations`: query and variables of each. */
export function graphqlFault(
  operations: readonly { readonly query: string; readonly variables: Variables }[],
  limits: GraphqlLimits,
): string | undefined {
  const { maxDepth, maxAliases, maxCost, maxTokens, maxDirectives, maxBatch } = limits
  if (operations.length > maxBatch) return `more than ${maxBatch} operations at once`
  let [cost, aliases] = [0, 0]
  try {
    for (const { query, variables } of operations) {
      const document = readDocument(query, maxTokens)
      const weight = weightOf(document, variables)
      cost += weight.cost
      aliases += weight.aliases
      if (document.directives > maxDirectives) return `more than ${maxDirectives} directives`
      if (weight.depth > maxDepth) return `more than ${maxDepth} levels`
      if (aliases > maxAliases) return `more than ${maxAliases} aliases`
      if (cost > maxCost) return `it costs more than ${maxCost}`
      if (weight.introspects && !limits.introspection) return 'introspection'
    }
    return undefined
  } catch (thrown) {
    if (thrown instanceof GraphqlFault) return thrown.message
    throw thrown
  }
}

/**
 * How deep, how wide and how dear a document is. A fragment is weighed once however often it is used, so that a document that doubles
 * with each line costs no more to judge than to read. Throws GraphqlFault where fragments go in a circle or are not there.
 */
export function weightOf({ operations, fragments }: GraphqlDocument, variables: Variables): GraphqlWeight {
  const known = new Map<string, GraphqlWeight | 'open'>()
  const spread = (name: string): GraphqlWeight => {
    const weight = known.get(name)
    if (weight === 'open') throw new GraphqlFault('fragments that go in a circle')
    if (weight) return weight
    const selections = fragments.get(name)
    if (!selections) throw new GraphqlFault('a fragment that is not there')
    known.set(name, 'open')
    const found = of(selections)
    known.set(name, found)
    return found
  }
  const of = (selections: readonly Selection[]): GraphqlWeight => sum(selections.map(one))
  const one = (selection: Selection): GraphqlWeight => {
    if (selection.kind === 'spread') return spread(selection.name)
    if (selection.kind === 'inline') return of(selection.selections)
    const { name, isAliased, size, selections } = selection
    const below = of(selections)
    return {
      depth: below.depth + 1,
      aliases: below.aliases + (isAliased ? 1 : 0),
      cost: 1 + timesOf(size, variables) * below.cost,
      introspects: below.introspects || name === '__schema' || name === '__type',
    }
  }
  return sum(operations.map(({ selections }) => of(selections)))
}

function sum(weights: readonly GraphqlWeight[]): GraphqlWeight {
  return {
    depth: weights.reduce((most, { depth }) => Math.max(most, depth), 0),
    aliases: weights.reduce((all, { aliases }) => all + aliases, 0),
    cost: weights.reduce((all, { cost }) => all + cost, 0),
    introspects: weights.some(({ introspects }) => introspects),
  }
}

function timesOf(size: number | { readonly variable: string } | undefined, variables: Variables): number {
  const value =
    typeof size === 'object' && Object.hasOwn(variables, size.variable) ? variables[size.variable] : size
  return typeof value === 'number' && value > 1 ? value : 1
}
