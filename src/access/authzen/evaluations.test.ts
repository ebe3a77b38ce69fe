import assert from 'node:assert/strict'
import test from 'node:test'

import type { Json } from '../cedar/json.ts'
import { bodyOf, pointOf } from './testing.ts'

const ann = { type: 'user', id: 'ann' }
const ben = { type: 'user', id: 'ben' }
const doc = (id: string): { type: string; id: string } => ({ type: 'doc', id })

const deep = (levels: number): Json => {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}
const fine = { subject: ann, action: { name: 'read' }, resource: doc('1') }

const MALFORMED: readonly { readonly name: string; readonly body: Json; readonly reason: RegExp }[] = [
  { name: 'no object', body: [], reason: /^the document: expected an object/ },
  { name: 'null', body: null, reason: /expected an object/ },
  { name: 'no subject', body: { ...fine, subject: null }, reason: /^subject: expected an object/ },
  {
    name: 'a subject that is a text',
    body: { ...fine, subject: 'ann' },
    reason: /^subject: expected an object/,
  },
  {
    name: 'a subject that is a list',
    body: { ...fine, subject: [] },
    reason: /^subject: expected an object/,
  },
  {
    name: 'an id that is a number',
    body: { ...fine, subject: { type: 'user', id: 7 } },
    reason: /^subject\.id: expected a string/,
  },
  { name: 'no type', body: { ...fine, resource: { id: '1' } }, reason: /^resource\.type: expected a string/ },
  { name: 'a name that is a list', body: { ...fine, action: { name: ['read'] } }, reason: /^action\.name/ },
  {
    name: 'properties that are a list',
    body: { ...fine, subject: { ...ann, properties: [] } },
    reason: /^subject\.properties/,
  },
  { name: 'a context that is null', body: { ...fine, context: null }, reason: /^context/ },
  {
    name: 'members of the prototype only',
    body: bodyOf('{"__proto__": {"subject": 1}}'),
    reason: /^subject: expected an object/,
  },
  {
    name: 'an id of a megabyte',
    body: { ...fine, subject: { type: 'user', id: 'x'.repeat(1 << 20) } },
    reason: /^subject\.id: expected at most 1024/,
  },
  {
    name: 'a type too long',
    body: { ...fine, subject: { type: 'x'.repeat(257), id: '' } },
    reason: /^subject\.type: expected at most 256/,
  },
  { name: 'too deep', body: { ...fine, context: { a: deep(40) } }, reason: /more than 32 levels/ },
  {
    name: 'too many values',
    body: { ...fine, context: { a: Array.from({ length: 20_000 }, () => 1) } },
    reason: /more than 10000 values/,
  },
  {
    name: 'too many members',
    body: { ...fine, context: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`a${at}`, 1])) },
    reason: /more than 10000 values/,
  },
  {
    name: 'half a surrogate pair',
    body: bodyOf('{"subject": {"type": "user", "id": "\\ud800"}}'),
    reason: /no Unicode text/,
  },
  { name: 'half a pair in a name', body: bodyOf('{"context": {"\\udc00": 1}}'), reason: /no Unicode text/ },
]

for (const { name, body, reason } of MALFORMED) {
  test(`malformed: ${name} is answered with the reason`, async () => {
    for (const ask of ['evaluate', 'evaluations'] as const) {
      const answer = await pointOf()[ask](body)
      assert.ok(!answer.ok)
      assert.match(answer.reason, reason)
      assert.ok(answer.reason.length < 300)
    }
  })
}

const read = (id: string): Json => ({ resource: doc(id) })
const BATCHES: readonly { readonly name: string; readonly body: Json; readonly want: unknown }[] = [
  { name: 'no array is one question', body: fine, want: { decision: true } },
  { name: 'an empty array is one question', body: { ...fine, evaluations: [] }, want: { decision: true } },
  {
    name: 'members of the body are defaults, and are replaced as a whole',
    body: {
      subject: { ...ben, properties: { role: 'editor' } },
      action: { name: 'write' },
      resource: doc('1'),
      evaluations: [{}, { subject: ben }, { resource: doc('2') }, { action: { name: 'read' } }],
    },
    want: [true, false, false, true],
  },
  {
    name: 'the context is replaced too',
    body: {
      ...fine,
      action: { name: 'lend' },
      context: { days: 1, a: 2 },
      evaluations: [{}, { context: { days: 11 } }, { context: {} }],
    },
    want: [true, false, false],
  },
  {
    name: 'all are run by default',
    body: { ...fine, evaluations: [read('9'), read('1'), read('2')] },
    want: [false, true, true],
  },
  {
    name: 'execute_all runs all',
    body: { ...fine, options: { evaluations_semantic: 'execute_all' }, evaluations: [read('9'), read('1')] },
    want: [false, true],
  },
  {
    name: 'deny_on_first_deny ends with the first that is denied',
    body: {
      ...fine,
      options: { evaluations_semantic: 'deny_on_first_deny' },
      evaluations: [read('1'), read('9'), read('2')],
    },
    want: [true, false],
  },
  {
    name: 'permit_on_first_permit ends with the first that is permitted',
    body: {
      ...fine,
      options: { evaluations_semantic: 'permit_on_first_permit' },
      evaluations: [read('9'), read('1'), read('2')],
    },
    want: [false, true],
  },
  {
    name: 'other options are ignored',
    body: { ...fine, options: { speed: 9 }, evaluations: [{}] },
    want: [true],
  },
]

for (const { name, body, want } of BATCHES) {
  test(`evaluations: ${name}`, async () => {
    const answer = await pointOf().evaluations(body)
    assert.ok(answer.ok)
    const got =
      'evaluations' in answer.body ? answer.body.evaluations.map(({ decision }) => decision) : answer.body
    assert.deepEqual(got, want)
  })
}

test('evaluations: one that is malformed is denied with its reason, and ends deny_on_first_deny', async () => {
  const evaluations = [{}, { resource: { type: 'doc' } }, 7, {}]
  const wrong = (message: string): object => ({
    decision: false,
    context: { error: { status: 400, message } },
  })
  const first = wrong('evaluations[1].resource.id: expected a string')
  const all = await pointOf().evaluations({ ...fine, evaluations })
  assert.deepEqual(all.ok && all.body, {
    evaluations: [{ decision: true }, first, wrong('evaluations[2]: expected an object'), { decision: true }],
  })
  const options = { evaluations_semantic: 'deny_on_first_deny' }
  const some = await pointOf().evaluations({ ...fine, options, evaluations })
  assert.deepEqual(some.ok && some.body, { evaluations: [{ decision: true }, first] })
})

for (const { name, change, reason } of [
  { name: 'no array', change: { evaluations: {} }, reason: /^evaluations: expected an array/ },
  {
    name: 'too many',
    change: { evaluations: Array.from({ length: 257 }, () => ({})) },
    reason: /at most 256/,
  },
  {
    name: 'an unknown semantic',
    change: { options: { evaluations_semantic: 'any' }, evaluations: [{}] },
    reason: /^options\.evaluations_semantic: expected one of execute_all/,
  },
  { name: 'options that are a list', change: { options: [], evaluations: [{}] }, reason: /^options/ },
  {
    name: 'a default that is no entity',
    change: { subject: { type: 'user' }, evaluations: [fine] },
    reason: /^subject\.id/,
  },
] satisfies readonly { name: string; change: Json; reason: RegExp }[]) {
  test(`evaluations: ${name} spoils the whole`, async () => {
    const answer = await pointOf().evaluations({ ...fine, ...(change as object) })
    assert.match(answer.ok ? '' : answer.reason, reason)
  })
}
