// The world that policies are drawn for: a schema, rows of every kind that a mapping knows, and the same as entities.
import {
  CedarRecord,
  CedarSet,
  type DialectName,
  Entities,
  type EntityDraft,
  EntityUid,
  type MappingConfig,
  parseSchema,
  type Schema,
  type Value,
} from '../../src/access/index.ts'
import { Datetime, Duration } from '../../src/access/cedar/extensions/datetime.ts'
import { Decimal } from '../../src/access/cedar/extensions/decimal.ts'
import { readIp } from '../../src/access/cedar/extensions/ipaddr.ts'
import type { Random } from './random.ts'

const SCHEMA = `
entity Org;
entity Team in [Team, Org];
entity Group in [Group];
entity User in [Team, Org] {
  name: String,
  level: Long,
  nick?: String,
  boss?: User,
  org: Org,
  clearance?: decimal,
  skills: Set<String>,
} tags String;
entity Folder in [Folder, Org];
entity Doc in [Folder, Group, Team] {
  title: String, note?: String, exact?: String,
  rank: Long, score?: Long,
  open: Bool, locked?: Bool,
  owner: User, editor?: User, team?: Team, folder?: Folder, org: Org,
  price: decimal, discount?: decimal,
  created: datetime, expires?: datetime, started?: datetime,
  span: duration, pause?: duration,
  addr?: ipaddr,
  viewers: Set<User>, labels: Set<String>, codes: Set<Long>, days: Set<datetime>,
  marks: Set<String>, watchers: Set<User>, hints?: Set<String>,
  meta: { kind: String, size?: Long, flags: { hot: Bool, cold?: Bool } },
  extra?: { code: Long, word?: String },
} tags String;
action everything;
action read in [everything] appliesTo {
  principal: User, resource: Doc,
  context: { now: datetime, addr: ipaddr, flag: Bool, number: Long, word: String, maybe?: String, teams: Set<Team> }
};
`

const parsed = parseSchema(SCHEMA)
if (!parsed.ok) throw new Error(parsed.errors[0]?.message)
/** The schema of the world. */
export const schema: Schema = parsed.value

/** Where everything is; what a database has no column for is left out there. */
export function mappingFor(dialect: DialectName): MappingConfig {
  const isPostgres = dialect === 'postgres'
  const child = (table: string): { table: string; owner: string; value: string } => ({
    table,
    owner: 'doc_id',
    value: 'value',
  })
  return {
    entities: {
      Org: { table: 'orgs', id: { format: 'uuid' } },
      Team: { table: 'teams', parents: { Team: 'parent_id', Org: 'org_id' } },
      Group: { table: 'groups_', parents: { Group: { table: 'group_parents', child: 'child', parent: 'parent' } } },
      User: {
        table: 'users',
        id: { column: 'user_id' },
        attributes: {
          name: 'name',
          level: 'level',
          nick: 'nick',
          boss: 'boss_id',
          org: 'org_id',
          clearance: { column: 'clearance', storage: 'units' },
          skills: { table: 'user_skills', owner: 'user_id', value: 'value' },
        },
        parents: { Team: { table: 'team_members', child: 'user_id', parent: 'team_id' }, Org: 'org_id' },
        tags: { table: 'user_tags', owner: 'owner', key: 'name', value: 'value' },
      },
      Folder: { table: 'folders', id: { format: 'integer' }, parents: { Folder: 'parent_id', Org: 'org_id' } },
      Doc: {
        table: 'docs',
        attributes: {
          title: 'title',
          note: 'note',
          exact: { column: 'exact', exact: true },
          rank: 'rank_',
          score: 'score',
          open: 'open_',
          locked: 'locked',
          owner: 'owner_id',
          editor: 'editor_id',
          team: 'team_id',
          folder: 'folder_id',
          org: 'org_id',
          price: dialect === 'sqlite' ? 'price' : { column: 'price', storage: 'numeric' },
          discount: { column: 'discount', storage: 'units' },
          created: 'created',
          expires: { column: 'expires', storage: 'milliseconds' },
          started: { column: 'started', storage: 'seconds' },
          span: 'span',
          pause: { column: 'pause', storage: 'seconds' },
          ...(isPostgres ? { addr: 'addr', hints: { array: 'hints' } } : {}),
          viewers: child('doc_viewers'),
          labels: child('doc_labels'),
          codes: child('doc_codes'),
          days: { ...child('doc_days'), storage: 'milliseconds' },
          marks: isPostgres ? { array: 'marks' } : child('doc_marks'),
          watchers: isPostgres ? { array: 'watchers' } : child('doc_watchers'),
          meta: { fields: { kind: 'meta_kind', size: 'meta_size', flags: { fields: { hot: 'hot', cold: 'cold' } } } },
          extra: { fields: { code: 'extra_code', word: 'extra_word' } },
        },
        parents: {
          Folder: 'folder_id',
          Group: { table: 'doc_groups', child: 'doc_id', parent: 'group_id' },
          Team: { closure: 'doc_teams', descendant: 'doc_id', ancestor: 'team_id' },
        },
        tags: { table: 'doc_tags', owner: 'owner', key: 'name', value: 'value' },
      },
    },
  }
}

