import assert from 'node:assert/strict'
import test from 'node:test'

import pino from 'pino'

import { Secret } from '../core/secret.ts'
import { createLogMask } from './mask-log.ts'

function logged(options: Parameters<typeof createLogMask>[0], write: (log: pino.Logger) => void): string[] {
  const lines: string[] = []
  write(
    pino(
      { base: null, timestamp: false, ...createLogMask(options) },
      { write: (line) => void lines.push(line) },
    ),
  )
  return lines
}

test("pino's lines hold nothing sensitive, in fields, messages, errors, children and text", () => {
  const lines = logged({ secrets: [new Secret('hunter2-hunter2')] }, (log) => {
    log.info(
      { a: { b: [{ cardNumber: '4111111111111111', 'API-Key': 'leak-1' }] } },
      'for leak-2@example.com',
    )
    log.error(Object.assign(new Error('token=leak-3'), { cause: new Error('hunter2-hunter2') }))
    log.error({ err: new Error('Bearer leak-4-leak-4-leak-4') }, 'failed')
    log.child({ session: { password: 'leak-5' } }).warn('card %s', '4111 1111 1111 1111')
    log.info({ body: '{"pin":1234,"email":"leak-6@example.com"}' })
  })
  assert.equal(lines.length, 5)
  for (const line of lines) {
    assert.doesNotThrow(() => JSON.parse(line), line)
    assert.doesNotMatch(line, /leak-|4111|hunter2|1234/)
  }
  assert.equal(
    lines[0],
    '{"level":30,"a":{"b":[{"cardNumber":"************1111","API-Key":"***"}]},"msg":"for l****2@example.com"}\n',
  )
})

test('without lines only names count', () => {
  const [line] = logged({ lines: false }, (log) => log.info({ password: 'x' }, 'ann@example.com'))
  assert.equal(line, '{"level":30,"password":"***","msg":"ann@example.com"}\n')
})
