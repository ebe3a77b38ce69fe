import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import test from 'node:test'

import { Turns } from './turns.ts'

function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { open: resolve, passed: promise }
}

test('a turn begins when the one before it has ended, and none behind the last', async () => {
  const turns = new Turns(new Socket())
  const first = gate()
  const seen: string[] = []
  turns.take(async () => {
    seen.push('first')
    await first.passed
  })
  turns.take(async () => void seen.push('second'))
  turns.take(async () => {
    seen.push('last')
    turns.end()
  })
  turns.take(async () => void seen.push('never'))
  assert.deepEqual(seen, ['first'])
  first.open()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(seen, ['first', 'second', 'last'])
})

test('a connection that is closed to new turns still gives those that wait', async () => {
  const turns = new Turns(new Socket())
  const first = gate()
  const seen: string[] = []
  turns.take(() => first.passed)
  turns.take(async () => void seen.push('waited'))
  turns.close()
  turns.take(async () => void seen.push('late'))
  first.open()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(seen, ['waited'])
})

test('who sends very many requests at once waits to be read until the half of them is served', async () => {
  const socket = new Socket()
  let paused = 0
  let resumed = 0
  socket.pause = () => {
    paused++
    return socket
  }
  socket.resume = () => {
    resumed++
    return socket
  }
  const turns = new Turns(socket)
  const first = gate()
  let served = 0
  turns.take(() => first.passed)
  for (let i = 0; i < 40; i++) turns.take(async () => void served++)
  assert.deepEqual([paused, resumed], [1, 0])
  first.open()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([served, resumed], [40, 1])
})
