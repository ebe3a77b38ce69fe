import assert from 'node:assert/strict'
import test from 'node:test'

import { parseEntities } from '../cedar/entities-json.ts'
import type { Json } from '../cedar/json.ts'
import { parsePolicies } from '../cedar/parser.ts'
import { parseSchema } from '../cedar/schema-parser.ts'
import type { DecisionPointParts } from './decision-point.ts'
import { MemoryEntities } from './entity-store.ts'
import { bodyOf, pointOf, valueOf } from './testing.ts'

interface Asked {
  readonly name: string
  readonly subject?: Json
  readonly action?: Json
  readonly resource?: Json
  readonly context?: Json
  readonly parts?: Partial<DecisionPointParts>
  readonly want: boolean
  readonly said?: object
}

const ann = { type: 'user', id: 'ann' }
const ben = { type: 'user', id: 'ben' }
const cy = { type: 'user', id: 'cy' }
const doc = (id: string): { type: string; id: string } => ({ type: 'doc', id })
const types = (rule: object): Partial<DecisionPointParts> => ({
  vocabulary: { types: { user: { entity: 'User', ...rule }, doc: { entity: 'Doc', ...rule } } },
})

const DECISIONS: readonly Asked[] = [
  { name: 'a stored group lets in', want: true },
  { name: 'nobody else is let in', subject: cy, want: false },
  { name: 'a stored attribute counts', action: { name: 'write' }, want: true },
  {
    name: 'a property fills what is not stored',
    subject: { ...ben, properties: { role: 'editor' } },
    action: { name: 'write' },
    want: true,
  },
  {
    name: 'a property does not replace what is stored',
    subject: { ...cy, properties: { role: 'editor' } },
    action: { name: 'write' },
    want: false,
  },
  {
    name: 'unless that is configured',
    subject: { ...cy, properties: { role: 'editor' } },
    action: { name: 'write' },
    parts: types({ properties: 'override' }),
    want: true,
  },
  {
    name: 'properties are not believed where the store alone is',
    subject: { ...ben, properties: { role: 'editor' } },
    action: { name: 'write' },
    parts: types({ properties: 'ignore' }),
    want: false,
  },
  {
    name: 'a null property is as if it were not there',
    subject: { ...ann, properties: { role: null } },
    action: { name: 'write' },
    parts: types({ properties: 'override' }),
    want: true,
  },
  {
    name: 'no property makes anybody a member of a group',
    subject: {
      ...cy,
      properties: { parents: [{ type: 'Group', id: 'staff' }], ancestors: ['Group::"staff'] },
    },
    want: false,
  },
  { name: 'an unknown subject is denied', subject: { type: 'user', id: 'nobody' }, want: false },
  {
    name: 'an unknown subject is denied whatever is said of it',
    subject: { type: 'user', id: 'nobody', properties: { role: 'editor' } },
    action: { name: 'write' },
    want: false,
  },
  {
    name: 'unless its type need not be stored',
    subject: { type: 'user', id: 'nobody', properties: { role: 'editor' } },
    action: { name: 'write' },
    parts: types({ mustExist: false }),
    want: true,
  },
  { name: 'an unknown resource is denied', resource: doc('9'), want: false },
  { name: 'an unknown type is denied', subject: { type: 'spaceship', id: 'ann' }, want: false },
  { name: 'the Cedar name of a type is no AuthZEN type', subject: { type: 'User', id: 'ann' }, want: false },
  { name: 'a type that spells a uid is unknown', subject: { type: 'User::"ann', id: '' }, want: false },
  { name: 'an id that spells a uid is an id', subject: { type: 'user', id: '"::User::"ann' }, want: false },
  { name: 'a type called __proto__ is unknown', subject: { type: '__proto__', id: 'ann' }, want: false },
  { name: 'an unknown action is denied', action: { name: 'fly' }, want: false },
  {
    name: 'the property of an action counts',
    action: { name: 'purge', properties: { soft: true } },
    want: true,
  },
  { name: 'and so does its value', action: { name: 'purge', properties: { soft: false } }, want: false },
  { name: 'an action without it is denied', action: { name: 'purge' }, want: false },
  { name: 'the context counts', action: { name: 'lend' }, context: { days: 9 }, want: true },
  {
    name: 'a whole number beyond 2^53 is exact',
    action: { name: 'lend' },
    context: bodyOf('{"days": 9007199254740993}'),
    want: false,
  },
  { name: 'a fraction is no Cedar value', action: { name: 'lend' }, context: { days: 1.5 }, want: false },
  {
    name: 'a fraction that no policy reads does no harm',
    action: { name: 'lend' },
    context: { days: 1, temperature: 36.6, nothing: null, nested: { a: [1, { b: 2.5 }] } },
    want: true,
  },
  { name: 'a forbid wins', action: { name: 'write' }, resource: doc('2'), want: false },
  {
    name: 'a forbid that a property would switch off stays on',
    action: { name: 'write' },
    resource: { ...doc('2'), properties: { locked: false } },
    want: false,
  },
  {
    name: 'a forbid that cannot be evaluated denies',
    action: { name: 'write' },
    resource: doc('3'),
    want: false,
  },
  {
    name: 'unless Cedar alone is to decide',
    action: { name: 'write' },
    resource: doc('3'),
    parts: { failedForbid: 'skip' },
    want: true,
  },
  {
    name: 'one entity may be subject and resource',
    subject: ann,
    action: { name: 'see' },
    resource: ann,
    want: true,
  },
  {
    name: 'the reason of a permit is said where that is wanted',
    parts: { annotations: ['reason', 'advice'] },
    want: true,
    said: { reason: 'staff may read' },
  },
  {
    name: 'the reason of a forbid too',
    action: { name: 'write' },
    resource: doc('2'),
    parts: { annotations: ['reason'] },
    want: false,
    said: { reason: 'the document is locked' },
  },
]

