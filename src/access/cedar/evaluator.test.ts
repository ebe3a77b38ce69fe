import assert from 'node:assert/strict'
import test from 'node:test'

import { Entities } from './entities.ts'
import type { Env } from './environment.ts'
import { compile, matches } from './evaluator.ts'
import { parseExpression } from './parser.ts'
import { EMPTY_RECORD, EntityUid, Fault } from './value.ts'

const entities = Entities.of([])
assert.ok(entities instanceof Entities)

/** Nothing exists: neither the principal nor the resource has an entity. */
const env: Env = {
  principal: new EntityUid('U', 'a'),
  action: new EntityUid('Action', 'a'),
  resource: new EntityUid('U', 'a'),
  context: EMPTY_RECORD,
  entities,
  principalEntity: undefined,
  resourceEntity: undefined,
}

const CASES: readonly (readonly [text: string, want: boolean | 'fault'])[] = [
  ['1 in 2', 'fault'],
  ['principal in [1]', 'fault'],
  ['principal in [U::"a",1]', 'fault'],
  ['{a:1} has a', true],
  ['1 has a', 'fault'],
  ['principal has a', false],
  ['principal.a', 'fault'],
  ['principal == 1', false],
  ['principal is U', true],
  ['context is U', 'fault'],
  ['true && 1', 'fault'],
  ['false && 1', false],
  ['true || 1', true],
  ['1 || true', 'fault'],
  ['-(-9223372036854775808) == 1', 'fault'],
  ['9223372036854775807 + 1 == 1', 'fault'],
  ['4611686018427387904 * 2 == 0', 'fault'],
  ['-4611686018427387904 * 2 == -9223372036854775808', true],
  ['principal.hasTag("a")', false],
  ['principal.getTag("a") == 1', 'fault'],
  ['context.hasTag("a")', 'fault'],
  ['principal.hasTag(1)', 'fault'],
  ['U::"zz".hasTag("x")', false],
  ['"a" like "a"', true],
  ['1 like "a"', 'fault'],
  ['[1,"a",[2]].contains([2])', true],
  ['[1].containsAny(1)', 'fault'],
  ['{a:1,b:[1,2]} == {b:[2,1,1],a:1}', true],
  ['context has a.b.c', false],
  ['context has a.b', false],
  ['{a:{b:1}} has a.b.c', 'fault'],
  ['{a:{b:{}}} has a.b.c', false],
  ['{a:{b:{}}} has a.b', true],
  ['-9223372036854775808 - 1 == 1', 'fault'],
  ['-9223372036854775808 * -1 == 1', 'fault'],
  ['9007199254740991 + 2 == 9007199254740993', true],
  ['9007199254740993 - 2 == 9007199254740991', true],
  ['9007199254740993 == 9007199254740992', false],
  ['3037000500 * 3037000500 == 1', 'fault'],
  ['3037000499 * 3037000499 == 9223372030926249001', true],
  ['-1 * 0 == 0', true],
  ['"a*b" like "a\\*b"', true],
  ['"axb" like "a\\*b"', false],
  ['"aXbXc" like "a*b*c"', true],
  ['"ab" like "ab*ab"', false],
  ['"abab" like "ab*ab"', true],
  ['"" like "*"', true],
  ['"" like ""', true],
  ['"x" like ""', false],
  ['"aaa" like "*a*a*a*"', true],
  ['"aa" like "*a*a*a*"', false],
  ['"\\u{1F600}" like "*\\u{1F600}"', true],
  ['"abc" like "*bc"', true],
  ['"abcd" like "*bc"', false],
  ['true && principal.missing', 'fault'],
  ['false || principal.missing', 'fault'],
  ['(if true then 1 else principal.missing) == 1', true],
  ['(if 1 then 1 else 2) == 1', 'fault'],
  ['[1, principal.missing].isEmpty()', 'fault'],
  ['{a: principal.missing} == {}', 'fault'],
  ['[[1, 2], [2, 1, 1]] == [[2, 1]]', true],
  ['[1, 2, 3, 4, 5, 6, 7, 8, 9, 9].containsAll([9, 8, 1])', true],
  ['[1, 2, 3, 4, 5, 6, 7, 8, 9, "9"].contains("10")', false],
  ['[{a: [1]}, {a: [2]}, 1, 2, 3, 4, 5, 6, 7].contains({a: [2]})', true],
  ['[].containsAll([])', true],
  ['[].containsAny([])', false],
  ['principal in []', false],
  ['U::"a" in [U::"a"]', true],
  ['{"__proto__": 1} has "__proto__"', true],
  ['{} has "constructor"', false],
  ['!(1 == 1)', false],
  ['1 != "1"', true],
]

for (const [text, want] of CASES) {
  test(`evaluator: ${text} is ${want}`, () => {
    const parsed = parseExpression(text)
    assert.ok(parsed.ok)
    const outcome = compile(parsed.value).run(env)
    assert.equal(outcome instanceof Fault ? 'fault' : outcome, want)
  })
}

for (const { text, kind, message } of [
  { text: 'principal.name', kind: 'entity', message: /`name` is asked for does not exist/ },
  { text: '{a: 1}.b', kind: 'attribute', message: /`b` is absent/ },
  { text: '1 + 9223372036854775807', kind: 'overflow', message: /sum does not fit into 64 bits/ },
  { text: '1 < "a"', kind: 'type', message: /two Longs, datetimes or durations/ },
  { text: 'ip("x")', kind: 'extension', message: /this is no ipaddr/ },
  { text: 'ip()', kind: 'arity', message: /takes 1 argument\(s\), not 0/ },
  { text: 'principal.getTag("a")', kind: 'entity', message: /does not exist/ },
]) {
  test(`evaluator: ${text} is a fault of kind ${kind} with its place`, () => {
    const parsed = parseExpression(`  ${text}`)
    assert.ok(parsed.ok)
    const outcome = compile(parsed.value).run(env)
    assert.ok(outcome instanceof Fault)
    assert.equal(outcome.kind, kind)
    assert.match(outcome.message, message)
    assert.equal(outcome.at, 2)
  })
}

test('evaluator: a pattern with many wildcards takes time in proportion to the text', () => {
  const pattern = Array.from({ length: 50 }, () => 'a')
  const startedAt = performance.now()
  assert.equal(matches(`${'a'.repeat(200_000)}b`, ['', ...pattern, 'c']), false)
  assert.ok(performance.now() - startedAt < 500)
})
