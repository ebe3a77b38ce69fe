// Random policies against random rows: what a filter selects must be what the authorizer allows, row by row.
import {
  Authorizer,
  CedarRecord,
  CedarSet,
  type DialectName,
  EntityUid,
  type FilterOptions,
  loadFilter,
  parsePolicies,
  type Policy,
  type SqlText,
  type Value,
} from '../../src/access/index.ts'
import { Datetime } from '../../src/access/cedar/extensions/datetime.ts'
import { readIp } from '../../src/access/cedar/extensions/ipaddr.ts'
import { isStorable } from '../../src/access/filter/term.ts'
import { RingwallError } from '../../src/core/errors.ts'
import type { Database } from './databases.ts'
import { principalExpressions } from './expressions.ts'
import { drawPolicies } from './policies.ts'
import { Random } from './random.ts'
import { TABLES } from './tables.ts'
import { ADDRESSES, LONGS, MOMENTS, STRANGERS, TEAMS, TEXTS, USERS } from './values.ts'
import { drawWorld, type World } from './world.ts'
import { mappingFor, schema } from './world-schema.ts'

/** How much is tried. */
export interface Extent {
  readonly seed: number
  readonly policySets: number
  readonly rows: number
  /** How many policy sets are tried on one world before another is drawn. */
  readonly setsPerWorld: number
  /** Makes every condition wrong on purpose, to see that this is noticed. */
  readonly spoil?: (condition: string) => string
}

/** What was tried and what came of it. */
export interface FuzzResult {
  policySets: number
  rowDecisions: number
  allowed: number
  /** Conditions that select no row, every row, or some. */
  none: number
  all: number
  some: number
  /** Policy sets that a database cannot answer, each refused when it was loaded, by reason. */
  readonly refused: Map<string, number>
  readonly mismatches: string[]
}

const ACTION = new EntityUid('Action', 'read')
const MAX_MISMATCHES = 20

/** Refusals that are as they should be: what this world keeps in PostgreSQL only. */
const EXPECTED_REFUSALS = [
  /where Doc's `(addr|hints)` is/,
  /where the tags of User are/,
  /would become more than \d+ comparisons/,
]

export async function fuzz(
  databases: readonly Database[],
  { seed, policySets, rows, setsPerWorld, spoil = (condition) => condition }: Extent,
  progress: (result: FuzzResult) => void,
): Promise<FuzzResult> {
  const result: FuzzResult = {
    policySets: 0,
    rowDecisions: 0,
    allowed: 0,
    none: 0,
    all: 0,
    some: 0,
    refused: new Map(),
    mismatches: [],
  }
  let world: World | undefined
  for (let at = 0; at < policySets && result.mismatches.length < MAX_MISMATCHES; at++) {
    if (world === undefined || at % setsPerWorld === 0) {
      world = drawWorld(new Random(seed + at), rows)
      for (const database of databases) await database.load(TABLES, world.tables)
      progress(result)
    }
    const random = new Random((seed + at) * 7919 + 17)
    await tryPolicies(databases, world, random, { name: `seed ${seed + at}`, spoil }, result)
    result.policySets++
  }
  return result
}

interface Case {
  readonly policies: readonly Policy[]
  readonly text: string
  readonly failedForbid: 'skip' | 'deny'
  readonly principal: EntityUid
  readonly context: CedarRecord
  readonly name: string
  readonly spoil: (condition: string) => string
}

async function tryPolicies(
  databases: readonly Database[],
  world: World,
  random: Random,
  { name, spoil }: { readonly name: string; readonly spoil: (condition: string) => string },
  result: FuzzResult,
): Promise<void> {
  const text = drawPolicies(random)
  const parsed = parsePolicies(text)
  if (!parsed.ok) throw new Error(`${name}: ${parsed.errors[0]?.message} in ${text}`)
  const drawn: Case = {
    policies: parsed.value,
    text,
    failedForbid: random.chance(0.2) ? 'deny' : 'skip',
    principal: new EntityUid('User', random.chance(0.05) ? random.pick(STRANGERS) : random.pick(USERS)),
    context: drawContext(random),
    name,
    spoil,
  }
  const resource = random.pick(world.docs)
  const { failedForbid } = drawn
  const authorizer = new Authorizer(drawn.policies, { failedForbid })
  const rows = expected(
    authorizer,
    world.docs,
    (doc) => ({ principal: drawn.principal, resource: doc }),
    drawn,
    world,
  )
  const users = expected(authorizer, world.users, (user) => ({ principal: user, resource }), drawn, world)
  for (const database of databases) {
    await judge(database, drawn, 'rows', rows, world, result, (filter) =>
      filter
        .accessibleBy(
          { principal: drawn.principal, action: ACTION, context: drawn.context, entities: world.entities },
          'Doc',
        )
        .toSql(),
    )
    await judge(database, drawn, 'principals', users, world, result, (filter) =>
      filter
        .whoCanAccess({ resource, action: ACTION, context: drawn.context, entities: world.entities }, 'User')
        .toSql(),
    )
    if (database.dialect !== 'postgres' || !isExpressible(drawn, world)) continue
    // As row-level security has it: the principal and the context are SQL, and values stand in the text.
    await judge(database, drawn, 'rows', rows, world, result, (filter) =>
      filter
        .plan({
          action: ACTION,
          resource: { kind: 'row', type: 'Doc' },
          ...principalExpressions(drawn.principal, drawn.context, world.entities),
        })
        .bind({ entities: world.entities })
        .toSql({ literals: 'inline' }),
    )
  }
}

