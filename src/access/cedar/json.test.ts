import assert from 'node:assert/strict'
import test from 'node:test'

import { contextFrom, parseEntities } from './entities-json.ts'
import { readIp } from './extensions/ipaddr.ts'
import { readJson } from './json-reader.ts'
import { parsePolicies } from './parser.ts'
import { parseJsonPolicies, policyFromJson } from './policy-json.ts'
import { policyToJson, writeJson } from './policy-json-writer.ts'
import { parseSchema } from './schema-parser.ts'
import { EntityUid, Fault } from './value.ts'
import { valueFrom, valueToJson } from './value-json.ts'

for (const text of [
  'permit(principal, action, resource);',
  '@a("x") @b forbid(principal == U::"a", action == Action::"v", resource in ?resource);',
  'permit(principal is A::B in ?principal, action in [Action::"v", N::Action::"w"], resource is C);',
  'permit(principal, action in Action::"v", resource) when { 9007199254740993 == -9223372036854775808 };',
  'permit(principal, action, resource) when { a::"1" in [b::"2"] && context has x.y || !(1 < 2) } unless { -context.z == 1 };',
  'permit(principal, action, resource) when { "a*" like "\\**é*" && principal is T in t::"x" && [].isEmpty() };',
  'permit(principal, action, resource) when { if true then {"a b": 1, __: [true]} else {c: ip("::1")} };',
  'permit(principal, action, resource) when { principal.getTag("k").contains(decimal("1.0").lessThan(decimal("2.0"))) };',
  'permit(principal, action, resource) when { (true && false) && (true && (true || false)) };',
]) {
  test(`json: ${text} survives the way to JSON and back`, () => {
    const parsed = parsePolicies(text)
    assert.ok(parsed.ok && parsed.value[0])
    const json = writeJson(policyToJson(parsed.value[0]))
    const read = readJson(json)
    assert.ok(read.ok)
    const back = policyFromJson(read.value, 'policy0')
    assert.ok(back.ok)
    assert.equal(writeJson(policyToJson(back.value)), json)
  })
}

test('json: the format is that of the reference', () => {
  const parsed = parsePolicies(
    '@x permit(principal == ?principal, action in [Action::"v"], resource) when { principal.a has b.c && "x" like "a*" };',
  )
  assert.ok(parsed.ok && parsed.value[0])
  assert.deepEqual(policyToJson(parsed.value[0]), {
    effect: 'permit',
    principal: { op: '==', slot: '?principal' },
    action: { op: 'in', entity: { type: 'Action', id: 'v' } },
    resource: { op: 'All' },
    conditions: [
      {
        kind: 'when',
        body: {
          '&&': {
            left: { has: { left: { '.': { left: { Var: 'principal' }, attr: 'a' } }, attr: ['b', 'c'] } },
            right: { like: { left: { Value: 'x' }, pattern: [{ Literal: 'a' }, 'Wildcard'] } },
          },
        },
      },
    ],
    annotations: { x: '' },
  })
})

for (const { json, want } of [
  { json: '{"effect": "maybe"}', want: /`permit` or `forbid`/ },
  { json: '{"effect": "permit", "principle": {}}', want: /only effect.*there is `principle`/ },
  { json: '{"effect": "permit", "principal": {"op": "~"}}', want: /principal\.op: expected `All`/ },
  {
    json: '{"effect": "permit", "principal": {"op": "==", "slot": "?resource"}}',
    want: /slot: expected `\?principal`/,
  },
  {
    json: '{"effect":"permit","principal":{"op":"All"},"action":{"op":"==","entity":{"type":"U","id":"x"}},"resource":{"op":"All"}}',
    want: /type `Action`/,
  },
  ...[
    ['{"Nope": 1}', /expected an object|an operator/],
    ['{"Var": "nobody"}', /expected/],
    ['{"Slot": "?principal"}', /cannot be used in `when`/],
    ['{"Value": 1.5}', /64 bits/],
    ['{"Value": 9223372036854775808}', /64 bits/],
    ['{"Value": null}', /expected an object/],
    ['{"==": {"left": {"Value": 1}}}', /right: expected an object/],
    ['{"==": {}, "!=": {}}', /one name/],
    ['{"__proto__": {"arg": {"Value": true}}}', /expected/],
    ['{"constructor": {"arg": {"Value": true}}}', /an operator of Cedar, not `constructor`/],
    ['{"is": {"left": {"Var": "principal"}, "entity_type": "a b"}}', /an entity type/],
    [`${'{"!":{"arg":'.repeat(600)}{"Value":true}${'}}'.repeat(600)}`, /at most 500 levels/],
  ].map(([body, want]) => ({
    json: `{"effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},"conditions":[{"kind":"when","body":${String(body)}}]}`,
    want: want as RegExp,
  })),
]) {
  test(`json: ${json.slice(0, 30)}...${json.slice(-60).slice(0, 50)} is refused: ${String(want)}`, () => {
    const read = readJson(json)
    assert.ok(read.ok)
    const parsed = policyFromJson(read.value, 'p')
    assert.match(parsed.ok ? 'taken' : (parsed.errors[0]?.message ?? ''), want)
  })
}

