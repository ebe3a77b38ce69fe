import assert from 'node:assert/strict'
import test from 'node:test'

import { Fault } from '../cedar/value.ts'
import { parseExpression } from '../cedar/parser.ts'
import { envOf } from '../cedar/environment.ts'
import { evaluate } from '../explain/evaluation.ts'
import { textOfValue } from '../explain/value-text.ts'
import { validateEntities, validateRequest } from '../cedar/conformance.ts'
import { generateCases } from './boundary.ts'
import { DOCUMENTS, policiesOf } from './testing.ts'

/** `value decision` for every case that reads documents. */
function decisions(
  when: string,
  what: string,
  head = 'principal, action == Action::"read", resource',
): Set<string> {
  const policies = policiesOf(`permit(${head}) when { ${when} };`)
  const expr = parseExpression(what)
  assert.ok(expr.ok)
  const cases = generateCases(policies, DOCUMENTS)
  return new Set(
    cases
      .filter(({ request }) => request.action.id === 'read')
      .map(({ request, entities, expect }) => {
        const value = evaluate(expr.value, envOf(request, entities))
        return `${value instanceof Fault ? 'fault' : textOfValue(value).replace(/^\w+\((.*)\)$/, '$1')} ${expect}`
      }),
  )
}

for (const { name, when, what, want } of [
  {
    name: 'a number on, below and above its limit',
    when: 'context.n <= 10000',
    what: 'context.n',
    want: ['9999 allow', '10000 allow', '10001 deny'],
  },
  {
    name: 'a number that must be equal',
    when: 'context.n == 7',
    what: 'context.n',
    want: ['6 deny', '7 allow', '8 deny'],
  },
  {
    name: 'two numbers that are compared with each other',
    when: 'context.n < context.m',
    what: 'context.n < context.m',
    want: ['true allow', 'false deny'],
  },
  {
    name: 'a sum that is compared',
    when: 'resource.size + context.n <= 100',
    what: 'resource.size + context.n',
    want: ['100 allow', '101 deny'],
  },
  {
    name: 'the minutes around nine and five',
    when: 'context.now.toTime() >= duration("9h") && context.now.toTime() <= duration("17h")',
    what: 'context.now',
    want: [
      '"2026-06-15T08:59:00.000Z" deny',
      '"2026-06-15T09:00:00.000Z" allow',
      '"2026-06-15T17:00:00.000Z" allow',
      '"2026-06-15T17:01:00.000Z" deny',
    ],
  },
  {
    name: 'the hours of a day, counted',
    when: 'context.now.toTime().toHours() < 18',
    what: 'context.now',
    want: ['"2026-06-15T17:59:59.999Z" allow', '"2026-06-15T18:00:00.000Z" deny'],
  },
  {
    name: 'a moment, to the millisecond',
    when: 'context.now < datetime("2026-01-01T00:00:00Z")',
    what: 'context.now',
    want: ['"2025-12-31T23:59:59.999Z" allow', '"2026-01-01T00:00:00.000Z" deny'],
  },
  {
    name: 'two moments',
    when: 'context.now < context.until',
    what: 'context.now == context.until',
    want: ['true deny', 'false allow'],
  },
  {
    name: 'a decimal',
    when: 'context.price.lessThan(decimal("1.5"))',
    what: 'context.price',
    want: ['"1.4999" allow', '"1.5" deny'],
  },
  {
    name: 'a text, one letter more, and in capitals',
    when: 'context.s == "red"',
    what: 'context.s',
    want: ['"red" allow', '"redx" deny', '"RED" deny', '"other" deny'],
  },
  {
    name: 'a pattern with and without its parts',
    when: 'context.s like "a*z"',
    what: 'context.s',
    want: ['"az" allow', '"axz" allow', '"xaz" deny', '"azx" deny', '"xz" deny'],
  },
  {
    name: 'one of a list, and none of it',
    when: '["red", "blue"].contains(context.s)',
    what: 'context.s',
    want: ['"red" allow', '"blue" allow', '"other" deny'],
  },
  {
    name: 'a set with and without what it must contain',
    when: 'context.tags.containsAll(["a", "b"])',
    what: 'context.tags',
    want: ['[] deny', '["a"] deny', '["b"] deny', '["a", "b"] allow', '["other", "a", "b"] allow'],
  },
  {
    name: 'an attribute that is there or not',
    when: 'resource has label && resource.label == "x"',
    what: 'resource has label',
    want: ['true allow', 'false deny'],
  },
  {
    name: 'the owner and a stranger',
    when: 'resource.owner == principal',
    what: 'resource.owner == principal',
    want: ['true allow', 'false deny'],
  },
  {
    name: 'shared with somebody, and with others only',
    when: 'resource.shared.contains(principal)',
    what: 'resource.shared.contains(principal)',
    want: ['true allow', 'false deny'],
  },
  {
    name: 'in a role and not',
    when: 'principal in Role::"writer"',
    what: 'principal in Role::"writer"',
    want: ['true allow', 'false deny'],
  },
  {
    name: 'the ends of an address range',
    when: 'context.ip.isInRange(ip("10.0.0.0/8"))',
    what: 'context.ip',
    want: ['"9.255.255.255" deny', '"10.0.0.0" allow', '"10.255.255.255" allow', '"11.0.0.0" deny'],
  },
]) {
  test(`generated cases: ${name}`, () => {
    const found = decisions(when, what)
    for (const one of want) assert.ok(found.has(one), `${one} is not among ${[...found].join(', ')}`)
  })
}

test('generated cases: the named principal and somebody else, and every other action', () => {
  const policies = policiesOf(
    'permit(principal == User::"root", action == Action::"write", resource is Doc);',
  )
  const cases = generateCases(policies, DOCUMENTS)
  const asked = new Set(
    cases.map(({ request, expect }) => `${request.principal.id} ${request.action.id} ${expect}`),
  )
  assert.deepEqual([...asked].sort(), [
    'root hire deny',
    'root read deny',
    'root write allow',
    'user write deny',
  ])
})

test('generated cases: a forbid is told from the permits that it undoes, and all fits the schema', () => {
  const policies = policiesOf(`
    permit(principal in Role::"reader", action == Action::"read", resource);
    permit(principal in Role::"chief", action, resource);
    forbid(principal, action, resource is Doc) unless { resource.size < 5 || (context has o && context.o) };`)
  const cases = generateCases(policies, DOCUMENTS)
  assert.ok(cases.length > 20 && cases.some(({ expect }) => expect === 'allow'))
  for (const { request, entities } of cases) {
    assert.deepEqual(validateRequest(request, DOCUMENTS), [])
    assert.deepEqual(validateEntities(entities, DOCUMENTS), [])
  }
  const names = cases.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})

test('generated cases are the same in every run', () => {
  const policies = policiesOf('permit(principal, action, resource) when { context.n * 3 > context.m };')
  const [one, other] = [0, 1].map(() =>
    generateCases(policies, DOCUMENTS).map(({ name, expect }) => `${name} ${expect}`),
  )
  assert.deepEqual(one, other)
})
