// The hostile corpus: each of its conditions in Cedar, held against the authorizer on every database, and against the
// rules of the language that it was written in.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import {
  Authorizer,
  type DialectName,
  EntityUid,
  type FilterOptions,
  loadFilter,
  type MappingConfig,
  parsePolicies,
  parseSchema,
  type Policy,
} from '../../src/access/index.ts'
import { RingwallError } from '../../src/core/errors.ts'
import { type Cel, readCel } from './cel.ts'
import { NotInCedar, type Principal } from './cel-text.ts'
import { Translator } from './cel-translator.ts'
import { celValue, type CelValue } from './cel-value.ts'
import {
  CORPUS_TABLES,
  type CorpusRows,
  corpusRows,
  type Derived,
  type Seed,
  viewsFor,
} from './corpus-rows.ts'
import type { Database } from './databases.ts'

const SCHEMA = `
entity User;
entity Inner { aBool: Bool, aString: String, aNumber: Long, aOptionalString?: String };
entity Parent { aBool: Bool, aString: String, aNumber: Long, aOptionalString?: String, inner?: Inner };
entity Category { name: String, subNames: Set<String>, subCount: Long, labelNames: Set<String>, unnamedLabels: Set<String> };
entity Row {
  id: String, aBool: Bool, aString: String, aNumber: Long, aOptionalString?: String, owner?: String, coOwner?: String, scope?: String,
  aDouble?: decimal, createdBy: String, createdAt?: datetime, obj: { inner: String }, parent?: Parent, mainCategory?: Category,
  tagNames: Set<String>, unnamedTags: Set<String>, tagCount: Long, firstTagName?: String, tagIdsInOrder: String,
  aStringSize: Long, aNumberRest2: Long, prefixedId: String,
} tags Long;
action ask appliesTo { principal: User, resource: Row };
`

function mappingFor(): MappingConfig {
  const scalars = { aBool: 'a_bool', aString: 'a_string', aNumber: 'a_number', aOptionalString: 'a_optional' }
  const set = (
    table: string,
    owner: string,
    value: string,
  ): { table: string; owner: string; value: string } => ({ table, owner, value })
  return {
    entities: {
      Inner: { table: 'inners', attributes: scalars },
      Parent: { table: 'parents', attributes: { ...scalars, inner: 'inner_id' } },
      Category: {
        table: 'categories',
        attributes: {
          name: 'name',
          subNames: set('subs', 'category_id', 'name'),
          subCount: 'sub_count',
          labelNames: set('named_labels', 'category_id', 'name'),
          unnamedLabels: set('unnamed_labels', 'category_id', 'label_id'),
        },
      },
      Row: {
        table: 'corpus_rows',
        attributes: {
          ...scalars,
          id: 'id',
          owner: 'a_optional',
          coOwner: 'scope',
          scope: 'scope',
          aDouble: { column: 'a_double', storage: 'units' },
          createdBy: 'created_by',
          createdAt: 'created_at',
          obj: { fields: { inner: 'a_string' } },
          parent: 'parent_id',
          mainCategory: 'category_id',
          tagNames: set('named_tags', 'row_id', 'name'),
          unnamedTags: set('unnamed_tags', 'row_id', 'tag_id'),
          tagCount: 'tag_count',
          firstTagName: 'first_tag_name',
          tagIdsInOrder: 'tag_ids_in_order',
          aStringSize: 'a_string_size',
          aNumberRest2: 'a_number_rest2',
          prefixedId: 'prefixed_id',
        },
        tags: { table: 'tag_counts', owner: 'row_id', key: 'name', value: 'n' },
      },
    },
  }
}

/** One condition of the corpus. */
export interface Shape {
  readonly name: string
  readonly cel: Cel
}

/** How one condition went. */
export interface ShapeResult {
  readonly name: string
  /** `equal`: filter, authorizer and the corpus's own language agree everywhere. */
  readonly outcome: 'equal' | 'refused' | 'different'
  readonly detail: string
  /** How many of the rows it selects, where it was translated. */
  readonly selected: number
}

interface RuleDocument {
  readonly resourcePolicy: {
    readonly rules: readonly {
      readonly actions: readonly string[]
      readonly condition: { readonly match: Match }
    }[]
  }
}
type Match = { readonly expr: string } | { readonly all: Group } | { readonly any: Group }
interface Group {
  readonly of: readonly { readonly expr: string }[]
}

function celOf(match: Match): Cel {
  if ('expr' in match) return readCel(match.expr)
  const [operator, group] = 'all' in match ? (['&&', match.all] as const) : (['||', match.any] as const)
  return group.of
    .map(({ expr }) => readCel(expr))
    .reduce((left, right): Cel => ({ kind: 'binary', operator, left, right }))
}

/** Reads the conditions that every adapter of the corpus must translate or refuse. */
export function readShapes(directory: string): readonly Shape[] {
  const document = parse(
    readFileSync(join(directory, 'policies', 'adversarial.yaml'), 'utf8'),
  ) as RuleDocument
  const { conformance } = JSON.parse(readFileSync(join(directory, 'actions.json'), 'utf8')) as {
    conformance: readonly string[]
  }
  const rules = new Map(
    document.resourcePolicy.rules.map(({ actions, condition }) => [actions[0], condition.match]),
  )
  return conformance.map((name) => {
    const match = rules.get(name)
    if (match === undefined) throw new Error(`the corpus has no rule ${name}`)
    return { name, cel: celOf(match) }
  })
}

