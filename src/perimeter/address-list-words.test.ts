import assert from 'node:assert/strict'
import test from 'node:test'

import { formatIp, parseIp } from '../core/ip.ts'
import { readAddress } from './address-list-words.ts'

const words = new Uint32Array(4)

/** The address as the core would write it. */
function read(text: string): string | undefined {
  const family = readAddress(text, words)
  if (family === 0) return undefined
  if (family === 4) return formatIp({ bits: 32, value: BigInt(words[0] as number) })
  return formatIp({ bits: 128, value: words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n) })
}

/** A repeatable sequence of numbers in [0, 1) (Park and Miller's generator). */
function sequence(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff
}

const TEXTS = [
  '0.0.0.0|255.255.255.255|1.2.3|1.2.3.4.5|1..2.3|01.2.3.4|256.1.1.1|1.2.3.4 | 1.2.3.4|1.2.3.4/8|.||:',
  '::|::1|1::|:::|:1|1:|1:2:3:4:5:6:7:8|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|::8:|:1::|1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8|1:2:3:4:5:6:7::8|1::2::3|12345::|1:g::|2001:DB8::A|::ffff:0:0|::fffe:1.2.3.4|fe80::1%eth0',
  '::ffff:1.2.3.4|::1.2.3.4|1:2:3:4:5:6:1.2.3.4|1:2:3:4:5:6:7:1.2.3.4|::1.2.3|1.2.3.4::|::1.2.3.4:5|::ffff:1.2.3.256',
  '1:2:3:4:5:1.2.3.4|1:2:3:4:5:6::1.2.3.4|1:2:3:4:5::1.2.3.4|0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1',
].flatMap((line) => line.split('|'))

for (const text of TEXTS) {
  test(`words: \`${text}\` is read as the core reads it`, () => {
    const want = parseIp(text)
    assert.equal(read(text), want && formatIp(want))
  })
}

test('words: 200,000 damaged addresses are read as the core reads them', () => {
  const random = sequence(7)
  const pick = (from: string) => from[Math.floor(random() * from.length)] as string
  const seeds = ['10.20.30.40', '2001:db8::1:0:0:1', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8', 'fe80::', '::1']
  let taken = 0
  for (let round = 0; round < 200_000; round++) {
    let text = seeds[round % seeds.length] as string
    for (let change = random() * 3; change > 0; change--) {
      const at = Math.floor(random() * (text.length + 1))
      text =
        text.slice(0, at) +
        (random() < 0.5 ? pick('0123456789abcdefF:.: ') : '') +
        text.slice(at + Math.floor(random() * 2))
    }
    const want = parseIp(text)
    if (want) taken++
    assert.equal(read(text), want && formatIp(want), text)
  }
  assert.ok(taken > 20_000 && taken < 180_000, `${taken} of them are addresses`)
})
