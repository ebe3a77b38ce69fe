// Stored grants and elevations, on both databases.
import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'

import { ManualClock } from '../core/clock.ts'
import { rolesOf } from '../core/holding.ts'
import { type Database, migrate, openPostgres, openSqlite } from '../store/index.ts'
import { type Lease, leasePostgres, notHere } from '../store/testing.ts'
import { ElevatedPermissions, giversOf, type GrantDraft, Grants, GUIDE_ROLES, Rbac } from './index.ts'

const rbac = new Rbac(GUIDE_ROLES)
const MINUTE = 60_000

for (const kind of ['sqlite', 'postgres'] as const) {
  describe(`grants on ${kind}`, () => {
    let database: Database | undefined
    let lease: Lease | undefined
    let accounts = 0
    before(async () => {
      if (kind === 'postgres') lease = await leasePostgres()
      if (kind === 'sqlite') database = await openSqlite(':memory:')
      else if (lease) database = await openPostgres(lease.url)
      if (database) await migrate(database)
    })
    after(async () => {
      await database?.close()
      await lease?.release()
    })

    interface Desk {
      readonly grants: Grants
      readonly clock: ManualClock
      readonly elevated: ElevatedPermissions
      /** A subject that nobody else has. */
      readonly subject: string
      readonly give: (more: Partial<GrantDraft>) => ReturnType<Grants['add']>
      readonly names: () => Promise<readonly string[]>
      readonly database: Database
    }
    const check = (name: string, body: (desk: Desk) => Promise<void>): void => {
      test(name, async (context) => {
        if (!database) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
        const clock = new ManualClock()
        const grants = new Grants({ database, clock })
        const subject = `subject${++accounts}`
        await body({
          database,
          grants,
          clock,
          subject,
          elevated: new ElevatedPermissions(grants, rbac, clock),
          give: (more) =>
            grants.add({ kind: 'role', name: 'manager', subject, reason: 'test', by: 'max', ...more }),
          names: async () => (await grants.heldBy(subject, clock.now())).map(({ name }) => name).toSorted(),
        })
      })
    }

    check(
      'what was given is held, and comes back as it was given',
      async ({ grants, clock, subject, give }) => {
        const made = await give({
          resourceType: 'Order',
          resourceId: '7',
          approvedBy: 'eve',
          expiresMs: clock.now() + MINUTE,
        })
        assert.deepEqual(await grants.find(made.id), made)
        assert.deepEqual(await grants.list({ subject }), [made])
        const { id, expiresMs } = made
        assert.deepEqual(await grants.heldBy(subject, clock.now()), [
          { id, kind: 'role', name: 'manager', resourceType: 'Order', resourceId: '7', expiresMs },
        ])
        assert.deepEqual(await grants.heldBy('somebody else', clock.now()), [])
      },
    )

    check('roles and permissions are held together', async ({ give, names, grants, clock, subject }) => {
      await give({})
      await give({ kind: 'permission', name: 'user:delete' })
      assert.deepEqual(await names(), ['manager', 'user:delete'])
      const held = await grants.heldBy(subject, clock.now())
      assert.deepEqual(rolesOf(held, clock.now()), ['manager'])
      const by = (permission: string): number =>
        giversOf(rbac, held, { permission, nowMs: clock.now() }).length
      assert.deepEqual([by('user:delete'), by('audit:read'), by('system:config')], [1, 1, 0])
    })

    check('a grant counts from its beginning to the millisecond before its end', async (desk) => {
      const { give, names, clock } = desk
      await give({ notBeforeMs: clock.now() + 10, expiresMs: clock.now() + 20 })
      const seen: boolean[] = []
      for (let i = 0; i < 22; i++) {
        seen.push((await names()).length === 1)
        clock.advance(1)
      }
      assert.equal(seen.indexOf(true), 10)
      assert.equal(seen.lastIndexOf(true), 19)
      assert.equal(seen.filter(Boolean).length, 10)
    })

    check(
      'what is taken back does not count from the next question on, also where the clock is behind',
      async (desk) => {
        const { give, names, grants, clock, database } = desk
        const { id } = await give({})
        const ahead = new ManualClock(clock.now() + 3_600_000)
        assert.equal(await new Grants({ database, clock: ahead }).revoke(id, 'eve'), true)
        assert.deepEqual(await names(), [])
        assert.equal(await grants.revoke(id, 'eve'), false, 'twice')
        assert.equal(await grants.revoke('no such id', 'eve'), false)
        const row = await grants.find(id)
        assert.deepEqual([row?.revokedBy, row?.revokedMs], ['eve', ahead.now()], 'the row stays')
      },
    )

    check('uses are written in one batch, the newest counts, and nobody waits', async (desk) => {
      const { give, grants, clock, database, subject } = desk
      const role = await give({})
      clock.advance(1)
      const permission = await give({ kind: 'permission', name: 'user:delete' })
      const at = clock.now()
      grants.noteUse([role.id, permission.id, 'account:manager'], at + 5)
      grants.noteUse([role.id], at + 3)
      assert.equal((await grants.find(role.id))?.lastUsedMs, null, 'not written yet')
      await grants.flush()
      const used = async (): Promise<unknown> => (await grants.list({ subject })).map((one) => one.lastUsedMs)
      assert.deepEqual(await used(), [at + 5, at + 5])
      const other = new Grants({ database, clock })
      other.noteUse([role.id], at + 2)
      other.noteUse([permission.id], at + 9)
      await other.close()
      assert.deepEqual(await used(), [at + 5, at + 9], 'another gateway cannot make it older')
    })

    check('more uses than fit into one statement are written', async ({ give, grants, clock, subject }) => {
      for (let i = 0; i < 3; i++) await give({ kind: 'permission', name: `x:y${i}` })
      const ids = (await grants.list({ subject })).map(({ id }) => id)
      grants.noteUse([...Array.from({ length: 1000 }, (_, i) => `unknown${i}`), ...ids], clock.now())
      await grants.flush()
      assert.ok((await grants.list({ subject })).every((one) => one.lastUsedMs === clock.now()))
    })

    check('the same for ever is not given twice, for a time it is', async ({ give, clock }) => {
      await give({})
      await assert.rejects(give({}), /has `manager` already/)
      await give({ expiresMs: clock.now() + 1 })
      await give({ resourceType: 'Order' })
      await assert.rejects(give({ resourceType: 'Order' }), /already/)
    })

    check('a subject has no more grants in force than can be read for each request', async (desk) => {
      const { give, names } = desk
      for (let i = 0; i < 200; i++) await give({ kind: 'permission', name: `p:${i}` })
      await assert.rejects(give({ kind: 'permission', name: 'one:more' }), /200 grants already/)
      assert.equal((await names()).length, 200)
    })

    check('an elevation lasts 15 minutes unless said otherwise, and is gone at its end', async (desk) => {
      const { elevated, subject, names, clock } = desk
      const [grant] = await elevated.elevate({
        subject,
        permissions: ['system:config'],
        reason: 'incident 7',
        by: 'max',
      })
      assert.equal(grant?.expiresMs, clock.now() + 15 * MINUTE)
      assert.equal((await elevated.of(subject)).length, 1)
      clock.advance(15 * MINUTE - 1)
      assert.deepEqual(await names(), ['system:config'])
      clock.advance(1)
      assert.deepEqual(await names(), [])
      assert.equal((await elevated.of(subject)).length, 0)
    })

    check('an elevation can be ended early; what was given for longer stays', async (desk) => {
      const { elevated, subject, names, give } = desk
      await give({ name: 'support' })
      await elevated.elevate({
        subject,
        roles: ['admin'],
        permissions: ['user:delete'],
        reason: 'incident 7',
        by: 'max',
        ttlMs: MINUTE,
      })
      assert.deepEqual(await names(), ['admin', 'support', 'user:delete'])
      assert.equal(await elevated.end(subject, 'max'), 2)
      assert.deepEqual(await names(), ['support'])
      assert.equal(await elevated.end(subject, 'max'), 0)
    })

    check('an elevation that cannot be given whole is not given at all', async (desk) => {
      const { elevated, subject, names, give } = desk
      for (let i = 0; i < 199; i++) await give({ kind: 'permission', name: `p:${i}` })
      const two = { subject, permissions: ['user:read', 'user:write'], reason: 'x', by: 'max' }
      await assert.rejects(elevated.elevate(two), /200 grants/)
      assert.equal((await names()).length, 199)
    })

    check('the database itself refuses rows without sense', async ({ database, subject }) => {
      const columns = [
        'id',
        'subject',
        'role',
        'elevation',
        'reason',
        'granted_by',
        'granted_at',
        'not_before',
      ]
      const bad = (more: readonly string[], values: readonly (string | number)[], elevation = 0) =>
        database.insertRows(
          'role_assignments',
          [...columns, ...more],
          [[`bad${subject}`, subject, 'admin', elevation, 'x', 'x', 0, 10, ...values]],
        )
      await assert.rejects(bad(['resource_id'], ['7']), 'an id without a type')
      await assert.rejects(bad(['expires_at'], [10]), 'an end that is not after the beginning')
      await assert.rejects(bad([], [], 1), 'an elevation without an end')
    })
  })
}

