// The guide's documents, for tests.
import { parsePolicies } from '../cedar/parser.ts'
import { parseSchema } from '../cedar/schema-parser.ts'
import type { Policy } from '../cedar/ast.ts'
import { ObjectEntities } from '../cedar/objects.ts'
import type { Schema } from '../cedar/schema.ts'
import { EntityUid } from '../cedar/value.ts'
import { type FilterOptions, type Filter, loadFilter } from './filter.ts'
import type { MappingConfig } from './mapping.ts'

/** Everything that a mapping can say, around documents. */
export const SCHEMA: Schema = must(
  parseSchema(`
    entity Organisation;
    entity Team in [Organisation];
    entity Folder in [Folder];
    entity User in [Team, Organisation] { name: String, level: Long, nick?: String, manager?: User };
    entity Document in [Folder] {
      title: String, note?: String, size: Long, created: datetime, price?: decimal, address?: ipaddr,
      open: Bool, locked?: Bool, owner: User, editor?: User, team?: Team,
      shared: Set<User>, labels: Set<String>, meta: { kind: String, pages?: Long },
    } tags String;
    action read, write appliesTo {
      principal: User, resource: Document, context: { now: datetime, word: String, number: Long, maybe?: String }
    };
    action visit appliesTo { principal: User, resource: Organisation };
  `),
)

export const MAPPING: MappingConfig = {
  entities: {
    Organisation: {},
    Team: { table: 'teams', parents: { Organisation: 'organisation_id' } },
    Folder: { table: 'folders', id: { format: 'integer' }, parents: { Folder: 'parent_id' } },
    User: {
      table: 'users',
      attributes: { name: 'name', level: 'level', nick: 'nick', manager: 'manager_id' },
      parents: {
        Team: { table: 'members', child: 'user_id', parent: 'team_id' },
        Organisation: 'organisation_id',
      },
    },
    Document: {
      table: 'documents',
      attributes: {
        title: 'title',
        note: 'note',
        size: 'size',
        created: 'created',
        price: { column: 'price', storage: 'units' },
        open: 'open',
        locked: 'locked',
        owner: 'owner_id',
        editor: 'editor_id',
        team: 'team_id',
        shared: { table: 'shares', owner: 'document_id', value: 'user_id' },
        labels: { table: 'labels', owner: 'document_id', value: 'label' },
        meta: { fields: { kind: 'meta_kind', pages: 'meta_pages' } },
      },
      parents: { Folder: 'folder_id' },
      tags: { table: 'tags', owner: 'document_id', key: 'name', value: 'value' },
    },
  },
}

/** What a reader gave, or an error that the test is wrong. */
export function must<T>(
  parsed:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly errors: readonly { readonly message: string }[] },
): T {
  if (parsed.ok) return parsed.value
  throw new Error(parsed.errors[0]?.message)
}

export function policies(text: string): readonly Policy[] {
  return must(parsePolicies(text))
}

export function filterOf(text: string, options: Partial<FilterOptions> = {}): Filter {
  return loadFilter({
    policies: policies(text),
    schema: SCHEMA,
    mapping: MAPPING,
    dialect: 'postgres',
    ...options,
  })
}

export const ALICE: EntityUid = new EntityUid('User', 'alice')
export const READ: EntityUid = new EntityUid('Action', 'read')

/** Alice, of two teams, without a nick. */
export const PEOPLE: ObjectEntities = new ObjectEntities(
  (uid) =>
    uid.key === ALICE.key
      ? {
          attributes: { name: 'Alice', level: 3 },
          parents: [
            new EntityUid('Team', 't1'),
            new EntityUid('Team', "t'2"),
            new EntityUid('Organisation', 'o1'),
          ],
        }
      : undefined,
  SCHEMA,
)