for (const {
  name,
  subject = ann,
  action = { name: 'read' },
  resource = doc('1'),
  context,
  parts,
  want,
  said,
} of DECISIONS) {
  test(`decision: ${name}`, async () => {
    const body: Json = { subject, action, resource, ...(context !== undefined && { context }) }
    const answer = await pointOf(parts).evaluate(body)
    assert.deepEqual(answer.ok && answer.body, { decision: want, ...(said && { context: said }) })
  })
}

test('without rows every type is the Cedar type of its own name in the namespace', async () => {
  const point = pointOf({ vocabulary: {} })
  const question = (type: string): Json => ({
    subject: { type, id: 'ann' },
    action: { name: 'read' },
    resource: { type: 'Doc', id: '1' },
  })
  for (const [type, want] of [
    ['User', true],
    ['user', false],
    ['Action', false],
    ['a b', false],
    ['', false],
  ] as const) {
    const answer = await point.evaluate(question(type))
    assert.equal(answer.ok && answer.body.decision, want, type)
  }
})

test('a type and an id cannot be split so that they name somebody else', async () => {
  const id = 'x::"ann'
  const entities = JSON.stringify([
    { uid: { type: 'User', id }, attrs: {}, parents: [{ type: 'Group', id: 'staff' }] },
    { uid: { type: 'Doc', id: '1' }, attrs: {}, parents: [] },
  ])
  const point = pointOf({ vocabulary: {}, entities: new MemoryEntities(valueOf(parseEntities(entities))) })
  for (const [subject, want] of [
    [{ type: 'User', id }, true],
    [{ type: 'User::"x', id: 'ann' }, false],
  ] as const) {
    const answer = await point.evaluate({
      subject,
      action: { name: 'read' },
      resource: { type: 'Doc', id: '1' },
    })
    assert.equal(answer.ok && answer.body.decision, want, subject.type)
  }
})

test('with a schema a text is the entity that its attribute asks for, and the action is told in the context', async () => {
  const schema = valueOf(
    parseSchema(`entity User; entity Doc = { owner: User };
      action open appliesTo { principal: User, resource: Doc, context: { how: { fast?: Bool } } };`),
  )
  const policies = valueOf(
    parsePolicies(
      'permit (principal, action == Action::"open", resource) when { resource.owner == principal && context.how.fast };',
    ),
  )
  const point = pointOf({ policies, schema, actionPropertiesIn: 'how' })
  const ask = async (owner: string, context: Json): Promise<boolean | undefined> => {
    const answer = await point.evaluate({
      subject: ann,
      action: { name: 'open', properties: { fast: true } },
      resource: { ...doc('1'), properties: { owner } },
      context,
    })
    return answer.ok ? answer.body.decision : undefined
  }
  assert.equal(await ask('ann', {}), true)
  assert.equal(await ask('ben', {}), false)
  assert.equal(await ask('ann', { how: { fast: false } }), true, 'the context cannot speak for the action')
})

test('a namespace or a type that is no name of Cedar stops the start', () => {
  assert.throws(() => pointOf({ vocabulary: { namespace: 'a b' } }), /no Cedar namespace/)
  assert.throws(
    () => pointOf({ vocabulary: { types: { user: { entity: 'Action' } } } }),
    /no Cedar entity type/,
  )
  assert.throws(() => pointOf({ pageKey: new Uint8Array(31) }), /32 bytes/)
})
