import assert from 'node:assert/strict'
import test from 'node:test'

import { validateEntities, validateRequest } from './conformance.ts'
import { contextFrom, parseEntities } from './entities-json.ts'
import { parsePolicies } from './parser.ts'
import { parseJsonSchema } from './schema-json.ts'
import { parseSchema } from './schema-parser.ts'
import { describeType } from './types.ts'
import type { ValidationMode } from './types.ts'
import { validatePolicies } from './validator.ts'
import { EntityUid } from './value.ts'

for (const text of [
  '',
  'entity A; entity B, C in [A, B] = { "a b"?: Set<Set<Long>>, __cedar: Bool, } tags String;',
  '@doc("x") entity A { @y a: __cedar::Long, b: { c?: ipaddr } };',
  'entity E enum ["a", ""];',
  'action a, "b c" in [d, Action::"e"] appliesTo { principal: A, resource: [A], context: C, }; action d, e; type C = {}; entity A;',
  'namespace N::M { entity A { x: B, y: N::M::A, z: Action }; action a in [b]; } entity B; action b;',
  'entity Long; entity ipaddr; entity Z { a: Long, b: ipaddr, c: Set };  entity Set;',
  'entity A in [A]; action a attributes {};',
]) {
  test(`schema: takes ${text}`, () => assert.deepEqual(parseSchema(text).ok, true))
}

for (const { text, want } of [
  { text: 'entity A', want: /1:9 expected `;` at the end of the declaration/ },
  { text: 'entity A; entity A;', want: /1:18 the entity type `A` is there twice/ },
  { text: 'entity A in [B];', want: /1:14 there is no entity type `B`/ },
  { text: 'entity A { a: B };', want: /1:15 there is no type `B`/ },
  { text: 'entity A { a: Long? };', want: /expected `,` or `}` in the attributes/ },
  { text: 'entity A = T; type T = {};', want: /1:12 expected `{` and the attributes/ },
  { text: 'entity A enum [];', want: /an id in quotes/ },
  { text: 'entity Action;', want: /cannot be called `Action`/ },
  { text: 'entity if;', want: /reserved word/ },
  { text: 'type Long = String;', want: /a type cannot be called `Long`/ },
  { text: 'type T = U; type U = Set<T>;', want: /the type `T` contains itself/ },
  { text: 'action a in a;', want: /is above itself/ },
  { text: 'action a in [b];', want: /there is no action `b`/ },
  { text: 'action a appliesTo { principal: A }; entity A;', want: /wants `resource` too/ },
  {
    text: 'action a appliesTo { principal: A, principal: A, resource: A }; entity A;',
    want: /`principal` is there twice/,
  },
  {
    text: 'action a appliesTo { principal: A, resource: A, context: Long }; entity A;',
    want: /expected a record type/,
  },
  { text: 'namespace N { } namespace N { }', want: /the namespace `N` is there twice/ },
  { text: 'namespace N { entity A; } entity A;', want: /`N::A` hides `A`/ },
  { text: 'namespace N { action a; } action a;', want: /the action `a` hides/ },
  { text: 'namespace __cedar { }', want: /reserved word/ },
  { text: 'table A;', want: /1:1 expected `namespace`, `entity`, `action` or `type`, found `table`/ },
  { text: `type T = ${'Set<'.repeat(300)}Long${'>'.repeat(300)};`, want: /nests deeper than 200/ },
]) {
  test(`schema: ${text.slice(0, 70)} is refused: ${String(want)}`, () => {
    const parsed = parseSchema(text)
    assert.ok(!parsed.ok)
    const [fault] = parsed.errors
    assert.match(`${fault?.at?.line}:${fault?.at?.column} ${fault?.message}`, want)
  })
}

const human = parseSchema(`
  namespace N { type T = { a?: Long }; entity G; entity U in [G] = { t: T, g: Set<G>, ip: ipaddr } tags String; entity E enum ["x"];
    action v in [all] appliesTo { principal: [U], resource: [G], context: T }; action all; }
`)

test('schema: the JSON format says the same as the human one', () => {
  const json = {
    N: {
      commonTypes: { T: { type: 'Record', attributes: { a: { type: 'Long', required: false } } } },
      entityTypes: {
        G: {},
        U: {
          memberOfTypes: ['G'],
          shape: {
            type: 'Record',
            attributes: {
              t: { type: 'T' },
              g: { type: 'Set', element: { type: 'Entity', name: 'G' } },
              ip: { type: 'Extension', name: 'ipaddr' },
            },
          },
          tags: { type: 'EntityOrCommon', name: 'String' },
        },
        E: { enum: ['x'] },
      },
      actions: {
        v: {
          memberOf: [{ id: 'all' }],
          appliesTo: { principalTypes: ['U'], resourceTypes: ['G'], context: { type: 'T' } },
        },
        all: {},
      },
    },
  }
  assert.ok(human.ok)
  assert.deepEqual(parseJsonSchema(JSON.stringify(json)), human)
  const user = human.value.entities.get('N::U')
  assert.equal(user && describeType(user.attributes), '{t: {a?: Long}, g: Set<N::G>, ip: ipaddr}')
})

