import assert from 'node:assert/strict'
import test from 'node:test'

import { Automaton } from './automaton.ts'
import { requiredLiterals } from './literals.ts'
import { Pattern } from './pattern.ts'
import { compileProgram } from './program.ts'
import { PatternError } from './syntax.ts'

for (const { pattern, value, groups } of [
  { pattern: 'abc', value: 'xxabcx', groups: ['abc'] },
  { pattern: '(?i)SeLect', value: 'x select', groups: ['select'] },
  { pattern: '(?i:a)b', value: 'Ab', groups: ['Ab'] },
  { pattern: '(?i:a)b', value: 'aB', groups: undefined },
  { pattern: '^(\\d+)-(\\d+)$', value: '12-345', groups: ['12-345', '12', '345'] },
  { pattern: '^a', value: 'b\na', groups: undefined },
  { pattern: '(?m)^a$', value: 'b\na\nc', groups: ['a'] },
  { pattern: 'a$', value: 'a\n', groups: undefined },
  { pattern: 'a\\Z', value: 'a\n', groups: ['a\n'] },
  { pattern: 'a.b', value: 'a\nb', groups: ['a\nb'] },
  { pattern: '\\bor\\b', value: 'for or', groups: ['or'] },
  { pattern: '\\Bor\\b', value: 'for', groups: ['or'] },
  { pattern: '\\bor\\b', value: 'forx', groups: undefined },
  { pattern: '[^\\x00-\\x7f]', value: 'caf\xe9', groups: ['\xe9'] },
  { pattern: '\\s', value: '\xa0', groups: undefined },
  { pattern: '\\s', value: '\v', groups: ['\v'] },
  { pattern: '(?i)\xe9', value: '\xc9', groups: undefined },
  { pattern: '[[:alpha:]]+', value: '12ab3', groups: ['ab'] },
  { pattern: '[]a]+', value: 'x]a', groups: [']a'] },
  { pattern: '[^]a]', value: ']ab', groups: ['b'] },
  { pattern: '[a-]', value: '-', groups: ['-'] },
  { pattern: '[\\w-]+', value: ' a-b', groups: ['a-b'] },
  { pattern: '\\x{e2}\\x80', value: '\xe2\x80', groups: ['\xe2\x80'] },
  { pattern: '\\x5c', value: '\\', groups: ['\\'] },
  { pattern: '\\012', value: '\n', groups: ['\n'] },
  { pattern: 'a{2,3}', value: 'aaaa', groups: ['aaa'] },
  { pattern: 'a{2,3}?', value: 'aaaa', groups: ['aa'] },
  { pattern: 'a{,2}b', value: 'aab', groups: ['aab'] },
  { pattern: 'a{x', value: 'a{x', groups: ['a{x'] },
  { pattern: '(a|ab)(c|bcd)(d*)', value: 'abcd', groups: ['abcd', 'a', 'bcd', ''] },
  { pattern: '(a*)(ab)*b', value: 'aab', groups: ['aab', 'aa', undefined] },
  { pattern: '(?:)', value: '', groups: [''] },
  { pattern: '\\Qa.b\\E+', value: 'a.bb', groups: ['a.bb'] },
  { pattern: '(?x) a b # two\n c', value: 'abc', groups: ['abc'] },
  { pattern: '(?<year>\\d{4})', value: 'in 2026', groups: ['2026', '2026'] },
  { pattern: 'x*', value: 'aaa', groups: [''] },
  { pattern: '(?:a|b|)+c', value: 'abac', groups: ['abac'] },
  { pattern: '^(a+)+$', value: `${'a'.repeat(50)}b`, groups: undefined },
]) {
  test(`/${pattern}/ on ${JSON.stringify(value)}`, () => {
    const compiled = new Pattern(pattern)
    assert.equal(compiled.test(value), groups !== undefined)
    assert.deepEqual(compiled.exec(value), groups)
  })
}

