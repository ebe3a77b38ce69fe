// The world that policies are drawn for: a schema, rows of every kind that a mapping knows, and the same as entities.
import {
  CedarRecord,
  CedarSet,
  Entities,
  type EntityDraft,
  EntityUid,
  type Value,
} from '../../src/access/index.ts'
import { Datetime, Duration } from '../../src/access/cedar/extensions/datetime.ts'
import { Decimal } from '../../src/access/cedar/extensions/decimal.ts'
import { readIp } from '../../src/access/cedar/extensions/ipaddr.ts'
import type { Random } from './random.ts'
import {
  ADDRESSES,
  DECIMALS,
  FOLDERS,
  GROUPS,
  LONGS,
  MOMENTS,
  ORGS,
  SKILLS,
  SPANS,
  TAG_NAMES,
  TEAMS,
  TEXTS,
  USERS,
} from './values.ts'

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
  const maybe = <T>(items: readonly T[], absent = 0.3): T | null =>
    random.chance(absent) ? null : random.pick(items)
  const draft = (
    uid: EntityUid,
    fields: Record<string, Value | undefined>,
    parents: EntityUid[],
    tags = EMPTY,
  ): void => {
    const known = Object.entries(fields).filter((field): field is [string, Value] => field[1] !== undefined)
    drafts.push({
      uid,
      attributes: new CedarRecord(new Map(known)),
      parents,
      tags: new CedarRecord(new Map(tags)),
    })
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
    draft(
      uid('Group', id),
      {},
      parents.map((parent) => uid('Group', parent)),
    )
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
    draft(uid(type, id), {}, [
      ...(parent === null ? [] : [uid(type, parent)]),
      ...(org === null ? [] : [uid('Org', org)]),
    ])
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
    new CedarRecord(
      new Map(Object.entries(fields).filter((field): field is [string, Value] => field[1] !== undefined)),
    )
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