test('json: a policy set has policies, templates and links', () => {
  const scope = {
    principal: { op: '==', slot: '?principal' },
    action: { op: 'All' },
    resource: { op: 'All' },
  }
  const all = { op: 'All' }
  const set = {
    staticPolicies: { s: { effect: 'permit', principal: all, action: all, resource: all, conditions: [] } },
    templates: { t: { effect: 'forbid', ...scope, conditions: [] } },
    templateLinks: [{ templateId: 't', newId: 'l', values: { '?principal': { type: 'U', id: 'a' } } }],
  }
  const parsed = parseJsonPolicies(JSON.stringify(set))
  assert.ok(parsed.ok)
  assert.deepEqual(
    parsed.value.map(({ id }) => id),
    ['s', 'l', 't'],
  )
  const wrong = parseJsonPolicies(
    JSON.stringify({ ...set, templateLinks: [{ templateId: 'x', newId: 'l', values: {} }] }),
  )
  assert.match(wrong.ok ? '' : (wrong.errors[0]?.message ?? ''), /templateLinks\[0\].templateId/)
})

const schema = parseSchema(`
  entity User = { friend: User, ip: ipaddr, since?: datetime, sizes: Set<decimal>, deep: { d: duration } } tags User;
  action view appliesTo { principal: User, resource: User, context: { ip: ipaddr } };
`)
assert.ok(schema.ok)
const guide = schema.value

test('json: with a schema, entities and extension values need no marks', () => {
  const plain = {
    uid: { type: 'User', id: 'a' },
    attrs: {
      friend: { type: 'User', id: 'b' },
      ip: '::1',
      since: '2024-01-01',
      sizes: ['1.0'],
      deep: { d: '1h' },
    },
    parents: [],
    tags: { best: { type: 'User', id: 'c' } },
  }
  const marked = {
    uid: { __entity: { type: 'User', id: 'a' } },
    attrs: {
      friend: { __entity: { type: 'User', id: 'b' } },
      ip: { __extn: { fn: 'ip', arg: '::1' } },
      since: { fn: 'datetime', arg: '2024-01-01' },
      sizes: [{ __extn: { fn: 'decimal', arg: '1.0' } }],
      deep: { d: { __extn: { fn: 'duration', arg: '1h' } } },
    },
    parents: [],
    tags: { best: { __entity: { type: 'User', id: 'c' } } },
  }
  const [one, other] = [plain, marked].map((json) => {
    const parsed = parseEntities(JSON.stringify([json]), guide)
    assert.ok(parsed.ok)
    assert.equal(parsed.value.size, 2)
    return parsed.value.get(new EntityUid('User', 'a'))
  })
  assert.ok(one && other && one.attributes.equals(other.attributes))
  assert.ok(one.tags.equals(other.tags))
  const context = contextFrom({ ip: '1.2.3.4' }, guide, new EntityUid('Action', 'view'))
  assert.deepEqual(context.ok && context.value.get('ip'), readIp('1.2.3.4'))
})

