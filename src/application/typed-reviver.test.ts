import assert from 'node:assert/strict'
import test from 'node:test'

import { TypedReviver } from './index.ts'

class User {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}
class Order {
  readonly by: User
  constructor(by: User) {
    this.by = by
  }
}

let made = 0
const reviver = new TypedReviver({
  User: ({ name }) => {
    made++
    return typeof name === 'string' ? new User(name) : undefined
  },
  Order: ({ by }) => (by instanceof User ? new Order(by) : undefined),
})

test('typed reviver: listed types are made, from the inside out, and the rest stays as it is', () => {
  const revival = reviver.load(
    '[{"$type":"Order","by":{"$type":"User","name":"ann"}},{"plain":{"$other":1}}]',
  )
  assert.ok(revival.ok)
  const [order, plain] = revival.value as readonly [Order, object]
  assert.ok(order instanceof Order && order.by instanceof User)
  assert.equal(order.by.name, 'ann')
  assert.deepEqual(plain, { plain: { $other: 1 } })
})

for (const { name, text, fault } of [
  { name: 'a type that is not listed', text: '{"$type":"Process"}', fault: 'type-not-allowed' },
  {
    name: 'a type of the platform',
    text: '{"$type":"Function","body":"return process"}',
    fault: 'type-not-allowed',
  },
  { name: 'a name of Object.prototype', text: '{"$type":"toString"}', fault: 'type-not-allowed' },
  { name: 'hasOwnProperty', text: '{"$type":"hasOwnProperty"}', fault: 'type-not-allowed' },
  { name: 'the name of the prototype', text: '{"$type":"__proto__"}', fault: 'type-not-allowed' },
  { name: 'a tag that is no text', text: '{"$type":["User"]}', fault: 'type-not-allowed' },
  { name: 'a tag that is null', text: '{"$type":null}', fault: 'type-not-allowed' },
  { name: 'a type by its path', text: '{"$type":"./models.js#User"}', fault: 'type-not-allowed' },
  {
    name: 'a listed type around one that is not',
    text: '{"$type":"User","name":{"$type":"x"}}',
    fault: 'type-not-allowed',
  },
  { name: 'fields of another type', text: '{"$type":"User","name":7}', fault: 'type-refused' },
  { name: 'a type within a wrong one', text: '{"$type":"Order","by":{"name":"ann"}}', fault: 'type-refused' },
  {
    name: 'the function of node-serialize',
    text: '{"rce":"_$$ND_FUNC$$_function(){}()","rce":1}',
    fault: 'duplicate-name',
  },
  { name: 'a prototype', text: '{"$type":"User","__proto__":{"name":"x"}}', fault: 'forbidden-name' },
]) {
  test(`typed reviver: ${name} is ${fault}`, () => {
    const revival = reviver.load(text)
    assert.equal(revival.ok ? 'made' : revival.fault, fault)
  })
}

test('typed reviver: nothing is made where anything is refused', () => {
  made = 0
  const revival = reviver.load('[{"$type":"User","name":"ann"},{"$type":"Evil"}]')
  assert.ok(!revival.ok)
  assert.equal(made, 0)
  assert.doesNotMatch(revival.message, /Evil/)
})

test('typed reviver: text that looks like code stays text', () => {
  const text = '_$$ND_FUNC$$_function(){ throw 1 }()'
  assert.deepEqual(reviver.load(JSON.stringify({ a: text })), { ok: true, value: { a: text } })
})

test('typed reviver: a tag that reaches the prototype is a mistake of the programmer', () => {
  assert.throws(() => new TypedReviver({}, { tag: '__proto__' }), { code: 'application.reviver' })
})
