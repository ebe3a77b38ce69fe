import assert from 'node:assert/strict'
import test from 'node:test'

import { Datetime } from '../cedar/extensions/datetime.ts'
import { CedarRecord, EntityUid, type Value } from '../cedar/value.ts'
import { RingwallError } from '../../core/errors.ts'
import { loadFilter } from './filter.ts'
import { ALICE, filterOf, MAPPING, PEOPLE, policies, READ, SCHEMA } from './testing.ts'

const permit = (condition: string): string => `permit (principal, action, resource) when { ${condition} };`

const CONTEXT = new CedarRecord(
  new Map<string, Value>([
    ['now', new Datetime(1_700_000_000_000)],
    ['word', "o'clock \\ 100%"],
    ['number', 9_007_199_254_740_993n],
  ]),
)

const request = { principal: ALICE, action: READ, context: CONTEXT, entities: PEOPLE }

for (const { name, condition, want } of [
  {
    name: 'a column against the principal',
    condition: 'resource.owner == principal',
    want: `"documents"."owner_id" = 'alice'`,
  },
  {
    name: 'a set in a table, found by an index below OR',
    condition: 'resource.open || resource.shared.contains(principal)',
    want: `("documents"."open" OR "documents"."id" = ANY (ARRAY(SELECT "rw1"."document_id" FROM "shares" AS "rw1" WHERE "rw1"."user_id" = 'alice')))`,
  },
  {
    name: 'the teams of a known principal',
    condition: 'resource has team && principal in resource.team',
    want: `("documents"."team_id" IS NOT NULL AND "documents"."team_id" = ANY ('{"t'2","t1"}'::text[]))`.replace(
      "t'2",
      "t''2",
    ),
  },
  {
    name: 'a denied comparison leaves out what is NULL',
    condition: '!(resource.note == "x")',
    want: `"documents"."note" <> 'x'`,
  },
  {
    name: 'the right side of || counts only where the left has a value',
    condition: 'resource.note == "x" || resource.open',
    want: `("documents"."note" = 'x' OR ("documents"."note" <> 'x' AND "documents"."open"))`,
  },
  {
    name: 'a quote and a backslash',
    condition: 'resource.title == context.word',
    want: `"documents"."title" = E'o''clock \\\\ 100%'`,
  },
  {
    name: 'wildcards that are none',
    condition: 'resource.title like "50%_off\\*!*"',
    want: `"documents"."title" LIKE '50!%!_off*!!%' ESCAPE '!'`,
  },
  {
    name: 'arithmetic with a guard against overflow',
    condition: 'resource.size + 1 > context.number',
    want: `(("documents"."size"::numeric + 1::numeric) > 9007199254740993 AND ("documents"."size"::numeric + 1::numeric) BETWEEN -9223372036854775808 AND 9223372036854775807)`,
  },
  {
    name: 'an attribute of another row',
    condition: 'resource.owner.level > 2',
    want: `(SELECT "rw1"."level" FROM "users" AS "rw1" WHERE "rw1"."id" = "documents"."owner_id") > 2`,
  },
  {
    name: 'a hierarchy of any depth',
    condition: 'resource in Folder::"7"',
    want: `("documents"."folder_id" = 7 OR "documents"."folder_id" = ANY (ARRAY(WITH RECURSIVE "rw2"("id") AS (SELECT "rw1"."id" FROM "folders" AS "rw1" WHERE "rw1"."parent_id" = 7 UNION SELECT "rw1"."id" FROM "folders" AS "rw1", "rw2" WHERE "rw1"."parent_id" = "rw2"."id") SELECT "rw2"."id" FROM "rw2")))`,
  },
  {
    name: 'a moment that a timestamp may be finer than',
    condition: 'resource.created <= context.now',
    want: `("documents"."created" < '2023-11-14T22:13:20.001Z'::timestamptz AND isfinite("documents"."created"))`,
  },
  {
    name: 'a decimal in ten-thousandths',
    condition: 'resource.price.lessThan(decimal("1.5"))',
    want: `"documents"."price" < 15000`,
  },
  {
    name: 'a tag',
    condition: 'resource.hasTag("k")',
    want: `"documents"."id" = ANY (ARRAY(SELECT "rw1"."document_id" FROM "tags" AS "rw1" WHERE "rw1"."name" = 'k'))`,
  },
  {
    name: 'a record in columns',
    condition: 'resource.meta.kind == "a"',
    want: `"documents"."meta_kind" = 'a'`,
  },
]) {
  test(`PostgreSQL: ${name}`, () => {
    const where = filterOf(permit(condition)).accessibleBy(request, 'Document')
    assert.equal(where.toSql({ literals: 'inline' }).text, want)
  })
}

