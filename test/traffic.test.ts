// The corpus of ordinary traffic itself: large enough, varied enough, and well-formed.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { ordinaryTraffic } from './traffic/ordinary-traffic.ts'
import { readBlocks, readLines } from './traffic/seeds.ts'

const ALL = [...ordinaryTraffic()]

test('there are at least 5,000 ordinary requests, and no two are the same', () => {
  assert.ok(ALL.length >= 5_000, String(ALL.length))
  assert.equal(new Set(ALL.map(({ id }) => id)).size, ALL.length)
  const seen = new Map<string, string>()
  for (const { id, method, target, headers, body = '' } of ALL) {
    // The company of headers differs by design; what the sender meant must differ too.
    const cookie = headers.find(([name]) => name === 'Cookie')?.[1] ?? ''
    const agent = headers.find(([name]) => name === 'User-Agent')?.[1] ?? ''
    const referer = headers.find(([name]) => name === 'Referer')?.[1] ?? ''
    const key = JSON.stringify([method, target, cookie, agent, referer, body])
    assert.equal(seen.get(key), undefined, `${id} is the same as ${seen.get(key)}`)
    seen.set(key, id)
  }
})

test('the requests stand on at least 1,700 different texts, not on one with a counter', () => {
  const texts = readdirSync(join(import.meta.dirname, 'traffic', 'seeds')).flatMap((file) => {
    const name = file.replace('.txt', '')
    const blocks = readBlocks(name)
    return blocks.length > 1 ? blocks : readLines(name)
  })
  const distinct = new Set(texts.map((text) => text.replace(/\d+/g, '0').toLowerCase()))
  assert.ok(distinct.size >= 1_700, String(distinct.size))
})

test('every topic has at least 50 requests', () => {
  const counts = new Map<string, number>()
  for (const { topic } of ALL) counts.set(topic, (counts.get(topic) ?? 0) + 1)
  assert.ok(counts.size >= 30, String(counts.size))
  for (const [topic, count] of counts) assert.ok(count >= 50, `${topic}: ${count}`)
})

test('two walks through the traffic are the same', () => {
  assert.deepEqual([...ordinaryTraffic()], ALL)
})

test('every request could go over the wire as it stands', () => {
  for (const { id, method, target, headers, body = '' } of ALL) {
    assert.match(method, /^[A-Z]+$/, id)
    assert.match(target, /^\/[\x21-\x7e]*$/, id)
    for (const [name, value] of headers) {
      assert.match(name, /^[A-Za-z0-9-]+$/, id)
      assert.match(value, /^[\x20-\x7e\x80-\xff]*$/, id)
    }
    assert.match(body, /^[\x00-\xff]*$/, id)
    const names = headers.map(([name]) => name.toLowerCase())
    assert.equal(new Set(names).size, names.length, id)
    const type = headers.find(([name]) => name === 'Content-Type')?.[1] ?? ''
    if (type.startsWith('application/json')) JSON.parse(Buffer.from(body, 'latin1').toString('utf8'))
  }
})

const decoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

test('no ordinary request climbs a path', () => {
  for (const { id, target, body = '' } of ALL) {
    assert.doesNotMatch(decoded(decoded(target)) + decoded(body), /\.\.[/\\]/, id)
  }
})
