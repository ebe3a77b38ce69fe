// What a review says can go can go: every recorded decision stays the same without all of it at once.
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Holding } from '../core/holding.ts'
import { Trace } from '../core/trace.ts'
import { ManualClock } from '../core/clock.ts'
import {
  type AccessReview,
  type Advice,
  DecisionTally,
  giversOf,
  Rbac,
  reviewAccess,
  reviewRoles,
  type ReviewSubjectHolding,
  RoleOrigins,
} from './index.ts'

const ROLES = { clerk: ['order:read'], manager: ['order:read', 'order:write'], auditor: ['audit:read'] }
const rbac = new Rbac(ROLES)
const NOW = 1_000_000

interface Asked {
  readonly permission: string
  readonly held: readonly string[]
  readonly allowed?: boolean
  readonly resource?: { readonly type: string; readonly id: string }
  readonly times?: number
  readonly subject?: string
}

/** A log of decisions as the gateway writes it. */
function logOf(asked: readonly Asked[], known: ReadonlyMap<string, Holding>): DecisionTally {
  const tally = new DecisionTally()
  for (const [i, { permission, held, resource, times = 1, subject = 'ann', ...more }] of asked.entries()) {
    const holdings = held.flatMap((id) => known.get(id) ?? [])
    const question = { permission, nowMs: NOW, ...(resource && { resource }) }
    const allowed = more.allowed ?? giversOf(rbac, holdings, question).length > 0
    for (let n = 0; n < times; n++) {
      const trace = new Trace(new ManualClock())
      const step = trace.begin('access', 4, 'head')
      trace.decided({ permission, allowed, held, ...(resource && { resource }) })
      trace.end(step, 'pass')
      tally.add({ subject, atMs: 600_000 + i * 10 + n, trace: trace.steps })
    }
  }
  return tally
}

const role = (name: string, more: Partial<Holding> = {}): Holding => ({
  id: `account:${name}`,
  kind: 'role',
  name,
  ...more,
})
const permission = (id: string, name: string, more: Partial<Holding> = {}): Holding => ({
  id,
  kind: 'permission',
  name,
  ...more,
})
const held = (holding: Holding, more: Partial<ReviewSubjectHolding> = {}): ReviewSubjectHolding => ({
  subject: 'ann',
  holding,
  source: 'grant',
  grantedBy: 'max',
  approvedBy: null,
  reason: null,
  grantedMs: 0,
  lastUsedMs: null,
  isOrphan: false,
  ...more,
})

function review(
  holdings: readonly ReviewSubjectHolding[],
  asked: readonly Asked[],
  logStartMs = 0,
): AccessReview {
  const known = new Map(holdings.map(({ holding }) => [holding.id, holding]))
  return reviewAccess({
    holdings,
    decisions: logOf(asked, known),
    known,
    rbac,
    fromMs: 500_000,
    logStartMs,
    nowMs: NOW,
  })
}

const adviceOf = ({ lines }: AccessReview): Record<string, Advice> =>
  Object.fromEntries(lines.map((line) => [line.holding.id, line.advice]))

const CLERK = role('clerk')
const MANAGER = role('manager')
const WRITE = permission('g1', 'order:write')

interface Case {
  readonly name: string
  readonly holdings: readonly ReviewSubjectHolding[]
  readonly asked: readonly Asked[]
  readonly logStartMs?: number
  readonly want: Readonly<Record<string, Advice>>
}

