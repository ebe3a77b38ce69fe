import type { Secret } from '../../core/secret.ts'
import { keyStatement, MAX_TOKEN_BYTES, MAX_TTL_SECONDS, TOKEN_TYPE } from './principal-token.ts'
import { quoteName, quoteText, type Statement } from './sql-text.ts'

const MAX_SKEW_SECONDS = 30

function hmac(message: string): string {
  return `UNHEX(SHA2(CONCAT(outer_key, UNHEX(SHA2(CONCAT(inner_key, ${message}), 256))), 256))`
}

function fromBase64url(text: string): string {
  return `FROM_BASE64(RPAD(REPLACE(REPLACE(${text}, '-', '+'), '_', '/'), CEIL(LENGTH(${text}) / 4) * 4, '='))`
}

function isClaim(path: string, text: string, json: string): string {
  return `CAST(JSON_VALUE(${json}, ${quoteText(path, 'mariadb')}) AS BINARY) <=> CAST(${quoteText(text, 'mariadb')} AS BINARY)`
}

const refuse = (message: string): string =>
  `SIGNAL SQLSTATE '28000' SET MESSAGE_TEXT = ${quoteText(`ringwall: ${message}`, 'mariadb')};`

/** An account that may come from anywhere, as the guide writes it, or the keeper's, which comes from nowhere. */
export function account(name: string, host: '%' | 'localhost' = '%'): string {
  return `${quoteName(name, 'mariadb')}@${quoteText(host, 'mariadb')}`
}

function beginProcedure(home: string, keeper: string, audience: string): string {
  return `CREATE OR REPLACE DEFINER = ${keeper} PROCEDURE ${home}.begin(IN token LONGTEXT CHARACTER SET utf8mb4)
MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE head, body, mac LONGTEXT CHARACTER SET utf8mb4;
  DECLARE header, claims LONGTEXT CHARACTER SET utf8mb4;
  DECLARE inner_key, outer_key VARBINARY(64);
  DECLARE until_seconds, from_seconds, seconds DECIMAL(20, 6);
  IF token IS NULL OR LENGTH(token) > ${MAX_TOKEN_BYTES} OR token NOT REGEXP '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]{43}$' THEN ${refuse('this is not a token')} END IF;
  SET head = SUBSTRING_INDEX(token, '.', 1), mac = SUBSTRING_INDEX(token, '.', -1);
  SET body = SUBSTRING_INDEX(SUBSTRING_INDEX(token, '.', 2), '.', -1);
  SET header = CONVERT(${fromBase64url('head')} USING utf8mb4);
  SET seconds = UNIX_TIMESTAMP(SYSDATE(6));
  SELECT k.inner_pad, k.outer_pad INTO inner_key, outer_key FROM ${home}.\`key\` AS k
    WHERE k.id = CAST(JSON_VALUE(header, '$.kid') AS BINARY) AND (k.not_after IS NULL OR k.not_after > seconds);
  IF inner_key IS NULL OR NOT (${isClaim('$.alg', 'HS256', 'header')}) OR NOT (${isClaim('$.typ', TOKEN_TYPE, 'header')})
    OR NOT (${hmac(hmac(`CONCAT(head, '.', body)`))} <=> ${hmac(fromBase64url('mac'))}) THEN ${refuse('the token is not signed by a key of this database')} END IF;
  SET claims = CONVERT(${fromBase64url('body')} USING utf8mb4);
  IF NOT (${isClaim('$.aud', audience, 'claims')}) THEN ${refuse('the token is for another database')} END IF;
  SET until_seconds = CAST(JSON_VALUE(claims, '$.exp') AS DECIMAL(20, 6)), from_seconds = CAST(JSON_VALUE(claims, '$.iat') AS DECIMAL(20, 6));
  IF (until_seconds > seconds AND until_seconds <= seconds + ${MAX_TTL_SECONDS + MAX_SKEW_SECONDS} AND from_seconds <= seconds + ${MAX_SKEW_SECONDS}) IS NOT TRUE THEN ${refuse('the token has expired, or is not valid yet')} END IF;
  IF (JSON_TYPE(JSON_EXTRACT(claims, '$.principal.type')) = 'STRING' AND JSON_TYPE(JSON_EXTRACT(claims, '$.principal.id')) = 'STRING') IS NOT TRUE THEN ${refuse('the token names no principal')} END IF;
  REPLACE INTO ${home}.session (connection_id, claims, not_after) VALUES (CONNECTION_ID(), claims, until_seconds);
END`
}

