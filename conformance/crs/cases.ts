import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { DataAbsent } from '../suite.ts'

/** One exchange of a test, as the suite writes it (go-ftw's schema). */
export interface Stage {
  readonly input: {
    readonly method?: string
    readonly uri?: string
    readonly version?: string
    readonly headers?: Readonly<Record<string, string | number>>
    readonly data?: string
    readonly encoded_request?: string
    readonly autocomplete_headers?: boolean
  }
  readonly output: {
    readonly status?: number
    readonly expect_error?: boolean
    readonly log?: {
      readonly expect_ids?: readonly number[]
      readonly no_expect_ids?: readonly number[]
      readonly match_regex?: string
      readonly no_match_regex?: string
    }
  }
}

/** One test of the regression suite. */
export interface Case {
  /** `942100-1`. */
  readonly id: string
  readonly stages: readonly Stage[]
}

/** Every test under `coreruleset/tests/regression/tests`, in order. */
export function readCases(dataDir: string): Case[] {
  const root = join(dataDir, 'coreruleset', 'tests', 'regression', 'tests')
  let files: string[]
  try {
    files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  } catch {
    throw new DataAbsent(`there is no ${root}`)
  }
  return files
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .flatMap((file) => casesOf(readFileSync(join(root, file), 'utf8')))
}

function casesOf(text: string): Case[] {
  const document = parse(text) as {
    readonly rule_id: number
    readonly tests?: readonly { readonly test_id: number; readonly stages: readonly Stage[] }[]
  } | null
  return (document?.tests ?? []).map(({ test_id: id, stages }) => ({
    id: `${document?.rule_id}-${id}`,
    stages,
  }))
}
