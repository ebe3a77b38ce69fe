// The documents of the benches of lists: 200,000 in PostgreSQL, with shares, teams and organisations.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Client } from 'pg'
import { parse } from 'yaml'

import { createAccess, Entities, EntityUid, type MappingConfig } from '../src/access/index.ts'
import { seeded } from './access-guide.ts'

/** How many documents there are. */
export const DOCUMENTS = 200_000
/** And people; `user-0` is the first. */
export const USERS = 20_000
const TEAMS = 2_000
const ORGANISATIONS = 100

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

/** A document. */
export interface Row {
  readonly id: string
  readonly owner_id: string
  readonly team_id: string | null
  readonly team_visible: boolean
  readonly organisation_id: string
  readonly org_public: boolean
  readonly legal_hold: boolean
}

/** The rows, the same on every run; ids are spread as those of real documents are. */
export interface World {
  readonly documents: readonly Row[]
  readonly shares: ReadonlyMap<string, readonly string[]>
  readonly teams: ReadonlyMap<string, readonly string[]>
}

/** Makes them. */
export function makeWorld(): World {
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

/** Where a person works. */
export const organisationOf = (user: string): string => `org-${Number(user.slice(5)) % ORGANISATIONS}`

/** Puts them into an empty database. */
export async function fill(client: Client, { documents, shares, teams }: World): Promise<void> {
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
export function entitiesOf(user: string, { teams }: World): Entities {
  const parents = [
    ...(teams.get(user) ?? []).map((team) => new EntityUid('Team', team)),
    new EntityUid('Organisation', organisationOf(user)),
  ]
  const entities = Entities.of([{ uid: new EntityUid('User', user), parents }])
  if (typeof entities === 'string') throw new Error(entities)
  return entities
}

/** A document as the policy sees it. */
export function attributesOf(row: Row, { shares }: World): object {
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

const read = (file: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'examples', 'documents', file), 'utf8')

/** The example's policy. */
export function documentAccess(): ReturnType<typeof createAccess> {
  return createAccess({ policies: read('policy.cedar'), schema: read('schema.cedarschema') })
}

/** Where its entities are. */
export function documentMapping(): MappingConfig {
  return parse(read('mapping.yaml')) as MappingConfig
}
