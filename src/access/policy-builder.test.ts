import assert from 'node:assert/strict'
import test from 'node:test'

import {
  type AccessModel,
  createAccess,
  parsePolicies,
  parseSchema,
  type Policy,
  policyBuilder,
  policyToJson,
  writeJson,
} from './index.ts'

const parsed = parseSchema(`
  entity Role;
  entity User in [Role] { nick: String, boss?: User, "in": Bool };
  entity Document {
    owner: User, size: Long, price: decimal, from: ipaddr, made: datetime, kept: duration,
    readers: Set<User>, words: Set<String>, address: { city: String, "odd one"?: String, "has": Long }
  } tags Long;
  action all;
  action read, write in [all] appliesTo { principal: User, resource: Document, context: { mfa: Bool, hour: Long } };
  action list in [all] appliesTo { principal: User, resource: [Document, Role], context: { hour: Long } };
`)
assert.ok(parsed.ok)
const schema = parsed.value
const { permit, forbid } = policyBuilder<AccessModel>(schema)

/** Types are the matter of another test; here all is as the code sees it. */
interface Loose {
  readonly [name: string]: LooseTerm
}
type LooseTerm = ((...given: unknown[]) => Loose) & Loose
type LooseCondition = (p: Loose, a: Loose, r: Loose, c: Loose) => unknown
const when = (write: LooseCondition): { readonly policy: Policy } =>
  permit({ principal: 'User', action: 'read', resource: 'Document' }).when(write as never)

const HEAD = 'permit(principal is User, action == Action::"read", resource is Document)'

for (const [write, want] of [
  [(p, _, r) => r['owner']?.['eq']?.(p), 'resource.owner == principal'],
  [(_p, _a, r) => r['owner']?.['ne']?.('ann'), 'resource.owner != User::"ann"'],
  [(p) => p['in']?.({ type: 'Role', id: 'x' }), 'principal in Role::"x"'],
  [
    (p) =>
      p['in']?.([
        { type: 'Role', id: 'x' },
        { type: 'Role', id: 'y' },
      ]),
    'principal in [Role::"x", Role::"y"]',
  ],
  [(p) => p['attribute']?.('in'), 'principal["in"]'],
  [(p) => p['is']?.('User'), 'principal is User'],
  [
    (p) => p['has']?.('boss')['and']?.(p['boss']?.['nick']?.['eq']?.('Ann'), true),
    'principal has boss && principal.boss.nick == "Ann" && true',
  ],
  [(p) => p['has']?.('boss', 'nick'), 'principal has boss.nick'],
  [(_p, _a, r) => r['size']?.['plus']?.(1)['times']?.(-2)['lt']?.(3n), '(resource.size + 1) * -2 < 3'],
  [
    (_p, _a, r) => r['size']?.['minus']?.(9007199254740993n)['ge']?.(r['size']['negate']?.()),
    'resource.size - 9007199254740993 >= -resource.size',
  ],
  [(_p, _a, r) => r['price']?.['le']?.('1.50'), 'resource.price.lessThanOrEqual(decimal("1.50"))'],
  [
    (_p, _a, r) => r['from']?.['isInRange']?.('10.0.0.0/8')['and']?.(r['from']['isIpv4']?.()),
    'resource.from.isInRange(ip("10.0.0.0/8")) && resource.from.isIpv4()',
  ],
  [
    (_p, _a, r) => r['made']?.['offset']?.('1h')['gt']?.(new Date(0)),
    'resource.made.offset(duration("1h")) > datetime("1970-01-01T00:00:00.000Z")',
  ],
  [
    (_p, _a, r) => r['made']?.['durationSince']?.('2024-01-01')['le']?.(r['kept']),
    'resource.made.durationSince(datetime("2024-01-01")) <= resource.kept',
  ],
  [(_p, _a, r) => r['kept']?.['toDays']?.()['eq']?.(7), 'resource.kept.toDays() == 7'],
  [(p, _a, r) => r['readers']?.['contains']?.(p), 'resource.readers.contains(principal)'],
  [
    (_p, _a, r) => r['readers']?.['containsAny']?.(['a', { type: 'User', id: 'b' }]),
    'resource.readers.containsAny([User::"a", User::"b"])',
  ],
  [
    (_p, _a, r) => r['words']?.['containsAll']?.(['a"b'])['or']?.(r['words']['isEmpty']?.()['not']?.()),
    'resource.words.containsAll(["a\\"b"]) || !resource.words.isEmpty()',
  ],
  [
    (_p, _a, r) => r['address']?.['has']?.('odd one')['and']?.(r['address']['odd one']?.['like']?.('a*\\*')),
    'resource.address has "odd one" && resource.address["odd one"] like "a*\\*"',
  ],
  [(_p, _a, r) => r['address']?.['attribute']?.('has')['eq']?.(3), 'resource.address["has"] == 3'],
  [
    (_p, _a, r) => r['hasTag']?.('x')['and']?.(r['tag']?.('x')['gt']?.(1)),
    'resource.hasTag("x") && resource.getTag("x") > 1',
  ],
  [
    (p, _a, r, c) => c['mfa']?.['ifElse']?.(r['owner'], p)['eq']?.(p),
    '(if context.mfa then resource.owner else principal) == principal',
  ],
  [
    (_p, a) => a['in']?.('all')['and']?.(a['eq']?.('write')),
    'action in Action::"all" && action == Action::"write"',
  ],
  [() => true, 'true'],
] satisfies readonly (readonly [LooseCondition, string])[]) {
  test(`builder: ${want}`, () => {
    const { policy } = when(write)
    const text = parsePolicies(`${HEAD} when { ${want} };`)
    assert.ok(text.ok)
    assert.equal(writeJson(policyToJson(policy)), writeJson(policyToJson(text.value[0] as Policy)))
    createAccess({ policies: [policy], schema })
  })
}

