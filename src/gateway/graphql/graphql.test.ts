import assert from 'node:assert/strict'
import test from 'node:test'

import { readDocument } from './document.ts'
import { graphqlFault, type GraphqlLimits, weightOf } from './limits.ts'

const LIMITS: GraphqlLimits = {
  maxDepth: 5,
  maxAliases: 3,
  maxCost: 100,
  maxTokens: 500,
  maxDirectives: 4,
  maxBatch: 2,
  introspection: false,
}

const weigh = (query: string, variables = {}) => weightOf(readDocument(query, 10_000), variables)

for (const { name, query, variables = {}, want } of [
  { name: 'one field', query: '{ shop }', want: { depth: 1, aliases: 0, cost: 1, introspects: false } },
  {
    name: 'fields within each other, with names, comments, strings and directives',
    query: `query Orders($n: Int = 3, $on: [ID!]! = ["}"]) @cached(ttl: 5) {
      # a comment with { braces
      orders(filter: { text: "a \\" } quote", tags: ["x"] }, note: """block " with } and \\""" inside""") {
        mine: total @include(if: $on)
        ... on Order { lines { sku } }
        ... @skip(if: false) { id }
      }
    }`,
    want: { depth: 3, aliases: 1, cost: 5, introspects: false },
  },
  {
    name: 'lists are as long as they say',
    query: '{ orders(first: 50) { lines(last: 10) { sku price } } }',
    want: { depth: 3, aliases: 0, cost: 1 + 50 * (1 + 10 * 2), introspects: false },
  },
  {
    name: 'lists are as long as a variable says',
    query: 'query ($n: Int!) { orders(limit: $n) { id } }',
    variables: { n: 20 },
    want: { depth: 2, aliases: 0, cost: 21, introspects: false },
  },
  {
    name: 'a size within a filter is none of the list',
    query: '{ orders(where: { first: 900 }) { id } }',
    want: { depth: 2, aliases: 0, cost: 2, introspects: false },
  },
  {
    name: 'fragments count where they are used',
    query: 'fragment A on Order { id a: total } query { x { ...A } y { ...A } }',
    want: { depth: 2, aliases: 2, cost: 6, introspects: false },
  },
  {
    name: 'introspection under another name',
    query: '{ innocent: __schema { types { name } } }',
    want: { depth: 3, aliases: 1, cost: 3, introspects: true },
  },
]) {
  test(`weight: ${name}`, () => assert.deepEqual(weigh(query, variables), want))
}

test('a fragment that doubles with each line costs no more to judge than to read', () => {
  const lines = Array.from({ length: 60 }, (_, i) => `fragment F${i} on T { ...F${i + 1} ...F${i + 1} }`)
  const query = `{ ...F0 } ${lines.join(' ')} fragment F60 on T { id }`
  assert.ok(weigh(query).cost >= 2 ** 60)
})

for (const [query, says] of [
  ['{ a { b { c { d { e { f } } } } } }', 'more than 5 levels'],
  ['{ a1: a a2: a a3: a a4: a }', 'more than 3 aliases'],
  ['{ a(first: 1000) { b } }', 'it costs more than 100'],
  ['{ a @x @x @x @x @x }', 'more than 4 directives'],
  ['{ __type(name: "User") { name } }', 'introspection'],
  [`{ ${'a '.repeat(600)}}`, 'more than 500 tokens'],
  ['fragment A on T { ...B } fragment B on T { ...A } { ...A }', 'fragments that go in a circle'],
  ['{ ...Nobody }', 'a fragment that is not there'],
  ['fragment A on T { a } fragment A on T { b } { ...A }', 'a fragment that is there twice'],
  ['type Query { a: Int }', 'a definition that cannot be executed'],
  ['{ a(x: "no end }', 'a string that does not end'],
  ['{ a(x: "line\nend") }', 'a string that does not end'],
  ['{ a(x: [1) ] }', 'a bracket that closes another'],
  ['{ a(x: 1 }', 'a bracket that closes another'],
  ['{ a', 'no name where one must be'],
  ['{ }', 'an empty selection'],
  ['', 'no operation'],
  ['{ a ; }', 'a character that no token begins with'],
] as const) {
  test(`refused: ${query.slice(0, 40)}`, () => {
    assert.equal(graphqlFault([{ query, variables: {} }], LIMITS), says)
  })
}

test('what is asked for at once counts together', () => {
  const two = { query: '{ a1: a a2: a }', variables: {} }
  assert.equal(graphqlFault([two], LIMITS), undefined)
  assert.equal(graphqlFault([two, two], LIMITS), 'more than 3 aliases')
  const one = { query: '{ a }', variables: {} }
  assert.equal(graphqlFault([one, one, one], LIMITS), 'more than 2 operations at once')
  assert.equal(graphqlFault([one], { ...LIMITS, introspection: true }), undefined)
})

test('nesting that would exhaust the stack is refused', () => {
  const deep = `${'{ a '.repeat(5000)}${'}'.repeat(5000)}`
  assert.equal(
    graphqlFault([{ query: deep, variables: {} }], { ...LIMITS, maxTokens: 100_000 }),
    'more than 200 levels',
  )
})
