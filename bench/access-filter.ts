// A page of the documents that somebody may read, of 200,000 in PostgreSQL: by the policies' filter, and as an expert
// would write it by hand; in the order of the title, which has no index, and of the id, which has one. What the filter
// selects must be what single checks allow. Then the same page by row-level security, against the same WHERE.
import { Client } from 'pg'

import { type Access, EntityUid, loadFilter, type SqlText } from '../src/access/index.ts'
import { leasePostgres } from '../src/store/testing.ts'
import { rates } from './access-clock.ts'
import {
  attributesOf,
  documentAccess,
  documentMapping,
  DOCUMENTS,
  entitiesOf,
  fill,
  makeWorld,
  organisationOf,
  USERS,
  type World,
} from './access-documents.ts'
import type { Measured } from './access-measured-guide.ts'
import { measureRowSecurity, type PageQuery } from './access-row-security.ts'
import { median, timesAsLong } from './measured-process.ts'

const PAGE = 50
const ORDERS = ['title', 'id'] as const
type Order = (typeof ORDERS)[number]

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

const pageOf = (where: string | undefined, order: Order): string =>
  `SELECT "id", "title" FROM "documents" ${where === undefined ? '' : `WHERE ${where} `}ORDER BY "${order}" LIMIT ${PAGE}`

/** Nothing where there is no PostgreSQL; that is said, and the figures are absent. */
export async function measureFilter(quick: boolean): Promise<Measured> {
  const lease = await leasePostgres()
  if (lease === undefined) {
    console.error('NOT RUN filter.* and rls.*: there is no PostgreSQL on 127.0.0.1:5432')
    return { figures: {}, peers: {}, ratio: {} }
  }
  const client = new Client({ connectionString: lease.url.reveal() })
  try {
    await client.connect()
    return await measure(client, lease.url.reveal(), quick)
  } finally {
    await client.end()
    await lease.release()
  }
}

async function measure(client: Client, url: string, quick: boolean): Promise<Measured> {
  const world = makeWorld()
  await fill(client, world)
  const access = documentAccess()
  const filter = loadFilter({
    policies: access.policies,
    schema: access.schema,
    mapping: documentMapping(),
    dialect: 'postgres',
  })
  const users = Array.from({ length: quick ? 20 : 100 }, (_, at) => `user-${(at * 197) % USERS}`)
  const action = new EntityUid('Action', 'document:read')
  const whereOf = (user: string, entities = entitiesOf(user, world)): SqlText =>
    filter.accessibleBy({ principal: new EntityUid('User', user), action, entities }, 'Document').toSql()
  const visible = await mustSelectWhatChecksAllow(client, access, world, users.slice(0, 2), whereOf)
  for (const order of ORDERS)
    for (const user of users.slice(0, 5)) await mustUseIndexes(client, whereOf(user), order)

  const rounds = quick ? 3 : 9
  const ways = { filter: whereOf, hand: (user: string): SqlText => byHand(user, world) }
  const byTitle = await timePages(client, users, ways, 'title', rounds)
  const byId = await timePages(client, users, ways, 'id', rounds)
  const guide = await timePages(client, users, { guide: (user) => byGuide(user, world) }, 'title', 1)
  const entities = entitiesOf(users[0] as string, world)
  const { build } = rates(
    { build: () => whereOf(users[0] as string, entities) },
    { rounds: 3, milliseconds: 100 },
  )
  const page: PageQuery = {
    plain: pageOf(undefined, 'title'),
    plainById: pageOf(undefined, 'id'),
    filtered: (user) => {
      const { text, parameters } = whereOf(user)
      return { text: pageOf(text, 'title'), parameters }
    },
  }
  const secured = await measureRowSecurity({ client, url, access, world, users, page, rounds })
  const filtered = median(byTitle.filter)
  return {
    figures: {
      'filter.rows': DOCUMENTS,
      'filter.visible_rows': visible,
      'filter.page_ms': filtered,
      'filter.page_by_id_ms': median(byId.filter),
      'filter.build_us': 1e6 / build,
      'filter.to_hand_written': timesAsLong(byTitle.filter, byTitle.hand),
      'filter.to_hand_written_by_id': timesAsLong(byId.filter, byId.hand),
      ...secured,
    },
    peers: { 'filter.hand_written_ms': median(byTitle.hand), 'filter.guide_query_ms': median(guide.guide) },
    ratio: {
      'filter.hand_written': timesAsLong(byTitle.hand, byTitle.filter),
      'filter.guide_query': median(guide.guide) / filtered,
    },
  }
}

/**
 * Milliseconds for one page, the condition's making included. The ways take turns at being first: whoever comes second
 * finds the rows in the cache of the processor, and after a query that reads the whole table nobody does.
 */
async function timePages<Way extends string>(
  client: Client,
  users: readonly string[],
  ways: Readonly<Record<Way, (user: string) => SqlText>>,
  order: Order,
  rounds: number,
): Promise<Record<Way, number[]>> {
  const names = Object.keys(ways) as Way[]
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Way, number[]>
  for (let round = 0; round <= rounds; round++)
    for (const [at, user] of users.entries())
      for (const way of (round + at) % 2 === 0 ? names : names.toReversed()) {
        const start = performance.now()
        const where = ways[way](user)
        await client.query(pageOf(where.text, order), [...where.parameters])
        if (round > 0) times[way].push(performance.now() - start)
      }
  return times
}

/** Throws unless the plan gets its rows through the indexes of the condition alone, and does not walk along the order. */
async function mustUseIndexes(client: Client, where: SqlText, order: Order): Promise<void> {
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${pageOf(where.text, order)}`, [
    ...where.parameters,
  ])
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  if (/Seq Scan|Index Scan using documents_pkey/.test(plan) || !plan.includes('BitmapOr'))
    throw new Error(`no index plan:\n${plan}`)
}

/** How many documents a person sees in the middle. */
async function mustSelectWhatChecksAllow(
  client: Client,
  access: Access,
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