for (const { pattern, want, at } of [
  { pattern: '(?=a)', want: /lookaround/, at: 0 },
  { pattern: 'a(?<!b)', want: /lookaround/, at: 1 },
  { pattern: '(a)\\1', want: /backreferences/, at: 3 },
  { pattern: '(?>a)', want: /atomic/, at: 0 },
  { pattern: 'a++', want: /possessive/, at: 2 },
  { pattern: '(a', want: /not closed/, at: 0 },
  { pattern: 'a)', want: /closing parenthesis/, at: 1 },
  { pattern: '[a', want: /bracket is not closed/, at: 0 },
  { pattern: '*a', want: /nothing before it/, at: 0 },
  { pattern: '[z-a]', want: /wrong way round/, at: 4 },
  { pattern: 'a{3,2}', want: /wrong way round/, at: 1 },
  { pattern: '\\x{20ac}', want: /bytes/, at: 0 },
  { pattern: '\\p{L}', want: /not supported/, at: 0 },
  { pattern: 'a\\', want: /backslash at the end/, at: 1 },
  { pattern: 'a{5000}', want: /above 1000/, at: 1 },
  { pattern: '((a{900}){900}){9}', want: /too large/, at: 0 },
]) {
  test(`/${pattern}/ is refused where it is wrong`, () => {
    assert.throws(
      () => new Pattern(pattern).test(''),
      (thrown) => {
        assert.ok(thrown instanceof PatternError)
        assert.match(thrown.message, want)
        assert.equal(thrown.offset, at)
        return true
      },
    )
  })
}

/** Small numbers from a seed: the same tests every time. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomPattern(pick: (below: number) => number, depth: number): string {
  const atoms = ['a', 'b', 'c', '.', '[ab]', '[^a]', '\\b', '\\w', '\\s', '^', '$', ' ', '\\d', 'ab']
  if (depth === 0) return atoms[pick(atoms.length)] as string
  const inner = (): string => randomPattern(pick, depth - 1)
  switch (pick(7)) {
    case 0:
      return `(?:${inner()}|${inner()})`
    case 1:
      return `(?:${inner()})${['*', '+', '?', '{1,3}', '{2}', '*?', '+?'][pick(7)]}`
    case 2:
      return `(?:${inner()}|${inner()}|${inner()})`
    default:
      return inner() + inner()
  }
}

test('20,000 random patterns match what the platform matches, alone, in a set, and after their literals', () => {
  const pick = random(7)
  const letters = ['a', 'b', 'c', ' ', '1', '\n', '-']
  let hits = 0
  for (let i = 0; i < 20_000; i++) {
    const source = randomPattern(pick, 1 + pick(4))
    const value = Array.from({ length: pick(14) }, () => letters[pick(letters.length)]).join('')
    const oracle = new RegExp(source, 's').exec(value)
    const pattern = new Pattern(source)
    assert.equal(pattern.test(value), oracle !== null, `/${source}/ on ${JSON.stringify(value)}`)
    const groups = pattern.exec(value)
    // Empty iterations of a loop end differently in ECMAScript; where the match begins does not.
    if (oracle) {
      hits++
      assert.ok(groups)
      assert.ok(value.includes(groups[0] as string))
      const literals = requiredLiterals(pattern.node, 0)
      if (literals)
        assert.ok(
          literals.some((text) => oracle[0].toLowerCase().includes(text)),
          `/${source}/ claims to need ${literals.join(' or ')}, but matches ${JSON.stringify(oracle[0])}`,
        )
    }
    const bits = new Uint32Array(1)
    const other = new Pattern('ca')
    const set = new Automaton(compileProgram([other.node, pattern.node], 0))
    assert.equal(set.testAll(value, bits), value.includes('ca') || oracle ? 'some' : 'none')
    assert.equal(bits[0], (value.includes('ca') ? 1 : 0) | (oracle ? 2 : 0), `set: /${source}/ on ${value}`)
  }
  assert.ok(hits > 5000, `${hits} hits`)
})

test('a pattern whose states never repeat stays within its bound, and right', () => {
  const pattern = new Pattern('a[ab]{14}c')
  const pick = random(3)
  let value = ''
  for (let i = 0; i < 60_000; i++) value += pick(2) === 0 ? 'a' : 'b'
  assert.equal(pattern.test(value), false)
  assert.equal(pattern.test(`${value}a${'b'.repeat(14)}c`), true)
  const set = new Automaton(compileProgram([pattern.node], 0))
  assert.equal(set.testAll(value, new Uint32Array(1)), 'unknown', 'a set says that it gave up')
})
