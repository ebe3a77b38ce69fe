// The rows of the corpus: as the database has them, as entities, and as plain data for its own language.
import {
  CedarRecord,
  CedarSet,
  Entities,
  type EntityDraft,
  EntityUid,
  type Value,
} from '../../src/access/index.ts'
import { Datetime } from '../../src/access/cedar/extensions/datetime.ts'
import { readDecimal } from '../../src/access/cedar/extensions/decimal.ts'
import type { CelValue } from './cel-value.ts'
import type { Rows, Tables } from './databases.ts'
import type { Cell } from './world.ts'

export interface Seed {
  readonly id: string
  readonly aBool: boolean
  readonly aString: string
  readonly aNumber: number
  readonly aOptionalString: string | null
  readonly tags: readonly { readonly id: string; readonly name: string | null }[]
  readonly subCategoryNames: readonly string[]
  readonly parentSeedId: string | null
}

export interface Derived {
  readonly createdBy: string
  readonly aDouble: number | null
  readonly createdAt: string | null
  readonly scope: string | null
  readonly labels: readonly (string | null)[]
}

/** Tables as an application would have them. */
export const CORPUS_TABLES: Tables = {
  plain_rows: {
    id: 'text',
    a_bool: 'bool',
    a_string: 'text',
    a_number: 'long',
    a_optional: 'text',
    a_double: 'units',
    created_by: 'text',
    created_at: 'moment',
    scope: 'text',
    parent_id: 'text',
    category_id: 'text',
  },
  parents: {
    id: 'text',
    a_bool: 'bool',
    a_string: 'text',
    a_number: 'long',
    a_optional: 'text',
    inner_id: 'text',
  },
  inners: { id: 'text', a_bool: 'bool', a_string: 'text', a_number: 'long', a_optional: 'text' },
  tags: { row_id: 'text', tag_id: 'text', name: 'text', place: 'long' },
  plain_categories: { id: 'text', name: 'text' },
  subs: { category_id: 'text', name: 'text' },
  labels: { category_id: 'text', label_id: 'text', name: 'text' },
}

/** Views that measure what Cedar has no operator for, and that part named from unnamed elements. */
export function viewsFor(dialect: 'postgres' | 'mysql' | 'sqlite'): readonly string[] {
  const size = dialect === 'sqlite' ? 'length(a_string)' : 'char_length(a_string)'
  const joined = dialect === 'mysql' ? "CONCAT('prefix:', id)" : "'prefix:' || id"
  const inOrder = {
    postgres: "string_agg(tag_id, ',' ORDER BY place)",
    mysql: "GROUP_CONCAT(tag_id ORDER BY place SEPARATOR ',')",
    sqlite: "group_concat(tag_id, ',' ORDER BY place)",
  }[dialect]
  const ofRow = 'FROM tags WHERE tags.row_id = plain_rows.id'
  const exactName =
    dialect === 'mysql' ? 'CAST(name AS BINARY)' : dialect === 'sqlite' ? 'name COLLATE BINARY' : 'name'
  return [
    `CREATE VIEW corpus_rows AS SELECT plain_rows.*, ${size} AS a_string_size, a_number % 2 AS a_number_rest2, ${joined} AS prefixed_id,
      (SELECT count(*) ${ofRow}) AS tag_count, (SELECT name ${ofRow} AND place = 0) AS first_tag_name,
      COALESCE((SELECT ${inOrder} ${ofRow}), '') AS tag_ids_in_order FROM plain_rows`,
    'CREATE VIEW named_tags AS SELECT row_id, name FROM tags WHERE name IS NOT NULL',
    'CREATE VIEW unnamed_tags AS SELECT row_id, tag_id FROM tags WHERE name IS NULL',
    `CREATE VIEW tag_counts AS SELECT row_id, min(name) AS name, count(*) AS n FROM tags WHERE name IS NOT NULL GROUP BY row_id, ${exactName}`,
    `CREATE VIEW categories AS SELECT plain_categories.*,
      (SELECT count(*) FROM subs WHERE subs.category_id = plain_categories.id) AS sub_count FROM plain_categories`,
    'CREATE VIEW named_labels AS SELECT category_id, name FROM labels WHERE name IS NOT NULL',
    'CREATE VIEW unnamed_labels AS SELECT category_id, label_id FROM labels WHERE name IS NULL',
  ]
}