/** Nothing gets as far as the database. */
const nowhere = new Grants({ database: undefined as unknown as Database, clock: new ManualClock(1000) })
const DRAFT: GrantDraft = { kind: 'role', name: 'manager', subject: 's', reason: 'test', by: 'max' }

for (const { name, draft, want } of [
  { name: 'no reason', draft: { reason: ' ' }, want: /needs a reason/ },
  { name: 'no giver', draft: { by: '' }, want: /needs a giver/ },
  { name: 'a reason with a line end', draft: { reason: 'a\nb' }, want: /control characters/ },
  { name: 'a reason that paints the terminal', draft: { reason: '\u001b[2J' }, want: /control characters/ },
  { name: 'a reason without end', draft: { reason: 'x'.repeat(501) }, want: /longer than 500/ },
  { name: 'an end in the past', draft: { expiresMs: 1000 }, want: /end before it begins/ },
  { name: 'an end before its beginning', draft: { notBeforeMs: 2000, expiresMs: 2000 }, want: /before it/ },
  { name: 'an end at no time', draft: { expiresMs: Number.NaN }, want: /whole milliseconds/ },
  { name: 'an elevation without end', draft: { isElevation: true }, want: /must end/ },
  { name: 'an id without a type', draft: { resourceId: '7' }, want: /type of the resource/ },
  { name: 'a type that is no name', draft: { resourceType: 'Order::"7"' }, want: /type of the resource/ },
]) {
  test(`a grant with ${name} is refused`, () => assert.rejects(nowhere.add({ ...DRAFT, ...draft }), want))
}

