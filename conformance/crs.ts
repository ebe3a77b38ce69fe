import { readCases } from './crs/cases.ts'
import { runInProcess } from './crs/in-process.ts'
import { disagreement } from './crs/judge.ts'
import { requestBytes } from './crs/request.ts'
import { crsEngine } from './crs/rules.ts'
import type { SuiteResult } from './suite.ts'

export const data =
  'the OWASP Core Rule Set 4.28.0 (github.com/coreruleset/coreruleset) under DIR/coreruleset'
export const cases = 5003

/** Every regression test of the Core Rule Set. */
export async function run(dataDir: string): Promise<SuiteResult> {
  const engine = crsEngine(dataDir)
  const failed: string[] = []
  let passed = 0
  const all = readCases(dataDir)
  for (const { id, stages } of all) {
    let why: string | undefined
    for (const stage of stages) why ??= disagreement(stage, runInProcess(engine, requestBytes(stage)))
    if (why === undefined) passed++
    else {
      failed.push(id)
      console.error(`${id}: ${why}`)
    }
  }
  return { total: all.length, passed, failed, notRun: [], known: [] }
}
