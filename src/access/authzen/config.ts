import { size, z } from '../../core/schema.ts'
import type { Secret } from '../../core/secret.ts'
import { DEFAULT_LIMITS } from './limits.ts'

const type = z.strictObject({
  entity: z.string().describe('The Cedar entity type, with its namespace: `Shop::User`.'),
  properties: z
    .enum(['fill', 'override', 'ignore'])
    .default('fill')
    .describe(
      'Properties in a question: `fill` what is not stored, `override` what is, or `ignore` them and believe the store alone.',
    ),
  must_exist: z
    .boolean()
    .default(true)
    .describe('Whether the decision is false for entities that are not stored.'),
})

/** One of `security.authorization.authzen.callers`, without its token: how secrets are referred to is for the whole file. */
export const authzenCaller = z.strictObject({
  search: z.boolean().default(false).describe('Whether it may use the Search APIs too.'),
})

/** `security.authorization.authzen`, without its callers. */
export const authzenSection = z.strictObject({
  enabled: z.boolean().default(false).describe('Whether this gateway is an AuthZEN decision point.'),
  url: z
    .string()
    .optional()
    .describe(
      'Its public base URL, such as https://pdp.example.com; a path in it goes before all endpoints.',
    ),
  policies: z
    .array(z.string())
    .default([])
    .describe('Files with Cedar policies. Not given: `security.authorization.policy`.'),
  schema: z
    .string()
    .optional()
    .describe('File with the Cedar schema; policies that do not fit it stop the start.'),
  entities: z.string().optional().describe('File with entities in the JSON format of Cedar.'),
  namespace: z
    .string()
    .default('')
    .describe('Cedar namespace of the actions, and of types that have no row.'),
  types: z
    .record(z.string(), type)
    .default({})
    .describe('What AuthZEN types are in Cedar. With rows here other types are unknown.'),
  actions: z
    .array(z.string().min(1).max(DEFAULT_LIMITS.maxNameChars))
    .default([])
    .describe('Actions that an action search looks at. Not given: those of the schema or the policies.'),
  action_properties_in: z
    .string()
    .optional()
    .describe(
      'Attribute of the context that holds the properties of the action. Not given: `action.name` of each.',
    ),
  annotations: z
    .array(z.string())
    .default([])
    .describe('Annotations of the deciding policies that are sent in the context of the answer: `reason`.'),
  failed_forbid: z
    .enum(['deny', 'skip'])
    .default('deny')
    .describe("What a `forbid` does that cannot be evaluated; `skip` is Cedar's own rule."),
  page_size: z
    .number()
    .int()
    .min(1)
    .max(DEFAULT_LIMITS.maxPageSize)
    .default(DEFAULT_LIMITS.pageSize)
    .describe('Results of a page of a search where the question names no limit.'),
  max_evaluations: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(DEFAULT_LIMITS.maxEvaluations)
    .describe('Questions in one request.'),
  max_body: size({ min: '1KB', max: '10MB' }).prefault('256KB').describe('Largest request body.'),
})

/** `security.authorization.authzen`, parsed. */
export type AuthZenConfig = z.output<typeof authzenSection> & {
  readonly callers: Readonly<Record<string, z.output<typeof authzenCaller> & { readonly token: Secret }>>
}
