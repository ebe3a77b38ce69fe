// A page of the documents that somebody may read, of 200,000 in PostgreSQL: by the policies' filter, and as an expert
// would write it by hand. What the filter selects must be what single checks allow.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Client } from 'pg'
import { parse } from 'yaml'

import {
  type AccessModel,
  createAccess,
  Entities,
  EntityUid,
  loadFilter,
  type SqlText,
} from '../src/access/index.ts'
import { leasePostgres } from '../src/store/testing.ts'
import { rates } from './access-clock.ts'
import { seeded } from './access-guide.ts'
import type { Measured } from './access-measured-guide.ts'
import { median } from './measured-process.ts'

const DOCUMENTS = 200_000
const USERS = 20_000
const TEAMS = 2_000
const ORGANISATIONS = 100
const PAGE = 50

const read = (file: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'examples', 'documents', file), 'utf8')

const TABLES = `
CREATE TABLE organisations (id text PRIMARY KEY);
CREATE TABLE teams (id text PRIMARY KEY, organisation_id text NOT NULL);
CREATE TABLE users (id text PRIMARY KEY, organisation_id text NOT NULL);
CREATE TABLE team_members (user_id text NOT NULL, team_id text NOT NULL, PRIMARY KEY (user_id, team_id));
CREATE TABLE documents (
  id text PRIMARY KEY, owner_id text NOT NULL, team_id text, team_visible boolean NOT NULL,
  organisation_id text NOT NULL, org_public boolean NOT NULL, legal_hold boolean NOT NULL, title text NOT NULL
);
CREATE TABLE document_shares (
  document_id text NOT NULL, user_id text NOT NULL, PRIMARY KEY (user_id, document_id)
);`

const INDEXES = `
CREATE INDEX ON documents (owner_id);
CREATE INDEX ON documents (team_id);
CREATE INDEX ON documents (organisation_id) WHERE org_public;
CREATE INDEX ON document_shares (document_id);
VACUUM ANALYZE;`

interface Row {
  readonly id: string
  readonly owner_id: string
  readonly team_id: string | null
  readonly team_visible: boolean
  readonly organisation_id: string
  readonly org_public: boolean
  readonly legal_hold: boolean
}

/** The rows, the same on every run; ids are spread as those of real documents are. */
interface World {
  readonly documents: readonly Row[]
  readonly shares: ReadonlyMap<string, readonly string[]>
  readonly teams: ReadonlyMap<string, readonly string[]>
}

function makeWorld(): World {
  const below = seeded(3)
  const shares = new Map<string, string[]>()
  const documents = Array.from({ length: DOCUMENTS }, (_, at): Row => {
    const id = `doc-${((at * 7919) % DOCUMENTS).toString().padStart(6, '0')}`
    shares.set(
      id,
      Array.from({ length: below(3) }, () => `user-${below(USERS)}`),
    )
    return {
      id,
      owner_id: `user-${below(USERS)}`,
      team_id: below(2) === 0 ? `team-${below(TEAMS)}` : null,
      team_visible: below(3) > 0,
      organisation_id: `org-${below(ORGANISATIONS)}`,
      org_public: below(10) === 0,
      legal_hold: below(50) === 0,
    }
  })
  const teams = new Map<string, string[]>()
  for (let at = 0; at < USERS; at++)
    teams.set(`user-${at}`, [
      ...new Set([`team-${below(TEAMS)}`, `team-${below(TEAMS)}`, `team-${below(TEAMS)}`]),
    ])
  return { documents, shares, teams }
}

const organisationOf = (user: string): string => `org-${Number(user.slice(5)) % ORGANISATIONS}`

