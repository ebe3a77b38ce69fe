// A principal and a context as SQL expressions, the way that row-level security gives them.
import {
  CedarRecord,
  CedarSet,
  type ContextParty,
  type Entities,
  EntityUid,
  type SqlAttribute,
  type SqlEntity,
  type Value,
} from '../../src/access/index.ts'
import { Datetime } from '../../src/access/cedar/extensions/datetime.ts'
import { isStorable } from '../../src/access/filter/term.ts'
import { ORGS, TEAMS } from './values.ts'

const PRINCIPAL_TYPES = {
  name: 'text',
  level: 'bigint',
  nick: 'text',
  boss: 'text',
  org: 'uuid',
  clearance: 'numeric',
  skills: 'text[]',
} as const
const CONTEXT_TYPES = {
  now: 'timestamptz',
  addr: 'inet',
  flag: 'boolean',
  number: 'bigint',
  word: 'text',
  maybe: 'text',
  teams: 'text[]',
} as const

/** What a plan is asked with. */
export function principalExpressions(
  uid: EntityUid,
  context: CedarRecord,
  entities: Entities,
): { readonly principal: SqlEntity; readonly context: ContextParty } {
  const entity = entities.get(uid)
  const attributes = entity?.attributes ?? new CedarRecord(new Map())
  const idsOf = (type: string, ids: readonly string[]): string[] =>
    ids.filter((id) => entity?.ancestors.has(new EntityUid(type, id).key))
  return {
    principal: {
      kind: 'expressions',
      type: 'User',
      id: sql(uid, 'text'),
      attributes: expressionsOf(attributes, PRINCIPAL_TYPES),
      ancestors: {
        Team: arrayOf(idsOf('Team', TEAMS), 'text[]'),
        Org: arrayOf(idsOf('Org', ORGS), 'uuid[]'),
      },
    },
    context: { kind: 'expressions', attributes: expressionsOf(context, CONTEXT_TYPES) },
  }
}

function expressionsOf(
  record: CedarRecord,
  types: Readonly<Record<string, string>>,
): Record<string, SqlAttribute> {
  return Object.fromEntries(
    Object.entries(types).map(([name, type]): [string, SqlAttribute] => {
      const value = record.get(name) as Value | undefined
      if (!type.endsWith('[]')) return [name, sql(value, type)]
      const elements = value instanceof CedarSet ? value.elements.map(textOf) : []
      return [name, { array: arrayOf(elements, type) }]
    }),
  )
}

function sql(value: Value | undefined, type: string): string {
  const text = value === undefined ? undefined : textOf(value)
  const isFit = text !== undefined && isStorable(text) && !(type === 'bigint' && typeof value === 'string')
  return isFit ? `'${text.replaceAll("'", "''")}'::${type}` : `NULL::${type}`
}

function arrayOf(elements: readonly string[], type: string): string {
  return `ARRAY[${elements.map((element) => `'${element.replaceAll("'", "''")}'`).join(', ')}]::${type}`
}

function textOf(value: Value): string {
  if (value instanceof EntityUid) return value.id
  if (value instanceof Datetime) return new Date(Number(value.ms)).toISOString()
  if (value instanceof CedarSet || value instanceof CedarRecord) throw new Error('no single value')
  return value.toString()
}