/** Every condition on every database. */
export async function runCorpus(
  directory: string,
  databases: readonly Database[],
): Promise<readonly ShapeResult[]> {
  const { seeds, principal } = JSON.parse(readFileSync(join(directory, 'seeds.json'), 'utf8')) as {
    seeds: readonly Seed[]
    principal: { readonly attr: Principal & { readonly [key: string]: CelValue } }
  }
  const { derived } = JSON.parse(readFileSync(join(directory, 'derived-fields.json'), 'utf8')) as {
    derived: Readonly<Record<string, Derived>>
  }
  const data = corpusRows(seeds, derived, principal.attr)
  for (const database of databases) {
    await database.load(CORPUS_TABLES, data.rows)
    for (const view of viewsFor(database.dialect)) await database.run(view)
  }
  const translator = new Translator(principal.attr)
  const results: ShapeResult[] = []
  for (const shape of readShapes(directory)) results.push(await judge(shape, translator, data, databases))
  return results
}

async function judge(
  shape: Shape,
  translator: Translator,
  data: CorpusRows,
  databases: readonly Database[],
): Promise<ShapeResult> {
  const { name, cel } = shape
  try {
    const { isTrue, isFalse, direct } = translator.condition(cel)
    const wanted = data.names.map((names) => celValue(cel, names))
    const forms = [
      { body: `when { ${isTrue} }`, value: true },
      { body: `when { ${isFalse} }`, value: false },
      ...(direct === undefined
        ? []
        : [
            { body: `when { ${direct} }`, value: true },
            { body: `unless { ${direct} }`, value: false },
          ]),
    ]
    for (const { body, value } of forms) {
      const text = `permit (principal, action, resource) ${body};`
      const different = await compare(
        text,
        wanted.map((outcome) => outcome === value),
        data,
        databases,
      )
      if (different !== undefined)
        return { name, outcome: 'different', detail: `${different}: ${text}`, selected: 0 }
    }
    return {
      name,
      outcome: 'equal',
      detail: direct ?? isTrue,
      selected: wanted.filter((outcome) => outcome === true).length,
    }
  } catch (thrown) {
    if (!(thrown instanceof NotInCedar)) throw new Error(name, { cause: thrown })
    return refusal(name, thrown, databases)
  }
}

const ACTION = new EntityUid('Action', 'ask')
const PRINCIPAL = new EntityUid('User', 'u1')

async function compare(
  text: string,
  wanted: readonly boolean[],
  { ids, entities }: CorpusRows,
  databases: readonly Database[],
): Promise<string | undefined> {
  const policies = policiesOf(text)
  if (typeof policies === 'string') throw new Error(`${policies} in ${text}`)
  const authorizer = new Authorizer(policies)
  const allowed = ids.filter((resource) =>
    authorizer.isAllowed({ principal: PRINCIPAL, action: ACTION, resource }, entities),
  )
  const want = ids.filter((_, at) => wanted[at]).map(({ id }) => id)
  const check = allowed.map(({ id }) => id)
  if (check.join() !== want.join())
    return `the translation allows ${check.join(' ')}, the corpus ${want.join(' ')}`
  for (const database of databases) {
    const filter = loadFilter(optionsFor(database.dialect, policies))
    const where = filter.accessibleBy({ principal: PRINCIPAL, action: ACTION, entities }, 'Row').toSql()
    const found = await database.ids({ ...where, text: `SELECT id FROM corpus_rows WHERE ${where.text}` })
    if (found.toSorted().join() !== want.toSorted().join())
      return `${database.dialect} selects ${found.join(' ')}, not ${want.join(' ')}`
  }
  return undefined
}

/** What a person would write must be refused when it is loaded, by the parser or by every filter. */
function refusal(
  name: string,
  { message, literal }: NotInCedar,
  databases: readonly Database[],
): ShapeResult {
  const policies = policiesOf(`permit (principal, action, resource) when { ${literal} };`)
  const reasons = databases.map(({ dialect }) => {
    if (typeof policies === 'string') return policies
    try {
      loadFilter(optionsFor(dialect, policies))
      return undefined
    } catch (thrown) {
      if (!(thrown instanceof RingwallError)) throw thrown
      return thrown.message
    }
  })
  const isRefused = !reasons.includes(undefined)
  const detail = isRefused ? `${message} (${literal}: ${reasons[0]})` : `${literal} was not refused`
  return { name, outcome: isRefused ? 'refused' : 'different', detail, selected: 0 }
}

const schema = parseSchema(SCHEMA)

function policiesOf(text: string): readonly Policy[] | string {
  const parsed = parsePolicies(text)
  return parsed.ok ? parsed.value : (parsed.errors[0]?.message ?? 'unreadable')
}

function optionsFor(dialect: DialectName, policies: readonly Policy[]): FilterOptions {
  if (!schema.ok) throw new Error(schema.errors[0]?.message)
  return { policies, schema: schema.value, mapping: mappingFor(), dialect }
}