function endProcedure(home: string, keeper: string): string {
  return `CREATE OR REPLACE DEFINER = ${keeper} PROCEDURE ${home}.end()
MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  DELETE FROM ${home}.session WHERE connection_id = CONNECTION_ID();
END`
}

/** A routine of the database of principals: its name, and the SQL that makes it. */
export interface Routine {
  readonly name: string
  readonly kind: 'FUNCTION' | 'PROCEDURE'
  readonly sql: string
  /** As the server gives it back. */
  readonly body: string
}

/** All of them; `home` is quoted. */
export function principalRoutines(home: string, keeper: string, audience: string): Routine[] {
  const seconds = `CREATE OR REPLACE DEFINER = ${keeper} FUNCTION ${home}.seconds() RETURNS DECIMAL(20, 6) DETERMINISTIC NO SQL SQL SECURITY INVOKER
RETURN UNIX_TIMESTAMP(SYSDATE(6))`
  const bodyOf = (sql: string): string => sql.slice(sql.search(/^(BEGIN|RETURN)\b/m))
  const routine = (name: string, kind: Routine['kind'], sql: string): Routine => ({
    name,
    kind,
    sql,
    body: bodyOf(sql),
  })
  return [
    routine('seconds', 'FUNCTION', seconds),
    routine('begin', 'PROCEDURE', beginProcedure(home, keeper, audience)),
    routine('end', 'PROCEDURE', endProcedure(home, keeper)),
  ]
}

/**
 * A database of its own: which connection is for whom. MariaDB has no setting that only one procedure can write,
 * so that the principal is a row that only the keeper can write, by the number of the connection.
 */
export function principalStatements(home: string, keeper: string, audience: string): Statement[] {
  const own = quoteName(home, 'mariadb')
  const [seconds, begin, end] = principalRoutines(own, keeper, audience) as [Routine, Routine, Routine]
  return [
    {
      sql: `CREATE DATABASE IF NOT EXISTS ${own} CHARACTER SET utf8mb4`,
      reason: 'what makes the principal of a connection is apart from the application',
    },
    {
      sql: `CREATE TABLE IF NOT EXISTS ${own}.\`key\` (id VARBINARY(64) PRIMARY KEY, inner_pad BINARY(64) NOT NULL, outer_pad BINARY(64) NOT NULL, not_after DECIMAL(20, 6)) ENGINE = InnoDB`,
      reason: 'the keys of tokens, as the two pads of HMAC',
    },
    {
      sql: `CREATE TABLE IF NOT EXISTS ${own}.session (connection_id BIGINT UNSIGNED PRIMARY KEY, claims LONGTEXT CHARACTER SET utf8mb4 NOT NULL, not_after DECIMAL(20, 6) NOT NULL) ENGINE = InnoDB`,
      reason: 'who each connection is for, until its token expires',
    },
    {
      sql: seconds.sql,
      reason: 'the time of the server, which SET timestamp does not change; asked once per query',
    },
    { sql: `GRANT EXECUTE ON FUNCTION ${own}.seconds TO ${keeper}`, reason: 'the views ask it' },
    { sql: begin.sql, reason: 'verifies a token and says who this connection is for' },
    { sql: end.sql, reason: 'this connection is for nobody' },
    {
      sql: `GRANT SELECT ON ${own}.\`key\` TO ${keeper}`,
      reason: 'to verify tokens; nobody else reads keys',
    },
    {
      sql: `GRANT SELECT, INSERT, DELETE ON ${own}.session TO ${keeper}`,
      reason: 'only begin and end write it',
    },
    ...['begin', 'end'].map((name) => ({
      sql: `GRANT EXECUTE ON PROCEDURE ${own}.\`${name}\` TO ${keeper}`,
      reason: 'a procedure runs with the rights of its definer',
    })),
  ]
}

/** Makes a key known to a MariaDB, and lets another one in use end in an hour; see `keyStatement`. */
export function mariadbKeyStatements(
  key: Secret,
  home = 'ringwall',
): readonly { readonly sql: string; readonly values: readonly unknown[] }[] {
  const own = quoteName(home, 'mariadb')
  const [id, inner, outer] = keyStatement(key).values
  return [
    {
      sql: `UPDATE ${own}.\`key\` SET not_after = ${own}.seconds() + ${MAX_TTL_SECONDS} WHERE id <> ? AND not_after IS NULL`,
      values: [id],
    },
    {
      sql: `INSERT INTO ${own}.\`key\` (id, inner_pad, outer_pad) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE not_after = NULL`,
      values: [id, inner, outer],
    },
  ]
}