for (const { name, dialect, condition, want, parameters } of [
  {
    name: 'MySQL compares texts by bytes too, whatever the collation folds',
    dialect: 'mysql',
    condition: 'resource.title == "x"',
    want: '(`documents`.`title` = ? AND CAST(CONVERT(`documents`.`title` USING utf8mb4) AS BINARY) = CAST(? AS BINARY))',
    parameters: ['x', 'x'],
  },
  {
    name: 'MySQL does not keep results of sub-selects by text that its collation folds',
    dialect: 'mysql',
    condition: 'resource.owner.level > 2',
    want: '(SELECT `rw1`.`level` FROM `users` AS `rw1` WHERE (`rw1`.`id` = `documents`.`owner_id` AND CAST(CONVERT(`rw1`.`id` USING utf8mb4) AS BINARY) = CAST(CONVERT(`documents`.`owner_id` USING utf8mb4) AS BINARY)) AND RAND() >= 0) > CAST(? AS SIGNED)',
    parameters: ['2'],
  },
  {
    name: 'SQLite matches patterns with upper and lower case',
    dialect: 'sqlite',
    condition: 'resource.title like "a[b]?*"',
    want: '"documents"."title" GLOB ?',
    parameters: ['a[[]b][?]*'],
  },
  {
    name: 'SQLite compares texts by bytes',
    dialect: 'sqlite',
    condition: '["a", "b"].contains(resource.title)',
    want: '"documents"."title" COLLATE BINARY IN (?, ?)',
    parameters: ['a', 'b'],
  },
] as const) {
  test(name, () => {
    const where = filterOf(permit(condition), { dialect, mapping: plainMapping() }).accessibleBy(
      request,
      'Document',
    )
    assert.deepEqual(where.toSql(), { text: want, parameters })
  })
}

/** Without what only PostgreSQL has. */
function plainMapping(): typeof MAPPING {
  return MAPPING
}

for (const { name, text, want } of [
  { name: 'no policy permits', text: 'forbid (principal, action, resource);', want: 'none' },
  { name: 'a policy permits everything', text: 'permit (principal, action, resource);', want: 'all' },
  { name: 'what is known decides', text: permit('principal.level > 2'), want: 'all' },
  { name: 'a known attribute is missing', text: permit('principal.nick == "x"'), want: 'none' },
  { name: 'a known error on the left', text: permit('principal.nick == "x" || resource.open'), want: 'none' },
  {
    name: 'a forbid that always holds',
    text: 'permit (principal, action, resource); forbid (principal, action, resource);',
    want: 'none',
  },
  {
    name: 'a forbid that fails is left out',
    text: `permit (principal, action, resource); forbid (principal, action, resource) when { principal.nick == "x" };`,
    want: 'all',
  },
  { name: 'another principal', text: 'permit (principal == User::"bob", action, resource);', want: 'none' },
  { name: 'another action', text: 'permit (principal, action == Action::"write", resource);', want: 'none' },
  { name: 'a text that no database holds', text: permit('resource.title == "a\\0b"'), want: 'none' },
  { name: 'an id that the database cannot have', text: permit('resource in Folder::"007"'), want: 'none' },
  { name: 'another type', text: permit('resource.owner == Team::"alice"'), want: 'none' },
]) {
  test(`verdict: ${name}`, () => {
    assert.equal(filterOf(text).accessibleBy(request, 'Document').verdict, want)
  })
}

test('a forbid that fails denies where that is asked for', () => {
  const text = `permit (principal, action, resource); forbid (principal, action, resource) when { resource.note == "x" };`
  const skip = filterOf(text).accessibleBy(request, 'Document').toSql({ literals: 'inline' }).text
  const deny = filterOf(text, { failedForbid: 'deny' })
    .accessibleBy(request, 'Document')
    .toSql({ literals: 'inline' }).text
  assert.equal(skip, `("documents"."note" = 'x') IS NOT TRUE`)
  assert.equal(deny, `(("documents"."note" <> 'x') IS NOT TRUE) IS NOT TRUE`)
})

test('a parameter that comes again has one number, and numbers start where they are told', () => {
  const where = filterOf(permit('resource.owner == principal || resource.editor == principal')).accessibleBy(
    request,
    'Document',
    { alias: 'd' },
  )
  assert.deepEqual(where.toSql({ firstParameter: 4 }), {
    text: '("d"."owner_id" = $4::text OR "d"."editor_id" = $4::text)',
    parameters: ['alice'],
  })
})

test('who may read one document, as rows of the users', () => {
  const documents = { get: (uid: EntityUid) => (uid.type === 'Document' ? DOCUMENT : undefined) }
  const text =
    'permit (principal, action == Action::"read", resource) when { resource.owner == principal || principal in resource.team };'
  const filter = filterOf(text, { questions: ['principals'] })
  const where = filter.whoCanAccess(
    { action: READ, resource: DOCUMENT.uid, context: CONTEXT, entities: documents },
    'User',
  )
  assert.equal(
    where.toSql({ literals: 'inline' }).text,
    `("users"."id" = 'bob' OR "users"."id" = ANY (ARRAY(SELECT "rw1"."user_id" FROM "members" AS "rw1" WHERE "rw1"."team_id" = 't1')))`,
  )
})

