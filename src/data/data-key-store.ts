import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'

import { RingwallError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { isKeyId } from './envelope.ts'
import { MAX_WRAPPED_LENGTH } from './key-wrapper.ts'
import { type SqlSession, textOf } from './sql-session.ts'

/** A data key as it is kept: wrapped, never in clear. A destroyed one leaves its id, so that its values are known to be gone. */
export interface StoredDataKey {
  readonly id: string
  /** Whose values it encrypts: `fields`, `search`, or one of your own such as `subject:7`. */
  readonly scope: string
  readonly createdMs: number
  readonly wrappedBy: string
  /** Empty once destroyed. */
  readonly wrapped: string
  readonly destroyedMs: number | undefined
}

/** Where wrapped data keys are kept. */
export interface DataKeyStore {
  /** All keys of these scopes. */
  ofScopes(scopes: readonly string[]): Promise<readonly StoredDataKey[]>
  find(ids: readonly string[]): Promise<readonly StoredDataKey[]>
  /** Every scope's keys, in pages by id. */
  page(afterId: string, limit: number): Promise<readonly StoredDataKey[]>
  add(key: StoredDataKey): Promise<void>
  /** Replaces what is stored of a key if its wrapped form is still `from`. Whether it was. */
  replace(from: StoredDataKey, to: StoredDataKey): Promise<boolean>
  /** Forgets a key that nothing is encrypted with. */
  forget(id: string): Promise<void>
}

const storedSchema = z.strictObject({
  id: z.string().refine(isKeyId, 'must be 12 characters of base64url'),
  scope: z.string().max(255),
  created_ms: z.number().int(),
  wrapped_by: z.string().max(512),
  wrapped: z.string().max(MAX_WRAPPED_LENGTH),
  destroyed_ms: z.number().int().nullable(),
})
const fileSchema = z.strictObject({ version: z.literal(1), keys: z.array(storedSchema) })

/** Keys of this process only, for tests and for a cache in memory. */
export function memoryDataKeyStore(): DataKeyStore {
  let keys: readonly StoredDataKey[] = []
  return listStore(
    () => keys,
    (next) => (keys = next),
  )
}

/**
 * Keys in one JSON file of mode 0600, written beside and renamed. For one writer at a time; where several processes make
 * keys (one for each subject), use {@link sqlDataKeyStore}.
 */
export function fileDataKeyStore(file: string): DataKeyStore {
  return listStore(
    () => (existsSync(file) ? readKeyFile(file) : []),
    (keys) => writeKeyFile(file, keys),
  )
}

function listStore(
  read: () => readonly StoredDataKey[],
  write: (keys: readonly StoredDataKey[]) => void,
): DataKeyStore {
  return {
    ofScopes: async (scopes) => read().filter((key) => scopes.includes(key.scope)),
    find: async (ids) => read().filter((key) => ids.includes(key.id)),
    page: async (afterId, limit) =>
      read()
        .filter((key) => key.id > afterId)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    async add(key) {
      write([...read(), key])
    },
    async replace(from, to) {
      const keys = read()
      const at = keys.findIndex((key) => key.id === from.id && key.wrapped === from.wrapped)
      if (at < 0) return false
      write(keys.with(at, to))
      return true
    },
    async forget(id) {
      write(read().filter((key) => key.id !== id))
    },
  }
}

function readKeyFile(file: string): readonly StoredDataKey[] {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new RingwallError(
      'data.keys-damaged',
      'the file of data keys is not JSON; restore it from a backup',
      {
        at: { file },
        cause,
      },
    )
  }
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')
    throw new RingwallError(
      'data.keys-damaged',
      `the file of data keys is damaged at ${where}; restore it from a backup`,
      {
        at: { file },
      },
    )
  }
  return parsed.data.keys.map((key) => ({
    id: key.id,
    scope: key.scope,
    createdMs: key.created_ms,
    wrappedBy: key.wrapped_by,
    wrapped: key.wrapped,
    destroyedMs: key.destroyed_ms ?? undefined,
  }))
}

