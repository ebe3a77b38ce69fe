import { z } from '../../core/schema.ts'

const schema = z.preprocess(
  (value) => (typeof value === 'string' ? { document: value } : value),
  z.strictObject({
    document: z
      .string()
      .min(1)
      .describe('OpenAPI 3.1 document (YAML or JSON); files that it names are read too.'),
    base: z
      .string()
      .regex(/^(\/[\w.~-]+)*$/, 'must be a path such as /v1, without a slash at its end')
      .optional()
      .describe("Path under which the document's paths are; by default that of its first server."),
    mode: z
      .enum(['enforce', 'report'])
      .default('enforce')
      .describe('`report` only notes in the trace what would be refused.'),
    unknown_fields: z
      .enum(['refuse', 'pass'])
      .default('refuse')
      .describe('Fields of bodies that no schema names, and `readOnly` ones (mass assignment).'),
    unknown_parameters: z
      .enum(['refuse', 'pass'])
      .default('refuse')
      .describe('Parameters of the query that the operation does not have.'),
    responses: z
      .enum(['report', 'off'])
      .default('report')
      .describe('Whether answers that do not fit are noted in the trace.'),
  }),
)

/** Keys of a route about what its requests must be. */
export const schemaRouteKeys = {
  openapi: schema
    .optional()
    .describe('OpenAPI document that requests of this route must fit: a file, or `document` and more.'),
}

/** `openapi` of a route, parsed. */
export type SchemaConfig = z.output<typeof schema>
