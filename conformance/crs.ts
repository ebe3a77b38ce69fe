import { type Case, readCases } from './crs/cases.ts'
import { runThroughGateway } from './crs/gateway.ts'
import { disagreement, type StageResult } from './crs/judge.ts'
import { KNOWN } from './crs/known.ts'
import { requestBytes } from './crs/request.ts'
import type { Deviation, SuiteResult } from './suite.ts'

export const data =
  'the OWASP Core Rule Set 4.28.0 (github.com/coreruleset/coreruleset) under DIR/coreruleset'
export const cases = 5003

/** Every regression test of the Core Rule Set, through a gateway over sockets. */
export async function run(dataDir: string): Promise<SuiteResult> {
  const all = readCases(dataDir)
  const stages = all.flatMap((one) => one.stages)
  const results = await runThroughGateway(dataDir, stages.map(requestBytes))
  const failed: string[] = []
  const known: Deviation[] = []
  let passed = 0
  let at = 0
  for (const one of all) {
    const why = firstDisagreement(one, results.slice(at, (at += one.stages.length)))
    const reason = KNOWN.get(one.id)
    if (why === undefined) passed++
    else if (reason === undefined) {
      failed.push(one.id)
      console.error(`${one.id}: ${why}`)
    } else known.push({ id: one.id, why: reason })
  }
  console.error(`an engine without rules passes ${all.filter(isPassedByNothing).length} of these`)
  return { total: all.length, passed, failed, notRun: [], known }
}

function firstDisagreement({ stages }: Case, results: readonly StageResult[]): string | undefined {
  return stages
    .map((stage, i) => disagreement(stage, results[i] as StageResult))
    .find((why) => why !== undefined)
}

/** What an engine that matches nothing, behind a server that takes everything, would pass. */
function isPassedByNothing({ stages }: Case): boolean {
  return stages.every(
    (stage) => disagreement(stage, { status: stage.output.status ?? 200, matches: [] }) === undefined,
  )
}
