// Who a transaction is for, inside a real PostgreSQL: what an injected statement could try, and a pool under load.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test, { after, before } from 'node:test'

import { drizzle } from 'drizzle-orm/node-postgres'
import { sql } from 'drizzle-orm'
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely'
import type { Client } from 'pg'

import { ManualClock, systemClock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { notHere } from '../../store/testing.ts'
import { recordFrom } from '../cedar/value-json.ts'
import { EntityUid } from '../cedar/value.ts'
import { principalStatements } from './principal-sql.ts'
import { keyIdOf, keyStatement, padsOf, signPrincipal } from './principal-token.ts'
import { leaseScene, type Scene, TEST_KEY, tokenFor } from './testing.ts'
import { withDrizzlePrincipal, withKyselyPrincipal, withPrincipal } from './with-principal.ts'

let scene: Scene | undefined
let app: string
before(async () => {
  scene = await leaseScene()
  if (scene === undefined) return
  app = `${scene.prefix}_app`
  const keeper = `${scene.prefix}_keeper`
  await scene.admin.query(`CREATE ROLE ${app} LOGIN; CREATE ROLE ${keeper} NOLOGIN`)
  await scene.apply(principalStatements(keeper, [app], 'ringwall'))
  const { sql: text, values } = keyStatement(TEST_KEY)
  await scene.admin.query(text, [...values])
  await scene.admin.query(`
    CREATE TABLE note (id int, owner text);
    INSERT INTO note SELECT i, 'user' || i % 10 FROM generate_series(1, 100) AS i;
    GRANT SELECT ON note TO ${app};
    ALTER TABLE note ENABLE ROW LEVEL SECURITY; ALTER TABLE note FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON note USING (owner = (SELECT ringwall.claims() -> 'principal' ->> 'id'))`)
})
after(() => scene?.release())

/** One test on a connection of the application's role. */
function onPostgres(name: string, run: (scene: Scene, client: Client) => Promise<void>): void {
  test(name, async (context) => {
    if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const client = await scene.connect(app)
    try {
      await run(scene, client)
    } finally {
      await client.end()
    }
  })
}

const owners = 'SELECT DISTINCT owner FROM note'
const ownersOf = async (client: { query(text: string): Promise<unknown> }): Promise<string[]> =>
  ((await client.query(owners)) as { rows: { owner: string }[] }).rows.map(({ owner }) => owner)

onPostgres('a principal is there after begin and gone with the transaction', async (_, client) => {
  assert.deepEqual(await ownersOf(client), [], 'nobody sees nothing')
  await client.query('BEGIN')
  await client.query('SELECT ringwall.begin($1)', [tokenFor('user3', { level: 9007199254740993n })])
  assert.deepEqual(await ownersOf(client), ['user3'])
  const level = await client.query(`SELECT ringwall.claims() #>> '{principal,attributes,level}' AS level`)
  assert.equal(level.rows[0].level, '9007199254740993', 'integers of 64 bits are exact')
  await client.query('COMMIT')
  assert.deepEqual(await ownersOf(client), [])
  await client.query('SELECT ringwall.begin($1)', [tokenFor('user3')])
  assert.deepEqual(await ownersOf(client), [], 'begin without a transaction ends with its statement')
})

onPostgres('settings that an injected statement makes are nobody', async (_, client) => {
  const claims = `{"context": {}, "principal": {"in": [], "id": "user1", "type": "User", "attributes": {}}}`
  await client.query('BEGIN')
  await client.query('SELECT ringwall.begin($1)', [tokenFor('user3')])
  const own = await client.query(`SELECT current_setting('ringwall.principal') AS value`)
  const seen: string = own.rows[0].value
  await client.query('COMMIT')
  const mac = seen.slice(0, 64)
  const forged = [
    claims,
    `${'0'.repeat(64)}${claims}`,
    `${mac}${claims}`,
    seen,
    mac,
    'x',
    seen.replace('user3', 'user1'),
    tokenFor('user1'),
  ]
  for (const value of forged) {
    await client.query('BEGIN')
    await client.query(`SELECT set_config('ringwall.principal', $1, true)`, [value])
    await assert.rejects(ownersOf(client), { code: '42501', message: /was not set by ringwall.begin/ }, value)
    await client.query('ROLLBACK')
    await client.query(`SELECT set_config('ringwall.principal', $1, false)`, [value])
    await assert.rejects(ownersOf(client), { code: '42501' }, `${value}, for the session`)
    await client.query('RESET ALL')
  }
  await client.query('BEGIN')
  await client.query('SELECT ringwall.begin($1)', [tokenFor('user3')])
  await client.query(`SELECT set_config('ringwall.principal', $1, true)`, [seen])
  await assert.rejects(
    ownersOf(client),
    { code: '42501' },
    'a value of another transaction of the same session',
  )
  await client.query('ROLLBACK')
})

const sign = (header: object, claims: object, key = TEST_KEY): string => {
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createHmac('sha256', key.reveal()).update(signed).digest('base64url')}`
}
const nowSeconds = Math.floor(Date.now() / 1000)
const HEADER = { alg: 'HS256', kid: keyIdOf(TEST_KEY), typ: 'ringwall+jwt' }
const CLAIMS = {
  aud: 'ringwall',
  iat: nowSeconds,
  // All tests of a run are loaded at its beginning.
  exp: nowSeconds + 3000,
  principal: { type: 'User', id: 'user1' },
}
const other = new Secret('another key, that this database does not know of')
const good = sign(HEADER, CLAIMS)

for (const { name, token, want } of [
  { name: 'no text', token: null, want: /not a token/ },
  { name: 'an empty text', token: '', want: /not a token/ },
  { name: 'two parts', token: good.split('.').slice(0, 2).join('.'), want: /not a token/ },
  { name: 'four parts', token: `${good}.x`, want: /not a token/ },
  { name: 'padding', token: `${good}=`, want: /not a token/ },
  { name: 'a MAC that is cut short', token: good.slice(0, -1), want: /not a token/ },
  { name: 'too many bytes', token: `${'a'.repeat(20_000)}.b.${'c'.repeat(43)}`, want: /not a token/ },
  { name: 'another MAC', token: good.slice(0, -8) + 'AAAAAAAA', want: /not signed/ },
  { name: 'another key', token: sign({ ...HEADER, kid: keyIdOf(other) }, CLAIMS, other), want: /not signed/ },
  { name: 'another key under a known id', token: sign(HEADER, CLAIMS, other), want: /not signed/ },
  { name: 'the key of settings', token: sign({ ...HEADER, kid: 'setting' }, CLAIMS), want: /not signed/ },
  { name: 'alg none', token: sign({ ...HEADER, alg: 'none' }, CLAIMS), want: /not signed/ },
  { name: 'another alg', token: sign({ ...HEADER, alg: 'HS512' }, CLAIMS), want: /not signed/ },
  { name: 'another type of token', token: sign({ ...HEADER, typ: 'JWT' }, CLAIMS), want: /not signed/ },
  { name: 'no key id', token: sign({ alg: 'HS256', typ: 'ringwall+jwt' }, CLAIMS), want: /not signed/ },
  {
    name: 'a header that is not JSON',
    token: `abcd.${good.split('.').slice(1).join('.')}`,
    want: /not signed/,
  },
  { name: 'another audience', token: sign(HEADER, { ...CLAIMS, aud: 'shop' }), want: /another database/ },
  { name: 'no audience', token: sign(HEADER, { ...CLAIMS, aud: undefined }), want: /another database/ },
  {
    name: 'an expiry that is over',
    token: sign(HEADER, { ...CLAIMS, exp: nowSeconds - 1 }),
    want: /expired/,
  },
  { name: 'no expiry', token: sign(HEADER, { ...CLAIMS, exp: undefined }), want: /expired/ },
  { name: 'a life of a year', token: sign(HEADER, { ...CLAIMS, exp: nowSeconds + 31e6 }), want: /expired/ },
  {
    name: 'a start that is yet to come',
    token: sign(HEADER, { ...CLAIMS, iat: nowSeconds + 600 }),
    want: /not valid yet/,
  },
  { name: 'no principal', token: sign(HEADER, { ...CLAIMS, principal: undefined }), want: /no principal/ },
  {
    name: 'a principal without a name',
    token: sign(HEADER, { ...CLAIMS, principal: { type: 'User' } }),
    want: /no principal/,
  },
]) {
  onPostgres(`a token is refused for: ${name}`, async (_, client) => {
    await client.query('BEGIN')
    await assert.rejects(client.query('SELECT ringwall.begin($1)', [token]), { code: '28000', message: want })
    await client.query('ROLLBACK')
    assert.deepEqual(await ownersOf(client), [])
  })
}

onPostgres(
  'tokens that are in order begin, also under a key longer than a block of SHA-256',
  async (scene, client) => {
    const long = new Secret('long '.repeat(40))
    const { sql: text, values } = keyStatement(long)
    await scene.admin.query(text, [...values])
    for (const token of [good, sign({ ...HEADER, kid: keyIdOf(long) }, CLAIMS, long)]) {
      await client.query('BEGIN')
      await client.query('SELECT ringwall.begin($1)', [token])
      assert.deepEqual(await ownersOf(client), ['user1'])
      await client.query('ROLLBACK')
    }
    await scene.admin.query('UPDATE ringwall.key SET not_after = now() WHERE id = $1', [keyIdOf(long)])
    const retired = sign({ ...HEADER, kid: keyIdOf(long) }, CLAIMS, long)
    await assert.rejects(client.query('SELECT ringwall.begin($1)', [retired]), /not signed/)
  },
)

onPostgres('the application can neither read the keys nor change what guards them', async (_, client) => {
  for (const statement of [
    'TABLE ringwall.key',
    `UPDATE ringwall.key SET not_after = NULL`,
    `CREATE FUNCTION ringwall.x() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `CREATE OR REPLACE FUNCTION ringwall.claims() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$`,
    'DROP FUNCTION ringwall.claims() CASCADE',
    'ALTER FUNCTION ringwall.claims() SECURITY INVOKER',
    'ALTER TABLE note DISABLE ROW LEVEL SECURITY',
    'DROP POLICY own ON note',
    'DROP SCHEMA ringwall CASCADE',
  ])
    await assert.rejects(client.query(statement), { code: '42501' }, statement)
})