/** Texts that are alike to a careless comparison, or mean something to LIKE, GLOB or a quote. */
export const TEXTS = [
  'a', 'A', 'ab', 'a ', '', 'a%b', 'a_b', 'axb', '100%', 'a\\', '\\%', '*', '?', '[a]', 'a!b', "o'x", '"q"',
  '\u00e9', 'e\u0301', '\u{1F680}', 'ABA', 'aba', '${a}', '{"x"}', ',', 'NULL', 'fin\u0131', 'ss', '\u00df',
] as const

/** Numbers at the edges of 64 bits and of what JavaScript counts exactly. */
export const LONGS = [
  0n, 1n, 2n, 3n, -1n, -2n, 7n, 100n, 9007199254740993n, 9223372036854775807n, -9223372036854775808n, 4611686018427387904n,
] as const

/** Decimals, in ten-thousandths. */
export const DECIMALS = [0n, 1n, 10_000n, 12_345n, -5_000n, 99_999_999n, -1n, 15_000n] as const

const DAY = 86_400_000
/** Moments: whole days and a millisecond beside them, before 1970 and far away. */
export const MOMENTS = [
  0, 1, -1, DAY, DAY - 1, DAY + 1, -DAY, 1_700_000_000_000, 1_700_000_000_123, 253_402_300_799_000, -2_208_988_800_000,
] as const
/** Spans in whole seconds, so that seconds can hold them. */
export const SPANS = [0, 1000, -1000, 60_000, 3_600_000, DAY, -DAY, DAY + 1000, 999_000] as const

export const ADDRESSES = [
  '10.0.0.1', '10.0.0.2', '10.0.0.1/8', '127.0.0.1', '224.0.0.5', '192.168.1.0/24', '::1', 'fe80::1', 'ff02::1', '2001:db8::/32', '0.0.0.0/0',
] as const

export const ORGS = ['8c1f0b53-6d5c-4d6b-9f43-0a1b2c3d4e5f', '00000000-0000-0000-0000-000000000001'] as const
export const TEAMS = ['t1', 'T1', 't2', 't3', 't4'] as const
export const GROUPS = ['g1', 'g2', 'g3', 'g4'] as const
export const USERS = ['u1', 'U1', 'u2', 'u3', "u'4", 'u%5'] as const
export const FOLDERS = ['1', '2', '3', '4', '5', '-6'] as const
export const TAG_NAMES = ['colour', 'Colour', 'x_y'] as const
export const SKILLS = ['a', 'A', 'b'] as const
/** Names nobody has, or that a database cannot hold. */
export const STRANGERS = ['nobody', '', 'a\0b', '\ud800', '007', 'T2', '99999999999999999999'] as const

/** A column's value before a database makes it its own. */
export type Cell = string | bigint | number | boolean | null | readonly string[]

/** Rows by table; every row of a table has the same columns. */
export interface World {
  readonly tables: ReadonlyMap<string, readonly Readonly<Record<string, Cell>>[]>
  readonly entities: Entities
  readonly docs: readonly EntityUid[]
  readonly users: readonly EntityUid[]
}

const text = (value: string | null): Value | undefined => value ?? undefined

/** Draws rows, and makes the entities that an application would make of them. */
export function drawWorld(random: Random, docs: number): World {
  const tables = new Map<string, Record<string, Cell>[]>()
  const drafts: EntityDraft[] = []
  const insert = (table: string, row: Record<string, Cell>): void => {
    tables.getOrInsertComputed(table, () => []).push(row)
  }
  const maybe = <T>(items: readonly T[], absent = 0.3): T | null => (random.chance(absent) ? null : random.pick(items))
  const draft = (uid: EntityUid, fields: Record<string, Value | undefined>, parents: EntityUid[], tags = EMPTY): void => {
    const known = Object.entries(fields).filter((field): field is [string, Value] => field[1] !== undefined)
    drafts.push({ uid, attributes: new CedarRecord(new Map(known)), parents, tags: new CedarRecord(new Map(tags)) })
  }
  for (const id of ORGS) {
    insert('orgs', { id })
    draft(uid('Org', id), {}, [])
  }
  const teamsAbove = drawTree(random, 'Team', 'teams', TEAMS, insert, draft)
  drawTree(random, 'Folder', 'folders', FOLDERS, insert, draft)
  for (const [at, id] of GROUPS.entries()) {
    insert('groups_', { id })
    const parents = random.some(GROUPS.slice(0, at), 2)
    for (const parent of parents) insert('group_parents', { child: id, parent })
    draft(uid('Group', id), {}, parents.map((parent) => uid('Group', parent)))
  }
  for (const [at, id] of USERS.entries()) drawUser(random, id, at, insert, draft, maybe)
  const uids: EntityUid[] = []
  for (let at = 0; at < docs; at++) uids.push(drawDoc(random, at, insert, draft, maybe, teamsAbove))
  draft(uid('Action', 'everything'), {}, [])
  draft(uid('Action', 'read'), {}, [uid('Action', 'everything')])
  const entities = Entities.of(drafts)
  if (typeof entities === 'string') throw new Error(entities)
  return { tables, entities, docs: uids, users: USERS.map((id) => uid('User', id)) }
}

