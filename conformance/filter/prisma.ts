// Conditions for Prisma. Prisma is not installed: its `where` is interpreted here by what its documentation says, over the
// same rows, with SQL's NULL. That shows that the object says what the policies say, not that Prisma does what it says.
import {
  Authorizer,
  EntityUid,
  loadFilter,
  parsePolicies,
  type PrismaModel,
  type PrismaWhere,
} from '../../src/access/index.ts'
import { RingwallError } from '../../src/core/errors.ts'
import { drawContext } from './fuzz.ts'
import { drawSimplePolicies } from './policies.ts'
import { Random } from './random.ts'
import { USERS } from './values.ts'
import { type Cell, drawWorld, type World } from './world.ts'
import { mappingFor, schema } from './world-schema.ts'

type Row = Readonly<Record<string, Cell>>

const MODEL: PrismaModel = {
  fields: { rank_: 'rank', open_: 'open' },
  relations: {
    doc_viewers: { field: 'viewers', fields: { value: 'userId' } },
    doc_labels: { field: 'labels', fields: { value: 'label' } },
    doc_codes: { field: 'codes', fields: { value: 'code' } },
    doc_teams: { field: 'teams', fields: { team_id: 'teamId' } },
  },
}

/** Tables of relations and the names of their columns in the model. */
const RELATIONS: Readonly<Record<string, readonly [table: string, names: Readonly<Record<string, string>>]>> =
  {
    viewers: ['doc_viewers', { userId: 'value' }],
    labels: ['doc_labels', { label: 'value' }],
    codes: ['doc_codes', { code: 'value' }],
    teams: ['doc_teams', { teamId: 'team_id' }],
  }
const COLUMNS: Readonly<Record<string, string>> = { rank: 'rank_', open: 'open_' }

export interface PrismaResult {
  policySets: number
  refused: number
  rowDecisions: number
  allowed: number
  readonly mismatches: string[]
}

/** Simple policies, as far as Prisma can say them, against rows in memory. */
export function tryPrisma(seed: number, policySets: number, rows: number): PrismaResult {
  const result: PrismaResult = { policySets, refused: 0, rowDecisions: 0, allowed: 0, mismatches: [] }
  const world = drawWorld(new Random(seed), rows)
  for (let at = 0; at < policySets; at++)
    tryOne(world, new Random((seed + at) * 104_729 + 11), `seed ${seed + at}`, result)
  return result
}

function tryOne(world: World, random: Random, name: string, result: PrismaResult): void {
  const text = drawSimplePolicies(random)
  const parsed = parsePolicies(text)
  if (!parsed.ok) throw new Error(`${name}: ${parsed.errors[0]?.message} in ${text}`)
  const principal = new EntityUid('User', random.pick(USERS))
  const context = drawContext(random)
  const action = new EntityUid('Action', 'read')
  let where: PrismaWhere
  try {
    const filter = loadFilter({
      policies: parsed.value,
      schema,
      mapping: mappingFor('postgres'),
      dialect: 'postgres',
      prisma: { Doc: MODEL },
    })
    where = filter.accessibleBy({ principal, action, context, entities: world.entities }, 'Doc').toPrisma()
  } catch (thrown) {
    if (!(thrown instanceof RingwallError) || thrown.code !== 'access.filter-untranslatable')
      throw new Error(`${name}: ${text}`, { cause: thrown })
    result.refused++
    return
  }
  const authorizer = new Authorizer(parsed.value)
  for (const row of world.tables.get('docs') ?? []) {
    const isFound = matches(where, row, world)
    const resource = new EntityUid('Doc', row['id'] as string)
    const isAllowed = authorizer.isAllowed({ principal, action, resource, context }, world.entities)
    result.rowDecisions++
    if (isAllowed) result.allowed++
    if (isFound !== isAllowed) {
      result.mismatches.push(
        `${name}: ${resource.id} is ${isAllowed ? 'hidden' : 'leaked'}\n${text}\n${show(where)}`,
      )
      return
    }
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one))
}

/** Fields of one object must all hold; AND and OR hold lists. */
function matches(
  where: PrismaWhere,
  row: Row,
  world: World,
  names: Readonly<Record<string, string>> = COLUMNS,
): boolean {
  return Object.entries(where).every(([key, test]) => {
    if (key === 'AND') return (test as readonly PrismaWhere[]).every((one) => matches(one, row, world, names))
    if (key === 'OR') return (test as readonly PrismaWhere[]).some((one) => matches(one, row, world, names))
    const relation = names === COLUMNS ? RELATIONS[key] : undefined
    if (relation !== undefined) return hasRelated(relation, test as PrismaWhere, row, world)
    const column = names[key] ?? key
    if (!(column in row)) throw new Error(`the model has no field ${key}`)
    return fieldMatches(row[column] as Cell, test)
  })
}

function hasRelated(
  [table, names]: readonly [string, Readonly<Record<string, string>>],
  test: PrismaWhere,
  row: Row,
  world: World,
): boolean {
  const related = (world.tables.get(table) ?? []).filter((one) => one['doc_id'] === row['id'])
  const [[quantifier, inner]] = Object.entries(test) as [[string, PrismaWhere]]
  const isThere = related.some((one) => matches(inner, one, world, names))
  return quantifier === 'some' ? isThere : !isThere
}

/** What is NULL meets no test but the one for null. */
function fieldMatches(value: Cell, test: unknown): boolean {
  if (test === null) return value === null
  if (typeof test !== 'object') return value === test
  const tests = Object.entries(test as PrismaWhere)
  if (tests.length === 1 && tests[0]?.[0] === 'not' && tests[0][1] === null) return value !== null
  return value !== null && tests.every(([operator, wanted]) => compare(value, operator, wanted))
}

function compare(value: Exclude<Cell, null>, operator: string, wanted: unknown): boolean {
  if (operator === 'not')
    return typeof wanted === 'object' && wanted !== null && !(wanted instanceof Date)
      ? !fieldMatches(value, wanted)
      : !isSame(value, wanted)
  if (operator === 'in') return (wanted as readonly unknown[]).some((one) => isSame(value, one))
  if (operator === 'notIn') return !(wanted as readonly unknown[]).some((one) => isSame(value, one))
  if (operator === 'equals') return isSame(value, wanted)
  if (operator === 'startsWith') return (value as string).startsWith(wanted as string)
  if (operator === 'endsWith') return (value as string).endsWith(wanted as string)
  if (operator === 'contains') return (value as string).includes(wanted as string)
  const [one, other] = [orderOf(value), orderOf(wanted)]
  if (operator === 'lt') return one < other
  if (operator === 'lte') return one <= other
  return operator === 'gt' ? one > other : one >= other
}

/** As the columns' types compare: decimals and moments by value. */
function orderOf(value: unknown): number | bigint {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'string') return BigInt(value.replace('.', '').padEnd(value.indexOf('.') + 4, '0'))
  return value as number | bigint
}

function isSame(value: Cell, wanted: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return value === wanted
  // oxlint-disable-next-line eqeqeq: a whole number may be a bigint on one side
  return orderOf(value) == orderOf(wanted)
}
