import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { completeConfig, type Config } from './config/index.ts'
import { systemClock, systemRandom } from './core/clock.ts'
import { openMemoryKeyring } from './data/index.ts'
import { imagineWalls, ringwall } from './index.ts'
import { VisitorBook } from './visitors.ts'

function folder(t: test.TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-lists-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const withLists = (...sources: readonly string[]): Config =>
  completeConfig({
    store: { directory: ':memory:' },
    security: { perimeter: { lists: sources.map((source, i) => ({ name: `list${i}`, source })) } },
  })

test('a list that is a file and cannot be read stops the start, and a reload, with what to do', async (t) => {
  const directory = folder(t)
  const good = join(directory, 'good.txt')
  writeFileSync(good, '198.51.100.0/24\n')
  const gone = join(directory, 'gone.txt')
  await assert.rejects(
    ringwall(withLists(gone)),
    /the address list `list0` cannot be read from .*gone\.txt; mend/,
  )
  const gate = await ringwall(withLists(good))
  t.after(() => gate.close())
  await assert.rejects(gate.reload(withLists(good, gone)), /the address list `list1` cannot be read/)
  const reply = await gate.fetch(new Request('http://shop.example/'), {
    peer: '198.51.100.7',
    app: () => new Response('in'),
  })
  assert.equal(reply.status, 403, 'the old list stays in force')
})

test('an imagined request meets the lists too', async (t) => {
  const file = join(folder(t), 'list.txt')
  writeFileSync(file, '198.51.100.0/24\n')
  const walls = await imagineWalls(withLists(file))
  t.after(() => walls.close())
  const code = async (ip: string): Promise<string | null> =>
    (await walls.walk({ method: 'GET', target: '/', ip, headers: ['User-Agent', 'Mozilla/5.0'] })).code
  assert.equal(await code('198.51.100.7'), 'perimeter.address-denied')
  assert.equal(await code('198.51.101.7'), null)
})

test('lists of a configuration that did not come into force are let go of, and the old ones stay fresh', async (t) => {
  const directory = folder(t)
  const [one, other] = [join(directory, 'one.txt'), join(directory, 'other.txt')]
  writeFileSync(one, '198.51.100.1\n')
  writeFileSync(other, '198.51.100.2\n')
  const book = new VisitorBook({
    keys: openMemoryKeyring(systemClock),
    clock: systemClock,
    random: systemRandom,
    onNotice: () => undefined,
  })
  t.after(() => book.close())
  const [before, after] = [withLists(one), withLists(other)].map((config) => config.security.perimeter)
  assert.ok(before && after)
  assert.throws(() => book.of(before, undefined), /before they are prepared/)
  await book.prepare(before)
  await book.prepare(after)
  book.settle(before)
  assert.throws(() => book.of(after, undefined), /before they are prepared/)
  const { lists } = book.of(before, undefined)
  assert.ok(lists)
  writeFileSync(one, '198.51.100.1\n198.51.100.3\n')
  await lists.refresh('list0')
  assert.equal(lists.find('198.51.100.3')?.list, 'list0')
})

test('whether bots are looked up follows a reload', () => {
  const book = new VisitorBook({
    keys: openMemoryKeyring(systemClock),
    clock: systemClock,
    random: systemRandom,
    onNotice: () => undefined,
  })
  const of = (verify: boolean): unknown =>
    book.of(completeConfig({ security: { perimeter: { bots: { verify } } } }).security.perimeter, undefined)
      .bots
  const on = of(true)
  assert.equal(of(true), on)
  assert.notEqual(of(false), on)
})
