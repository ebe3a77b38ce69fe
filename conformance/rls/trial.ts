// Random policies as row-level security: what each principal reads, changes, removes and makes in a real PostgreSQL must
// be what the authorizer allows, row by row.
import { Client, Pool } from 'pg'

import {
  applyPlan,
  Authorizer,
  CedarRecord,
  CedarSet,
  type DatabasePlan,
  type DatabaseQuery,
  EntityUid,
  parsePolicies,
  planInput,
  planPostgres,
  type Policy,
  signPrincipal,
  type Value,
  withPrincipal,
} from '../../src/access/index.ts'
import { Datetime } from '../../src/access/cedar/extensions/datetime.ts'
import { readIp } from '../../src/access/cedar/extensions/ipaddr.ts'
import { tryEverything } from '../../src/access/database/attempts.ts'
import type { Declaration } from '../../src/access/database/declaration.ts'
import type { Privilege } from '../../src/access/database/privilege.ts'
import { systemClock } from '../../src/core/clock.ts'
import { RingwallError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import { leasePostgres } from '../../src/store/testing.ts'
import { drawPolicies } from '../filter/policies.ts'
import { Random } from '../filter/random.ts'
import { TABLES } from '../filter/tables.ts'
import { ADDRESSES, LONGS, MOMENTS, TEAMS, TEXTS } from '../filter/values.ts'
import { drawWorld, type World } from '../filter/world.ts'
import { mappingFor, schema } from '../filter/world-schema.ts'
import { loadRows } from './rows.ts'

/** How much is tried. */
export interface Extent {
  readonly seed: number
  readonly policySets: number
  readonly rows: number
  readonly setsPerWorld: number
}

/** What came of it. */
export interface Tally {
  policySets: number
  /** One principal's answer to one question: read, change, remove, or make a row. */
  questions: number
  rowDecisions: number
  allowed: number
  /** Statements that were tried under each role, and grants that were taken away to see whether they are needed. */
  grants: number
  /** Policy sets that a database cannot answer, each refused when it was planned, by reason. */
  readonly refused: Map<string, number>
  readonly mismatches: { readonly id: string; readonly text: string }[]
}

const ACTION = new EntityUid('Action', 'read')
const KEY = new Secret('a key that only this run knows, of 40 bytes')
const SCHEMA = 'world'
const MAX_MISMATCHES = 20
/** Of so many policy sets, the grants of one are tried; each is hundreds of statements. */
const GRANTS_EVERY = 5
/** How many rows a principal tries to make in each policy set. */
const MADE = 4

/** Refusals that are as they should be. */
const EXPECTED_REFUSALS = [
  /tags of (User|the principal)/i,
  /would become more than \d+ comparisons/,
  /ask for attributes or parents of/,
]

const VERBS = {
  read: [{ verb: 'select' }, { verb: 'insert' }, { verb: 'update', columns: ['title'] }, { verb: 'delete' }],
} as const

/** Undefined where there is no PostgreSQL. */
export async function tryPolicySets(
  extent: Extent,
  progress: (tally: Tally) => void,
): Promise<Tally | undefined> {
  const lease = (await leasePostgres()) ?? (await leasePostgres())
  if (lease === undefined) return undefined
  const prefix = `rwc_${process.pid}_${Math.random().toString(36).slice(2, 8)}`
  const admin = new Client({ connectionString: lease.url.reveal() })
  let pool: Pool | undefined
  try {
    await admin.connect()
    const url = new URL(lease.url.reveal())
    url.username = `${prefix}_writer`
    pool = new Pool({ connectionString: url.href, max: 1 })
    return await new Trial(admin, pool, prefix).run(extent, progress)
  } finally {
    await pool?.end()
    await admin.end()
    await lease.release()
    await dropRoles(prefix)
  }
}

async function dropRoles(prefix: string): Promise<void> {
  const client = new Client({
    connectionString: process.env['RINGWALL_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  })
  await client.connect()
  for (const role of ['reader', 'writer', 'migrator', 'keeper'])
    await client.query(`DROP ROLE IF EXISTS ${prefix}_${role}`)
  await client.end()
}

class Trial {
  readonly #admin: Client
  readonly #pool: Pool
  readonly #roles: Readonly<Record<'reader' | 'writer' | 'migrator' | 'keeper', string>>
  readonly #tally: Tally = {
    policySets: 0,
    questions: 0,
    rowDecisions: 0,
    allowed: 0,
    grants: 0,
    refused: new Map(),
    mismatches: [],
  }
  #isChecked = false

  constructor(admin: Client, pool: Pool, prefix: string) {
    this.#admin = admin
    this.#pool = pool
    this.#roles = {
      reader: `${prefix}_reader`,
      writer: `${prefix}_writer`,
      migrator: `${prefix}_migrator`,
      keeper: `${prefix}_keeper`,
    }
  }

  async run(
    { seed, policySets, rows, setsPerWorld }: Extent,
    progress: (tally: Tally) => void,
  ): Promise<Tally> {
    let world: World | undefined
    const tally = this.#tally
    for (let at = 0; tally.policySets < policySets && tally.mismatches.length < MAX_MISMATCHES; at++) {
      if (world === undefined || at % setsPerWorld === 0) {
        world = drawWorld(new Random(seed + at), rows)
        await loadRows(this.#admin, SCHEMA, TABLES, world.tables)
        progress(tally)
      }
      await this.#try(world, new Random((seed + at) * 7919 + 17), `seed ${seed + at}`)
    }
    return tally
  }

  async #try(world: World, random: Random, name: string): Promise<void> {
    const text = drawPolicies(random)
    const parsed = parsePolicies(text)
    if (!parsed.ok) throw new Error(`${name}: ${parsed.errors[0]?.message} in ${text}`)
    const failedForbid = random.chance(0.2) ? 'deny' : 'skip'
    const plan = this.#plan(parsed.value, failedForbid, `${name}\n${text}`)
    if (plan === undefined) return
    await this.#install(plan)
    await this.#tryGrants(plan, `${name} ${failedForbid}\n${text}`)
    const authorizer = new Authorizer(parsed.value, { failedForbid })
    for (const principal of world.users)
      await this.#ask(world, plan, authorizer, principal, random, `${name} ${failedForbid}\n${text}`)
    this.#tally.policySets++
  }

  #plan(policies: readonly Policy[], failedForbid: 'skip' | 'deny', name: string): DatabasePlan | undefined {
    const { entities } = mappingFor('postgres')
    const mapping = {
      entities: inSchema(entities, SCHEMA),
      database: { verbs: VERBS, roles: this.#roles, login: true },
    }
    try {
      return planPostgres({ ...planInput(policies, schema, mapping), failedForbid })
    } catch (thrown) {
      if (!(thrown instanceof RingwallError)) throw thrown
      for (const reason of thrown.message.split('\n  ')) {
        const known = EXPECTED_REFUSALS.find((expression) => expression.test(reason))
        if (known === undefined)
          this.#tally.mismatches.push({
            id: `${name.split('\n')[0]} refused`,
            text: `refused without need: ${reason}\n${name}`,
          })
        else this.#tally.refused.set(known.source, (this.#tally.refused.get(known.source) ?? 0) + 1)
      }
      return undefined
    }
  }

  /** The first as an operator does it, with every check; the rest by their statements alone. */
  async #install(plan: DatabasePlan): Promise<void> {
    if (this.#isChecked) {
      await this.#admin.query(['BEGIN', ...plan.statements.map(({ sql }) => sql), 'COMMIT'].join(';\n'))
    } else {
      this.#isChecked = true
      await applyPlan(async (sql, values = []) => this.#admin.query(sql, [...values]), plan, { key: KEY })
    }
  }

  /** Every verb on every column, and whether each grant is needed. Then what the trial itself needs is given. */
  async #tryGrants(plan: DatabasePlan, name: string): Promise<void> {
    const examples = examplesOf(plan)
    if (examples.length > 0 && this.#tally.policySets % GRANTS_EVERY === 0) {
      const query: DatabaseQuery = async (sql, values = []) => this.#admin.query(sql, [...values])
      await query('BEGIN')
      const whole = { ...plan, declaration: { ...plan.declaration, examples } }
      const { tried, findings } = await tryEverything(query, whole)
      await query('ROLLBACK')
      const asked = tried + plan.privileges.filter(({ on }) => on === 'column' || on === 'table').length
      this.#tally.questions += asked
      this.#tally.grants += asked
      for (const { what } of findings)
        this.#tally.mismatches.push({ id: `${name.split('\n')[0]} grants`, text: `${what}\n${name}` })
    }
    await this.#admin.query(`GRANT SELECT ON ${SCHEMA}.drafts TO ${this.#roles.writer}`)
  }

  async #ask(
    world: World,
    plan: DatabasePlan,
    authorizer: Authorizer,
    principal: EntityUid,
    random: Random,
    name: string,
  ): Promise<void> {
    const context = drawContext(random)
    const entity = world.entities.get(principal)
    if (entity === undefined) throw new Error(`${principal.toString()} is not in the world`)
    const token = signPrincipal(entity, { key: KEY, clock: systemClock, context })
    const allowed = new Set(
      world.docs
        .filter((doc) =>
          authorizer.isAllowed({ principal, action: ACTION, resource: doc, context }, world.entities),
        )
        .map(({ id }) => id),
    )
    const table = `${SCHEMA}.docs`
    const judge = (question: string, got: readonly string[], among: readonly EntityUid[]): void => {
      const found = new Set(got)
      const wrong = among
        .filter(({ id }) => found.has(id) !== allowed.has(id))
        .map(({ id }) => `${found.has(id) ? 'leaked' : 'hidden'} ${id}`)
      if (found.size !== got.length) wrong.push('a row twice')
      this.#tally.questions++
      this.#tally.rowDecisions += among.length
      this.#tally.allowed += got.length
      if (wrong.length > 0)
        this.#tally.mismatches.push({
          id: `${name.split('\n')[0]} ${question} as ${principal.toString()}`,
          text: `${name}\n${question} as ${principal.toString()}: ${wrong.slice(0, 5).join(', ')}`,
        })
    }
    // Where no policy permits anything to anybody, not even the privilege is there.
    if (!plan.privileges.some(({ verb }) => verb === 'DELETE')) {
      judge('anything', [], world.docs)
      return
    }
    await withPrincipal(this.#pool, token, async (client) => {
      const idsOf = async (sql: string): Promise<string[]> =>
        (await client.query<{ id: string }>(sql)).rows.map(({ id }) => id)
      judge('read', await idsOf(`SELECT id FROM ${table}`), world.docs)
      await client.query('SAVEPOINT tried')
      judge('change', await idsOf(`UPDATE ${table} SET title = title RETURNING id`), world.docs)
      judge('remove', await idsOf(`DELETE FROM ${table} RETURNING id`), world.docs)
      await client.query('ROLLBACK TO SAVEPOINT tried')
      for (let left = MADE; left > 0; left--) {
        const doc = random.pick(world.docs)
        await client.query('SAVEPOINT made')
        const made = await client
          .query(`INSERT INTO ${table} SELECT * FROM ${SCHEMA}.drafts WHERE id = $1`, [doc.id])
          .then(
            () => [doc.id],
            (thrown: Error) => {
              if (!thrown.message.includes('row-level security')) throw thrown
              return []
            },
          )
        await client.query('ROLLBACK TO SAVEPOINT made')
        judge('make', made, [doc])
      }
    })
  }
}

