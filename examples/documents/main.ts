// `npx node examples/documents/main.ts`: who sees which documents, and why it is one query.
import { EntityUid } from '../../src/access/index.ts'
import { DocumentRepository, loadPolicy, openDatabase } from './documents.ts'

const database = openDatabase()
const { filter, entitiesOf } = loadPolicy()
const repository = new DocumentRepository(database)
const read = new EntityUid('Action', 'document:read')

for (const name of ['ann', 'ben', 'cat']) {
  const principal = new EntityUid('User', name)
  const entities = entitiesOf(database)
  const where = filter.accessibleBy({ principal, action: read, entities }, 'Document')
  console.log(
    `${name} may read: ${repository
      .list(where)
      .map(({ id }) => id)
      .join(', ')}`,
  )
  for (const [action, condition] of filter.whatCan({ principal, entities }, 'Document'))
    console.log(
      `  ${action}: ${
        repository
          .list(condition)
          .map(({ id }) => id)
          .join(', ') || '-'
      }`,
    )
}

const sketch = new EntityUid('Document', 'sketch')
const readers = filter.whoCanAccess(
  { action: read, resource: sketch, entities: entitiesOf(database) },
  'User',
)
console.log(`who may read \`sketch\`: ${repository.people(readers).join(', ')}`)

const ann = { principal: new EntityUid('User', 'ann'), action: read, entities: entitiesOf(database) }
console.log(`\nann's condition:\n${filter.accessibleBy(ann, 'Document').toSql({ literals: 'inline' }).text}`)
