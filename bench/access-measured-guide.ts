// The guide's policies, asked through the library's own door with the application's plain objects.
import {
  type AccessModel,
  Authorizer,
  contextFrom,
  createAccess,
  EntityUid,
  parseEntities,
  recordOf,
} from '../src/access/index.ts'
import { latency, rates } from './access-clock.ts'
import {
  GUIDE_POLICIES,
  GUIDE_SCHEMA,
  type GuideRequest,
  guideRequests,
  type GuideResource,
} from './access-guide.ts'
import { caslDecide, casbinDecide } from './access-peers.ts'
import { decideWasm, entityJson, mustAgree, prepareWasm, type WasmRequest } from './access-wasm.ts'

/** What is measured of one set of policies. */
export interface Measured {
  readonly figures: Record<string, number>
  readonly peers: Record<string, number>
  readonly ratio: Record<string, number>
}

type Objects = { readonly [Kind in GuideResource['kind']]: GuideResource & { readonly kind: Kind } }

const access = createAccess<AccessModel, Objects>({
  policies: GUIDE_POLICIES,
  schema: GUIDE_SCHEMA,
  objects: {
    User: { id: ({ id }) => id, parents: ({ roles }) => roles.map((id) => ({ type: 'Role', id })) },
    Order: { id: ({ id }) => id },
    Document: { id: ({ id }) => id },
    System: { id: ({ id }) => id },
  },
})

/** As an application asks: with its own objects, which are read anew for each decision. */
function ourRequest({ user, action, resource, hour }: GuideRequest): Parameters<typeof access.check>[0] {
  return {
    principal: { type: 'User', object: user },
    action,
    resource: { type: resource.kind, object: resource },
    ...(hour === undefined ? {} : { context: { hour } }),
  }
}

function wasmRequest({ user, action, resource, hour }: GuideRequest): WasmRequest {
  const roles = user.roles.map((id) => ({ type: 'Role', id }))
  const record = (of: GuideResource) =>
    recordOf(of as never, access.schema.entities.get(of.kind)?.attributes, 0, true)
  const principal = { type: 'User', id: user.id }
  const named = { type: resource.kind, id: resource.id }
  const entities = [entityJson(principal, record(user), roles)]
  if (resource !== user)
    entities.push(
      entityJson(
        named,
        record(resource),
        resource.kind === 'User' ? resource.roles.map((id) => ({ type: 'Role', id })) : [],
      ),
    )
  const context: Record<string, number> = hour === undefined ? {} : { hour }
  return { principal, action, resource: named, context, entities }
}

export async function measureGuide(quick: boolean): Promise<Measured> {
  const requests = guideRequests(512)
  const ours = requests.map(ourRequest)
  const theirs = requests.map(wasmRequest)
  prepareWasm('guide', access.policies)
  const casl = caslDecide(requests)
  const casbin = await casbinDecide(requests)
  for (const [at, request] of requests.entries()) {
    const check = access.check(ours[at] as never)
    const failed = check.errors.map(({ policy = '' }) => policy)
    mustAgree(
      `guide ${JSON.stringify(request)}`,
      { ...check, failed },
      decideWasm('guide', theirs[at] as WasmRequest),
    )
    for (const [name, decide] of Object.entries({
      casl,
      casbin,
      fast: () => access.isAllowed(ours[at] as never),
    }))
      if (decide(request) !== check.isAllowed)
        throw new Error(`${name} decides otherwise: ${JSON.stringify(request)}`)
  }
  const mask = requests.length - 1
  const perSecond = rates(
    {
      check: (at) => access.check(ours[at & mask] as never),
      isAllowed: (at) => access.isAllowed(ours[at & mask] as never),
      fromJson: fromJson(theirs),
      cedar_wasm: (at) => decideWasm('guide', theirs[at & mask] as WasmRequest),
      casl: (at) => casl(requests[at & mask] as GuideRequest),
      casbin: (at) => casbin(requests[at & mask] as GuideRequest),
    },
    { rounds: quick ? 3 : 9, milliseconds: quick ? 100 : 250 },
  )
  const { p50, p99 } = latency((at) => access.check(ours[at & mask] as never), quick ? 100_000 : 500_000)
  return {
    figures: {
      'guide.check_per_s': perSecond.check,
      'guide.is_allowed_per_s': perSecond.isAllowed,
      'guide.entities_from_json_per_s': perSecond.fromJson,
      'guide.p50_ns': p50,
      'guide.p99_ns': p99,
    },
    peers: {
      'guide.cedar_wasm_per_s': perSecond.cedar_wasm,
      'guide.casl_per_s': perSecond.casl,
      'guide.casbin_per_s': perSecond.casbin,
    },
    ratio: {
      cedar_wasm: perSecond.check / perSecond.cedar_wasm,
      casl: perSecond.check / perSecond.casl,
      casbin: perSecond.check / perSecond.casbin,
      'cedar_wasm.entities_from_json': perSecond.fromJson / perSecond.cedar_wasm,
    },
  }
}

/** What the reference does, done by us: entities and context are read from JSON for each decision. */
function fromJson(requests: readonly WasmRequest[]): (at: number) => unknown {
  const authorizer = new Authorizer(access.policies)
  const texts = requests.map(({ entities }) => JSON.stringify(entities))
  const asked = requests.map(({ principal, action, resource }) => ({
    principal: new EntityUid(principal.type, principal.id),
    action: new EntityUid('Action', action),
    resource: new EntityUid(resource.type, resource.id),
  }))
  return (at) => {
    const index = at & (requests.length - 1)
    const entities = parseEntities(texts[index] as string)
    const context = contextFrom(requests[index]?.context ?? {})
    if (!entities.ok || !context.ok) throw new Error('the entities of the guide cannot be read')
    return authorizer.isAuthorized({ ...asked[index], context: context.value } as never, entities.value)
  }
}