const ASKED = { subject: 's', roles: ['admin'], reason: 'incident', by: 'max' }
for (const { name, asked, limits, want } of [
  { name: 'for longer than a working day', asked: { ttlMs: 8 * 3_600_000 + 1 }, want: /within 480 minutes/ },
  {
    name: 'for longer than configured',
    asked: { ttlMs: 61_000 },
    limits: { maxMs: 60_000 },
    want: /within 1 min/,
  },
  { name: 'for no time', asked: { ttlMs: 0 }, want: /within/ },
  { name: 'for ever', asked: { ttlMs: Number.POSITIVE_INFINITY }, want: /within/ },
  { name: 'to a role that does not exist', asked: { roles: ['root'] }, want: /no role `root`/ },
  { name: 'to a permission that does not exist', asked: { permissions: ['*'] }, want: /no permission `\*`/ },
  { name: 'to nothing', asked: { roles: [] }, want: /name a role or a permission/ },
  { name: 'that its receiver approves', asked: { approvedBy: 's' }, want: /somebody else/ },
  { name: 'that its giver approves', asked: { approvedBy: 'max' }, want: /somebody else/ },
  {
    name: 'that its receiver approves under another name',
    asked: { approvedBy: 'ANN@shop.test ', subjectNames: ['ann@shop.test'] },
    want: /somebody else/,
  },
  {
    name: 'that nobody approves where somebody must',
    asked: {},
    limits: { approval: 'required' as const },
    want: /somebody else must approve/,
  },
]) {
  test(`an elevation ${name} is refused`, () => {
    const elevated = new ElevatedPermissions(nowhere, rbac, new ManualClock(1000), limits)
    return assert.rejects(elevated.elevate({ ...ASKED, ...asked }), want)
  })
}

test('a database that is away costs no request, and uses are written when it is back', async () => {
  const database = await openSqlite(':memory:')
  const notices: string[] = []
  const clock = new ManualClock()
  const grants = new Grants({ database, clock, onNotice: (line) => notices.push(line) })
  grants.noteUse(['early'], clock.now())
  await grants.flush()
  assert.equal(notices.length, 1, 'there are no tables yet')
  await migrate(database)
  const { id } = await grants.add(DRAFT)
  grants.noteUse([id], clock.now())
  await grants.close()
  assert.equal((await grants.find(id))?.lastUsedMs, clock.now())
  assert.equal(notices.length, 1)
  await database.close()
})