for (const { json, want } of [
  { json: { N: { entityTypes: {} } }, want: /"N"\.actions: expected an object/ },
  { json: { N: { entityTypes: { A: { shpe: {} } }, actions: {} } }, want: /A: expected only memberOfTypes/ },
  { json: { '': { entityTypes: { A: { shape: { type: 'Long' } } }, actions: {} } }, want: /a record type/ },
  { json: { '': { entityTypes: { A: { tags: { type: 'Set' } } }, actions: {} } }, want: /`element` beside/ },
  { json: { '': { entityTypes: { A: { enum: [] } }, actions: {} } }, want: /at least one id/ },
  {
    json: { '': { entityTypes: {}, actions: { a: { attributes: { x: 1 } } } } },
    want: /actions have no attributes/,
  },
]) {
  test(`schema: as JSON, ${JSON.stringify(json)} is refused: ${String(want)}`, () => {
    const parsed = parseJsonSchema(JSON.stringify(json))
    assert.match(parsed.ok ? 'taken' : (parsed.errors[0]?.message ?? ''), want)
  })
}

const guide = parseSchema(`
  entity Group in [Group];
  entity User in [Group] = { name: String, age: Long, boss?: User, where: { city: String, zip?: Long } } tags Long;
  entity Robot = { name: String };
  entity Doc = { owner: User };
  entity Color enum ["red"];
  action view, edit in [all] appliesTo { principal: [User, Robot], resource: Doc, context: { ip?: ipaddr } };
  action all;
`)
assert.ok(guide.ok)
const schema = guide.value

for (const { text, strict, permissive } of [
  { text: 'principal.name like "a*"' },
  { text: 'principal.age > 1', strict: 'no-attribute', permissive: 'no-attribute' },
  { text: 'principal is User && principal.age > 1' },
  {
    text: 'principal is User && principal.boss == principal',
    strict: 'optional-attribute',
    permissive: 'optional-attribute',
  },
  { text: 'principal is User && principal has boss && principal.boss.age > 1' },
  {
    text: 'principal is User && (principal has boss || principal.age > 1) && principal.boss.age > 1',
    strict: 'optional-attribute',
    permissive: 'optional-attribute',
  },
  { text: 'principal is User && principal has boss.boss.where && principal.boss.boss.age > 1' },
  { text: 'principal is User && principal has where.zip && principal.where.zip > 1' },
  { text: 'resource.owner.hasTag("a") && resource.owner.getTag("a") > 1' },
  {
    text: 'resource.owner.hasTag("a") && resource.owner.getTag("b") > 1',
    strict: 'optional-tag',
    permissive: 'optional-tag',
  },
  { text: 'resource.hasTag("a") && resource.getTag("a") > 1' },
  { text: 'context.ip.isIpv4()', strict: 'optional-attribute', permissive: 'optional-attribute' },
  { text: 'context has ip && context.ip.isIpv4()' },
  { text: 'ip("x").isIpv4()', strict: 'unreadable-argument', permissive: 'unreadable-argument' },
  { text: 'ip(principal.name).isIpv4()', strict: 'constructor-argument' },
  { text: 'ip("::1", 1).isIpv4()', strict: 'argument-count', permissive: 'argument-count' },
  { text: 'principal.name + 1 == 2', strict: 'wrong-type', permissive: 'wrong-type' },
  { text: 'principal.name == 1', strict: 'incompatible-types' },
  { text: '[1, "a"].contains(1)', strict: 'incompatible-types', permissive: 'incompatible-types' },
  { text: '[principal, resource].contains(principal)', strict: 'incompatible-types' },
  { text: '[].isEmpty()', strict: 'empty-set' },
  {
    text: '(if context has ip then 1 else "a") == 1',
    strict: 'incompatible-types',
    permissive: 'incompatible-types',
  },
  { text: 'false && principal.nothing' },
  { text: 'Nope::"a" == principal', strict: 'unknown-entity-type', permissive: 'unknown-entity-type' },
  { text: 'action == Action::"nope"', strict: 'unknown-action', permissive: 'unknown-action' },
  { text: 'Color::"blue" == Color::"red"', strict: 'unknown-id', permissive: 'unknown-id' },
  { text: '1', strict: 'wrong-type', permissive: 'wrong-type' },
]) {
  for (const [mode, want] of [
    ['strict', strict],
    ['permissive', permissive],
  ] as const) {
    test(`validator: ${mode} says ${want ?? 'nothing'} of ${text}`, () => {
      const { errors } = validate(`permit(principal, action, resource) when { ${text} };`, mode)
      assert.deepEqual([...new Set(errors.map(({ kind }) => kind))], want === undefined ? [] : [want])
    })
  }
}