const CASES: readonly Case[] = [
  {
    name: 'what was never asked for can go',
    holdings: [held(MANAGER), held(role('auditor'))],
    asked: [{ permission: 'order:write', held: [MANAGER.id, 'account:auditor'] }],
    want: { [MANAGER.id]: 'needed', 'account:auditor': 'can go' },
  },
  {
    name: 'of two that give the same, the one that is needed for more stays',
    holdings: [held(MANAGER), held(CLERK)],
    asked: [
      { permission: 'order:read', held: [MANAGER.id, CLERK.id] },
      { permission: 'order:write', held: [MANAGER.id, CLERK.id] },
    ],
    want: { [MANAGER.id]: 'needed', [CLERK.id]: 'can go' },
  },
  {
    name: 'of two that would do, the more powerful goes',
    holdings: [held(CLERK), held(MANAGER), held(permission('g2', 'order:read', { resourceType: 'Order' }))],
    asked: [
      { permission: 'order:read', held: [CLERK.id, MANAGER.id, 'g2'], resource: { type: 'Order', id: '1' } },
    ],
    want: { [MANAGER.id]: 'can go', [CLERK.id]: 'can go', g2: 'needed' },
  },
  {
    name: 'of two that give exactly the same, one stays',
    holdings: [held(permission('a', 'order:read')), held(permission('b', 'order:read'))],
    asked: [{ permission: 'order:read', held: ['a', 'b'] }],
    want: { a: 'can go', b: 'needed' },
  },
  {
    name: 'what a refusal rested on is not needed for it',
    holdings: [held(CLERK)],
    asked: [{ permission: 'system:config', held: [CLERK.id] }],
    want: { [CLERK.id]: 'can go' },
  },
  {
    name: 'what was given within the time looked at is too new to tell',
    holdings: [held(WRITE, { grantedMs: 500_001 })],
    asked: [{ permission: 'order:read', held: ['g1'] }],
    want: { g1: 'too new' },
  },
  {
    name: 'what is new and used is needed',
    holdings: [held(WRITE, { grantedMs: 500_001 })],
    asked: [{ permission: 'order:write', held: ['g1'] }],
    want: { g1: 'needed' },
  },
  {
    name: 'a log that is younger than the time looked at proves nothing',
    holdings: [held(WRITE)],
    asked: [],
    logStartMs: 500_001,
    want: { g1: 'too new' },
  },
  {
    name: 'a grant for another resource did not allow it',
    holdings: [
      held(permission('a', 'order:read', { resourceType: 'Order', resourceId: '1' })),
      held(permission('b', 'order:read', { resourceType: 'Order' })),
    ],
    asked: [{ permission: 'order:read', held: ['a', 'b'], resource: { type: 'Order', id: '2' } }],
    want: { a: 'can go', b: 'needed' },
  },
  {
    name: 'what nobody can use any more can go',
    holdings: [held(WRITE, { isOrphan: true, grantedMs: NOW })],
    asked: [{ permission: 'order:write', held: ['g1'] }],
    want: { g1: 'can go' },
  },
  {
    name: 'a decision with a grant that nobody knows any more proves nothing of what else was held',
    holdings: [held(CLERK)],
    asked: [{ permission: 'audit:read', held: [CLERK.id, 'lost'], allowed: true }],
    want: { [CLERK.id]: 'unproven' },
  },
  {
    name: 'a decision with more than the log keeps proves nothing',
    holdings: [held(CLERK)],
    asked: [{ permission: 'audit:read', held: Array.from({ length: 65 }, (_, i) => `account:r${i}`) }],
    want: { [CLERK.id]: 'unproven' },
  },
  {
    name: 'somebody else needing it says nothing',
    holdings: [held(WRITE), held(permission('g2', 'order:write'), { subject: 'max' })],
    asked: [{ permission: 'order:write', held: ['g2'], subject: 'max' }],
    want: { g1: 'can go', g2: 'needed' },
  },
]

for (const { name, holdings, asked, logStartMs, want } of CASES) {
  test(name, () => {
    const got = review(holdings, asked, logStartMs)
    assert.deepEqual(adviceOf(got), want)
    assert.equal(got.proof.otherWithout, 0)
  })
}

test('uses are counted, also where something else would have done, and the last is told', () => {
  const { lines } = review(
    [held(MANAGER, { lastUsedMs: 5 }), held(CLERK)],
    [
      { permission: 'order:read', held: [MANAGER.id, CLERK.id], times: 3 },
      { permission: 'order:write', held: [MANAGER.id, CLERK.id] },
    ],
  )
  const shown = lines.map(({ holding, uses, changes, lastUsedMs }) => [
    holding.name,
    uses,
    changes,
    lastUsedMs,
  ])
  assert.deepEqual(shown, [
    ['manager', 4, 1, 600_010],
    ['clerk', 3, 0, 600_002],
  ])
})

test('what was written of a use counts where the log has none', () => {
  const { lines } = review([held(WRITE, { lastUsedMs: 77 })], [])
  assert.equal(lines[0]?.lastUsedMs, 77)
})

test('the proof tells apart what roles of today answer otherwise already', () => {
  const { proof } = review(
    [held(CLERK)],
    [
      { permission: 'order:write', held: [CLERK.id], allowed: true, times: 2 },
      { permission: 'order:read', held: [CLERK.id] },
      { permission: 'order:read', held: ['lost'], allowed: true },
    ],
  )
  assert.deepEqual(proof, {
    fromMs: 500_000,
    untilMs: NOW,
    decisions: 4,
    distinct: 3,
    same: 1,
    otherAlready: 2,
    otherWithout: 0,
    unknown: 1,
  })
})