onPostgres('objects that shadow the ones of PostgreSQL do not reach the functions', async (scene, client) => {
  await scene.admin.query(`CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO ${app};
    CREATE FUNCTION evil.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''\\x00''::bytea';
    CREATE FUNCTION evil.current_setting(text, boolean) RETURNS text LANGUAGE sql AS 'SELECT ''x''::text'`)
  await client.query('SET search_path = evil, pg_catalog')
  await assert.rejects(client.query('SELECT ringwall.begin($1)', [sign(HEADER, CLAIMS, other)]), /not signed/)
  assert.deepEqual((await client.query('SELECT DISTINCT owner FROM public.note')).rows, [])
})

onPostgres('HMAC in SQL gives what RFC 4231 says', async (scene) => {
  for (const { key, message, want } of [
    {
      key: Buffer.alloc(20, 0x0b),
      message: Buffer.from('Hi There'),
      want: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    },
    {
      key: Buffer.from('Jefe'),
      message: Buffer.from('what do ya want for nothing?'),
      want: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    },
    {
      key: Buffer.alloc(131, 0xaa),
      message: Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      want: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    },
  ]) {
    const { inner, outer } = padsOf(key)
    const got = await scene.admin.query(
      `SELECT encode(sha256($1::bytea || sha256($2::bytea || $3::bytea)), 'hex') AS mac`,
      [outer, inner, message],
    )
    assert.equal(got.rows[0].mac, want)
  }
})