const EMPTY: readonly (readonly [string, Value])[] = []

type Insert = (table: string, row: Record<string, Cell>) => void
type Draft = (
  uid: EntityUid,
  fields: Record<string, Value | undefined>,
  parents: EntityUid[],
  tags?: readonly (readonly [string, Value])[],
) => void
type Maybe = <T>(items: readonly T[], absent?: number) => T | null

function uid(type: string, id: string): EntityUid {
  return new EntityUid(type, id)
}

function drawTree(
  random: Random,
  type: string,
  table: string,
  ids: readonly string[],
  insert: Insert,
  draft: Draft,
): ReadonlyMap<string, readonly string[]> {
  const above = new Map<string, readonly string[]>()
  for (const [at, id] of ids.entries()) {
    const parent = at === 0 || random.chance(0.3) ? null : random.pick(ids.slice(0, at))
    const org = random.chance(0.5) ? random.pick(ORGS) : null
    above.set(id, parent === null ? [] : [parent, ...(above.get(parent) ?? [])])
    const cell = (value: string | null): Cell => (type === 'Folder' && value !== null ? BigInt(value) : value)
    insert(table, { id: cell(id), parent_id: cell(parent), org_id: org })
    draft(uid(type, id), {}, [...(parent === null ? [] : [uid(type, parent)]), ...(org === null ? [] : [uid('Org', org)])])
  }
  return above
}

function drawUser(random: Random, id: string, at: number, insert: Insert, draft: Draft, maybe: Maybe): void {
  const teams = random.some(TEAMS, 2)
  const org = random.pick(ORGS)
  const row = {
    user_id: id,
    name: random.pick(TEXTS),
    level: random.pick(LONGS),
    nick: maybe(TEXTS),
    // A boss may have left: the id is there and no row.
    boss_id: maybe([...USERS, 'gone'], at === 0 ? 0.9 : 0.3),
    org_id: org,
    clearance: maybe(DECIMALS),
  }
  insert('users', row)
  for (const team_id of teams) insert('team_members', { user_id: id, team_id })
  const skills = random.some(SKILLS, 2)
  for (const value of skills) insert('user_skills', { user_id: id, value })
  const tags = drawTags(random, id, 'user_tags', insert)
  const fields = {
    name: row.name,
    level: longOf(row.level),
    nick: text(row.nick),
    boss: row.boss_id === null ? undefined : uid('User', row.boss_id),
    org: uid('Org', org),
    clearance: row.clearance === null ? undefined : new Decimal(longOf(row.clearance)),
    skills: new CedarSet(skills),
  }
  draft(uid('User', id), fields, [...teams.map((team) => uid('Team', team)), uid('Org', org)], tags)
}

function drawTags(random: Random, owner: string, table: string, insert: Insert): [string, Value][] {
  return random.some(TAG_NAMES, 2).map((name) => {
    const value = random.pick(TEXTS)
    insert(table, { owner, name, value })
    return [name, value]
  })
}