test('for any holdings and any log: without all that can go, nothing changes; without one thing more, something does', () => {
  let gone = 0
  for (let round = 0; round < 150; round++) {
    let state = round + 1
    const next = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % below
    }
    const holdings = Array.from({ length: 1 + next(6) }, (_, i): Holding => {
      const scoped = next(3) === 0 ? { resourceType: 'Order', ...(next(2) === 0 && { resourceId: '1' }) } : {}
      return next(2) === 0
        ? role(Object.keys(ROLES)[next(3)] as string, { id: `r${i}`, ...scoped })
        : permission(`p${i}`, ['order:read', 'order:write', 'audit:read'][next(3)] as string, scoped)
    })
    const asked = Array.from({ length: next(8) }, (): Asked => ({
      permission: ['order:read', 'order:write', 'audit:read', 'user:read'][next(4)] as string,
      held: holdings.filter(() => next(3) > 0).map(({ id }) => id),
      ...(next(2) === 0 && { resource: { type: 'Order', id: String(next(2)) } }),
      times: 1 + next(3),
    }))
    const got = review(
      holdings.map((holding) => held(holding)),
      asked,
    )
    const canGo = new Set(
      got.lines.filter(({ advice }) => advice === 'can go').map(({ holding }) => holding.id),
    )
    const known = new Map(holdings.map((holding) => [holding.id, holding]))
    // Asked again one by one, with nothing of what the review itself uses.
    const differ = (without: ReadonlySet<string>): number =>
      asked.filter(({ permission, held: ids, resource }) => {
        const may = (kept: readonly string[]): boolean =>
          giversOf(
            rbac,
            kept.flatMap((id) => known.get(id) ?? []),
            { permission, nowMs: NOW, ...(resource && { resource }) },
          ).length > 0
        return may(ids) !== may(ids.filter((id) => !without.has(id)))
      }).length
    assert.equal(differ(canGo), 0, `round ${round}`)
    for (const { holding, advice } of got.lines)
      if (advice === 'needed') assert.ok(differ(canGo.union(new Set([holding.id]))) > 0, `round ${round}`)
    assert.equal(got.proof.same, got.proof.decisions)
    gone += canGo.size
  }
  assert.ok(gone > 100, String(gone))
})

test('roles lose what nobody used through them, and no decision changes', () => {
  const roles = { ...ROLES, chief: ['*'], boss: ['user:read'] }
  const house = { roles, permissions: ['order:read', 'order:write', 'audit:read', 'user:read'] }
  const known = new Map([['g1', role('chief', { id: 'g1', resourceType: 'Order', resourceId: '1' })]])
  const asked: readonly Asked[] = [
    { permission: 'order:read', held: ['account:boss'], allowed: true, times: 2 },
    { permission: 'order:write', held: ['account:clerk'] },
    { permission: 'order:write', held: ['g1'], allowed: true, resource: { type: 'Order', id: '1' } },
    { permission: 'audit:read', held: ['g1'], resource: { type: 'Order', id: '2' } },
  ]
  const got = reviewRoles({
    ...house,
    inherits: { boss: ['manager'] },
    decisions: logOf(asked, known),
    known,
  })
  assert.deepEqual(got.suggested, {
    clerk: [],
    manager: ['order:read'],
    auditor: [],
    chief: ['order:write'],
    boss: [],
  })
  assert.deepEqual(
    got.roles.find(({ role }) => role === 'manager'),
    {
      role: 'manager',
      uses: { 'order:read': 2, 'order:write': 0 },
      unused: ['order:write'],
    },
  )
  assert.equal(got.otherWithSuggested, 0)
  assert.equal(got.isProven, true)
  const lost = [{ permission: 'order:read', held: ['lost'], allowed: true }]
  assert.equal(reviewRoles({ ...house, decisions: logOf(lost, known), known }).isProven, false)
})

test('who gave a role of an account is read from the log', () => {
  const origins = new RoleOrigins()
  const say = (atMs: number, by: string, roles: string): void =>
    origins.add({ subject: 'ann', atMs, data: { by, roles } })
  say(1, 'max', 'clerk')
  say(2, 'eve', 'clerk,manager')
  assert.deepEqual(origins.of('ann', 'clerk'), { by: 'max', atMs: 1 })
  assert.deepEqual(origins.of('ann', 'manager'), { by: 'eve', atMs: 2 })
  say(3, 'eve', 'manager')
  say(4, 'dan', 'manager,clerk')
  assert.deepEqual(origins.of('ann', 'clerk'), { by: 'dan', atMs: 4 }, 'taken away and given again')
  origins.add({ subject: 'ann', atMs: 5, data: {} })
  origins.add({ subject: null, atMs: 5, data: { roles: '' } })
  assert.deepEqual(origins.of('ann', 'manager'), { by: 'eve', atMs: 2 })
  assert.equal(origins.of('max', 'clerk'), undefined)
})

test('a wall that decides very often in one exchange is not taken for one that decided seldom', () => {
  const trace = new Trace(new ManualClock())
  trace.begin('access', 4, 'head')
  for (let i = 0; i < 40; i++) trace.decided({ permission: `p:${i}`, allowed: true, held: [] })
  const tally = new DecisionTally()
  tally.add({ subject: 'ann', atMs: 1, trace: trace.steps })
  assert.equal(tally.count, 16)
  assert.equal(tally.isComplete('ann'), false)
  assert.equal(tally.isComplete('max'), true)
})
