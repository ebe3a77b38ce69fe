import { quoteName, quoteTable, quoteText, type Statement } from './sql-text.ts'

/** A question that a policy asks of other rows than the one it judges, as a function that answers it and no more. */
export interface Lookup {
  /** `ringwall.name(types)`, as PostgreSQL prints it. */
  readonly signature: string
  readonly returns: string
  readonly body: string
  /** What the function reads. */
  readonly reads: readonly { readonly table: string; readonly column: string }[]
}

/**
 * The functions, owned by the keeper. Policies that read other tables in the role of the application would be filtered
 * by the policies of those, would never end on their own table, and would need those tables granted in full.
 */
export function lookupStatements(
  lookups: readonly Lookup[],
  roles: { readonly keeper: string; readonly reader: string; readonly writer: string },
): Statement[] {
  const callers = [roles.reader, roles.writer].map((role) => quoteName(role)).join(', ')
  return lookups.flatMap(({ signature, returns, body, reads }) => {
    const at = signature.indexOf('(')
    const name = `${quoteTable(signature.slice(0, at))}${signature.slice(at)}`
    const tables = [...new Set(reads.map(({ table }) => table))].join(', ')
    return [
      {
        sql: `CREATE OR REPLACE FUNCTION ${name} RETURNS ${returns}
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $ringwall$${body}$ringwall$`,
        reason: `what policies ask of ${tables}, without granting it`,
      },
      {
        sql: `ALTER FUNCTION ${name} OWNER TO ${quoteName(roles.keeper)}`,
        reason: 'reads with the rights of the keeper',
      },
      {
        sql: `REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`,
        reason: 'PostgreSQL lets everybody call a new function',
      },
      { sql: `GRANT EXECUTE ON FUNCTION ${name} TO ${callers}`, reason: 'policies call it' },
    ]
  })
}

/** Takes away the functions of earlier plans, once no policy calls them any more. */
export function staleLookupsStatement(lookups: readonly Lookup[]): Statement {
  const kept = lookups.map(({ signature }) => quoteText(signature)).join(', ')
  return {
    sql: `DO $ringwall$ DECLARE stale text; BEGIN
  FOR stale IN SELECT format('ringwall.%I(%s)', p.proname, oidvectortypes(p.proargtypes)) FROM pg_proc p
    WHERE p.pronamespace = 'ringwall'::regnamespace AND starts_with(p.proname, 'lookup_')
  LOOP
    IF stale <> ALL (ARRAY[${kept}]::text[]) THEN EXECUTE 'DROP FUNCTION ' || stale; END IF;
  END LOOP;
END $ringwall$`,
    reason: 'what policies of earlier plans asked',
  }
}
