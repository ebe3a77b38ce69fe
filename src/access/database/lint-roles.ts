import { closeTo, type LintRule } from './lint-rule.ts'
import { privilegeKey, revokeStatement } from './privilege.ts'
import { quoteName, quoteTable } from './sql-text.ts'

function functionName(signature: string): string {
  const at = signature.indexOf('(')
  return `${quoteTable(signature.slice(0, at))}${signature.slice(at)}`
}

/** What is weak about roles, functions and what everybody may do. */
export const ROLE_RULES: readonly LintRule[] = [
  {
    id: 'mutable-search-path',
    why: 'whoever calls it says in which schemas its names are looked up, and so what it runs with the rights of its owner',
    find: ({ definers }) =>
      definers
        .filter(({ hasSearchPath }) => !hasSearchPath)
        .map(({ signature, owner }) => ({
          what: `function ${signature} runs with the rights of ${owner}, and finds names where its caller says`,
          fix: `ALTER FUNCTION ${functionName(signature)} SET search_path = pg_catalog, pg_temp`,
        })),
  },
  {
    id: 'definer-in-reach',
    why: 'it does for the application what the application itself may not',
    find: ({ definers, plan }) =>
      definers
        .filter(({ isInReach }) => isInReach)
        .map(({ signature, owner }) => ({
          what: `function ${signature} runs with the rights of ${owner}, and the application may call it`,
          fix: `REVOKE EXECUTE ON FUNCTION ${functionName(signature)} FROM ${closeTo(plan)}`,
        })),
  },
  {
    id: 'open-to-everybody',
    why: 'every role that can connect has it, those of other applications too',
    find: ({ catalog, plan }) =>
      catalog.privileges
        .filter(({ role, on, verb, object }) => {
          // What is in the schemas of the plan is held against the plan.
          const schema = on === 'schema' ? object : (object.split('.')[0] as string)
          const isOurs = plan.schemas.includes(schema) || schema === 'ringwall'
          const isNames = on === 'schema' && verb === 'USAGE'
          return role === 'PUBLIC' && on !== 'database' && on !== 'function' && !isOurs && !isNames
        })
        .map((privilege) => ({ what: privilegeKey(privilege), fix: revokeStatement(privilege) })),
  },
  {
    id: 'given-to-everybody-later',
    why: 'what is made next is open before anybody thinks of it',
    find: ({ defaults }) =>
      defaults.map(({ role, schema, verb, kind }) => ({
        what: `PUBLIC: ${verb} on ${kind} that ${role} makes${schema === null ? '' : ` in ${schema}`}, by default`,
        fix: `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteName(role)}${schema === null ? '' : ` IN SCHEMA ${quoteName(schema)}`} REVOKE ${verb} ON ${kind} FROM PUBLIC`,
      })),
  },
  {
    id: 'passes-every-policy',
    why: 'no policy holds for it; backups and administration need such a role, an application does not',
    find: ({ bypassing }) =>
      bypassing.map((role) => ({
        what: `role ${role} can connect here and has BYPASSRLS`,
        fix: `ALTER ROLE ${quoteName(role)} NOBYPASSRLS`,
      })),
  },
]
