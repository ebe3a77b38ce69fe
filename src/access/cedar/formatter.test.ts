import assert from 'node:assert/strict'
import test from 'node:test'

import { formatPolicies } from './formatter.ts'
import { parseExpression, parsePolicies } from './parser.ts'
import { policyFromJson } from './policy-json.ts'
import { policyToJson, writeJson } from './policy-json-writer.ts'
import { expressionToText, policyToText } from './policy-text.ts'

const meaning = (text: string): string => {
  const parsed = parsePolicies(text)
  return parsed.ok ? parsed.value.map((policy) => writeJson(policyToJson(policy))).join('\n') : 'faulty'
}

for (const { name, text, want } of [
  {
    name: 'a short head is one line',
    text: 'permit(principal,action\n,resource);',
    want: 'permit (principal, action, resource);\n',
  },
  {
    name: 'a short condition is one line of its own',
    text: 'forbid (principal == A::"x", action, resource) when { ! context . a && - 1 < -( 2 ) };',
    want: 'forbid (principal == A::"x", action, resource)\nwhen { !context.a && -1 < -(2) };\n',
  },
  {
    name: 'a long head and long conditions are broken',
    text: 'permit(principal is A::B in C::"d", action in [Action::"view", Action::"edit"], resource == Doc::"1") unless { principal.department == resource.department && (principal.clearance >= resource.classification || resource.shared.contains(principal)) };',
    want: [
      'permit (',
      '  principal is A::B in C::"d",',
      '  action in [Action::"view", Action::"edit"],',
      '  resource == Doc::"1"',
      ')',
      'unless {',
      '  principal.department == resource.department &&',
      '  (',
      '    principal.clearance >= resource.classification ||',
      '    resource.shared.contains(principal)',
      '  )',
      '};\n',
    ].join('\n'),
  },
  {
    name: 'comments stay beside what they stand beside',
    text: '// first\n@id("a")//id\npermit(principal,//who\n//what\naction,resource)when{true//why\n&&false};\n\n\n//last',
    want: [
      '// first',
      '@id("a") //id',
      'permit (',
      '  principal, //who',
      '  //what',
      '  action,',
      '  resource',
      ')',
      'when {',
      '  true //why',
      '  &&',
      '  false',
      '};',
      '',
      '//last\n',
    ].join('\n'),
  },
  {
    name: 'one empty line stands between policies',
    text: 'permit(principal,action,resource);forbid(principal,action,resource);\n\n\n\npermit(principal,action,resource);',
    want: 'permit (principal, action, resource);\n\nforbid (principal, action, resource);\n\npermit (principal, action, resource);\n',
  },
  {
    name: 'if, then and else begin lines when they do not fit',
    text: 'permit(principal,action,resource) when { if principal has manager then principal.manager == resource.owner else if true then {a: 1, "b c": [1, 2]}.a == 1 else false };',
    want: [
      'permit (principal, action, resource)',
      'when {',
      '  if principal has manager',
      '  then principal.manager == resource.owner',
      '  else if true then {a: 1, "b c": [1, 2]}.a == 1 else false',
      '};\n',
    ].join('\n'),
  },
  { name: 'nothing stays nothing', text: ' \n', want: '' },
  { name: 'a comment alone stays', text: '\n // x \n', want: '// x\n' },
]) {
  test(`formatter: ${name}`, () => {
    const once = formatPolicies(text)
    assert.ok(once.ok)
    assert.equal(once.value, want)
    assert.deepEqual(formatPolicies(once.value), once)
    assert.equal(meaning(once.value), meaning(text))
  })
}

test('formatter: text that does not parse is not touched', () => {
  const result = formatPolicies('permit(principal);')
  assert.match(result.ok ? '' : (result.errors[0]?.message ?? ''), /expected `,`/)
})

for (const text of [
  '-(-5).foo',
  '-(5)',
  '!(!true)',
  '1 - (2 - 3) * -4 - 5',
  '(1 == 2) == (3 < 4)',
  '(true && false) && (true || false && true)',
  '(if true then principal else resource).a["b c"].if2 == 1',
  '("a" like "b*\\*") has c',
  '(principal has a.b) == (principal is A in B::"c")',
  '{"if": 1, a: {}} has "if"',
  '[1].contains(1) && ip("1").isInRange(ip("2")) && [].isEmpty()',
  '(1 + 2) * 3 == context["\\n\\"\\u{e9}"]',
]) {
  test(`text: ${text} is written back with the parentheses that it needs`, () => {
    const parsed = parseExpression(text)
    assert.ok(parsed.ok)
    assert.equal(expressionToText(parsed.value), text)
  })
}

test('text: a policy that came as JSON can be read as text', () => {
  const json = {
    effect: 'forbid',
    annotations: { id: 'x"y', b: '' },
    principal: { op: 'is', entity_type: 'A::B', in: { slot: '?principal' } },
    action: {
      op: 'in',
      entities: [
        { type: 'Action', id: 'a' },
        { type: 'Action', id: 'b' },
      ],
    },
    resource: { op: '==', entity: { type: 'C', id: 'd' } },
    conditions: [{ kind: 'unless', body: { has: { left: { Var: 'context' }, attr: ['a', 'b c'] } } }],
  }
  const policy = policyFromJson(json, 'p')
  assert.ok(policy.ok)
  const text =
    '@id("x\\"y")\n@b\nforbid (principal is A::B in ?principal, action in [Action::"a", Action::"b"], resource == C::"d")\nunless { context has a && context.a has "b c" };\n'
  assert.equal(policyToText(policy.value), text)
  assert.equal(parsePolicies(text).ok, true)
})
