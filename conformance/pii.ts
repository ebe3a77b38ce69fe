// What a public recogniser's tests say of texts: how many findings of one kind each must give. Every kind is asked alone, as those
// tests do, and weak findings count without a word near them. One case is one text.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { createMasker, type MaskKind } from '../src/data/index.ts'
import { DataAbsent, type Deviation, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'extract, from the recogniser tests of microsoft/presidio at 0aa9f8e44, per entity each text with its number of findings, as `pii/cases.json`; pass the directory that holds `pii` with --data'

/** How many texts the suite has. */
export const cases = 304

/** What the suite calls an entity, and our kind. */
const KINDS: Readonly<Record<string, MaskKind>> = {
  aba_routing: 'us_routing',
  ca_sin: 'ca_sin',
  credit_card: 'card',
  crypto: 'crypto_address',
  email: 'email',
  iban: 'iban',
  ip: 'ip',
  phone: 'phone',
  uk_nhs: 'uk_nhs',
  url: 'url',
  us_itin: 'us_itin',
  us_mbi: 'us_mbi',
  us_npi: 'us_npi',
  us_ssn: 'us_ssn',
}

/** Texts where we differ on purpose. */
const KNOWN: Readonly<Record<string, string>> = {
  'phone: My US number is (415) 555-0132, and my international one is +91 4155 550132':
    "the test wants the digits of a country grouped as that country does; E.164 knows no groups, and a number that somebody wrote otherwise is still somebody's number",
}

export async function run(dataDir: string): Promise<SuiteResult> {
  const file = join(dataDir, 'pii/cases.json')
  if (!existsSync(file)) throw new DataAbsent('`pii/cases.json` is missing')
  const entities = JSON.parse(readFileSync(file, 'utf8')) as Record<
    string,
    readonly (readonly [string, number])[]
  >
  const failed: string[] = []
  const known: Deviation[] = []
  const notRun: Deviation[] = []
  let total = 0
  for (const [entity, texts] of Object.entries(entities)) {
    const kind = KINDS[entity]
    const masker = kind && createMasker({ kinds: [kind], weak: 'always' })
    for (const [text, expected] of texts) {
      total++
      const id = `${entity}: ${text}`
      const why = KNOWN[id]
      if (!masker) notRun.push({ id, why: `no kind stands for \`${entity}\`` })
      else {
        const found = masker.find(text)
        if (found.length === expected) continue
        const got = found.map(({ from, to }) => text.slice(from, to)).join(' | ')
        if (why === undefined) failed.push(`${id}: got ${found.length} [${got}], expected ${expected}`)
        else known.push({ id, why })
      }
    }
  }
  return { total, passed: total - failed.length - known.length - notRun.length, failed, notRun, known }
}