test('what cannot be signed says what to do', () => {
  const nobody = {
    uid: new EntityUid('User', 'a'),
    attributes: recordFrom({}, ''),
    tags: recordFrom({}, ''),
    ancestors: new Set<string>(),
  }
  const large = { ...nobody, attributes: recordFrom({ text: 'x'.repeat(20_000) }, '') }
  const clock = new ManualClock()
  for (const { principal, key, ttlSeconds, code } of [
    { principal: nobody, key: new Secret('short'), ttlSeconds: 60, code: 'access.token-key' },
    { principal: nobody, key: TEST_KEY, ttlSeconds: 0, code: 'access.token-life' },
    { principal: nobody, key: TEST_KEY, ttlSeconds: 3601, code: 'access.token-life' },
    { principal: nobody, key: TEST_KEY, ttlSeconds: 1.5, code: 'access.token-life' },
    { principal: large, key: TEST_KEY, ttlSeconds: 60, code: 'access.token-size' },
  ])
    assert.throws(
      () => signPrincipal(principal, { key, clock, ttlSeconds }),
      (error: unknown) => error instanceof RingwallError && error.code === code,
    )
})

const WAYS = ['pg', 'kysely', 'drizzle'] as const
for (const way of WAYS) {
  onPostgres(
    `with ${way}, forty requests at once over one connection each see their own rows only`,
    async (scene) => {
      const pool = scene.pool(app, 1)
      const kysely = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) })
      const database = drizzle({ client: pool })
      const see = async (token: string, mustFail: boolean): Promise<string[]> => {
        const finish = (seen: string[]): string[] => {
          if (mustFail) throw new Error('the application failed')
          return seen
        }
        if (way === 'pg') return withPrincipal(pool, token, async (client) => finish(await ownersOf(client)))
        if (way === 'kysely')
          return withKyselyPrincipal(kysely, token, async (transaction) => {
            const { rows } = await kyselySql<{ owner: string }>`SELECT DISTINCT owner FROM note`.execute(
              transaction,
            )
            return finish(rows.map(({ owner }) => owner))
          })
        return withDrizzlePrincipal(database, sql, token, async (transaction) => {
          const { rows } = await transaction.execute(sql`SELECT DISTINCT owner FROM note`)
          return finish(rows.map(({ owner }) => String(owner)))
        })
      }
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, i) =>
          see(tokenFor(`user${i % 10}`, {}, i % 7 === 5 ? { ttlSeconds: 60 } : {}), i % 5 === 4),
        ),
      )
      for (const [i, result] of results.entries()) {
        if (i % 5 === 4) assert.equal(result.status, 'rejected')
        else assert.deepEqual(result.status === 'fulfilled' && result.value, [`user${i % 10}`])
      }
      assert.deepEqual(await ownersOf(pool), [], 'nothing is left on the connection')
      await assert.rejects(see('x.y.z', false))
      assert.deepEqual(await ownersOf(pool), [])
    },
  )
}

