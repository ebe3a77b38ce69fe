// Generated applications of 5 to 50 entities of each type: entities are kept in memory by us, parsed for each decision
// by the reference, which has no way to keep them.
import { createAccess, Entities, EntityUid, recordOf, type Schema } from '../src/access/index.ts'
import { type App, gdrive, github, tinytodo } from './access-apps.ts'
import { latency, rates } from './access-clock.ts'
import type { Measured } from './access-measured-guide.ts'
import { decideWasm, entityJson, mustAgree, prepareWasm, type WasmRequest } from './access-wasm.ts'

const SIZES = [5, 50]
const REQUESTS = 512

export function measureApps(quick: boolean): Measured {
  const measured: Measured = { figures: {}, peers: {}, ratio: {} }
  for (const make of [gdrive, github, tinytodo])
    for (const size of SIZES) measureApp(make(size, REQUESTS, size), size, quick, measured)
  return measured
}

function measureApp(app: App, size: number, quick: boolean, { figures, peers, ratio }: Measured): void {
  const { policies, schema: schemaText } = app
  const schema = createAccess({ policies, schema: schemaText }).schema
  const access = createAccess({ policies, schema, entities: entitiesOf(app, schema) })
  const name = `${app.name}.${size}`
  prepareWasm(name, access.policies)
  const entities = app.entities.map(({ type, id, attributes, parents }) =>
    entityJson({ type, id }, recordOf(attributes, schema.entities.get(type)?.attributes, 0, true), parents),
  )
  const asked: readonly WasmRequest[] = app.requests.map((request) => ({ ...request, context: {}, entities }))
  for (const [at, request] of app.requests.entries()) {
    // The reference takes milliseconds for each: of the large applications a part is compared.
    if (size > 5 && at % 16 > 0) continue
    const check = access.check(request)
    const failed = check.errors.map(({ policy = '' }) => policy)
    mustAgree(
      `${name} ${JSON.stringify(request)}`,
      { ...check, failed },
      decideWasm(name, asked[at] as WasmRequest),
    )
  }
  const mask = REQUESTS - 1
  const perSecond = rates(
    {
      check: (at) => access.check(app.requests[at & mask] as never),
      cedar_wasm: (at) => decideWasm(name, asked[at & mask] as WasmRequest),
    },
    { rounds: quick ? 3 : 5, milliseconds: quick ? 60 : 200 },
  )
  const { p50, p99 } = latency(
    (at) => access.check(app.requests[at & mask] as never),
    quick ? 50_000 : 300_000,
  )
  figures[`${name}.check_per_s`] = perSecond.check
  figures[`${name}.p50_ns`] = p50
  figures[`${name}.p99_ns`] = p99
  peers[`${name}.cedar_wasm_per_s`] = perSecond.cedar_wasm
  ratio[`cedar_wasm.${name}`] = perSecond.check / perSecond.cedar_wasm
}

function entitiesOf(app: App, schema: Schema): Entities {
  const uid = ({ type, id }: { type: string; id: string }): EntityUid => new EntityUid(type, id)
  const entities = Entities.of(
    app.entities.map(({ type, id, attributes, parents }) => ({
      uid: uid({ type, id }),
      attributes: recordOf(attributes, schema.entities.get(type)?.attributes, 0, true),
      parents: parents.map(uid),
    })),
  )
  if (typeof entities === 'string') throw new Error(entities)
  return entities
}
