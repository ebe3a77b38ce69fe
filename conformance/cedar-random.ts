// Random policies, entities and requests: decision, reasons and errors must be those of the reference implementation.
// `RINGWALL_CASES` says how many sets of policies (2,000), `RINGWALL_SEED` the first seed (1).
import { type Comparison, compareCase } from './cedar-random/compare.ts'
import type { SuiteResult } from './suite.ts'

const PROGRESS_EVERY = 100

export function run(): Promise<SuiteResult> {
  const count = Number(process.env['RINGWALL_CASES'] ?? 2000)
  const first = Number(process.env['RINGWALL_SEED'] ?? 1)
  const found: Comparison = { requests: 0, allowed: 0, failing: 0, differences: [] }
  for (let at = 0; at < count; at++) {
    compareCase(first + at, found)
    if ((at + 1) % PROGRESS_EVERY === 0)
      console.error(
        `${at + 1} sets, ${found.requests} requests (${found.allowed} allowed, ${found.failing} with errors), ${found.differences.length} differ`,
      )
  }
  const { requests, differences } = found
  return Promise.resolve({
    total: requests,
    passed: requests - differences.length,
    failed: differences,
    notRun: [],
    known: [],
  })
}