async function fill(client: Client, { documents, shares, teams }: World): Promise<void> {
  await client.query(TABLES)
  const insert = (table: string, columns: readonly string[], rows: readonly (readonly unknown[])[]) => {
    const arrays = columns.map((_, at) => rows.map((row) => row[at]))
    const types = columns.map((_, at) => (typeof rows[0]?.[at] === 'boolean' ? 'boolean[]' : 'text[]'))
    const values = types.map((type, at) => `$${at + 1}::${type}`).join(', ')
    return client.query(
      `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM unnest(${values})`,
      arrays,
    )
  }
  await insert(
    'documents',
    ['id', 'owner_id', 'team_id', 'team_visible', 'organisation_id', 'org_public', 'legal_hold', 'title'],
    documents.map((row) => [
      row.id,
      row.owner_id,
      row.team_id,
      row.team_visible,
      row.organisation_id,
      row.org_public,
      row.legal_hold,
      `The title of ${row.id}`,
    ]),
  )
  const pairs = [...shares].flatMap(([id, users]) => [...new Set(users)].map((user) => [id, user]))
  await insert('document_shares', ['document_id', 'user_id'], pairs)
  await insert(
    'team_members',
    ['user_id', 'team_id'],
    [...teams].flatMap(([user, of]) => of.map((team) => [user, team])),
  )
  await insert(
    'users',
    ['id', 'organisation_id'],
    [...teams.keys()].map((user) => [user, organisationOf(user)]),
  )
  for (const statement of INDEXES.split(';').filter((text) => text.trim() !== ''))
    await client.query(statement)
}

/** The principal as an application has it in its session: its teams and its organisation. */
function entitiesOf(user: string, { teams }: World): Entities {
  const parents = [
    ...(teams.get(user) ?? []).map((team) => new EntityUid('Team', team)),
    new EntityUid('Organisation', organisationOf(user)),
  ]
  const entities = Entities.of([{ uid: new EntityUid('User', user), parents }])
  if (typeof entities === 'string') throw new Error(entities)
  return entities
}

/** Every way that makes use of an index, in one condition; shares as an array, which the planner can look up. */
function byHand(user: string, { teams }: World): SqlText {
  return {
    text: `"documents"."owner_id" = $1
      OR "documents"."id" = ANY (ARRAY(SELECT document_id FROM document_shares WHERE user_id = $1))
      OR ("documents"."team_id" = ANY ($2::text[]) AND "documents"."team_visible")
      OR ("documents"."organisation_id" = $3 AND "documents"."org_public")`,
    parameters: [user, teams.get(user), organisationOf(user)],
  }
}

/** The guide's own query. */
function byGuide(user: string, { teams }: World): SqlText {
  return {
    text: `"documents"."owner_id" = $1
      OR "documents"."id" IN (SELECT document_id FROM document_shares WHERE user_id = $1)
      OR ("documents"."team_id" = ANY ($2::text[]) AND "documents"."team_visible")
      OR ("documents"."organisation_id" = $3 AND "documents"."org_public")`,
    parameters: [user, teams.get(user), organisationOf(user)],
  }
}

const pageOf = ({ text }: SqlText): string =>
  `SELECT "id", "title" FROM "documents" WHERE ${text} ORDER BY "title" LIMIT ${PAGE}`

/** Nothing where there is no PostgreSQL; that is said, and the figures are absent. */
export async function measureFilter(quick: boolean): Promise<Measured> {
  const lease = await leasePostgres()
  if (lease === undefined) {
    console.error('NOT RUN filter.*: there is no PostgreSQL on 127.0.0.1:5432')
    return { figures: {}, peers: {}, ratio: {} }
  }
  const client = new Client({ connectionString: lease.url.reveal() })
  try {
    await client.connect()
    return await measure(client, quick)
  } finally {
    await client.end()
    await lease.release()
  }
}