function validate(text: string, mode: ValidationMode = 'strict'): ReturnType<typeof validatePolicies> {
  const parsed = parsePolicies(text)
  assert.ok(parsed.ok)
  return validatePolicies(parsed.value, schema, mode)
}

test('validator: the place and the remedy are told, each once', () => {
  const { errors } = validate(
    'permit(principal is user, action, resource)\nwhen { resource.owner.boss.age > 1 };',
  )
  assert.deepEqual(
    errors.map(({ kind, at, message }) => `${at?.line}:${at?.column} ${kind} ${message}`),
    [
      '1:8 unknown-entity-type the schema has no entity type `user`; did you mean `User`?',
      '1:1 never-applies no action of the schema fits the principal, action and resource of this policy',
    ],
  )
})

for (const { head, want } of [
  { head: 'principal is Doc, action, resource', want: ['never-applies'] },
  { head: 'principal, action in Action::"all", resource is Doc', want: [] },
  { head: 'principal, action == Action::"all", resource', want: ['never-applies'] },
  { head: 'principal in Group::"g", action, resource', want: [] },
  { head: 'principal in Doc::"g", action, resource', want: ['never-applies'] },
  { head: 'principal in ?principal, action, resource == ?resource', want: [] },
]) {
  test(`validator: of the head (${head}) it says [${want.join()}]`, () => {
    const { errors, impossible } = validate(`permit(${head});`)
    assert.deepEqual(
      errors.map(({ kind }) => kind),
      want,
    )
    assert.equal(impossible.length, want.length)
  })
}

test('validator: a policy that can never be satisfied is told apart', () => {
  const { errors, impossible } = validate(
    'permit(principal, action, resource) when { principal == resource };',
  )
  assert.deepEqual([errors, impossible], [[], ['policy0']])
})

const alice = {
  uid: { type: 'User', id: 'a' },
  attrs: { name: 'A', age: 1, where: { city: 'X' } },
  parents: [] as unknown[],
}

for (const { name, entity, want } of [
  { name: 'one that fits', entity: alice, want: undefined },
  {
    name: 'an unknown type',
    entity: { ...alice, uid: { type: 'Usr', id: 'a' } },
    want: /no entity type `Usr`/,
  },
  {
    name: 'a missing attribute',
    entity: { ...alice, attrs: { name: 'A', age: 1 } },
    want: /`where` is missing/,
  },
  {
    name: 'an unknown attribute',
    entity: { ...alice, attrs: { ...alice.attrs, x: 1 } },
    want: /no attribute `x`/,
  },
  {
    name: 'a wrong type',
    entity: { ...alice, attrs: { ...alice.attrs, age: 'x' } },
    want: /\.age: expected Long, found String/,
  },
  { name: 'a wrong tag', entity: { ...alice, tags: { a: 'x' } }, want: /tag "a": expected Long/ },
  {
    name: 'a wrong parent',
    entity: { ...alice, parents: [{ type: 'Doc', id: 'd' }] },
    want: /cannot be in `Doc::"d"`/,
  },
  {
    name: 'an id that is not listed',
    entity: { uid: { type: 'Color', id: 'blue' }, attrs: {}, parents: [] },
    want: /no entity `blue`/,
  },
  {
    name: 'an unknown action',
    entity: { uid: { type: 'Action', id: 'x' }, attrs: {}, parents: [] },
    want: /no such action/,
  },
]) {
  test(`conformance: of ${name} it says ${String(want)}`, () => {
    const entities = parseEntities(JSON.stringify([entity]), schema)
    assert.ok(entities.ok)
    const misfits = validateEntities(entities.value, schema)
    if (want === undefined) assert.deepEqual(misfits, [])
    else assert.match(misfits.join('\n'), want)
  })
}

for (const { action, principal, context, want } of [
  { action: 'view', principal: 'User', context: {}, want: '' },
  { action: 'nope', principal: 'User', context: {}, want: 'the schema has no action `Action::"nope"`' },
  {
    action: 'view',
    principal: 'Group',
    context: {},
    want: 'principal: `Action::"view"` does not apply to `Group`',
  },
  { action: 'view', principal: 'X', context: {}, want: 'principal: the schema has no entity type `X`' },
  {
    action: 'view',
    principal: 'User',
    context: { ip: '::1', y: 1 },
    want: 'context: the schema has no attribute `y`',
  },
]) {
  test(`conformance: of the request ${principal} ${action} ${JSON.stringify(context)} it says: ${want}`, () => {
    const uid = new EntityUid('Action', action)
    const read = contextFrom(context, schema, uid)
    assert.ok(read.ok)
    const request = {
      principal: new EntityUid(principal, '1'),
      action: uid,
      resource: new EntityUid('Doc', '1'),
    }
    assert.equal(validateRequest({ ...request, context: read.value }, schema).join('\n'), want)
  })
}
