import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'
import test from 'node:test'

import { EntityUid } from '../../src/access/index.ts'
import { DocumentRepository, loadPolicy, openDatabase } from './documents.ts'

const database = openDatabase()
const { filter, authorizer, entitiesOf } = loadPolicy()
const repository = new DocumentRepository(database)
const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)
const idsIn = (table: string): string[] =>
  database
    .prepare(`SELECT id FROM ${table} ORDER BY id`)
    .all()
    .map((row) => row['id'] as string)

for (const { user, want } of [
  { user: 'ann', want: ['contract', 'diary', 'draft', 'handbook', 'sketch'] },
  { user: 'ben', want: ['handbook', 'offer', 'sketch'] },
  { user: 'cat', want: ['contract', 'diary'] },
  { user: 'nobody', want: [] },
]) {
  test(`what ${user} may read: owner, share, team, organisation`, () => {
    const request = {
      principal: uid('User', user),
      action: uid('Action', 'document:read'),
      entities: entitiesOf(database),
    }
    assert.deepEqual(
      repository.list(filter.accessibleBy(request, 'Document')).map(({ id }) => id),
      want,
    )
  })
}

test('a list holds exactly what single decisions allow, for everybody and every action', () => {
  let allowed = 0
  for (const user of [...idsIn('users'), 'nobody']) {
    const principal = uid('User', user)
    for (const [action, where] of filter.whatCan({ principal, entities: entitiesOf(database) }, 'Document')) {
      const listed = new Set(repository.list(where).map(({ id }) => id))
      for (const id of idsIn('documents')) {
        const request = { principal, action: uid('Action', action), resource: uid('Document', id) }
        const isAllowed = authorizer.isAllowed(request, entitiesOf(database))
        assert.equal(listed.has(id), isAllowed, `${user} ${action} ${id}`)
        if (isAllowed) allowed++
      }
    }
  }
  assert.ok(allowed > 10 && allowed < 60, `${allowed} of 72`)
})

test('the people who may read a document are those whom single decisions allow', () => {
  for (const id of idsIn('documents')) {
    const resource = uid('Document', id)
    const action = uid('Action', 'document:read')
    const where = filter.whoCanAccess({ action, resource, entities: entitiesOf(database) }, 'User')
    const want = idsIn('users').filter((user) =>
      authorizer.isAllowed({ principal: uid('User', user), action, resource }, entitiesOf(database)),
    )
    assert.deepEqual(repository.people(where), want, id)
  }
})

test('what somebody can do to one document is one query', () => {
  for (const { user, id, want } of [
    { user: 'ann', id: 'sketch', want: ['document:read', 'document:write', 'document:delete'] },
    { user: 'ben', id: 'sketch', want: ['document:read'] },
    { user: 'ann', id: 'contract', want: ['document:read'] },
    { user: 'cat', id: 'sketch', want: [] },
    { user: 'ann', id: 'missing', want: [] },
  ]) {
    const { text, parameters } = filter.whatCanDo(
      { principal: uid('User', user), entities: entitiesOf(database) },
      uid('Document', id),
    )
    const rows = database.prepare(text).all(...(parameters as SQLInputValue[]))
    assert.deepEqual(
      rows.map((row) => row['action']),
      want,
    )
  }
})

test('what is shared is found once, by an index, and not for each document', () => {
  const request = {
    principal: uid('User', 'ann'),
    action: uid('Action', 'document:read'),
    entities: entitiesOf(database),
  }
  const { text } = filter.accessibleBy(request, 'Document').toSql({ literals: 'inline' })
  const plan = database
    .prepare(`EXPLAIN QUERY PLAN SELECT id FROM documents WHERE ${text}`)
    .all()
    .map((row) => String(row['detail']))
    .join('; ')
  assert.match(plan, /SEARCH rw1 USING (?:COVERING )?INDEX shares_user/)
  assert.doesNotMatch(plan, /CORRELATED/)
})

test('the example runs', () => {
  const { stdout, status } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  assert.match(stdout, /^ben may read: handbook, offer, sketch$/m)
  assert.match(stdout, /^who may read `sketch`: ann, ben$/m)
})