/** Everything that the corpus is about, three times over. */
export interface CorpusRows {
  readonly rows: Rows
  readonly entities: Entities
  readonly ids: readonly EntityUid[]
  readonly names: readonly { readonly [key: string]: CelValue }[]
}

const units = (value: number): bigint => BigInt(Math.round(value * 10_000))

export function corpusRows(
  seeds: readonly Seed[],
  derived: Readonly<Record<string, Derived>>,
  principal: { readonly [key: string]: CelValue },
): CorpusRows {
  const tables = new Map<string, Record<string, Cell>[]>()
  const insert = (table: string, row: Record<string, Cell>): void =>
    void tables.getOrInsertComputed(table, () => []).push(row)
  const drafts: EntityDraft[] = [{ uid: new EntityUid('User', 'u1'), parents: [] }]
  const draft = (
    uid: EntityUid,
    fields: Record<string, Value | undefined>,
    tags: readonly (readonly [string, Value])[],
  ): void => {
    drafts.push({ uid, attributes: recordOf(fields), tags: new CedarRecord(new Map(tags)), parents: [] })
  }
  const byId = new Map(seeds.map((seed) => [seed.id, seed]))
  for (const seed of seeds) addSeed(seed, derived[seed.id] as Derived, byId, insert, draft)
  const entities = Entities.of(drafts)
  if (typeof entities === 'string') throw new Error(entities)
  const names = seeds.map((seed) => ({
    R: { id: seed.id, attr: attributesOf(seed, derived[seed.id] as Derived, byId) },
    P: { attr: principal },
  }))
  return { rows: tables, entities, ids: seeds.map(({ id }) => new EntityUid('Row', id)), names }
}

function recordOf(fields: Record<string, Value | undefined>): CedarRecord {
  return new CedarRecord(
    new Map(Object.entries(fields).filter((field): field is [string, Value] => field[1] !== undefined)),
  )
}

type Insert = (table: string, row: Record<string, Cell>) => void
type Draft = (
  uid: EntityUid,
  fields: Record<string, Value | undefined>,
  tags: readonly (readonly [string, Value])[],
) => void

/** The four attributes that parents have too. */
function scalarCells(seed: Seed): Record<string, Cell> {
  return {
    a_bool: seed.aBool,
    a_string: seed.aString,
    a_number: BigInt(seed.aNumber),
    a_optional: seed.aOptionalString,
  }
}

function scalarFields(seed: Seed): Record<string, Value | undefined> {
  const { aBool, aString, aNumber, aOptionalString } = seed
  return { aBool, aString, aNumber, aOptionalString: aOptionalString ?? undefined }
}