function writeKeyFile(file: string, keys: readonly StoredDataKey[]): void {
  const rows: z.infer<typeof storedSchema>[] = keys.map((key) => ({
    id: key.id,
    scope: key.scope,
    created_ms: key.createdMs,
    wrapped_by: key.wrappedBy,
    wrapped: key.wrapped,
    destroyed_ms: key.destroyedMs ?? null,
  }))
  const part = `${file}.${process.pid}.part`
  rmSync(part, { force: true })
  const handle = openSync(part, 'wx', 0o600)
  try {
    writeSync(handle, `${JSON.stringify({ version: 1, keys: rows }, null, 2)}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(part, file)
}

const TABLE = 'ringwall_data_keys'
const COLUMNS = 'id, scope, created_ms, wrapped_by, wrapped, destroyed_ms'

/** Makes the table of {@link sqlDataKeyStore} if there is none. */
export async function createDataKeyTable(session: SqlSession): Promise<void> {
  const isMysql = session.kind === 'mysql'
  const exact = (charset: string): string =>
    isMysql ? ` CHARACTER SET ${charset} COLLATE ${charset}_bin` : ''
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${TABLE} (
      id VARCHAR(12)${exact('ascii')} PRIMARY KEY, scope VARCHAR(255)${exact('utf8mb4')} NOT NULL,
      created_ms BIGINT NOT NULL, wrapped_by VARCHAR(512) NOT NULL, wrapped TEXT NOT NULL, destroyed_ms BIGINT
      ${isMysql ? ', KEY (scope)' : ''})`,
  )
  if (!isMysql) await session.run(`CREATE INDEX IF NOT EXISTS ${TABLE}_scope ON ${TABLE} (scope)`)
}

/** Keys in a table beside the data, for any number of processes. */
export function sqlDataKeyStore(session: SqlSession): DataKeyStore {
  const select = async (
    where: string,
    parameters: readonly (string | number)[],
  ): Promise<StoredDataKey[]> => {
    const { rows } = await session.run(`SELECT ${COLUMNS} FROM ${TABLE} WHERE ${where}`, parameters)
    return rows.map(storedOf)
  }
  const among = async (column: string, values: readonly string[]): Promise<readonly StoredDataKey[]> => {
    const found: StoredDataKey[] = []
    for (let at = 0; at < values.length; at += 500) {
      const part = values.slice(at, at + 500)
      found.push(...(await select(`${column} IN (${part.map(() => '?').join(', ')})`, part)))
    }
    return found
  }
  return {
    ofScopes: (scopes) => among('scope', scopes),
    find: (ids) => among('id', ids),
    page: (afterId, limit) => select('id > ? ORDER BY id LIMIT ?', [afterId, limit]),
    async add(key) {
      await session.run(`INSERT INTO ${TABLE} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, valuesOf(key))
    },
    async replace(from, to) {
      const { changed } = await session.run(
        `UPDATE ${TABLE} SET wrapped_by = ?, wrapped = ?, destroyed_ms = ? WHERE id = ? AND wrapped = ?`,
        [to.wrappedBy, to.wrapped, to.destroyedMs ?? null, from.id, from.wrapped],
      )
      return changed > 0
    },
    async forget(id) {
      await session.run(`DELETE FROM ${TABLE} WHERE id = ?`, [id])
    },
  }
}

function valuesOf(key: StoredDataKey): (string | number | null)[] {
  return [key.id, key.scope, key.createdMs, key.wrappedBy, key.wrapped, key.destroyedMs ?? null]
}

function storedOf(row: Readonly<Record<string, unknown>>): StoredDataKey {
  const destroyed = row['destroyed_ms']
  return {
    id: textOf(row['id']),
    scope: textOf(row['scope']),
    createdMs: Number(row['created_ms']),
    wrappedBy: textOf(row['wrapped_by']),
    wrapped: textOf(row['wrapped']),
    destroyedMs: destroyed === null || destroyed === undefined ? undefined : Number(destroyed),
  }
}
