// AuthZEN 1.0: every level of the certification scenario, and the decisions of the four interop scenarios, over HTTPS
// against the real gateway. The policies and entities are in `authzen/`.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { runCertification } from './authzen/certification.ts'
import { runInterop, type Verdict } from './authzen/interop.ts'
import { readScenario } from './authzen/scenario.ts'
import { DataAbsent, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out openid/authzen and pass the directory that holds its `api`, `certification` and `interop` as `authzen` with --data'

/** How many cases there are: 272 decisions of the interop scenarios, and the checks of the certification scenario. */
export const cases = 272 + 78

export async function run(dataDir: string): Promise<SuiteResult> {
  const root = statSync(join(dataDir, 'authzen'), { throwIfNoEntry: false })
    ? join(dataDir, 'authzen')
    : dataDir
  const scenarioFile = join(root, 'certification', 'authorization-api-1_0-scenario.md')
  if (!statSync(scenarioFile, { throwIfNoEntry: false }))
    throw new DataAbsent(`\`${scenarioFile}\` is missing`)
  const schema = (name: string): object =>
    JSON.parse(readFileSync(join(root, 'api', 'schemas', `evaluation-${name}.schema.json`), 'utf8')) as object
  const schemas = { request: schema('request'), response: schema('response') }
  const certified = await runCertification(readScenario(scenarioFile), schemas.response)
  report('certification', certified)
  const interop = await runInterop(root, schemas)
  report('interop', interop)
  const verdicts = [...certified, ...interop]
  const failed = verdicts.filter(({ wrong }) => wrong !== undefined).map(({ id, wrong }) => `${id}: ${wrong}`)
  return { total: verdicts.length, passed: verdicts.length - failed.length, failed, notRun: [], known: [] }
}

function report(name: string, verdicts: readonly Verdict[]): void {
  const failed = verdicts.filter(({ wrong }) => wrong !== undefined)
  console.error(`${name}: ${verdicts.length - failed.length} of ${verdicts.length}`)
  for (const { id, wrong } of failed) console.error(`  ${id}: ${wrong}`)
}
