import assert from 'node:assert/strict'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { createJsonMask } from './mask-json.ts'
import { compileReplyMask, createReplyMaskStream, maskJsonReply, replyMaskSchema } from './mask-reply.ts'
import { SecretRegistry } from './mask-secrets.ts'
import { createMasker } from './masker.ts'

const mask = compileReplyMask(
  replyMaskSchema.parse({
    fields: ['email', 'ssn', 'card_number', 'internal_note'],
    reveal: { support: ['email'], auditor: ['email', 'ssn'] },
  }),
)
const BODY =
  '{ "id": 12345678901234567890, "E-Mail": "ann@example.com", "list": [{"SSN":"078-05-1120","cardNumber":4111111111111111}],\n' +
  ' "internal\\u004eote": {"a": [1, {"b": "leak"}]}, "internal_note2": "x", "note": "ann@example.com", "ssn": null, "e": 1.5e-3 }'

const HIDDEN =
  '{ "id": 12345678901234567890, "E-Mail": "a*n@example.com", "list": [{"SSN":"***-**-1120","cardNumber":"************1111"}],\n' +
  ' "internal\\u004eote": "***", "internal_note2": "x", "note": "ann@example.com", "ssn": null, "e": 1.5e-3 }'

test('fields of a route are masked at any depth, and everything else comes out as it was', () => {
  assert.deepEqual(maskJsonReply(BODY, mask, []), { ok: true, text: HIDDEN })
})

for (const { roles, sees } of [
  { roles: ['stranger', 'constructor'], sees: HIDDEN },
  { roles: ['support'], sees: HIDDEN.replace('a*n@', 'ann@') },
  {
    roles: ['support', 'auditor'],
    sees: HIDDEN.replace('a*n@', 'ann@').replace('***-**-1120', '078-05-1120'),
  },
]) {
  test(`somebody who is ${roles.join(' and ')} sees what these roles may`, () =>
    assert.deepEqual(maskJsonReply(BODY, mask, roles), { ok: true, text: sees }))
}

test('an answer in pieces is masked as the whole, wherever it was cut', () => {
  for (let cut = 0; cut <= BODY.length; cut++) {
    const stream = createReplyMaskStream(mask, [])
    const pieces = [stream.write(BODY.slice(0, cut)), stream.write(BODY.slice(cut)), stream.end()]
    assert.equal(pieces.map((piece) => (piece.ok ? piece.text : piece.fault)).join(''), HIDDEN, String(cut))
  }
})

test('text of other fields, and loaded secrets in them', () => {
  const body = '{"note":"ann@example.com","n":4111111111111111,"x":"hunter2-hunter2"}'
  const secrets = new SecretRegistry([new Secret('hunter2-hunter2')])
  const scanning = compileReplyMask(replyMaskSchema.parse({ fields: [], text: true }), secrets)
  assert.deepEqual(maskJsonReply(body, scanning, []), {
    ok: true,
    text: '{"note":"a*n@example.com","n":"************1111","x":"[secret]"}',
  })
  const quiet = compileReplyMask(replyMaskSchema.parse({ fields: [] }), secrets)
  assert.deepEqual(maskJsonReply(body, quiet, []), {
    ok: true,
    text: body.replace('hunter2-hunter2', '[secret]'),
  })
})

for (const [body, fault] of [
  ['', 'malformed'],
  ['{', 'malformed'],
  ['{"a":1', 'malformed'],
  ['{"a":1}}', 'malformed'],
  ['{"a":1}{"email":"x"}', 'malformed'],
  ['{"a":1,}', 'malformed'],
  ['[1,]', 'malformed'],
  ['[1 2]', 'malformed'],
  ['{"a" 1}', 'malformed'],
  ['{a:1}', 'malformed'],
  ["{'a':1}", 'malformed'],
  ['{"a":01}', 'malformed'],
  ['{"a":+1}', 'malformed'],
  ['{"a":tru}', 'malformed'],
  ['{"a":NaN}', 'malformed'],
  ['{"a":"\\x"}', 'malformed'],
  ['{"a":"\n"}', 'malformed'],
  ['[}', 'malformed'],
  ['{"a"}', 'malformed'],
  ['{,}', 'malformed'],
  ['"a', 'malformed'],
  ['{"email":{"a":]}}', 'malformed'],
  ['['.repeat(65), 'too-deep'],
  [`"${'a'.repeat(1_100_000)}`, 'too-long'],
] as const) {
  test(`what is no JSON within bounds is not sent: \`${body.slice(0, 30)}\``, () =>
    assert.deepEqual(maskJsonReply(body, mask, []), { ok: false, fault }))
}

test('it takes and refuses what JSON.parse does', () => {
  let seed = 5
  const random = (below: number): number =>
    Math.floor(((seed = (seed * 48271) % 2147483647) / 2147483647) * below)
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\u0041"',
    '1',
    '-0.5e3',
    'true',
    'null',
    ' ',
    '0',
    '"',
    '\\',
    'e',
    '-',
  ]
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + random(7) }, () => pieces[random(pieces.length)]).join('')
    let isJson = true
    try {
      JSON.parse(text)
    } catch {
      isJson = false
    }
    const masked = maskJsonReply(text, mask, [])
    assert.equal(masked.ok, isJson, text)
    if (masked.ok) assert.equal(masked.text, text)
  }
})

test('nothing of a hidden object comes out, in whatever pieces it comes in', () => {
  const masker = createMasker({ fields: { x: 'hidden' }, fieldCatalogue: false })
  const json = createJsonMask({
    fieldMask: (name) => masker.fieldMask(name),
    render: masker.render,
    text: undefined,
    maxDepth: 9,
    maxString: 99,
  })
  const out = [...'{"x":{"x":[1,{"y":"leak"}],"z":{}},"y":[{"x":[]}]}'].map((piece) => json.write(piece))
  assert.equal(out.map((piece) => (piece.ok ? piece.text : '!')).join(''), '{"x":"***","y":[{"x":"***"}]}')
  assert.deepEqual(json.end(), { ok: true, text: '' })
})
