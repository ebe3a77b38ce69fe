// The schema that policies are drawn for, with everything that a mapping knows.
import { type DialectName, type MappingConfig, parseSchema, type Schema } from '../../src/access/index.ts'

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
      Group: {
        table: 'groups_',
        parents: { Group: { table: 'group_parents', child: 'child', parent: 'parent' } },
      },
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
      Folder: {
        table: 'folders',
        id: { format: 'integer' },
        parents: { Folder: 'parent_id', Org: 'org_id' },
      },
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
          meta: {
            fields: { kind: 'meta_kind', size: 'meta_size', flags: { fields: { hot: 'hot', cold: 'cold' } } },
          },
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