/** SQL can only be given for what the schema allows and the database can hold. */
function isExpressible({ principal, context }: Case, world: World): boolean {
  const word = context.get('word')
  return (
    world.entities.get(principal) !== undefined &&
    typeof word === 'string' &&
    isStorable(word) &&
    typeof context.get('number') === 'number'
  )
}

function expected(
  authorizer: Authorizer,
  candidates: readonly EntityUid[],
  ask: (candidate: EntityUid) => { readonly principal: EntityUid; readonly resource: EntityUid },
  { context }: Case,
  world: World,
): ReadonlySet<string> {
  const allowed = candidates.filter((candidate) =>
    authorizer.isAllowed({ ...ask(candidate), action: ACTION, context }, world.entities),
  )
  return new Set(allowed.map(({ id }) => id))
}

async function judge(
  database: Database,
  drawn: Case,
  question: 'rows' | 'principals',
  want: ReadonlySet<string>,
  world: World,
  result: FuzzResult,
  make: (filter: ReturnType<typeof loadFilter>) => SqlText,
): Promise<void> {
  let where: SqlText
  try {
    where = make(loadFilter(optionsFor(database.dialect, drawn, question)))
  } catch (thrown) {
    if (!(thrown instanceof RingwallError)) throw thrown
    countRefusal(thrown, drawn, result)
    return
  }
  const [table, id, candidates] =
    question === 'rows' ? ['docs', 'id', world.docs] : ['users', 'user_id', world.users]
  const quote = database.dialect === 'mysql' ? '`' : '"'
  const text = `SELECT ${quote}${id}${quote} FROM ${quote}${table}${quote} WHERE ${drawn.spoil(where.text)}`
  let got: string[]
  try {
    got = await database.ids({ text, parameters: where.parameters })
  } catch (thrown) {
    result.mismatches.push(
      `${drawn.name} ${database.dialect} ${question}: ${String(thrown)}\n${drawn.text}\n${text}`,
    )
    return
  }
  result.rowDecisions += candidates.length
  result.allowed += want.size
  if (want.size === 0) result.none++
  else if (want.size === candidates.length) result.all++
  else result.some++
  const found = new Set(got)
  const leaked = got.filter((one) => !want.has(one))
  const hidden = [...want].filter((one) => !found.has(one))
  if (leaked.length === 0 && hidden.length === 0 && found.size === got.length) return
  const rows = `leaked ${leaked.slice(0, 5).join(' ')}; hidden ${hidden.slice(0, 5).join(' ')}`
  const values = JSON.stringify(where.parameters, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
  result.mismatches.push(
    `${drawn.name} ${database.dialect} ${question} ${drawn.failedForbid}: ${rows}\n${drawn.text}\n${text}\n${values}`,
  )
}

const MAPPINGS: Readonly<Record<DialectName, FilterOptions['mapping']>> = {
  postgres: mappingFor('postgres'),
  mysql: mappingFor('mysql'),
  sqlite: mappingFor('sqlite'),
}

function optionsFor(
  dialect: DialectName,
  { policies, failedForbid }: Case,
  question: 'rows' | 'principals',
): FilterOptions {
  return { policies, schema, mapping: MAPPINGS[dialect], dialect, failedForbid, questions: [question] }
}

function countRefusal(thrown: RingwallError, drawn: Case, result: FuzzResult): void {
  const reasons = thrown.message.split('\n  ')
  for (const reason of reasons) {
    const known = EXPECTED_REFUSALS.find((expression) => expression.test(reason))
    if (known === undefined) {
      result.mismatches.push(`${drawn.name}: refused without need: ${reason}\n${drawn.text}`)
      return
    }
    result.refused.set(known.source, (result.refused.get(known.source) ?? 0) + 1)
  }
}

/** A context such as a request brings. */
export function drawContext(random: Random): CedarRecord {
  const fields: [string, Value][] = [
    ['now', new Datetime(random.pick(MOMENTS))],
    ['addr', readIp(random.pick(ADDRESSES)) as Value],
    ['flag', random.chance(0.5)],
    ['number', Number(random.pick(LONGS.filter((long) => Number.isSafeInteger(Number(long)))))],
    ['word', random.pick([...TEXTS, ...STRANGERS])],
    ['teams', new CedarSet(random.some(TEAMS, 2).map((id) => new EntityUid('Team', id)))],
  ]
  if (random.chance(0.5)) fields.push(['maybe', random.pick(TEXTS)])
  // What an application gets wrong: a value of another type.
  if (random.chance(0.03)) fields.push(['number', 'no number'])
  return new CedarRecord(new Map(fields))
}
