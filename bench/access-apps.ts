// Three applications in the style of the Cedar paper's evaluation (OOPSLA 2024), with as many entities as asked for.
import { seeded } from './access-guide.ts'

export interface AppEntity {
  readonly type: string
  readonly id: string
  /** Entities are named by their ids; their types are in the schema. */
  readonly attributes: Readonly<Record<string, unknown>>
  readonly parents: readonly AppName[]
}
export interface AppName {
  readonly type: string
  readonly id: string
}
export interface AppRequest {
  readonly principal: AppName
  readonly action: string
  readonly resource: AppName
}

/** One application with its data and its questions. */
export interface App {
  readonly name: string
  readonly schema: string
  readonly policies: string
  readonly entities: readonly AppEntity[]
  readonly requests: readonly AppRequest[]
}

/** How likely two entities are related, where nothing else is said: so in the paper. */
const LIKELY = 0.05

interface Dice {
  readonly below: (count: number) => number
  readonly pick: <T>(list: readonly T[]) => T
  /** Each with a small chance. */
  readonly few: (ids: readonly string[]) => string[]
}

function diceOf(seed: number): Dice {
  const below = seeded(seed)
  return {
    below,
    pick: (list) => list[below(list.length)] as never,
    few: (ids) => ids.filter(() => below(1000) < LIKELY * 1000),
  }
}

