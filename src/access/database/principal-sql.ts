import { MAX_TOKEN_BYTES, MAX_TTL_SECONDS, TOKEN_TYPE } from './principal-token.ts'
import { quoteName, quoteText, type Statement } from './sql-text.ts'

/** How far the clocks of who signs and of the database may be apart. */
const MAX_SKEW_SECONDS = 30
const MAC_HEX_CHARACTERS = 64

/** A function of its owner, that finds nothing but what PostgreSQL itself brings. */
const DEFINER = 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp'

/** HMAC-SHA256 over bytes with the pads of a key: RFC 2104 in plain SQL, so that no extension is needed. */
function hmac(key: string, message: string): string {
  return `sha256(${key}.outer_pad || sha256(${key}.inner_pad || ${message}))`
}

/** Equality that says nothing by the time it takes: both sides under a key that the caller does not know. */
function isSame(key: string, left: string, right: string): string {
  return `${hmac(key, left)} = ${hmac(key, right)}`
}

/**
 * What a setting is bound to. A value that was seen elsewhere is worth nothing here.
 * INVARIANT: the same in `begin` and in `claims`, and another one in every other transaction: one process runs one
 * transaction at a time, and `now()` is when it began.
 */
const THIS_TRANSACTION = `convert_to('ringwall setting' || chr(10) || pg_backend_pid() || chr(10) ||
    extract(epoch FROM now()) || chr(10), 'UTF8')`

/** Bytes of base64url without padding (RFC 7515 2). */
function fromBase64url(text: string): string {
  return `decode(rpad(translate(${text}, '-_', '+/'), (length(${text}) + 3) / 4 * 4, '='), 'base64')`
}

/** A pad of a key that the database makes itself: 244 random bits, which never leave it. */
function padOf(key: string, byte: number): string {
  return `(SELECT string_agg(set_byte('\\x00'::bytea, 0, (CASE WHEN i < 32 THEN get_byte(${key}, i) ELSE 0 END) # ${byte}), ''::bytea ORDER BY i) FROM generate_series(0, 63) AS i)`
}

const BEGIN = (
  audience: string,
): string => `CREATE OR REPLACE FUNCTION ringwall.begin(token text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ${DEFINER} AS $ringwall$
DECLARE
  parts text[] := string_to_array(token, '.');
  header jsonb;
  claims jsonb;
  signer ringwall.key;
  own ringwall.key;
  setting text;
  seconds numeric := extract(epoch FROM clock_timestamp());
BEGIN
  IF token IS NULL OR octet_length(token) > ${MAX_TOKEN_BYTES} OR token !~ '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]{43}$' THEN
    RAISE EXCEPTION 'ringwall: this is not a token' USING ERRCODE = 'invalid_authorization_specification';
  END IF;
  BEGIN
    header := convert_from(${fromBase64url('parts[1]')}, 'UTF8')::jsonb;
  EXCEPTION WHEN data_exception THEN header := NULL;
  END;
  SELECT * INTO signer FROM ringwall.key AS k
    WHERE k.purpose = 'token' AND k.id = header ->> 'kid' AND (k.not_after IS NULL OR k.not_after > clock_timestamp());
  SELECT * INTO own FROM ringwall.key AS k WHERE k.purpose = 'setting';
  IF signer.id IS NULL OR own.id IS NULL OR header ->> 'alg' IS DISTINCT FROM 'HS256' OR header ->> 'typ' IS DISTINCT FROM ${quoteText(TOKEN_TYPE)}
    OR NOT (${isSame('own', hmac('signer', "convert_to(parts[1] || '.' || parts[2], 'UTF8')"), fromBase64url('parts[3]'))}) THEN
    RAISE EXCEPTION 'ringwall: the token is not signed by a key of this database' USING ERRCODE = 'invalid_authorization_specification';
  END IF;
  claims := convert_from(${fromBase64url('parts[2]')}, 'UTF8')::jsonb;
  IF claims ->> 'aud' IS DISTINCT FROM ${quoteText(audience)} THEN
    RAISE EXCEPTION 'ringwall: the token is for another database' USING ERRCODE = 'invalid_authorization_specification';
  END IF;
  IF ((claims ->> 'exp')::numeric > seconds AND (claims ->> 'exp')::numeric <= seconds + ${MAX_TTL_SECONDS + MAX_SKEW_SECONDS}
    AND (claims ->> 'iat')::numeric <= seconds + ${MAX_SKEW_SECONDS}) IS NOT TRUE THEN
    RAISE EXCEPTION 'ringwall: the token has expired, or is not valid yet' USING ERRCODE = 'invalid_authorization_specification';
  END IF;
  IF (jsonb_typeof(claims -> 'principal' -> 'type') = 'string' AND jsonb_typeof(claims -> 'principal' -> 'id') = 'string') IS NOT TRUE THEN
    RAISE EXCEPTION 'ringwall: the token names no principal' USING ERRCODE = 'invalid_authorization_specification';
  END IF;
  setting := jsonb_build_object('principal', claims -> 'principal', 'context', coalesce(claims -> 'context', '{}'::jsonb))::text;
  setting := encode(${hmac('own', `${THIS_TRANSACTION} || convert_to(setting, 'UTF8')`)}, 'hex') || setting;
  PERFORM set_config('ringwall.principal', setting, true);
END
$ringwall$`

