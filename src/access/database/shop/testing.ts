// An application for tests: documents in folders, shared with users, owned by people of teams.
import { parsePolicies } from '../../cedar/parser.ts'
import type { Policy } from '../../cedar/ast.ts'
import type { Schema } from '../../cedar/schema.ts'
import { parseSchema } from '../../cedar/schema-parser.ts'

export const SHOP_SCHEMA = `
entity Role;
entity Team { level: Long };
entity User in [Team, Role] { department?: String, clearance: Long };
entity Service;
entity Folder in [Folder] { open: Bool };
entity Document in [Folder] { owner: User, team?: Team, level: Long, public: Bool, title: String, viewers: Set<User> };
action read appliesTo { principal: [User, Service], resource: Document, context: { mfa?: Bool } };
action edit, create, remove, archive appliesTo { principal: User, resource: Document, context: { mfa?: Bool } };
`

export const SHOP_POLICIES = `
@id("owner") permit (principal is User, action in [Action::"read", Action::"edit", Action::"create"], resource) when { resource.owner == principal };
@id("viewer") permit (principal is User, action == Action::"read", resource) when { resource.viewers.contains(principal) };
@id("public") permit (principal, action == Action::"read", resource) when { resource.public };
@id("team") permit (principal is User, action == Action::"read", resource) when { resource has team && principal in resource.team && resource.team.level <= principal.clearance };
@id("open") permit (principal is User, action == Action::"read", resource in Folder::"all") when { principal has department && principal.department == "audit" };
@id("admin") permit (principal in Role::"admin", action in [Action::"edit", Action::"remove"], resource);
@id("secret") forbid (principal, action, resource) when { resource.level > 5 } unless { context has mfa && context.mfa };
`

export const SHOP_MAPPING = {
  entities: {
    User: {
      table: 'users',
      attributes: { department: 'department', clearance: 'clearance' },
      parents: { Team: 'team_id' },
    },
    Team: { table: 'teams', attributes: { level: 'level' } },
    Folder: { table: 'folders', attributes: { open: 'open' }, parents: { Folder: 'parent_id' } },
    Document: {
      table: 'documents',
      attributes: {
        owner: 'owner_id',
        team: 'team_id',
        level: 'level',
        public: 'public',
        title: 'title',
        viewers: { table: 'shares', owner: 'document_id', value: 'user_id' },
      },
      parents: { Folder: 'folder_id' },
    },
  },
  database: {
    verbs: {
      read: { verb: 'select' },
      edit: { verb: 'update', columns: ['title', 'public', 'owner_id'] },
      create: { verb: 'insert' },
      remove: { verb: 'delete' },
      archive: { verb: 'delete' },
    },
    login: true,
  },
} as const

export const SHOP_TABLES = `
CREATE TABLE teams (id text PRIMARY KEY, level bigint NOT NULL);
CREATE TABLE users (id text PRIMARY KEY, department text, clearance bigint NOT NULL, team_id text REFERENCES teams (id), password text);
CREATE TABLE folders (id text PRIMARY KEY, open boolean NOT NULL, parent_id text REFERENCES folders (id));
CREATE TABLE documents (id text PRIMARY KEY, owner_id text NOT NULL REFERENCES users (id), team_id text REFERENCES teams (id),
  level bigint NOT NULL DEFAULT 0, public boolean NOT NULL DEFAULT false, title text NOT NULL DEFAULT '', folder_id text REFERENCES folders (id), internal_note text);
CREATE TABLE shares (document_id text REFERENCES documents (id) ON DELETE CASCADE, user_id text REFERENCES users (id), PRIMARY KEY (document_id, user_id));
CREATE TABLE unmapped (id int, secret text);
INSERT INTO teams VALUES ('blue', 3), ('red', 1);
INSERT INTO users VALUES ('ann', 'audit', 2, 'red', 'x'), ('bob', NULL, 2, 'red', 'x'), ('eve', NULL, 5, NULL, 'x');
INSERT INTO folders VALUES ('all', true, NULL), ('sub', true, 'all'), ('other', false, NULL);
INSERT INTO documents (id, owner_id, team_id, level, public, title, folder_id) VALUES
  ('own', 'bob', NULL, 1, false, 'of bob', NULL), ('own-secret', 'bob', NULL, 9, false, 'of bob', NULL),
  ('shared', 'eve', NULL, 1, false, '', NULL), ('public', 'eve', NULL, 1, true, '', NULL),
  ('team-red', 'eve', 'red', 1, false, '', NULL), ('team-blue', 'eve', 'blue', 1, false, '', NULL),
  ('deep', 'eve', NULL, 1, false, '', 'sub'), ('elsewhere', 'eve', NULL, 1, false, '', 'other');
INSERT INTO shares VALUES ('shared', 'bob');
`

export function shopSchema(): Schema {
  const schema = parseSchema(SHOP_SCHEMA)
  if (!schema.ok) throw new Error(schema.errors[0]?.message)
  return schema.value
}

export function shopPolicies(text = SHOP_POLICIES): readonly Policy[] {
  const policies = parsePolicies(text)
  if (!policies.ok) throw new Error(policies.errors[0]?.message)
  return policies.value
}
