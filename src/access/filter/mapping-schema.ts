import { z } from '../../core/schema.ts'
import type { AttributeConfig } from './mapping.ts'

const name = z.string().min(1)
const storage = z
  .enum(['timestamp', 'milliseconds', 'seconds', 'numeric', 'units'])
  .describe('How a time or a decimal lies in the column.')
const idFormat = z.enum(['text', 'uuid', 'integer'])
const table = {
  table: name.describe('The name of the table.'),
  schema: name.optional().describe('The database schema of the table.'),
}
/** Of a union whose forms are told in one line; the pages do not list the keys of each. */
const WHOLE = { documented: 'whole' }

const attribute: z.ZodType<AttributeConfig> = z
  .lazy(() =>
    z.union(
      [
        name,
        z.strictObject({ column: name, storage: storage.optional(), exact: z.boolean().optional() }),
        z.strictObject({ fields: z.record(name, attribute) }),
        z.strictObject({ ...table, owner: name, value: name, storage: storage.optional() }),
        z.strictObject({ array: name }),
      ],
      'must be a column, or { column, storage, exact }, { fields }, { table, owner, value } or { array }',
    ),
  )
  .meta(WHOLE) as z.ZodType<AttributeConfig>

const parent = z.union(
  [
    name,
    z.strictObject({ column: name }),
    z.strictObject({ ...table, child: name, parent: name }),
    z.strictObject({ closure: name, schema: name.optional(), descendant: name, ancestor: name }),
  ],
  'must be a column, or { table, child, parent } or { closure, descendant, ancestor }',
)

const id = z.union(
  [
    name,
    z.strictObject({
      column: name.optional().describe('The column; `id` unless said.'),
      format: idFormat.optional().describe('What it holds; text unless said.'),
      exact: z
        .boolean()
        .optional()
        .describe('MySQL and MariaDB: the column compares by bytes already, so that it is compared once.'),
    }),
  ],
  'must be a column, or { column, format: text | uuid | integer, exact }',
)

const entity = z.strictObject({
  table: name.optional().describe('The table of these entities; without one, only their ids are compared.'),
  schema: name.optional().describe('The database schema of the table.'),
  id: id.optional().describe('The column of the id, and what it holds: text (default), uuid or integer.'),
  attributes: z
    .record(name, attribute)
    .optional()
    .describe(
      'Attribute to column, or to `{ column, storage, exact }`, `{ fields }`, `{ table, owner, value }` or `{ array }`.',
    ),
  parents: z
    .record(name, z.union([parent, z.array(parent).min(1)]).meta(WHOLE))
    .optional()
    .describe(
      'Entity type above these to column, or to `{ table, child, parent }` or `{ closure, descendant, ancestor }`; several in a list.',
    ),
  tags: z
    .strictObject({
      ...table,
      owner: name.describe('The column with the id of the entity.'),
      key: name.describe('The column with the key of the tag.'),
      value: name.describe('The column with its value.'),
      storage: storage.optional(),
    })
    .optional()
    .describe('The table of tags.'),
})

/** The plain form of a mapping, for a configuration to hold (`MappingConfig`). */
export const mappingSchema = z.strictObject({
  entities: z.record(name, entity).describe('Entity types of the Cedar schema and where they are.'),
})