function longOf(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function drawDocRow(random: Random, at: number, maybe: Maybe) {
  // Some ids differ only in case.
  const id = at % 7 === 6 ? `D${at - 1}` : `d${at}`
  const absentMeta = random.chance(0.4)
  return {
    id,
    title: random.pick(TEXTS),
    note: maybe(TEXTS),
    exact: maybe(TEXTS),
    rank_: random.pick(LONGS),
    score: maybe(LONGS),
    open_: random.chance(0.5),
    locked: maybe([true, false]),
    owner_id: random.pick([...USERS, 'gone']),
    editor_id: maybe(USERS),
    team_id: maybe(TEAMS),
    folder_id: maybe(FOLDERS),
    org_id: random.pick(ORGS),
    price: random.pick(DECIMALS),
    discount: maybe(DECIMALS),
    created: random.pick(MOMENTS),
    expires: maybe(MOMENTS),
    started: seconds(maybe(MOMENTS.filter((ms) => ms % 1000 === 0))),
    span: random.pick(SPANS),
    pause: seconds(maybe(SPANS)),
    addr: maybe(ADDRESSES),
    hints: random.chance(0.4) ? null : random.some(TEXTS, 3),
    meta_kind: random.pick(TEXTS),
    meta_size: maybe(LONGS),
    hot: random.chance(0.5),
    cold: maybe([true, false]),
    extra_code: absentMeta ? null : random.pick(LONGS),
    extra_word: absentMeta ? null : maybe(TEXTS),
    marks: random.some(TEXTS, 3),
    watchers: random.some(USERS, 2),
  }
}

function drawDoc(
  random: Random,
  at: number,
  insert: Insert,
  draft: Draft,
  maybe: Maybe,
  teamsAbove: ReadonlyMap<string, readonly string[]>,
): EntityUid {
  const row = drawDocRow(random, at, maybe)
  const { id } = row
  const sets = {
    viewers: random.some([...USERS, 'gone'], 3),
    labels: random.some(TEXTS, 3),
    codes: random.some(LONGS, 3),
    days: random.some(MOMENTS, 2),
  }
  insert('docs', { ...row, folder_id: row.folder_id === null ? null : BigInt(row.folder_id) })
  const add = (table: string, values: readonly Cell[]): void => {
    for (const value of values) insert(table, { doc_id: id, value })
  }
  add('doc_viewers', sets.viewers)
  add('doc_labels', sets.labels)
  add('doc_codes', sets.codes)
  add('doc_days', sets.days)
  add('doc_marks', row.marks)
  add('doc_watchers', row.watchers)
  const groups = random.some(GROUPS, 2)
  for (const group_id of groups) insert('doc_groups', { doc_id: id, group_id })
  const teams = random.some(TEAMS, 1)
  const allTeams = new Set(teams.flatMap((team) => [team, ...(teamsAbove.get(team) ?? [])]))
  for (const team_id of allTeams) insert('doc_teams', { doc_id: id, team_id })
  const tags = drawTags(random, id, 'doc_tags', insert)
  const parents = [
    ...(row.folder_id === null ? [] : [uid('Folder', row.folder_id)]),
    ...groups.map((group) => uid('Group', group)),
    ...teams.map((team) => uid('Team', team)),
  ]
  draft(uid('Doc', id), docFields(row, sets), parents, tags)
  return uid('Doc', id)
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000
}

type DocRow = ReturnType<typeof drawDocRow>

interface DocSets {
  readonly viewers: readonly string[]
  readonly labels: readonly string[]
  readonly codes: readonly bigint[]
  readonly days: readonly number[]
}

function docFields(row: DocRow, sets: DocSets): Record<string, Value | undefined> {
  const there = <T>(value: T | null, make: (value: T) => Value): Value | undefined =>
    value === null ? undefined : make(value)
  const record = (fields: Record<string, Value | undefined>): CedarRecord =>
    new CedarRecord(new Map(Object.entries(fields).filter((field): field is [string, Value] => field[1] !== undefined)))
  const users = (ids: readonly string[]): CedarSet => new CedarSet(ids.map((id) => uid('User', id)))
  return {
    title: row.title,
    note: text(row.note),
    exact: text(row.exact),
    rank: longOf(row.rank_),
    score: there(row.score, longOf),
    open: row.open_,
    locked: there(row.locked, (value) => value),
    owner: uid('User', row.owner_id),
    editor: there(row.editor_id, (id) => uid('User', id)),
    team: there(row.team_id, (id) => uid('Team', id)),
    folder: there(row.folder_id, (id) => uid('Folder', id)),
    org: uid('Org', row.org_id),
    price: new Decimal(longOf(row.price)),
    discount: there(row.discount, (value) => new Decimal(longOf(value))),
    created: new Datetime(row.created),
    expires: there(row.expires, (value) => new Datetime(value)),
    started: there(row.started, (value) => new Datetime(value * 1000)),
    span: new Duration(row.span),
    pause: there(row.pause, (value) => new Duration(value * 1000)),
    addr: there(row.addr, (value) => readIp(value) as Value),
    viewers: users(sets.viewers),
    labels: new CedarSet(sets.labels),
    codes: new CedarSet(sets.codes.map(longOf)),
    days: new CedarSet(sets.days.map((ms) => new Datetime(ms))),
    marks: new CedarSet(row.marks),
    watchers: users(row.watchers),
    hints: there(row.hints, (values) => new CedarSet(values)),
    meta: record({
      kind: row.meta_kind,
      size: there(row.meta_size, longOf),
      flags: record({ hot: row.hot, cold: there(row.cold, (value) => value) }),
    }),
    extra: there(row.extra_code, (code) => record({ code: longOf(code), word: text(row.extra_word) })),
  }
}
