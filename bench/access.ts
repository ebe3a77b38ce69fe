// How fast is a decision, against the reference in WebAssembly, CASL and casbin? All are asked the same in this run,
// and a decision that differs from the reference's ends it.
import { measureFilter } from './access-filter.ts'
import { measureApps } from './access-generated.ts'
import { measureMany } from './access-many.ts'
import { measureGuide, type Measured } from './access-measured-guide.ts'
import type { BenchResult } from './run.ts'

export async function run({ quick }: { readonly quick: boolean }): Promise<BenchResult> {
  const all: readonly Measured[] = [
    await measureGuide(quick),
    measureApps(quick),
    measureMany(quick),
    await measureFilter(quick),
  ]
  const parts = (['figures', 'peers', 'ratio'] as const).map((part) => {
    const entries = all.flatMap((measured) => Object.entries(measured[part]))
    return Object.fromEntries(entries.map(([name, value]) => [name, rounded(value)]))
  })
  const [figures, peers, ratio] = parts as [
    Record<string, number>,
    Record<string, number>,
    Record<string, number>,
  ]
  for (const [name, value] of Object.entries({ ...figures, ...peers, ...ratio }))
    console.log(`${name.padEnd(36)} ${value.toLocaleString('en-US')}`)
  return { bench: 'access', figures, peers, ratio }
}

function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100
}
