import assert from 'node:assert/strict'
import test from 'node:test'

import { bodyProcessor } from './body-kind.ts'

for (const { type, want } of [
  { type: 'application/x-www-form-urlencoded', want: 'URLENCODED' },
  { type: 'application/x-www-form-urlencoded;boundary="application/json"', want: 'URLENCODED' },
  { type: 'Application/X-WWW-Form-URLEncoded ; charset=utf-8', want: 'URLENCODED' },
  { type: 'multipart/form-data; boundary=x', want: 'MULTIPART' },
  { type: 'MULTIPART/related', want: 'MULTIPART' },
  { type: 'multipart/form-data boundary=x', want: 'MULTIPART' },
  { type: 'application/json', want: 'JSON' },
  { type: '\t application/JSON;charset=utf-7', want: 'JSON' },
  { type: 'application/json, text/plain', want: 'JSON' },
  { type: 'text/json', want: 'JSON' },
  { type: 'application/vnd.api+json; v=1', want: 'JSON' },
  { type: 'application/csp-report', want: 'JSON' },
  { type: 'text/xml', want: 'XML' },
  { type: 'application/xml;charset=utf-8', want: 'XML' },
  { type: 'application/soap+XML', want: 'XML' },
  { type: 'image/svg+xml', want: 'XML' },
  { type: 'application/x-ndjson', want: undefined },
  { type: 'text/plain; x=application/json', want: undefined },
  { type: '+json', want: undefined },
  { type: 'text/html', want: undefined },
  { type: '', want: undefined },
  { type: undefined, want: undefined },
]) {
  test(`a body of type ${type ?? '(none)'} is read as ${want ?? 'nothing'}`, () => {
    assert.equal(bodyProcessor(type), want)
  })
}