const CLAIMS = `CREATE OR REPLACE FUNCTION ringwall.claims() RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ${DEFINER} AS $ringwall$
DECLARE
  setting text := current_setting('ringwall.principal', true);
  own ringwall.key;
BEGIN
  IF setting IS NULL OR setting = '' THEN
    RETURN NULL;
  END IF;
  SELECT * INTO own FROM ringwall.key AS k WHERE k.purpose = 'setting';
  IF (${isSame('own', `convert_to(left(setting, ${MAC_HEX_CHARACTERS}), 'UTF8')`, `convert_to(encode(${hmac('own', `${THIS_TRANSACTION} || convert_to(substr(setting, ${MAC_HEX_CHARACTERS + 1}), 'UTF8')`)}, 'hex'), 'UTF8')`)}) IS NOT TRUE THEN
    RAISE EXCEPTION 'ringwall: the principal of this transaction was not set by ringwall.begin' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN substr(setting, ${MAC_HEX_CHARACTERS + 1})::jsonb;
END
$ringwall$`

/** The table of keys; only its owner, which nobody can log in as, reads it. */
const KEY_TABLE = `CREATE TABLE IF NOT EXISTS ringwall.key (
  id text PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('token', 'setting')),
  inner_pad bytea NOT NULL CHECK (octet_length(inner_pad) = 64),
  outer_pad bytea NOT NULL CHECK (octet_length(outer_pad) = 64),
  not_after timestamptz
)`

/** The functions as they must be, for `verify`: signature, and the text between the dollar quotes. */
export function principalFunctions(audience: string): ReadonlyMap<string, string> {
  const bodyOf = (sql: string): string => sql.split('$ringwall$')[1] as string
  return new Map([
    ['ringwall.begin(text)', bodyOf(BEGIN(audience))],
    ['ringwall.claims()', bodyOf(CLAIMS)],
  ])
}

/**
 * The schema `ringwall`: how a transaction gets its principal. `set_config` alone would let any injected statement be
 * anybody; here the setting carries a MAC over itself and the transaction, made with a key that only the functions
 * can read, and the functions make it from a signed token only.
 */
export function principalStatements(keeper: string, roles: readonly string[], audience: string): Statement[] {
  const owner = quoteName(keeper)
  const callers = roles.map((role) => quoteName(role)).join(', ')
  return [
    {
      sql: `CREATE SCHEMA IF NOT EXISTS ringwall AUTHORIZATION ${owner}`,
      reason: 'what makes and reads the principal of a transaction is apart from the application',
    },
    { sql: `ALTER SCHEMA ringwall OWNER TO ${owner}`, reason: 'whoever owns a schema can put things in it' },
    { sql: KEY_TABLE, reason: 'the keys of tokens and of settings, as the two pads of HMAC' },
    { sql: `ALTER TABLE ringwall.key OWNER TO ${owner}`, reason: 'the functions read it, and nobody else' },
    { sql: 'REVOKE ALL ON ringwall.key FROM PUBLIC', reason: 'a key that a query can read signs anybody' },
    {
      sql: `WITH made AS MATERIALIZED (SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) AS bytes)
INSERT INTO ringwall.key (id, purpose, inner_pad, outer_pad)
SELECT 'setting', 'setting', ${padOf('bytes', 0x36)}, ${padOf('bytes', 0x5c)} FROM made
ON CONFLICT (id) DO NOTHING`,
      reason: 'the key of settings is made in the database and never leaves it',
    },
    { sql: BEGIN(audience), reason: 'verifies a token and sets the principal of this transaction' },
    {
      sql: CLAIMS,
      reason: 'the principal of this transaction; NULL where none was set, an error where one was forged',
    },
    ...['begin(text)', 'claims()'].flatMap((name) => [
      {
        sql: `ALTER FUNCTION ringwall.${name} OWNER TO ${owner}`,
        reason: 'runs with the rights of the keeper of keys',
      },
      {
        sql: `REVOKE ALL ON FUNCTION ringwall.${name} FROM PUBLIC`,
        reason: 'PostgreSQL lets everybody call a new function',
      },
      {
        sql: `GRANT EXECUTE ON FUNCTION ringwall.${name} TO ${callers}`,
        reason: 'every policy asks for the principal',
      },
    ]),
    { sql: 'REVOKE ALL ON SCHEMA ringwall FROM PUBLIC', reason: 'only the roles of the application come in' },
    { sql: `GRANT USAGE ON SCHEMA ringwall TO ${callers}`, reason: 'to call the two functions' },
  ]
}
