// The same page by row-level security, as the reader of a plan, against the filter's WHERE as somebody whom no policy
// holds. Both must find the same documents.
import { Client } from 'pg'

import {
  type Access,
  applyPlan,
  EntityUid,
  planInput,
  planPostgres,
  signPrincipal,
  type SqlText,
} from '../src/access/index.ts'
import { systemClock } from '../src/core/clock.ts'
import { Secret } from '../src/core/secret.ts'
import { documentMapping, entitiesOf, type World } from './access-documents.ts'
import { median, timesAsLong } from './measured-process.ts'

/** The same page in two ways: for whom a policy of the database holds, and for whom it does not. */
export interface PageQuery {
  readonly plain: string
  readonly plainById: string
  readonly filtered: (user: string) => SqlText
}

interface Parts {
  readonly client: Client
  readonly url: string
  readonly access: Access
  readonly world: World
  readonly users: readonly string[]
  readonly page: PageQuery
  readonly rounds: number
}

const KEY = new Secret('a key that only this bench knows, of 42 bytes')

/** Makes roles for the time of the measurement; they belong to the whole server. */
export async function measureRowSecurity(parts: Parts): Promise<Record<string, number>> {
  const prefix = `rwb_${process.pid}`
  const roles = {
    reader: `${prefix}_reader`,
    writer: `${prefix}_writer`,
    migrator: `${prefix}_migrator`,
    keeper: `${prefix}_keeper`,
  }
  const { client, access, url } = parts
  const database = { roles, verbs: { 'document:read': { verb: 'select', columns: COLUMNS } } }
  const plan = planPostgres(planInput(access.policies, access.schema, { ...documentMapping(), database }))
  const reader = new Client({ connectionString: url })
  try {
    await applyPlan((sql, values = []) => client.query(sql, [...values]), plan, { key: KEY })
    await reader.connect()
    await reader.query(`SET ROLE ${roles.reader}`)
    return await measure(reader, parts)
  } finally {
    await reader.end()
    await client.query(`REASSIGN OWNED BY ${roles.migrator}, ${roles.keeper} TO CURRENT_USER`)
    for (const role of Object.values(roles)) await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
}

/** All that is in the table, so that both ways read the same. */
const COLUMNS = [
  'id',
  'title',
  'owner_id',
  'team_id',
  'team_visible',
  'organisation_id',
  'org_public',
  'legal_hold',
]

async function measure(reader: Client, parts: Parts): Promise<Record<string, number>> {
  const { client, world, users, page, rounds } = parts
  const times = {
    begin: [] as number[],
    secured: [] as number[],
    byId: [] as number[],
    where: [] as number[],
  }
  const timed = async <T>(list: number[] | undefined, run: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    const result = await run()
    list?.push(performance.now() - start)
    return result
  }
  for (let round = 0; round <= rounds; round++) {
    const kept = round === 0 ? undefined : times
    for (const [at, user] of users.entries()) {
      const token = tokenFor(user, world)
      await reader.query('BEGIN')
      await timed(kept?.begin, () => reader.query('SELECT ringwall.begin($1)', [token]))
      const secured = () => timed(kept?.secured, () => reader.query(page.plain))
      const where = () =>
        timed(kept?.where, () => {
          const { text, parameters } = page.filtered(user)
          return client.query(text, [...parameters])
        })
      // In turns: whoever comes second finds the rows in the cache of the processor.
      const isFirst = (round + at) % 2 === 0
      const first = await (isFirst ? secured() : where())
      const second = await (isFirst ? where() : secured())
      await timed(kept?.byId, () => reader.query(page.plainById))
      await reader.query('COMMIT')
      if (JSON.stringify(first.rows) !== JSON.stringify(second.rows))
        throw new Error(`${user}: row-level security and the filter do not give the same page`)
    }
  }
  return {
    'rls.begin_ms': median(times.begin),
    'rls.page_ms': median(times.secured),
    'rls.page_by_id_ms': median(times.byId),
    'rls.to_where': timesAsLong(times.secured, times.where),
  }
}

function tokenFor(user: string, world: World): string {
  const entity = entitiesOf(user, world).get(new EntityUid('User', user))
  if (entity === undefined) throw new Error(`${user} is nobody`)
  return signPrincipal(entity, { key: KEY, clock: systemClock })
}