onPostgres('what a statement leaves on a connection does not reach the next request', async (scene) => {
  const pool = scene.pool(app, 1)
  for (const mustFail of [false, true]) {
    await withPrincipal(pool, tokenFor('user2'), async (client) => {
      await client.query(`DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM note`)
      await client.query(`SET search_path = evil`)
      await client.query(`SELECT pg_advisory_lock(7)`)
      await client.query(`LISTEN news`)
      if (mustFail) throw new Error('after leaving things')
    }).catch((error: Error) => assert.equal(error.message, 'after leaving things'))
    await withPrincipal(pool, tokenFor('user3'), async (client) => {
      const left = await client.query(
        `SELECT ((SELECT count(*) FROM pg_cursors) + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) + (SELECT count(*) FROM pg_listening_channels()))::int AS n, current_setting('search_path') AS path`,
      )
      assert.deepEqual(left.rows, [{ n: 0, path: '"$user", public' }])
    })
  }
})

onPostgres('a query that nobody waited for does not run in the next transaction', async (scene) => {
  const pool = scene.pool(app, 1)
  let stray: (() => Promise<unknown>) | undefined
  await withPrincipal(pool, tokenFor('user2'), async (client) => {
    stray = async () => client.query(owners)
    assert.throws(() => client.release(), { code: 'access.not-yours' })
  })
  await withPrincipal(pool, tokenFor('user3'), async () => {
    await assert.rejects(stray as () => Promise<unknown>, { code: 'access.transaction-over' })
  })
})

onPostgres('an aborted or ended transaction is not reported as done', async (scene) => {
  const pool = scene.pool(app, 1)
  const swallowed = withPrincipal(pool, tokenFor('user2'), async (client) => {
    await client.query('SELECT 1/0').catch(() => undefined)
    return 'done'
  })
  await assert.rejects(swallowed, /current transaction is aborted/)
  const ended = withPrincipal(pool, tokenFor('user2'), async (client) => client.query('COMMIT'))
  await assert.rejects(ended, { code: 'access.transaction-over' })
  const kysely = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) })
  const aborted = withKyselyPrincipal(kysely, tokenFor('user2'), async (transaction) => {
    await kyselySql`SELECT 1/0`.execute(transaction).catch(() => undefined)
  })
  await assert.rejects(aborted, /current transaction is aborted/)
})

onPostgres('a connection that cannot be rolled back is closed and not given to anyone', async (scene) => {
  const pool = scene.pool(app, 1)
  pool.on('error', () => undefined)
  const killed = withPrincipal(pool, tokenFor('user2'), async (client) => {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    await scene.admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await client.query(owners)
  })
  await assert.rejects(killed)
  assert.deepEqual(await withPrincipal(pool, tokenFor('user3'), ownersOf), ['user3'])
})

onPostgres('the principal is asked once per query, not once per row', async (_, client) => {
  await client.query('BEGIN')
  await client.query('SELECT ringwall.begin($1)', [tokenFor('user3')])
  const { rows } = await client.query('EXPLAIN (FORMAT JSON) SELECT * FROM note')
  assert.match(JSON.stringify(rows), /InitPlan/)
  await client.query('ROLLBACK')
})

test('the clock of who signs decides the times in a token', () => {
  const clock = new ManualClock(1_000_000_000_000)
  const principal = {
    uid: new EntityUid('User', 'a'),
    attributes: recordFrom({}, ''),
    tags: recordFrom({}, ''),
    ancestors: new Set(['Team::"a::b', 'A::B::"x"y']),
  }
  const claims = JSON.parse(
    Buffer.from(
      signPrincipal(principal, { key: TEST_KEY, clock, ttlSeconds: 30 }).split('.')[1] as string,
      'base64url',
    ).toString(),
  )
  assert.deepEqual([claims.iat, claims.exp], [1_000_000_000, 1_000_000_030])
  assert.deepEqual(claims.principal.in, [
    { type: 'A::B', id: 'x"y' },
    { type: 'Team', id: 'a::b' },
  ])
  assert.ok(systemClock.now() > clock.now())
})
