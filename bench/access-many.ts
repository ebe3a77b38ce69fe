// From 38 to 10,000 policies: how much slower is a decision, and how long does loading take?
import {
  createAccess,
  Entities,
  EntityUid,
  parsePolicies,
  parseSchema,
  recordOf,
  validatePolicies,
} from '../src/access/index.ts'
import { elapsedMs, rates } from './access-clock.ts'
import { seeded } from './access-guide.ts'
import type { Measured } from './access-measured-guide.ts'
import { decideWasm, entityJson, mustAgree, prepareWasm, type WasmRequest } from './access-wasm.ts'

const SCHEMA = `
entity Role in [Role];
entity User in [Role] { level: Long, department: String };
entity Folder in [Folder];
entity Document in [Folder] { owner: User, kind: String, level: Long };
action read, write, share, remove appliesTo { principal: User, resource: Document };
`

type Write = (at: number, below: (count: number) => number) => string

const ACTIONS = ['read', 'write', 'share', 'remove']
const action = (at: number): string => `action == Action::"${ACTIONS[at % ACTIONS.length]}"`

/** As policies are written where there are many: each names a role, a person, a folder or a document. */
const FRIENDLY: Write = (at, below) => {
  const condition = [
    '',
    ' when { resource.level <= principal.level }',
    ' when { resource.owner == principal }',
  ][at % 3]
  const heads = [
    `principal in Role::"role-${at}", ${action(below(4))}, resource`,
    `principal == User::"user-${at}", ${action(below(4))}, resource`,
    `principal, ${action(below(4))}, resource in Folder::"folder-${at}"`,
    `principal, ${action(below(4))}, resource == Document::"doc-${at}"`,
  ]
  return `${at % 13 === 12 ? 'forbid' : 'permit'}(${heads[at % 4]})${condition};`
}

/** No policy names anything in its head; one attribute tells them apart. */
const HOSTILE: Write = (at) =>
  `${at % 13 === 12 ? 'forbid' : 'permit'}(principal, action, resource)
  when { resource.kind == "kind-${at}" && principal.level > ${at % 7} };`

/** Worse: nothing in a policy can be looked up. */
const WORST: Write = (at) =>
  `${at % 13 === 12 ? 'forbid' : 'permit'}(principal, action, resource)
  when { principal.level * 3 > ${at} && resource.level < ${at % 7} };`

function policyText(write: Write, count: number): string {
  const below = seeded(count)
  return Array.from({ length: count }, (_, at) => write(at, below)).join('\n')
}

const SIZES = [38, 10_000] as const
const USERS = 64

export function measureMany(quick: boolean): Measured {
  const measured: Measured = { figures: {}, peers: {}, ratio: {} }
  for (const [name, write] of Object.entries({ friendly: FRIENDLY, hostile: HOSTILE, worst: WORST }))
    measureMix(name, write, quick, measured)
  measureLoading(policyText(FRIENDLY, SIZES[1]), measured)
  return measured
}

function measureMix(name: string, write: Write, quick: boolean, { figures }: Measured): void {
  const turns = SIZES.map((count) => turnOf(`${name}.${count}`, policyText(write, count), count))
  const [few, many] = turns as [(at: number) => unknown, (at: number) => unknown]
  const perSecond = rates({ few, many }, { rounds: quick ? 3 : 9, milliseconds: quick ? 60 : 200 })
  figures[`${name}.38_policies_per_s`] = perSecond.few
  figures[`${name}.10000_policies_per_s`] = perSecond.many
  figures[`${name}.times_slower`] = perSecond.few / perSecond.many
}

/** The same people and documents for any number of policies; each is meant by one policy, or by a few. */
function turnOf(name: string, text: string, count: number): (at: number) => unknown {
  const policies = parsePolicies(text)
  const schema = parseSchema(SCHEMA)
  if (!policies.ok || !schema.ok) throw new Error(JSON.stringify([policies, schema]))
  const below = seeded(5)
  const numbers = Array.from({ length: USERS }, () => below(count))
  const entities = numbers.flatMap((number) => [
    {
      uid: new EntityUid('User', `user-${number}`),
      attributes: { level: number % 10, department: 'x' },
      parents: [new EntityUid('Role', `role-${number}`)],
    },
    {
      uid: new EntityUid('Document', `doc-${number}`),
      attributes: { owner: `user-${number}`, kind: `kind-${number}`, level: number % 5 },
      parents: [new EntityUid('Folder', `folder-${number}`)],
    },
  ])
  const drafts = entities.map(({ uid, attributes, parents }) => ({
    uid,
    attributes: recordOf(attributes, schema.value.entities.get(uid.type)?.attributes, 0, true),
    parents,
  }))
  const kept = Entities.of(drafts)
  if (typeof kept === 'string') throw new Error(kept)
  const access = createAccess({ policies: policies.value, schema: schema.value, entities: kept })
  const requests = Array.from({ length: 256 }, () => ({
    principal: { type: 'User', id: `user-${numbers[below(USERS)]}` },
    action: ACTIONS[below(4)] as string,
    resource: { type: 'Document', id: `doc-${numbers[below(USERS)]}` },
  }))
  prepareWasm(name, access.policies)
  const json = drafts.map(({ uid, attributes, parents }) => entityJson(uid, attributes, parents))
  for (const request of requests.slice(0, 24)) {
    const check = access.check(request)
    const failed = check.errors.map(({ policy = '' }) => policy)
    const asked: WasmRequest = { ...request, context: {}, entities: json }
    mustAgree(`${name} ${JSON.stringify(request)}`, { ...check, failed }, decideWasm(name, asked))
  }
  return (at) => access.check(requests[at & 255] as never)
}

/** Once each, as at a start or a reload; nothing of it is warm. */
function measureLoading(text: string, { figures }: Measured): void {
  const time = <T>(name: string, run: () => T): T => {
    const start = process.cpuUsage()
    const result = run()
    figures[name] = elapsedMs(start)
    return result
  }
  const policies = time('load.parse_10000_ms', () => parsePolicies(text))
  const schema = parseSchema(SCHEMA)
  if (!policies.ok || !schema.ok) throw new Error('the policies cannot be read')
  const { errors } = time('load.validate_10000_ms', () => validatePolicies(policies.value, schema.value))
  if (errors.length > 0) throw new Error(JSON.stringify(errors[0]))
  time('load.all_10000_ms', () => createAccess({ policies: text, schema: schema.value }))
}
