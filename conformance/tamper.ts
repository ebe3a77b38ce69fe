// An attacker who can write to the database: 100,000 stored values altered, cut, spliced and moved to other rows, columns and tables,
// in both forms and of every type. Every one must be refused, and every value that was not touched must be read.
import { type Declaration, declareColumns, type FieldType } from '../src/data/index.ts'
import { mutate, openTestKeys, seeded } from '../src/data/testing.ts'
import type { SuiteResult } from './suite.ts'

/** Altered values; as many untouched ones again are read. */
export const cases = 100_000

const ROWS = 40
const VALUES: Readonly<Record<FieldType, (row: number) => unknown>> = {
  string: (row) => 'x'.repeat(row),
  number: (row) => row / 3,
  bigint: (row) => 7n ** BigInt(row),
  boolean: (row) => row % 2 === 0,
  date: (row) => new Date(row * 1e9),
  json: (row) => ({ row, list: Array.from({ length: row % 5 }, (_, i) => i) }),
  bytes: (row) => new Uint8Array(row).fill(row),
}

export async function run(): Promise<SuiteResult> {
  const columns = declareColumns(declaration(), await openTestKeys())
  const next = seeded(1_126)
  const stored = columns.names.map((name) =>
    Array.from({ length: ROWS }, (_, row) =>
      columns.table(name).encryptRow(rowOf(row, columns.table(name).columnNames)),
    ),
  )
  const failed: string[] = []
  const reasons = new Map<string, number>()
  for (let i = 0; i < cases; i++) {
    const t = next(columns.names.length)
    const table = columns.table(columns.names[t] as string)
    const names = table.columnNames
    const name = names[next(names.length)] as string
    const row = next(ROWS)
    const from = stored[t]?.[row]?.[name]
    // A value of another place: another row, another column, another table.
    const other = [
      stored[t]?.[(row + 1 + next(ROWS - 1)) % ROWS]?.[name],
      stored[t]?.[row]?.[names[(names.indexOf(name) + 1) % names.length] as string],
      stored[1 - t]?.[row]?.[name],
    ][next(3)]
    const altered = next(4) === 0 ? other : alter(from, other, next)
    const opened = table.cipherOf(name).decrypt(altered, row)
    if (opened.ok) failed.push(`case ${i}: ${table.name}.${name} of row ${row} was taken`)
    else reasons.set(opened.reason, (reasons.get(opened.reason) ?? 0) + 1)
    if (!table.cipherOf(name).decrypt(from, row).ok) failed.push(`case ${i}: an untouched value was refused`)
  }
  console.error([...reasons].map(([reason, count]) => `${reason} ${count}`).join(', '))
  return { total: cases, passed: cases - failed.length, failed, notRun: [], known: [] }
}

function declaration(): Declaration {
  const types = Object.keys(VALUES) as FieldType[]
  const columns = Object.fromEntries(
    types.flatMap((type) => [
      [`${type}_text`, { type, form: 'text', padBytes: 16 }],
      [`${type}_bytes`, { type, form: 'bytes' }],
    ]),
  ) as Declaration[string]['columns']
  return { a: { key: 'id', columns }, b: { key: 'id', columns } }
}

function rowOf(row: number, names: readonly string[]): Record<string, unknown> {
  const values = names.map((name) => [name, VALUES[name.split('_')[0] as FieldType](row)])
  return { id: row, ...(Object.fromEntries(values) as Record<string, unknown>) }
}

/** Bits of the bytes, or characters of the text as an attacker would write them. */
function alter(from: unknown, other: unknown, next: (below: number) => number): unknown {
  if (from instanceof Uint8Array) return mutate(from, bytesOf(other), next)
  const text = Buffer.from(mutate(bytesOf(from), bytesOf(other), next)).toString('latin1')
  return text === from ? `${text}A` : text
}

function bytesOf(stored: unknown): Uint8Array {
  return stored instanceof Uint8Array ? stored : Buffer.from(String(stored), 'latin1')
}
