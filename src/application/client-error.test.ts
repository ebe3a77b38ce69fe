import assert from 'node:assert/strict'
import test from 'node:test'

import { clientError } from './index.ts'

const mask = (text: string): string => text.replaceAll('ann@example.com', 'a*n@example.com')

for (const { name, error, status, want } of [
  {
    name: 'an error of the database',
    error: new Error('No user found with email ann@example.com in table users'),
    status: undefined,
    want: { title: 'An error occurred. Please try again.', status: 500, id: 'id7' },
  },
  {
    name: 'a failed sign-in',
    error: new Error('user ann@example.com has no password'),
    status: 401,
    want: { title: 'Invalid credentials', status: 401, id: 'id7' },
  },
  {
    name: 'a status that has no sentence',
    error: 'text',
    status: 418,
    want: { title: 'An error occurred. Please try again.', status: 500, id: 'id7' },
  },
  {
    name: 'an error with a status of its own',
    error: Object.assign(new Error('x'), { status: 200, statusCode: 200, expose: true }),
    status: undefined,
    want: { title: 'An error occurred. Please try again.', status: 500, id: 'id7' },
  },
  {
    name: 'nothing at all',
    error: undefined,
    status: 404,
    want: { title: 'Not found', status: 404, id: 'id7' },
  },
]) {
  test(`client error: ${name} is told by its id alone, and its detail is in the log`, () => {
    const lines: string[] = []
    const told = clientError(error, 'id7', { write: (line) => void lines.push(line), mask }, status)
    assert.deepEqual(JSON.parse(told.body), want)
    assert.equal(told.status, want.status)
    assert.equal(told.headers['content-type'], 'application/problem+json')
    assert.equal(lines.length, 1)
    assert.match(lines[0] as string, new RegExp(`^id7 ${want.status} `))
    assert.doesNotMatch(lines[0] as string, /ann@|\n/)
    if (error instanceof Error) {
      assert.ok((lines[0] as string).includes(mask(error.message)))
      assert.match(lines[0] as string, /client-error\.test\.ts/)
    }
  })
}