async function measure(client: Client, quick: boolean): Promise<Measured> {
  const world = makeWorld()
  await fill(client, world)
  const access = createAccess({
    policies: read('policy.cedar'),
    schema: read('schema.cedarschema'),
  })
  const mapping = parse(read('mapping.yaml')) as Parameters<typeof loadFilter>[0]['mapping']
  const filter = loadFilter({
    policies: access.policies,
    schema: access.schema,
    mapping,
    dialect: 'postgres',
  })
  const users = Array.from({ length: quick ? 20 : 100 }, (_, at) => `user-${(at * 197) % USERS}`)
  const action = new EntityUid('Action', 'document:read')
  const whereOf = (user: string, entities = entitiesOf(user, world)): SqlText =>
    filter.accessibleBy({ principal: new EntityUid('User', user), action, entities }, 'Document').toSql()
  const visible = await mustSelectWhatChecksAllow(client, access, world, users.slice(0, 2), whereOf)
  for (const user of users.slice(0, 5)) await mustUseIndexes(client, whereOf(user))

  const ways = {
    filter: whereOf,
    byHand: (user: string) => byHand(user, world),
    guide: (user: string) => byGuide(user, world),
  }
  const times = await timePages(client, users, ways, quick ? 3 : 9)
  const entities = entitiesOf(users[0] as string, world)
  const { build } = rates(
    { build: () => whereOf(users[0] as string, entities) },
    { rounds: 3, milliseconds: 100 },
  )
  return {
    figures: {
      'filter.rows': DOCUMENTS,
      'filter.visible_rows': visible,
      'filter.page_ms': median(times.filter),
      'filter.build_us': 1e6 / build,
      'filter.to_hand_written': median(times.filter) / median(times.byHand),
    },
    peers: { 'filter.hand_written_ms': median(times.byHand), 'filter.guide_query_ms': median(times.guide) },
    ratio: {
      'filter.hand_written': median(times.byHand) / median(times.filter),
      'filter.guide_query': median(times.guide) / median(times.filter),
    },
  }
}

type Ways = Readonly<Record<'filter' | 'byHand' | 'guide', (user: string) => SqlText>>

/** Milliseconds for one page, the condition's making included, in turns. */
async function timePages(
  client: Client,
  users: readonly string[],
  ways: Ways,
  rounds: number,
): Promise<Record<keyof Ways, number[]>> {
  const times: Record<keyof Ways, number[]> = { filter: [], byHand: [], guide: [] }
  for (let round = 0; round <= rounds; round++)
    for (const user of users)
      for (const way of Object.keys(ways) as (keyof Ways)[]) {
        const start = performance.now()
        const where = ways[way](user)
        await client.query(pageOf(where), [...where.parameters])
        if (round > 0) times[way].push(performance.now() - start)
      }
  return times
}

/** Throws unless the plan gets its rows through indexes alone. */
async function mustUseIndexes(client: Client, where: SqlText): Promise<void> {
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${pageOf(where)}`, [
    ...where.parameters,
  ])
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  if (/Seq Scan/.test(plan) || !/Bitmap Index Scan|Index Scan/.test(plan))
    throw new Error(`no index plan:\n${plan}`)
}

/** How many documents a person sees in the middle. */
async function mustSelectWhatChecksAllow(
  client: Client,
  access: ReturnType<typeof createAccess<AccessModel>>,
  world: World,
  users: readonly string[],
  whereOf: (user: string) => SqlText,
): Promise<number> {
  const counts: number[] = []
  for (const user of users) {
    const parents = [
      ...(world.teams.get(user) ?? []).map((id) => ({ type: 'Team', id })),
      { type: 'Organisation', id: organisationOf(user) },
    ]
    const principal = { type: 'User', id: user, parents }
    const allowed = world.documents.filter((row) =>
      access.isAllowed({
        principal,
        action: 'document:read',
        resource: { type: 'Document', id: row.id, attributes: attributesOf(row, world) },
      }),
    )
    const where = whereOf(user)
    const { rows } = await client.query<{ id: string }>(`SELECT "id" FROM "documents" WHERE ${where.text}`, [
      ...where.parameters,
    ])
    const [ours, theirs] = [allowed, rows].map((list) =>
      list
        .map(({ id }) => id)
        .sort()
        .join(),
    ) as [string, string]
    if (ours !== theirs)
      throw new Error(`${user}: the filter selects ${rows.length} documents, checks allow ${allowed.length}`)
    counts.push(rows.length)
  }
  return median(counts)
}

function attributesOf(row: Row, { shares }: World): object {
  return {
    owner: row.owner_id,
    sharedWith: shares.get(row.id) ?? [],
    team: row.team_id,
    teamVisible: row.team_visible,
    organisation: row.organisation_id,
    orgPublic: row.org_public,
    legalHold: row.legal_hold,
  }
}
