// The attributes that policies read.
import { SKILLS } from './values.ts'

export type EntityName = 'User' | 'Team' | 'Org' | 'Folder' | 'Group'

export const FLAGS = [
  'resource.open',
  'resource.open',
  'resource.locked',
  'resource.meta.flags.hot',
  'resource.meta.flags.cold',
  'context.flag',
] as const
export const NUMBERS = [
  'resource.rank',
  'resource.rank',
  'resource.score',
  'resource.meta.size',
  'resource.extra.code',
  'principal.level',
  'context.number',
  'resource.owner.level',
  'resource.editor.level',
] as const
export const WORDS = [
  'resource.title',
  'resource.title',
  'resource.note',
  'resource.exact',
  'resource.meta.kind',
  'resource.extra.word',
  'principal.name',
  'principal.nick',
  'context.word',
  'context.maybe',
  'resource.owner.name',
  'resource.owner.nick',
  'resource.editor.boss.name',
  'principal.boss.name',
  '(if resource.open then resource.owner else principal).name',
] as const
export const ORDERS = ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'] as const
export const UNITS = ['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'] as const
export const PRESENCES = [
  'resource has note',
  'resource has title',
  'resource has folder',
  'resource has extra',
  'resource has extra.word',
  'resource has meta.size',
  'resource.meta has size',
  'resource.meta.flags has cold',
  'resource.extra has word',
  'principal has nick',
  'principal has boss.nick',
  'resource.owner has nick',
  'resource.owner has name',
  'resource.editor has boss',
  'resource has editor.boss.nick',
  'context has maybe',
  'resource.owner has clearance',
  'resource has labels',
  'resource.owner has skills',
  'resource has nothing',
  '!(resource has locked)',
] as const
export const ENTITIES: Readonly<Record<EntityName, readonly string[]>> = {
  User: [
    'principal',
    'resource.owner',
    'resource.editor',
    'resource.owner.boss',
    'principal.boss',
    '(if resource.open then resource.owner else resource.editor)',
  ],
  Team: ['resource.team'],
  Org: ['resource.org', 'principal.org', 'resource.owner.org'],
  Folder: ['resource.folder'],
  Group: ['Group::"g1"'],
}
export const PATHS = [
  ['Doc', 'Folder'],
  ['Doc', 'Folder'],
  ['Doc', 'Group'],
  ['Doc', 'Team'],
  ['Doc', 'Org'],
  ['User', 'Team'],
  ['User', 'Team'],
  ['User', 'Org'],
  ['User', 'User'],
  ['Folder', 'Folder'],
  ['Folder', 'Org'],
  ['Team', 'Team'],
  ['Team', 'Org'],
  ['Group', 'Group'],
  ['Org', 'Org'],
  ['Team', 'Folder'],
] as const
export const SETS = {
  text: [
    'resource.labels',
    'resource.marks',
    'principal.skills',
    'resource.owner.skills',
    `["${SKILLS.join('", "')}"]`,
  ],
  long: ['resource.codes'],
  user: ['resource.viewers', 'resource.watchers'],
  moment: ['resource.days'],
} as const