for (const { json, want } of [
  { json: '{}', want: /the document: expected an array/ },
  {
    json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":null}}]',
    want: /\[0\]\.attrs\.x: expected a value; Cedar has no null/,
  },
  {
    json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":[1,{"y z":1.5}]}}]',
    want: /attrs\.x\[1\]\["y z"\]: expected a whole number/,
  },
  { json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":9223372036854775808}}]', want: /64 bits/ },
  { json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":1e400}}]', want: /64 bits/ },
  { json: '[{"uid":{"type":"a b","id":"a"}}]', want: /uid\.type: expected an entity type/ },
  { json: '[{"uid":"U::\\"a\\""}]', want: /uid: expected an object/ },
  { json: '[{"uid":{"type":"U","id":"a"},"atrs":{}}]', want: /only uid, attrs, parents, tags/ },
  {
    json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":{"__extn":{"fn":"ip","arg":"x"}}}}]',
    want: /what `ip` can read/,
  },
  {
    json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":{"__extn":{"fn":"nope","arg":"x"}}}}]',
    want: /not `nope`/,
  },
  { json: '[{"uid":{"type":"U","id":"a"},"attrs":{"x":{"__expr":"1"}}}]', want: /`__expr` is not supported/ },
  {
    json: '[{"uid":{"type":"U","id":"a"}},{"uid":{"type":"U","id":"a"},"attrs":{"x":1}}]',
    want: /is there twice/,
  },
  {
    json: `[{"uid":{"type":"U","id":"a"},"attrs":{"x":${'['.repeat(300)}${']'.repeat(300)}}}]`,
    want: /at most 200 levels/,
  },
  { json: '[', want: /this is no JSON/ },
]) {
  test(`json: entities ${json.slice(0, 80)} are refused: ${String(want)}`, () => {
    const parsed = parseEntities(json)
    assert.match(parsed.ok ? 'taken' : (parsed.errors[0]?.message ?? ''), want)
  })
}

test('json: integers are exact to 64 bits, also beside a plain number', () => {
  const parsed = parseEntities(
    '[{"uid":{"type":"U","id":"a"},"attrs":{"x":9007199254740993,"y":-9223372036854775808,"z":1}}]',
  )
  const attributes = parsed.ok ? parsed.value.get(new EntityUid('U', 'a'))?.attributes : undefined
  assert.deepEqual(
    ['x', 'y', 'z'].map((name) => attributes?.get(name)),
    [9007199254740993n, -9223372036854775808n, 1],
  )
})

test('json: every kind of value survives the way to JSON and back', () => {
  const json = {
    a: [true, 'x', 5, 9007199254740993n],
    b: { __entity: { type: 'A::B', id: 'x"y' } },
    c: [{ __extn: { fn: 'ip', arg: '10.0.0.0/8' } }, { __extn: { fn: 'decimal', arg: '-0.25' } }],
    d: { __extn: { fn: 'datetime', arg: '2024-02-29T12:00:00.001Z' } },
    e: { __extn: { fn: 'duration', arg: '-1d1ms' } },
    __proto: {},
  }
  const value = valueFrom(json, '')
  const back = valueFrom(valueToJson(value), '')
  assert.ok(!(back instanceof Fault))
  assert.equal(typeof value === 'object' && value.equals(back), true)
})

for (const text of [
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '01',
  '1.',
  '-',
  '+1',
  '.5',
  '1e',
  '[1,]',
  '{"a":1,}',
  '{a:1}',
  '"\\x"',
  '"\\u12g4"',
  '"a\nb"',
  '"',
  '[1',
  '[1 2]',
  'nul',
  '',
  '[] []',
  '\ufeff1',
  "'a'",
]) {
  test(`json reader: refuses ${JSON.stringify(text)} with its place`, () => {
    const parsed = readJson(text)
    assert.ok(!parsed.ok)
    assert.equal(parsed.errors[0]?.at?.line !== undefined, true)
  })
}

for (const text of [
  '{"a b":[1,true,null,"x\\n\\u00e9\\ud83d\\ude00\\/"],"":{}}',
  ' [ ] ',
  '0',
  '12',
  '"\u2028"',
  '{"__proto__":{"x":1},"constructor":2}',
]) {
  test(`json reader: reads ${JSON.stringify(text)} as the platform does`, () => {
    const parsed = readJson(text)
    assert.ok(parsed.ok)
    assert.deepEqual(parsed.value, JSON.parse(text))
  })
}

test('json reader: numbers that no Cedar value is are not rounded to one', () => {
  const parsed = readJson('[-2.5e3, 1.0, 9223372036854775808, 9223372036854775807, -0]')
  assert.deepEqual(parsed.ok && parsed.value, [NaN, NaN, NaN, 9223372036854775807n, 0])
})

test('json reader: nesting has a bound', () => {
  assert.equal(readJson('['.repeat(2000) + ']'.repeat(2000)).ok, true)
  assert.equal(readJson('['.repeat(1_000_000)).ok, false)
})
