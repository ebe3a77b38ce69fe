import assert from 'node:assert/strict'
import test from 'node:test'

import { slotsOf } from './ast.ts'
import { readJson } from './json-reader.ts'
import { parseExpression, parsePolicies } from './parser.ts'
import { policyFromJson } from './policy-json.ts'
import { policyToJson, writeJson } from './policy-json-writer.ts'
import { placeAt } from './syntax.ts'

const inWhen = (expression: string): string => `permit(principal, action, resource) when { ${expression} };`

for (const text of [
  'permit(principal, action, resource,);',
  '@a @if("x") @id("y") permit(principal, action, resource);',
  'permit(principal is A::B in ?principal, action, resource is C);',
  'forbid(principal in ?principal, action in [], resource == ?resource);',
  'permit(principal, action in [N::Action::"a", Action::"b",], resource);',
  'permit(principal, action == Action::"a", resource) when { true } unless { false } when { true };',
  inWhen('context.principal.permit["if"] has contains.isEmpty'),
  inWhen('{a: 1, "if": [1, 2,],}.a == - - - -9223372036854775808'),
  inWhen('principal::"a" == A :: B :: "\\u{1_F600}\\x41\\0"'),
  inWhen('!!!!true && "a" like "x*\\*\\u{e9}"'),
  inWhen('if true then 1 else if false then 2 else 3 == 3'),
  inWhen('ip().isIpv4(1, 2, 3)'),
  inWhen('01 == 1 // a comment\n'),
  '\u2028\u00a0permit\u3000(principal, action, resource); // the end',
  '',
]) {
  test(`parser: takes ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parsePolicies(text).ok, true)
  })
}

for (const { text, at, want } of [
  {
    text: 'allow(principal, action, resource);',
    at: '1:1',
    want: /expected `permit`, `forbid` or an annotation/,
  },
  {
    text: 'permit(principal);',
    at: '1:17',
    want: /expected `,` and `action` after the principal, found `\)`/,
  },
  { text: 'permit(action, principal, resource);', at: '1:8', want: /expected `principal` here/ },
  { text: 'permit(principal: User, action, resource);', at: '1:17', want: /write `is`/ },
  { text: 'permit(principal == ?resource, action, resource);', at: '1:21', want: /slot `\?principal`/ },
  { text: 'permit(principal == A, action, resource);', at: '1:22', want: /`::` and an id in quotes/ },
  { text: 'permit(principal in [A::"x"], action, resource);', at: '1:21', want: /found `\[`/ },
  {
    text: 'permit(principal, action == Foo::"a", resource);',
    at: '1:29',
    want: /type `Action`, found `Foo::"a"`/,
  },
  {
    text: 'permit(principal, action, resource)',
    at: '1:36',
    want: /`;` at the end.*found the end of the text/,
  },
  { text: 'permit(principal, action, resource) when {};', at: '1:43', want: /an expression in `when`/ },
  {
    text: '@id("a") @id("b") permit(principal, action, resource);',
    at: '1:11',
    want: /`@id` is there twice/,
  },
  { text: 'permit(principal,\n  action,\n\tresource)\nwhen { foo };', at: '4:8', want: /no variable `foo`/ },
  { text: inWhen('1 < 2 < 3'), at: '1:50', want: /do not chain/ },
  { text: inWhen('context.a = 2'), at: '1:54', want: /did you mean `==`/ },
  { text: inWhen('5 / 2'), at: '1:46', want: /no `\/` operator/ },
  { text: inWhen('!!!!!true'), at: '1:44', want: /more than 4 `!` in a row/ },
  { text: inWhen('!-5 == 5'), at: '1:45', want: /expected an expression/ },
  { text: inWhen('9223372036854775808 == 5'), at: '1:44', want: /does not fit into 64 bits/ },
  { text: inWhen('isIpv4("1")'), at: '1:44', want: /`isIpv4` is a method/ },
  { text: inWhen('"1".ip()'), at: '1:48', want: /`ip` is a function/ },
  { text: inWhen('[].contains(1, 2)'), at: '1:47', want: /takes 1 argument\(s\), not 2/ },
  { text: inWhen('[].foo()'), at: '1:47', want: /no method `foo`; there is contains/ },
  { text: inWhen('A::f(1)'), at: '1:44', want: /no function `A::f`; there is decimal, ip/ },
  { text: inWhen('context has "a".b'), at: '1:59', want: /`}` to close `when`, or an operator/ },
  { text: inWhen('context has a.if'), at: '1:58', want: /`if` is a reserved word/ },
  { text: inWhen('{true: 1} == 1'), at: '1:45', want: /`true` is a reserved word/ },
  { text: inWhen('{a: 1, a: 2} == 1'), at: '1:51', want: /`a` is there twice/ },
  { text: inWhen('__cedar::"a" == 1'), at: '1:44', want: /expected an expression/ },
  { text: inWhen('?principal == 1'), at: '1:44', want: /cannot be used in `when`/ },
  { text: inWhen('principal like principal'), at: '1:59', want: /a pattern in quotes/ },
  { text: inWhen('principal is "A"'), at: '1:57', want: /an entity type after `is`/ },
  { text: inWhen('"\\*" == "a"'), at: '1:45', want: /unknown escape `\\\*`.*for patterns/ },
  { text: inWhen('"\\u{d800}" == "a"'), at: '1:45', want: /no Unicode character/ },
  { text: inWhen('"\\x80" == "a"'), at: '1:45', want: /up to 7f/ },
  { text: inWhen('"\\q" == "a"'), at: '1:45', want: /unknown escape `\\q`/ },
  { text: inWhen('"abc'), at: '1:44', want: /no closing quote/ },
  { text: inWhen('#'), at: '1:44', want: /unexpected character "#"/ },
  { text: inWhen('1 == if true then 1 else 2'), at: '1:49', want: /expected an expression/ },
  { text: inWhen('[1 2]'), at: '1:47', want: /`,` or `\]` in the set, found `2`/ },
  { text: inWhen(`${'('.repeat(300)}1${')'.repeat(300)}`), at: '1:244', want: /nests deeper than 200/ },
  { text: inWhen(`1${' + 1'.repeat(501)} == 1`), at: '1:2050', want: /more than 500 in one chain/ },
]) {
  test(`parser: at ${at} of ${JSON.stringify(text).slice(0, 90)} says ${String(want)}`, () => {
    const parsed = parsePolicies(text)
    assert.ok(!parsed.ok)
    const [fault] = parsed.errors
    assert.match(fault?.message ?? '', want)
    assert.equal(`${fault?.at?.line}:${fault?.at?.column}`, at)
  })
}

test('parser: every faulty policy of a text is reported, at most 20', () => {
  const parsed = parsePolicies('permit(a);\nforbid(principal, action, resource);\npermit(b);\n'.repeat(15))
  assert.ok(!parsed.ok)
  assert.equal(parsed.errors.length, 20)
  assert.deepEqual(
    parsed.errors.slice(0, 3).map(({ at }) => at?.line),
    [1, 3, 4],
  )
})

test('parser: expressions that together nest too deep are refused, not evaluated', () => {
  const nested = `${'('.repeat(150)}1${' + 1 + 1 + 1)'.repeat(150)}`
  assert.equal(parsePolicies(inWhen(`${nested} == 1`)).ok, true)
  const deeper = `${'('.repeat(150)}1${' + 1 + 1 + 1 + 1)'.repeat(150)}`
  const parsed = parsePolicies(inWhen(`${deeper} == 1`))
  assert.match(parsed.ok ? '' : (parsed.errors[0]?.message ?? ''), /more than 500 levels/)
})

test('parser: a long chain of && or || is one level', () => {
  const parsed = parsePolicies(inWhen(`true${' && true'.repeat(20_000)}`))
  assert.ok(parsed.ok && parsed.value[0])
  const json = readJson(writeJson(policyToJson(parsed.value[0])))
  assert.equal(json.ok && policyFromJson(json.value, 'p').ok, true)
})

test('parser: policies are named by their place, annotations are kept, slots are found', () => {
  const parsed = parsePolicies(
    '@id("x") @b permit(principal, action, resource);\nforbid(principal in ?principal, action, resource is T in ?resource);',
  )
  assert.ok(parsed.ok)
  const [first, second] = parsed.value
  assert.deepEqual([first?.id, second?.id], ['policy0', 'policy1'])
  assert.deepEqual(
    [...(first?.annotations ?? [])],
    [
      ['id', 'x'],
      ['b', ''],
    ],
  )
  assert.deepEqual(second && slotsOf(second), ['?principal', '?resource'])
})

for (const { text, value } of [
  { text: '9007199254740993', value: 9007199254740993n },
  { text: '9007199254740991', value: 9007199254740991 },
  { text: '-9223372036854775808', value: -9223372036854775808n },
  { text: '9223372036854775807', value: 9223372036854775807n },
  { text: '-0', value: 0 },
  { text: '00000000000000000000000000000000001', value: 1 },
  { text: '"\\u{1F600}\\n\\\'"', value: "\u{1f600}\n'" },
]) {
  test(`parser: the literal ${text} is ${typeof value} ${JSON.stringify(String(value))}`, () => {
    const parsed = parseExpression(text)
    assert.ok(parsed.ok && parsed.value.kind === 'literal')
    assert.equal(parsed.value.value, value)
  })
}

test('parser: places count lines and columns from 1', () => {
  assert.deepEqual(placeAt('ab\ncd', 0), { line: 1, column: 1 })
  assert.deepEqual(placeAt('ab\ncd', 2), { line: 1, column: 3 })
  assert.deepEqual(placeAt('ab\ncd', 3), { line: 2, column: 1 })
  assert.deepEqual(placeAt('ab\ncd', 99), { line: 2, column: 3 })
})
