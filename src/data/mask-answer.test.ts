import assert from 'node:assert/strict'
import test from 'node:test'

import { answerForm, type AnswerForm, createAnswerMask } from './mask-answer.ts'
import { compileReplyMask, replyMaskSchema } from './mask-reply.ts'

const mask = compileReplyMask(
  replyMaskSchema.parse({ fields: ['email', 'salary'], reveal: { payroll: ['salary'] } }),
)

function pieces(form: AnswerForm, bytes: Uint8Array, cut: number, roles: readonly string[] = []): string {
  const answer = createAnswerMask(form, mask, roles)
  let out = ''
  for (const piece of [
    answer.write(bytes.subarray(0, cut)),
    answer.write(bytes.subarray(cut)),
    answer.end(),
  ]) {
    if (!piece.ok) return `!${piece.fault}`
    out += new TextDecoder().decode(piece.bytes)
  }
  return out
}

for (const { form, body, wants, payroll } of [
  {
    form: 'json',
    body: '\ufeff{"email":"\u00e4nn@example.com","n":[{"salary":{"a":1}}]}',
    wants: '{"email":"\u00e4*n@example.com","n":[{"salary":"***"}]}',
    payroll: '{"email":"\u00e4*n@example.com","n":[{"salary":{"a":1}}]}',
  },
  {
    form: 'lines',
    body: '{"salary":1}\r\n\n{"a":"b"}\n[{"salary":2}]',
    wants: '{"salary":"***"}\r\n\n{"a":"b"}\n[{"salary":"***"}]',
    payroll: '{"salary":1}\r\n\n{"a":"b"}\n[{"salary":2}]',
  },
  {
    form: 'events',
    body: ': hello\nid: 7\ndata: {"salary":1}\n\ndata\ndata:{"x":2}\r\n\r\nevent: end\ndata:  null\r\r',
    wants: ': hello\nid: 7\ndata: {"salary":"***"}\n\ndata\ndata:{"x":2}\r\n\r\nevent: end\ndata:  null\r\r',
    payroll: ': hello\nid: 7\ndata: {"salary":1}\n\ndata\ndata:{"x":2}\r\n\r\nevent: end\ndata:  null\r\r',
  },
  {
    form: 'csv',
    body: 'id;"e-mail";base_salary\r\n1;"ann@example.com";"5;1"\r\n\r\n2;;7\n3;x;"a""b"',
    wants: 'id;"e-mail";base_salary\r\n1;a*n@example.com;***\r\n\r\n2;;***\n3;***;***',
    payroll: 'id;"e-mail";base_salary\r\n1;a*n@example.com;"5;1"\r\n\r\n2;;7\n3;***;"a""b"',
  },
] as const) {
  test(`an answer in the form ${form} is masked as the whole, wherever it was cut`, () => {
    const bytes = new TextEncoder().encode(body)
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.equal(pieces(form, bytes, cut), wants, String(cut))
      assert.equal(pieces(form, bytes, cut, ['payroll']), payroll, String(cut))
    }
  })
}

for (const [form, body, fault] of [
  ['json', '{"a":1', 'malformed'],
  ['lines', '{"a":1}\n{"a":\n', 'malformed'],
  ['lines', '{"a":1}{"salary":1}\n', 'malformed'],
  ['events', 'data: {"a":\ndata: 1}\n\n', 'malformed'],
  ['events', `data${'x'.repeat(2000)}`, 'too-long'],
  ['csv', 'id,email;salary\n', 'columns'],
  ['csv', 'id,email\n1,2,3\n', 'columns'],
  ['csv', 'id,email\n1\n', 'columns'],
  ['csv', 'email,Email\n', 'columns'],
  ['csv', 'ann@example.com,b\n', 'columns'],
  ['csv', '1,2\n', 'columns'],
  ['csv', 'id,email\n1,a"b\n', 'malformed'],
  ['csv', 'id,email\n1,"a"b\n', 'malformed'],
  ['csv', 'id,email\n1,"a', 'malformed'],
  ['csv', 'id,email\n1,a\rb\n', 'malformed'],
  ['csv', `id,email\n1,${'a'.repeat(70_000)}\n`, 'too-long'],
  ['csv', `id,email\n1,"${'\n'.repeat(1_100_000)}`, 'too-long'],
] as const) {
  test(`what could be read in two ways is a fault: ${form} \`${body.slice(0, 30).replaceAll('\n', ' ')}\``, () =>
    assert.equal(pieces(form, new TextEncoder().encode(body), 3), `!${fault}`))
}

test('bytes that are no UTF-8 are a fault, also at the end', () => {
  assert.equal(pieces('json', Uint8Array.of(34, 0xff, 34), 1), '!not-utf8')
  assert.equal(pieces('json', Uint8Array.of(34, 34, 0xc3), 1), '!not-utf8')
})

for (const [type, form] of [
  ['application/json', 'json'],
  ['Application/JSON; Charset="UTF-8"', 'json'],
  ['application/vnd.shop.order+json', 'json'],
  ['application/ndjson', 'lines'],
  ['text/event-stream', 'events'],
  ['text/csv; header=present', 'csv'],
  ['text/csv; header=absent', undefined],
  ['application/json; charset=utf-7', undefined],
  ['application/json; charset = utf-16', undefined],
  ['application/jsonp', undefined],
  ['text/html', undefined],
  ['text/plain', undefined],
  ['', undefined],
] as const) {
  test(`\`${type}\` is ${form === undefined ? 'nothing that can be masked' : `masked as ${form}`}`, () =>
    assert.equal(answerForm(type, mask, true), form))
}

test('CSV and plain text are masked only where the route says so, and text only where detectors can find all of it', () => {
  const found = compileReplyMask(replyMaskSchema.parse({ fields: ['email'], text: true }))
  assert.equal(answerForm('text/csv', mask, false), undefined)
  assert.equal(answerForm('text/plain', found, false), 'text')
  const named = compileReplyMask(replyMaskSchema.parse({ fields: ['email', 'salary'], text: true }))
  assert.equal(answerForm('text/plain', named, false), undefined)
})

test('memory does not grow with the answer', () => {
  const answer = createAnswerMask('json', mask, [])
  const row = new TextEncoder().encode(`{"email":"ann@example.com","pad":"${'x'.repeat(1000)}"},`)
  let longest = 0
  answer.write(new TextEncoder().encode('['))
  for (let i = 0; i < 10_000; i++) {
    const piece = answer.write(row)
    assert.ok(piece.ok)
    longest = Math.max(longest, piece.bytes.length)
  }
  assert.ok(longest <= row.length * 2)
  assert.equal(answer.counts.get('email'), 10_000)
})