const names = (type: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${type}-${at}`)
const named = (type: string, ids: readonly string[]): AppName[] => ids.map((id) => ({ type, id }))

/** Only ids before one's own, so that there is no circle. */
const above = (dice: Dice, ids: readonly string[], at: number): string[] => dice.few(ids.slice(0, at))

function requestsOf(
  dice: Dice,
  count: number,
  users: readonly string[],
  asked: Readonly<Record<string, readonly AppName[]>>,
): AppRequest[] {
  return Array.from({ length: count }, () => {
    const action = dice.pick(Object.keys(asked))
    const resource = dice.pick(asked[action] ?? [])
    return { principal: { type: 'User', id: dice.pick(users) }, action, resource }
  })
}

/** Documents in folders, shared with people and groups. */
export function gdrive(size: number, requests: number, seed: number): App {
  const dice = diceOf(seed)
  const [users, groups, documents, folders] = ['user', 'group', 'doc', 'folder'].map((kind) =>
    names(kind, size),
  ) as [string[], string[], string[], string[]]
  const entities: AppEntity[] = [
    ...groups.map((id, at) => ({
      type: 'Group',
      id,
      attributes: {},
      parents: named('Group', above(dice, groups, at)),
    })),
    ...users.map((id) => ({
      type: 'User',
      id,
      attributes: {
        ownedDocuments: dice.few(documents),
        ownedFolders: dice.few(folders),
      },
      parents: named('Group', dice.few(groups)),
    })),
    ...folders.map((id, at) => ({
      type: 'Folder',
      id,
      attributes: {},
      parents: named('Folder', above(dice, folders, at)),
    })),
    ...documents.map((id) => ({
      type: 'Document',
      id,
      attributes: {
        isPublic: dice.below(10) === 0,
        viewers: dice.pick(groups),
        editors: dice.pick(groups),
      },
      parents: named('Folder', dice.few(folders)),
    })),
  ]
  const all = named('Document', documents)
  return {
    name: 'gdrive',
    schema: `
      entity Group in [Group];
      entity User in [Group] { ownedDocuments: Set<Document>, ownedFolders: Set<Folder> };
      entity Folder in [Folder];
      entity Document in [Folder] { isPublic: Bool, viewers: Group, editors: Group };
      action read, write, share, changeOwner appliesTo { principal: User, resource: Document };`,
    policies: `
      @id("public") permit(principal, action == Action::"read", resource) when { resource.isPublic };
      @id("viewers") permit(principal, action == Action::"read", resource) when { principal in resource.viewers };
      @id("editors") permit(principal, action in [Action::"read", Action::"write"], resource)
      when { principal in resource.editors };
      @id("folders") permit(principal, action in [Action::"read", Action::"write", Action::"share"], resource)
      when { resource in principal.ownedFolders };
      @id("owner") permit(principal, action, resource) when { principal.ownedDocuments.contains(resource) };`,
    entities,
    requests: requestsOf(dice, requests, users, { read: all, write: all, share: all, changeOwner: all }),
  }
}

/** Repositories with five levels of access, given to people, teams and organisations. */
export function github(size: number, requests: number, seed: number): App {
  const dice = diceOf(seed)
  const [users, teams, repositories] = ['user', 'team', 'repo'].map((kind) => names(kind, size)) as [
    string[],
    string[],
    string[],
  ]
  const levels = ['readers', 'triagers', 'writers', 'maintainers', 'admins']
  const groups = repositories.flatMap((id) => levels.map((level) => `${id}-${level}`))
  const entities: AppEntity[] = [
    ...repositories.flatMap((id) => [
      {
        type: 'Repository',
        id,
        attributes: Object.fromEntries(levels.map((level) => [level, `${id}-${level}`])),
        parents: [],
      },
      ...levels.map((level, at) => ({
        type: 'UserGroup',
        id: `${id}-${level}`,
        attributes: {},
        parents: at === 0 ? [] : named('UserGroup', [`${id}-${levels[at - 1]}`]),
      })),
    ]),
    ...teams.map((id, at) => ({
      type: 'Team',
      id,
      attributes: {},
      parents: [...named('Team', above(dice, teams, at)), ...named('UserGroup', dice.few(groups))],
    })),
    ...users.map((id) => ({
      type: 'User',
      id,
      attributes: {},
      parents: [...named('Team', dice.few(teams)), ...named('UserGroup', dice.few(groups))],
    })),
    ...repositories.map((id, at) => ({
      type: 'Issue',
      id: `issue-${at}`,
      attributes: { repository: id, reporter: dice.pick(users) },
      parents: [],
    })),
  ]
  const all = named('Repository', repositories)
  const issues = named(
    'Issue',
    repositories.map((_, at) => `issue-${at}`),
  )
  return {
    name: 'github',
    schema: `
      entity UserGroup in [UserGroup];
      entity Team in [Team, UserGroup];
      entity User in [Team, UserGroup];
      entity Repository {
        readers: UserGroup, triagers: UserGroup, writers: UserGroup, maintainers: UserGroup, admins: UserGroup
      };
      entity Issue { repository: Repository, reporter: User };
      action pull, fork, push, maintain, addAdmin appliesTo { principal: User, resource: Repository };
      action editIssue, deleteIssue, assignIssue appliesTo { principal: User, resource: Issue };`,
    policies: `
      @id("read") permit(principal, action in [Action::"pull", Action::"fork"], resource)
      when { principal in resource.readers };
      @id("write") permit(principal, action == Action::"push", resource) when { principal in resource.writers };
      @id("maintain") permit(principal, action == Action::"maintain", resource)
      when { principal in resource.maintainers };
      @id("admin") permit(principal, action == Action::"addAdmin", resource) when { principal in resource.admins };
      @id("own-issue") permit(principal, action in [Action::"editIssue", Action::"deleteIssue"], resource)
      when { principal in resource.repository.readers && principal == resource.reporter };
      @id("edit-issue") permit(principal, action in [Action::"editIssue", Action::"deleteIssue"], resource)
      when { principal in resource.repository.writers };
      @id("assign-issue") permit(principal, action == Action::"assignIssue", resource)
      when { principal in resource.repository.triagers };`,
    entities,
    requests: requestsOf(dice, requests, users, {
      pull: all,
      fork: all,
      push: all,
      maintain: all,
      addAdmin: all,
      editIssue: issues,
      deleteIssue: issues,
      assignIssue: issues,
    }),
  }
}

/** Lists of tasks with an owner, readers and editors; an application has one entity too. */
export function tinytodo(size: number, requests: number, seed: number): App {
  const dice = diceOf(seed)
  const [users, teams, lists] = ['user', 'team', 'list'].map((kind) => names(kind, size)) as [
    string[],
    string[],
    string[],
  ]
  const entities: AppEntity[] = [
    { type: 'Application', id: 'TinyTodo', attributes: {}, parents: [] },
    ...teams.map((id, at) => ({
      type: 'Team',
      id,
      attributes: {},
      parents: [...named('Team', above(dice, teams, at)), ...named('Application', ['TinyTodo'])],
    })),
    ...users.map((id) => ({
      type: 'User',
      id,
      attributes: { joblevel: dice.below(10), location: dice.pick(['ABC17', 'XYZ77']) },
      parents: [...named('Team', dice.few(teams)), ...named('Application', ['TinyTodo'])],
    })),
    ...lists.map((id) => ({
      type: 'List',
      id,
      attributes: {
        owner: dice.pick(users),
        name: id,
        readers: dice.pick(teams),
        editors: dice.pick(teams),
        tasks: Array.from({ length: 3 }, (_, at) => ({
          name: `task ${at}`,
          id: at,
          state: dice.pick(['Checked', 'Unchecked']),
        })),
      },
      parents: named('Application', ['TinyTodo']),
    })),
  ]
  const all = named('List', lists)
  return {
    name: 'tinytodo',
    schema: `
      type Task = { id: Long, name: String, state: String };
      entity Application;
      entity Team in [Team, Application];
      entity User in [Team, Application] { joblevel: Long, location: String };
      entity List in [Application] {
        editors: Team, name: String, owner: User, readers: Team, tasks: Set<Task>
      };
      action CreateList, GetLists appliesTo { principal: User, resource: Application };
      action GetList, UpdateList, DeleteList, CreateTask, UpdateTask, DeleteTask, EditShare
      appliesTo { principal: User, resource: List };`,
    policies: `
      @id("0") permit(principal, action in [Action::"CreateList", Action::"GetLists"], resource == Application::"TinyTodo");
      @id("1") permit(principal, action, resource is List in Application::"TinyTodo") when { resource.owner == principal };
      @id("2") permit(principal, action == Action::"GetList", resource is List in Application::"TinyTodo")
      when { principal in resource.readers || principal in resource.editors };
      @id("3") permit(
        principal,
        action in [Action::"UpdateList", Action::"CreateTask", Action::"UpdateTask", Action::"DeleteTask"],
        resource is List in Application::"TinyTodo")
      when { principal in resource.editors };
      @id("4") permit(principal in Team::"team-0", action, resource in Application::"TinyTodo");
      @id("5") forbid(principal, action == Action::"DeleteList", resource)
      unless { principal.joblevel > 6 || principal.location like "ABC*" };`,
    entities,
    requests: requestsOf(dice, requests, users, {
      CreateList: named('Application', ['TinyTodo']),
      GetLists: named('Application', ['TinyTodo']),
      GetList: all,
      UpdateList: all,
      DeleteList: all,
      CreateTask: all,
      UpdateTask: all,
      DeleteTask: all,
      EditShare: all,
    }),
  }
}
