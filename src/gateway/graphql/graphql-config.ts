import { size, z } from '../../core/schema.ts'

const count = (min: number, max: number, standard: number) =>
  z.number().int().min(min).max(max).default(standard)

const graphql = z.preprocess(
  (value) => (value === true ? {} : value),
  z.strictObject({
    max_depth: count(1, 100, 10).describe('Fields within each other.'),
    max_aliases: count(0, 10_000, 15).describe('Fields under another name.'),
    max_cost: count(1, 1_000_000_000, 1000).describe(
      'Fields that come back, where each list is as long as `first`, `last`, `limit` and the like say.',
    ),
    max_tokens: count(1, 100_000, 2000).describe('Tokens of a document.'),
    max_directives: count(0, 10_000, 20).describe('Directives of a document.'),
    max_batch: count(1, 1000, 1).describe('Operations in one request.'),
    max_body: size({ min: '1B', max: '10MB' }).prefault('256KB').describe('Largest request.'),
    introspection: z
      .enum(['refuse', 'pass'])
      .default('refuse')
      .describe('Whether clients may ask for the schema; `pass` for a development tool.'),
    mode: z
      .enum(['enforce', 'report'])
      .default('enforce')
      .describe('`report` only notes in the trace what would be refused.'),
  }),
)

/** Key of a route that is an endpoint of GraphQL. */
export const graphqlRouteKeys = {
  graphql: graphql
    .optional()
    .describe(
      'Limits of what one request to this endpoint of GraphQL may ask for; `true` for the usual ones.',
    ),
}

/** `graphql` of a route, parsed. */
export type GraphqlConfig = z.output<typeof graphql>
