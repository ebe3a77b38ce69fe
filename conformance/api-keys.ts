// Do scanners of secrets find our API keys? The rules of gitleaks, and the one that our guide gives for it, on keys in the places
// where keys are left behind. gitleaks does not know our prefix: its generic rule finds what is assigned to a name.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { systemRandom } from '../src/core/clock.ts'
import { newApiKey } from '../src/gateway/index.ts'
import { DataAbsent, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out gitleaks/gitleaks and pass the directory that holds it as `gitleaks` with --data (config/gitleaks.toml is read)'

const KEYS = 200

/** Places with an assignment, which the generic rule is for. */
const ASSIGNED: Readonly<Record<string, (key: string) => string>> = {
  'an environment file': (key) => `RINGWALL_API_KEY=${key}\n`,
  'a header in code': (key) => `headers: { 'X-API-Key': '${key}' },\n`,
  'a constant': (key) => `const apiKey = "${key}";\n`,
  'a JSON document': (key) => `{"api_key": "${key}"}\n`,
  'a YAML document': (key) => `  token: ${key}\n`,
}
/** Places without one, where only a rule for the prefix can find it. */
const BARE: Readonly<Record<string, (key: string) => string>> = {
  'a command line': (key) => `curl -H "Authorization: Bearer ${key}" https://a.test/\n`,
  'a log line': (key) => `2026-11-24 GET /orders?k=${key} 401\n`,
  'a sentence': (key) => `use ${key} until Friday\n`,
}

export const cases = KEYS * (2 * Object.keys(ASSIGNED).length + Object.keys(BARE).length)

interface Rule {
  readonly id: string
  readonly pattern: RegExp
  readonly entropy: number
}

export async function run(dataDir: string): Promise<SuiteResult> {
  const file = join(dataDir, 'gitleaks', 'config', 'gitleaks.toml')
  if (!statSync(file, { throwIfNoEntry: false })) throw new DataAbsent(`there is no \`${file}\``)
  const guide = readFileSync(join(import.meta.dirname, '..', 'docs', 'guide', '3-gateway.md'), 'utf8')
  const [own] = rulesOf(guide)
  const generic = rulesOf(readFileSync(file, 'utf8')).find(({ id }) => id === 'generic-api-key')
  if (!own || !generic) throw new DataAbsent('the rule of the guide, or `generic-api-key`, is not there')
  const failed: string[] = []
  let passed = 0
  for (let i = 0; i < KEYS; i++) {
    const key = newApiKey(systemRandom)
    for (const [place, write] of Object.entries({ ...ASSIGNED, ...BARE })) {
      const id = `${place} ${i}`
      if (finds(own, write(key), key)) passed++
      else failed.push(`own rule: ${id}`)
      if (!(place in ASSIGNED)) continue
      if (finds(generic, write(key), key)) passed++
      else failed.push(`${generic.id}: ${id}`)
    }
  }
  return { total: cases, passed, failed, notRun: [], known: [] }
}

/** The rules of a configuration of gitleaks: id, regular expression, entropy. */
function rulesOf(toml: string): readonly Rule[] {
  return toml
    .split('[[rules]]')
    .slice(1)
    .flatMap((text): Rule[] => {
      const id = /^id = "([^"]+)"/m.exec(text)?.[1]
      const source = /^regex = '''([\s\S]*?)'''/m.exec(text)?.[1]
      if (
        id === undefined ||
        source === undefined ||
        (id !== 'generic-api-key' && !id.startsWith('ringwall'))
      )
        return []
      // RE2 writes the flag into the expression.
      const isCaseless = source.startsWith('(?i)')
      const pattern = new RegExp(isCaseless ? source.slice(4) : source, isCaseless ? 'i' : '')
      return [{ id, pattern, entropy: Number(/^entropy = ([\d.]+)/m.exec(text)?.[1] ?? 0) }]
    })
}

/** As gitleaks judges: the pattern matches, and its first group, or all of it, is random enough. */
function finds({ pattern, entropy }: Rule, text: string, key: string): boolean {
  const found = pattern.exec(text)
  const secret = found?.[1] ?? found?.[0] ?? ''
  return secret.includes(key) && bitsOf(secret) > entropy
}

/** Shannon entropy of a text, in bits for each character. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / text.length) * Math.log2(count / text.length),
    0,
  )
}