test('builder: heads, conditions in their order and annotations, as text', () => {
  const draft = forbid({
    id: 'late',
    principal: { is: 'User', in: { type: 'Role', id: 'x' } },
    action: ['read', 'write'],
    resource: { equals: { type: 'Document', id: '1' } },
  })
    .annotate('advice', 'come "early"')
    .when((_p, _a, _r, c) => (c as unknown as Loose)['hour']?.['gt']?.(17) as never)
    .unless((_p, _a, _r, c) => (c as unknown as Loose)['mfa'] as never)
  assert.equal(
    String(draft),
    `@id("late")
@advice("come \\"early\\"")
forbid (
  principal is User in Role::"x",
  action in [Action::"read", Action::"write"],
  resource == Document::"1"
)
when { context.hour > 17 }
unless { context.mfa };
`,
  )
  assert.equal(
    String(permit({ action: { in: 'all' } })),
    'permit (principal, action in Action::"all", resource);\n',
  )
  assert.equal(
    String(permit({ principal: { in: { type: 'Role', id: 'x' } } })),
    'permit (principal in Role::"x", action, resource);\n',
  )
})

test('builder: a policy that is built decides as its text does', () => {
  const access = createAccess({ policies: [when((p, _a, r) => r['owner']?.['eq']?.(p)).policy], schema })
  const attributes = { owner: 'ann' }
  const ask = (id: string): boolean =>
    access.isAllowed({
      principal: { type: 'User', id },
      action: 'read',
      resource: { type: 'Document', id: '1', attributes },
      context: { mfa: true, hour: 1 },
    })
  assert.deepEqual([ask('ann'), ask('bob')], [true, false])
})

for (const { name, make, code } of [
  {
    name: 'an action that does not exist',
    make: () => permit({ action: 'reed' }),
    code: 'access.action-unknown',
  },
  {
    name: 'a fraction',
    make: () => when((_p, _a, r) => r['size']?.['lt']?.(0.5)),
    code: 'access.value-unusable',
  },
  {
    name: 'a number beyond 64 bits',
    make: () => when((_p, _a, r) => r['size']?.['lt']?.(2n ** 63n)),
    code: 'access.value-unusable',
  },
  { name: 'no condition', make: () => when((p) => p['boss']?.['nothing']), code: 'access.value-unusable' },
  {
    name: 'an attribute that does not exist',
    make: () => when((p) => p['attribute']?.('nothing')),
    code: 'access.attribute-unknown',
  },
  {
    name: 'an expression that is too deep',
    make: () =>
      when((_p, _a, r) => {
        let size = r['size']
        for (let at = 0; at < 600; at++) size = size?.['plus']?.(1) as never
        return size?.['lt']?.(3)
      }),
    code: 'access.policy-too-deep',
  },
]) {
  test(`builder: ${name} is a mistake`, () => {
    assert.throws(make, { code })
  })
}