const DOCUMENT = {
  uid: new EntityUid('Document', 'd1'),
  attributes: new CedarRecord(
    new Map<string, Value>([
      ['owner', new EntityUid('User', 'bob')],
      ['team', new EntityUid('Team', 't1')],
    ]),
  ),
  tags: new CedarRecord(new Map()),
  ancestors: new Set<string>(),
}

test('what a principal can do, action by action', () => {
  const text = `permit (principal, action == Action::"read", resource); permit (principal, action == Action::"write", resource) when { resource.open };`
  const { action: _, ...asked } = request
  const found = filterOf(text).whatCan(asked, 'Document')
  assert.deepEqual(
    [...found].map(([action, where]) => [action, where.verdict]),
    [
      ['read', 'all'],
      ['write', 'some'],
    ],
  )
})

test('a principal of SQL expressions, as row-level security has it', () => {
  const filter = filterOf(
    permit('resource.owner == principal || principal in resource.team || resource.size < principal.level'),
  )
  const plan = filter.plan({
    action: READ,
    principal: {
      kind: 'expressions',
      type: 'User',
      id: `current_setting('app.id')`,
      attributes: { level: 'app.level()' },
      ancestors: { Team: 'app.teams()' },
    },
    resource: { kind: 'row', type: 'Document' },
    context: { kind: 'expressions', attributes: {} },
  })
  assert.equal(
    plan.bind().toSql({ literals: 'inline' }).text,
    `("documents"."owner_id" = (current_setting('app.id')) OR ("documents"."team_id" IS NOT NULL AND "documents"."team_id" = ANY ((app.teams())::text[])) OR ("documents"."team_id" IS NOT NULL AND ("documents"."team_id" = ANY ((app.teams())::text[])) IS NOT TRUE AND "documents"."size" < (app.level())))`,
  )
})

for (const { name, text, want } of [
  {
    name: 'an attribute without a column',
    text: permit('resource.address.isLoopback()'),
    want: /policies:1:45: policy `policy0`: the mapping does not say where Document's `address` is; add `entities.Document.attributes.address`/,
  },
  {
    name: 'an attribute that the schema does not have',
    text: permit('resource.colour == 1'),
    want: /1:45.*the schema gives Document no attribute `colour`/,
  },
  {
    name: 'a wrong type',
    text: permit('resource.title.contains("x")'),
    want: /1:45.*expected Set before `.contains\(\)`, found String/,
  },
  {
    name: 'a number that is no condition',
    text: permit('resource.size'),
    want: /expected Bool in `when`, found Long/,
  },
  {
    name: 'an order of texts',
    text: permit('resource.title < "b"'),
    want: /`<` compares Longs and times, not String/,
  },
  { name: 'records', text: permit('resource.meta == {kind: "a"}'), want: /records cannot be compared/ },
  {
    name: 'a tag whose name the row has',
    text: permit('principal.getTag(resource.title) == "x"'),
    want: /the schema gives User no tags/,
  },
  {
    name: 'a hierarchy that the mapping does not lead through',
    text: permit(
      'resource.owner.manager in Organisation::"o" && resource.team in Organisation::"o" && resource.editor in User::"x"',
    ),
    want: undefined,
  },
  {
    name: 'two faults at once',
    text: `${permit('resource.colour == 1')}\n${permit('resource.title < "b"')}`,
    want: /colour[^]*policies:2:45: policy `policy1`/,
  },
]) {
  test(`loading: ${name}`, () => {
    if (want === undefined) {
      filterOf(text)
      return
    }
    assert.throws(
      () => filterOf(text),
      (thrown) =>
        thrown instanceof RingwallError &&
        thrown.code === 'access.filter-untranslatable' &&
        want.test(thrown.message),
    )
  })
}

test('loading: a condition that would grow out of all bounds', () => {
  let condition = 'resource.note == "x"'
  for (let at = 0; at < 40; at++)
    condition = `((${condition}) == (${condition.length > 4000 ? 'resource.locked' : condition}))`
  assert.throws(() => filterOf(permit(condition)), /would become more than 20000 comparisons/)
})

test('a question that the schema does not allow', () => {
  const filter = filterOf('permit (principal, action, resource);')
  assert.throws(() => filter.accessibleBy(request, 'Organisation'), /does not apply to Organisation/)
  const visit = { ...request, action: new EntityUid('Action', 'visit') }
  assert.throws(
    () => filter.accessibleBy(visit, 'Organisation'),
    /Organisation has no table; add `entities.Organisation.table`/,
  )
  assert.throws(
    () => filter.accessibleBy({ ...request, action: new EntityUid('Action', 'fly') }, 'Document'),
    /no action/,
  )
})

test('templates take no part until they are linked', () => {
  const filter = loadFilter({
    policies: policies('permit (principal == ?principal, action, resource);'),
    schema: SCHEMA,
    mapping: MAPPING,
    dialect: 'sqlite',
  })
  assert.equal(filter.accessibleBy(request, 'Document').verdict, 'none')
})