/** What an application does that uses every grant: one statement for each verb of each role. */
function examplesOf({ privileges, declaration }: DatabasePlan): Declaration['examples'] {
  const { reader, writer } = declaration.roles
  const roles = { [reader]: 'reader', [writer]: 'writer' } as const
  const onRows = privileges.filter(
    ({ role, on }) => (on === 'column' || on === 'table') && [reader, writer].includes(role),
  )
  return [...Map.groupBy(onRows, ({ role, verb, object }) => [role, verb, object].join('\n')).values()].map(
    (group) => {
      const [{ role, verb, object }] = group as [Privilege, ...Privilege[]]
      const columns = group.flatMap(({ column }) => (column === undefined ? [] : [`"${column}"`]))
      const statements: Readonly<Record<string, string>> = {
        SELECT: `SELECT ${columns.join(', ')} FROM ${object}`,
        INSERT: `INSERT INTO ${object} (${columns.join(', ')}) VALUES (${columns.map(() => 'DEFAULT').join(', ')})`,
        UPDATE: `UPDATE ${object} SET ${columns.map((column) => `${column} = DEFAULT`).join(', ')}`,
        DELETE: `DELETE FROM ${object}`,
      }
      return { role: roles[role] as 'reader' | 'writer', sql: statements[verb] as string }
    },
  )
}

function inSchema(entities: Readonly<Record<string, object>>, name: string): object {
  const named = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(named)
    if (typeof part !== 'object' || part === null) return part
    const fields = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, named(value)]))
    return 'table' in part || 'closure' in part ? { schema: name, ...fields } : fields
  }
  return named(entities) as object
}

function drawContext(random: Random): CedarRecord {
  const longs = LONGS.map((long) => (Number.isSafeInteger(Number(long)) ? Number(long) : long))
  const fields: [string, Value][] = [
    ['now', new Datetime(random.pick(MOMENTS))],
    ['addr', readIp(random.pick(ADDRESSES)) as Value],
    ['flag', random.chance(0.5)],
    ['number', random.pick(longs)],
    ['word', random.pick(TEXTS)],
    ['teams', new CedarSet(random.some(TEAMS, 2).map((id) => new EntityUid('Team', id)))],
  ]
  if (random.chance(0.5)) fields.push(['maybe', random.pick(TEXTS)])
  return new CedarRecord(new Map(fields))
}
