import assert from 'node:assert/strict'
import test from 'node:test'

import { Authorizer } from './authorizer.ts'
import { Entities, type EntityDraft } from './entities.ts'
import { parsePolicies } from './parser.ts'
import { PartialAuthorizer } from './partial.ts'
import { CedarRecord, CedarSet, EntityUid, type Value } from './value.ts'

const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)
const request = {
  principal: uid('User', 'alice'),
  action: uid('Action', 'view'),
  resource: uid('Doc', '1'),
}
const record = (fields: Record<string, Value>): CedarRecord =>
  new CedarRecord(new Map(Object.entries(fields)))
const KNOWN: readonly EntityDraft[] = [
  { uid: request.principal, attributes: record({ level: 3 }), parents: [uid('Role', 'staff')] },
  { uid: uid('Role', 'staff'), parents: [] },
]

function decide(text: string): [string, readonly string[]] {
  const parsed = parsePolicies(text)
  assert.ok(parsed.ok)
  const entities = Entities.of(KNOWN)
  assert.ok(entities instanceof Entities)
  const { decision, reasons } = new PartialAuthorizer(parsed.value).decide(request, entities)
  return [decision, reasons]
}

for (const { name, text, want } of [
  {
    name: 'what asks nothing of the resource is decided',
    text: 'permit(principal in Role::"staff", action, resource is Doc) when { principal.level > 2 };',
    want: ['allow', ['policy0']],
  },
  {
    name: 'nothing that could permit: denied',
    text: 'permit(principal, action, resource is Other);',
    want: ['deny', []],
  },
  {
    name: 'an attribute of the resource leaves it open',
    text: 'permit(principal, action, resource) when { resource.owner == principal };',
    want: ['residual', ['policy0']],
  },
  {
    name: 'whether it has one, too',
    text: 'permit(principal, action, resource) when { resource has owner };',
    want: ['residual', ['policy0']],
  },
  {
    name: 'and a tag',
    text: 'permit(principal, action, resource) when { resource.hasTag("a") };',
    want: ['residual', ['policy0']],
  },
  {
    name: 'and where it stands, in the condition',
    text: 'permit(principal, action, resource) when { resource in [Folder::"a", Folder::"b"] };',
    want: ['residual', ['policy0']],
  },
  {
    name: 'and where it stands, in the head',
    text: 'permit(principal, action, resource in Folder::"a");',
    want: ['residual', ['policy0']],
  },
  {
    name: 'but it is in itself',
    text: 'permit(principal, action, resource in Doc::"1");',
    want: ['allow', ['policy0']],
  },
  {
    name: 'its name is known',
    text: 'permit(principal, action, resource) when { resource == Doc::"2" || resource.open };',
    want: ['residual', ['policy0']],
  },
  {
    name: 'what is false before the question is false',
    text: 'permit(principal, action, resource) when { principal.level > 5 && resource.open };',
    want: ['deny', []],
  },
  {
    name: 'a forbid that is open keeps a permit from deciding',
    text: 'permit(principal, action, resource); forbid(principal, action, resource) when { resource.secret };',
    want: ['residual', ['policy1']],
  },
  {
    name: 'a forbid that holds decides, whatever is open',
    text: 'permit(principal, action, resource) when { resource.open }; forbid(principal, action, resource) when { principal.level < 5 };',
    want: ['deny', ['policy1']],
  },
  {
    name: 'a forbid that fails denies',
    text: 'permit(principal, action, resource); forbid(principal, action, resource) when { principal.absent };',
    want: ['deny', ['policy1']],
  },
]) {
  test(`without the resource: ${name}`, () => assert.deepEqual(decide(text), want))
}

const ATOMS = [
  'resource.owner == principal',
  'resource has owner',
  'resource.level > principal.level',
  'principal.level > 2',
  'principal.absent',
  'resource in Folder::"a"',
  'resource == Doc::"1"',
  'resource.hasTag("t")',
  'principal in Role::"staff"',
  'principal in Role::"other"',
  '[1, 2].contains(resource.level)',
  'principal == resource',
]
const RESOURCES: readonly EntityDraft[] = [
  ...[undefined, uid('User', 'alice'), uid('User', 'bob')].flatMap((owner) =>
    [1, 9].map((level) => ({
      uid: request.resource,
      attributes: record({ level, ...(owner && { owner }) }),
      parents: level === 1 ? [uid('Folder', 'a')] : [],
    })),
  ),
  { uid: request.resource, parents: [], tags: record({ t: new CedarSet([]) }) },
]

test('what is decided without the resource is what every such resource gets', () => {
  let seed = 7
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const term = (depth: number): string => {
    const kind = depth === 0 ? 0 : next(5)
    if (kind === 1) return `(${term(depth - 1)} && ${term(depth - 1)})`
    if (kind === 2) return `(${term(depth - 1)} || ${term(depth - 1)})`
    if (kind === 3) return `!(${term(depth - 1)})`
    if (kind === 4) return `(if ${term(depth - 1)} then ${term(depth - 1)} else ${term(depth - 1)})`
    return ATOMS[next(ATOMS.length)] as string
  }
  const counts = { allow: 0, deny: 0, residual: 0 }
  for (let round = 0; round < 1500; round++) {
    const text = Array.from({ length: 1 + next(3) }, () => {
      const effect = next(3) === 0 ? 'forbid' : 'permit'
      return `${effect}(principal, action, resource) when { ${term(2)} };`
    }).join('\n')
    const parsed = parsePolicies(text)
    assert.ok(parsed.ok, text)
    const [decision] = decide(text)
    counts[decision as 'allow']++
    if (decision === 'residual') continue
    const authorizer = new Authorizer(parsed.value, { failedForbid: 'deny' })
    for (const resource of RESOURCES) {
      const entities = Entities.of([...KNOWN, resource])
      assert.ok(entities instanceof Entities)
      assert.equal(authorizer.isAuthorized(request, entities).decision, decision, text)
    }
  }
  assert.ok(Math.min(...Object.values(counts)) > 100, JSON.stringify(counts))
})