function addSeed(
  seed: Seed,
  more: Derived,
  byId: ReadonlyMap<string, Seed>,
  insert: Insert,
  draft: Draft,
): void {
  const { id, tags, subCategoryNames } = seed
  const parent = byId.get(seed.parentSeedId ?? '')
  const inner = byId.get(parent?.parentSeedId ?? '')
  const hasCategory = subCategoryNames.length > 0
  insert('plain_rows', {
    id,
    ...scalarCells(seed),
    a_double: more.aDouble === null ? null : units(more.aDouble),
    created_by: more.createdBy,
    created_at: more.createdAt,
    scope: more.scope,
    parent_id: parent === undefined ? null : `parent of ${id}`,
    category_id: hasCategory ? `category of ${id}` : null,
  })
  // A row has its own parent, with the values of another.
  if (inner !== undefined) {
    insert('inners', { id: `inner of ${id}`, ...scalarCells(inner) })
    draft(new EntityUid('Inner', `inner of ${id}`), scalarFields(inner), [])
  }
  if (parent !== undefined) {
    const innerId = inner === undefined ? null : `inner of ${id}`
    insert('parents', { id: `parent of ${id}`, ...scalarCells(parent), inner_id: innerId })
    const ref = innerId === null ? undefined : new EntityUid('Inner', innerId)
    draft(new EntityUid('Parent', `parent of ${id}`), { ...scalarFields(parent), inner: ref }, [])
  }
  for (const [place, tag] of tags.entries())
    insert('tags', { row_id: id, tag_id: tag.id, name: tag.name, place: BigInt(place) })
  if (hasCategory) addCategory(seed, more, insert, draft)
  const named = tags.flatMap(({ name }) => name ?? [])
  draft(
    new EntityUid('Row', id),
    {
      ...scalarFields(seed),
      id,
      owner: seed.aOptionalString ?? undefined,
      coOwner: more.scope ?? undefined,
      scope: more.scope ?? undefined,
      aDouble: more.aDouble === null ? undefined : readDecimal(more.aDouble.toFixed(4)),
      createdBy: more.createdBy,
      createdAt: more.createdAt === null ? undefined : new Datetime(Math.floor(Date.parse(more.createdAt))),
      obj: recordOf({ inner: seed.aString }),
      parent: parent === undefined ? undefined : new EntityUid('Parent', `parent of ${id}`),
      mainCategory: hasCategory ? new EntityUid('Category', `category of ${id}`) : undefined,
      tagNames: new CedarSet(named),
      unnamedTags: new CedarSet(tags.filter(({ name }) => name === null).map((tag) => tag.id)),
      tagCount: tags.length,
      firstTagName: tags[0]?.name ?? undefined,
      tagIdsInOrder: tags.map((tag) => tag.id).join(','),
      aStringSize: [...seed.aString].length,
      aNumberRest2: (seed.aNumber % 2) + 0,
      prefixedId: `prefix:${id}`,
    },
    Object.entries(Object.groupBy(named, (name) => name)).map(
      ([name, all]) => [name, all?.length ?? 0] as const,
    ),
  )
}

function addCategory(
  { id, subCategoryNames }: Seed,
  { labels }: Derived,
  insert: Insert,
  draft: Draft,
): void {
  const category = `category of ${id}`
  insert('plain_categories', { id: category, name: 'business' })
  for (const name of subCategoryNames) insert('subs', { category_id: category, name })
  for (const [at, name] of labels.entries())
    insert('labels', { category_id: category, label_id: `${id} ${at}`, name })
  draft(
    new EntityUid('Category', category),
    {
      name: 'business',
      subNames: new CedarSet(subCategoryNames),
      subCount: subCategoryNames.length,
      labelNames: new CedarSet(labels.flatMap((name) => name ?? [])),
      unnamedLabels: new CedarSet(labels.flatMap((name, at) => (name === null ? [`${id} ${at}`] : []))),
    },
    [],
  )
}

/** What is NULL is missing, but for the two attributes that keep a null. */
function attributesOf(
  seed: Seed,
  more: Derived,
  byId: ReadonlyMap<string, Seed>,
): { readonly [key: string]: CelValue } {
  const present = (fields: Readonly<Record<string, CelValue>>): { [key: string]: CelValue } =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
  const scalars = ({ aBool, aString, aNumber, aOptionalString }: Seed): { [key: string]: CelValue } =>
    present({ aBool, aString, aNumber, aOptionalString })
  const parent = byId.get(seed.parentSeedId ?? '')
  const inner = byId.get(parent?.parentSeedId ?? '')
  const subCategories = seed.subCategoryNames.map((name) => ({
    name,
    labels: more.labels.map((label) => present({ name: label })),
  }))
  const hasCategory = subCategories.length > 0
  return {
    ...scalars(seed),
    ...present({
      aDouble: more.aDouble,
      createdBy: more.createdBy,
      createdAt: more.createdAt,
      scope: more.scope,
      parent:
        parent === undefined
          ? null
          : { ...scalars(parent), ...(inner === undefined ? {} : { inner: scalars(inner) }) },
      mainCategory: hasCategory ? { subCategories, subNames: seed.subCategoryNames } : null,
    }),
    owner: seed.aOptionalString,
    coOwner: more.scope,
    obj: { inner: seed.aString },
    tags: seed.tags.map(({ id, name }) => present({ id, name })),
    tagNames: seed.tags.map(({ name }) => name),
    categories: hasCategory ? [{ name: 'business', subCategories }] : [],
  }
}
