import assert from 'node:assert/strict'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { createMaskStream, maskTransform } from './mask-stream.ts'
import { createMasker, type Masker } from './masker.ts'

const PEM = `-----BEGIN PRIVATE KEY-----\n${'QUJDREVG\n'.repeat(6)}-----END PRIVATE KEY-----`
const TEXT = `card 4111 1111 1111 1111, mail ann.example@shop.example
the ssn\n078051120 password: hunter2; {"apiKey":"a\\"b"} Cookie: a=b; c=d
${PEM} after\nAKIAIOSFODNN7EXAMPLE two-line\nsecret postgres://u:pw@h/x GB29 NWBK 6016 1331 9268 19`

const masker = createMasker({ secrets: [new Secret('two-line\nsecret')] })

function inPieces(masker: Masker, pieces: readonly string[]): string {
  const stream = createMaskStream(masker)
  return pieces.map((piece) => stream.write(piece)).join('') + stream.end()
}

test('a text cut at any place is masked as the whole', () => {
  const whole = masker.text(TEXT)
  assert.doesNotMatch(whole, /4111|ann\.ex|hunter2|QUJD|AKIA|two-line|pw@|NWBK|a\\"b/)
  for (let cut = 0; cut <= TEXT.length; cut++)
    assert.equal(inPieces(masker, [TEXT.slice(0, cut), TEXT.slice(cut)]), whole, `cut at ${cut}`)
  assert.equal(inPieces(masker, TEXT.split('')), whole)
})

test('a line comes out when its end comes in', () => {
  const stream = createMaskStream(createMasker())
  assert.equal(stream.write('mail a@example.'), '')
  assert.equal(stream.write('org\nnext'), 'mail *@example.org\n')
  assert.equal(stream.write(` ${PEM.slice(0, 60)}`), 'next ')
  assert.equal(stream.write(`${PEM.slice(60)}\n`), '[private_key]\n')
  assert.equal(stream.end(), '')
})

test('a line without end is held within a bound, and is masked as the whole', () => {
  const line =
    'nothing to see here, or mail ann@example.com with password= hunter2 and AKIAIOSFODNN7EXAMPLE, '.repeat(
      4000,
    )
  const stream = createMaskStream(createMasker())
  let out = ''
  let most = 0
  for (let at = 0; at < line.length; at += 1000) {
    out += stream.write(line.slice(at, at + 1000))
    most = Math.max(most, at + 1000 - out.length)
  }
  assert.equal(out + stream.end(), createMasker().text(line))
  assert.ok(most < 150_000, String(most))
})

test('as a web stream', async () => {
  const pieces = ReadableStream.from(['mail ann@exam', 'ple.com\nand', ' more'])
  const out = await Array.fromAsync(pieces.pipeThrough(maskTransform(createMasker())))
  assert.deepEqual(out, ['mail a*n@example.com\n', 'and more'])
})

test('a key without end is not shown, and what comes after its bound is', () => {
  const text = `-----BEGIN PRIVATE KEY-----\n${'QUJDREVGSElK\n'.repeat(3000)}`
  const out = inPieces(createMasker(), text.match(/[^]{1,500}/g) ?? [])
  assert.equal(out, createMasker().text(text))
  assert.match(out, /^\[private_key\]/)
})
