import assert from 'node:assert/strict'
import test from 'node:test'

import { AccessError, createAccess, parsePolicies } from './index.ts'

const SCHEMA = `
  entity User { org: String };
  entity Team;
  entity Folder;
  entity Document { owner: User, team?: Team };
  action read appliesTo { principal: User, resource: [Document, Folder] };
  action publish appliesTo { principal: User, resource: Document, context: { hour: Long, note?: String } };
`
const POLICIES = `
  @id("owner") permit(principal, action, resource is Document) when { resource.owner == principal };
  forbid(principal, action == Action::"publish", resource) unless { context.hour >= 9 };
`

test('the version changes with what policies and schema say, not with how they are written', () => {
  const version = (policies: string, schema: string): string => createAccess({ policies, schema }).version
  const same = version(POLICIES, SCHEMA)
  assert.match(same, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(version(`// more\n${POLICIES.replaceAll('\n', '\n\n')}`, `// more\n${SCHEMA}`), same)
  assert.notEqual(version(POLICIES.replace('>= 9', '>= 8'), SCHEMA), same)
  assert.notEqual(version(POLICIES, SCHEMA.replace('note?', 'nota?')), same)
})

for (const { name, policies, schema = SCHEMA, want } of [
  {
    name: 'policies that cannot be read, in two files',
    policies: {
      'a.cedar': 'permit(principal, action);',
      'b.cedar': '\n permit(principal action, resource);',
    },
    want: /^a\.cedar:1:25: .*; b\.cedar:2:19: /,
  },
  {
    name: 'a policy that does not fit the schema, in its file',
    policies: { 'a.cedar': 'permit(principal, action, resource)\nwhen { principal.orgg == "o" };' },
    want: /^a\.cedar:2:\d+: a\.cedar#0: .*`orgg`/,
  },
  {
    name: 'an attribute that may be absent and is not asked for first',
    policies:
      'permit(principal, action == Action::"read", resource is Document) when { resource.team == Team::"a" };',
    want: /^1:\d+: policy0: .*team/,
  },
  {
    name: 'a schema that cannot be read',
    policies: '',
    schema: 'entity A in [B];',
    want: /^1:14: schema: .*`B`/,
  },
  {
    name: 'two policies of one name',
    policies: {
      a: '@id("x") permit(principal, action, resource);',
      b: '@id("x") permit(principal, action, resource);',
    },
    want: /two policies are called `x`; give each its own `@id`/,
  },
  {
    name: 'a template that is not linked',
    policies: 'permit(principal == ?principal, action, resource);',
    want: /policy0: is a template; link it/,
  },
] as const) {
  test(`load: ${name}`, () => {
    assert.throws(
      () => createAccess({ policies, schema }),
      (error) =>
        error instanceof AccessError &&
        want.test(error.message.replaceAll('\n', ' ')) &&
        error.mistakes.length > 0,
    )
  })
}

test('load: a reader for what the schema does not have', () => {
  const objects = { Usr: { id: () => '' } } as never
  assert.throws(() => createAccess({ policies: '', schema: SCHEMA, objects }), {
    code: 'access.type-unknown',
  })
  const wrong = { User: { id: () => '', attributes: { orgg: () => '' } } } as never
  assert.throws(() => createAccess({ policies: '', schema: SCHEMA, objects: wrong }), {
    code: 'access.attribute-unknown',
  })
})

test('load: policies that were read or built by the application', () => {
  const parsed = parsePolicies('@id("all") permit(principal, action, resource);')
  assert.ok(parsed.ok)
  const open = createAccess({ policies: parsed.value, schema: SCHEMA })
  assert.deepEqual(
    open.check({
      principal: { type: 'User', id: 'a' },
      action: 'read',
      resource: { type: 'Folder', id: 'f' },
    }).reasons,
    ['all'],
  )
})
