import type { Declaration } from './declaration.ts'
import { quoteName, quoteText, type Statement } from './sql-text.ts'

/** What no role of an application has. */
export const WITHOUT = 'NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION'

const PURPOSES = {
  reader: 'queries only',
  writer: 'what the application changes',
  migrator: 'owns the tables; used during deployments only',
  keeper: 'owns what knows the keys of tokens; nobody logs in as it',
} as const

/** The four roles, without a password: who sets one does it apart from any file. */
export function roleStatements({ roles, canLogIn }: Declaration): Statement[] {
  return (Object.keys(PURPOSES) as (keyof typeof PURPOSES)[]).flatMap((purpose) => {
    const name = roles[purpose]
    const login = canLogIn && purpose !== 'keeper' ? 'LOGIN' : 'NOLOGIN'
    return [
      {
        sql: `DO $ringwall$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${quoteText(name)}) THEN CREATE ROLE ${quoteName(name)}; END IF;
END $ringwall$`,
        reason: `the ${purpose}: ${PURPOSES[purpose]}`,
      },
      {
        sql: `ALTER ROLE ${quoteName(name)} ${login} ${WITHOUT}`,
        reason: 'a superuser, or a role with BYPASSRLS, passes every policy',
      },
    ]
  })
}

/** What everybody may do by default, taken back; and what the migrator makes later belongs to nobody else. */
export function closingStatements({ roles }: Declaration, schemas: readonly string[]): Statement[] {
  const everyone = ['PUBLIC', quoteName(roles.reader), quoteName(roles.writer)].join(', ')
  const migrator = quoteName(roles.migrator)
  return [
    {
      sql: onThisDatabase('REVOKE ALL', `FROM ${everyone}`),
      reason: 'PostgreSQL lets everybody connect and make temporary tables',
    },
    ...schemas.flatMap((schema) => [
      {
        sql: `REVOKE ALL ON SCHEMA ${quoteName(schema)} FROM ${everyone}`,
        reason: 'nothing is made here but by the migrator',
      },
      {
        sql: `REVOKE ALL ON ALL TABLES IN SCHEMA ${quoteName(schema)} FROM ${everyone}`,
        reason: 'what is not granted below is not there; this takes columns too',
      },
      {
        sql: `REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${quoteName(schema)} FROM ${everyone}`,
        reason: 'what is not granted below is not there',
      },
    ]),
    {
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} REVOKE ALL ON TABLES FROM ${everyone}`,
      reason: 'a table of tomorrow gives nothing until a plan says so',
    },
    {
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} REVOKE ALL ON SEQUENCES FROM ${everyone}`,
      reason: 'the same for sequences',
    },
    {
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} REVOKE EXECUTE ON FUNCTIONS FROM ${everyone}`,
      reason: 'PostgreSQL lets everybody call a new function',
    },
    {
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} REVOKE USAGE ON TYPES FROM ${everyone}`,
      reason: 'PostgreSQL lets everybody use a new type',
    },
  ]
}

/** A statement about the database that one is connected to, whatever it is called. */
export function onThisDatabase(verb: string, whom: string): string {
  return `DO $ringwall$ BEGIN
  EXECUTE ${quoteText(`${verb} ON DATABASE `)} || quote_ident(current_database()) || ${quoteText(` ${whom}`)};
END $ringwall$`
}
