// The guide's documents with one policy for single decisions and for lists.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

import { parse } from 'yaml'

import {
  Authorizer,
  type AuthorizedWhere,
  EntityUid,
  type Filter,
  loadFilter,
  type MappingConfig,
  ObjectEntities,
  parsePolicies,
  parseSchema,
  type PlainEntity,
  renameByAnnotation,
} from '../../src/access/index.ts'

/** A few people, and documents of every kind that the policy tells apart. */
export function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec(`
    CREATE TABLE organisations (id TEXT PRIMARY KEY);
    CREATE TABLE teams (id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL);
    CREATE TABLE users (id TEXT PRIMARY KEY, organisation_id TEXT NOT NULL);
    CREATE TABLE team_members (user_id TEXT NOT NULL, team_id TEXT NOT NULL, PRIMARY KEY (user_id, team_id));
    CREATE TABLE documents (
      id TEXT PRIMARY KEY, title TEXT NOT NULL, owner_id TEXT NOT NULL, team_id TEXT, team_visible INTEGER NOT NULL,
      organisation_id TEXT NOT NULL, org_public INTEGER NOT NULL, legal_hold INTEGER NOT NULL
    );
    CREATE TABLE document_shares (document_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (document_id, user_id));
    CREATE INDEX documents_owner ON documents (owner_id);
    CREATE INDEX documents_team ON documents (team_id);
    CREATE INDEX documents_organisation ON documents (organisation_id);
    CREATE INDEX shares_user ON document_shares (user_id);

    INSERT INTO organisations VALUES ('acme'), ('globex');
    INSERT INTO teams VALUES ('design', 'acme'), ('sales', 'acme');
    INSERT INTO users VALUES ('ann', 'acme'), ('ben', 'acme'), ('cat', 'globex');
    INSERT INTO team_members VALUES ('ann', 'design'), ('ben', 'design'), ('ben', 'sales');
    INSERT INTO documents VALUES
      ('sketch', 'A sketch', 'ann', 'design', 1, 'acme', 0, 0),
      ('draft', 'A draft of the team that it does not see', 'ann', 'design', 0, 'acme', 0, 0),
      ('offer', 'An offer', 'ben', 'sales', 1, 'acme', 0, 0),
      ('handbook', 'The handbook', 'ben', NULL, 0, 'acme', 1, 0),
      ('diary', 'A diary', 'cat', NULL, 0, 'globex', 0, 0),
      ('contract', 'A contract before court', 'ann', NULL, 0, 'acme', 0, 1);
    INSERT INTO document_shares VALUES ('diary', 'ann'), ('contract', 'cat');
  `)
  return database
}

const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8')

/** Loads the policy, or says what is wrong with it: nothing is left to fail when a request comes. */
export function loadPolicy(): {
  readonly filter: Filter
  readonly authorizer: Authorizer
  entitiesOf(database: DatabaseSync): ObjectEntities
} {
  const policies = parsePolicies(read('policy.cedar'))
  const schema = parseSchema(read('schema.cedarschema'))
  if (!policies.ok) throw new Error(policies.errors[0]?.message)
  if (!schema.ok) throw new Error(schema.errors[0]?.message)
  const named = renameByAnnotation(policies.value)
  if (typeof named === 'string') throw new Error(named)
  const filter = loadFilter({
    policies: named,
    schema: schema.value,
    mapping: parse(read('mapping.yaml')) as MappingConfig,
    dialect: 'sqlite',
    questions: ['rows', 'principals'],
    file: 'policy.cedar',
  })
  return {
    filter,
    authorizer: new Authorizer(named),
    entitiesOf: (database) => new ObjectEntities((uid) => findEntity(database, uid), schema.value),
  }
}

type Row = Readonly<Record<string, string>>

/** What the policy may ask of one entity. Attributes of the database's rows are read when a policy asks for them. */
function findEntity(database: DatabaseSync, { type, id }: EntityUid): PlainEntity | undefined {
  const rows = (sql: string): readonly Row[] => database.prepare(sql).all(id) as Row[]
  if (type === 'User') {
    const [user] = rows('SELECT * FROM users WHERE id = ?')
    const teams = rows('SELECT team_id FROM team_members WHERE user_id = ?')
    return (
      user && {
        attributes: {},
        parents: [organisation(user), ...teams.map((row) => uid('Team', row['team_id']))],
      }
    )
  }
  if (type === 'Team') {
    const [team] = rows('SELECT * FROM teams WHERE id = ?')
    return team && { attributes: {}, parents: [organisation(team)] }
  }
  if (type !== 'Document') return undefined
  const [row] = rows('SELECT * FROM documents WHERE id = ?')
  return (
    row && {
      attributes: {
        owner: row['owner_id'],
        sharedWith: rows('SELECT user_id FROM document_shares WHERE document_id = ?').map(
          (share) => share['user_id'],
        ),
        team: row['team_id'],
        teamVisible: Boolean(row['team_visible']),
        organisation: row['organisation_id'],
        orgPublic: Boolean(row['org_public']),
        legalHold: Boolean(row['legal_hold']),
      },
    }
  )
}

function uid(type: string, id: string | undefined): EntityUid {
  return new EntityUid(type, id ?? '')
}

function organisation(row: Row): EntityUid {
  return uid('Organisation', row['organisation_id'])
}

/** A document in a list. */
export interface Listed {
  readonly id: string
  readonly title: string
}

/** It cannot be asked without a condition from the policy: leaving the condition out does not compile. */
export class DocumentRepository {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  list(where: AuthorizedWhere<'Document'>): readonly Listed[] {
    if (where.verdict === 'none') return []
    const { text, parameters } = where.toSql()
    const statement = this.#database.prepare(`SELECT id, title FROM documents WHERE ${text} ORDER BY id`)
    return statement.all(...(parameters as SQLInputValue[])) as unknown as Listed[]
  }

  /** The same for the people who may do something to one document. */
  people(where: AuthorizedWhere<'User'>): readonly string[] {
    const { text, parameters } = where.toSql()
    const statement = this.#database.prepare(`SELECT id FROM users WHERE ${text} ORDER BY id`)
    return statement.all(...(parameters as SQLInputValue[])).map((row) => row['id'] as string)
  }
}
