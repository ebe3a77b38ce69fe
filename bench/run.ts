// `npm run -s bench -- NAME [--quick]`: ours and its peers in the same run; the last line is one JSON object.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What a benchmark reports. Ratios are named after the peer. */
export interface BenchResult {
  readonly bench: string
  readonly figures: Readonly<Record<string, number>>
  readonly peers: Readonly<Record<string, number | string>>
  readonly ratio: Readonly<Record<string, number>>
}

const [name, ...flags] = process.argv.slice(2)
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts' && !file.includes('-'))
  .map((file) => file.slice(0, -3))

if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run -s bench -- NAME [--quick]; there is ${names.join(', ')}`)
  process.exitCode = 2
} else {
  const { run } = (await import(pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href)) as {
    run: (options: { readonly quick: boolean }) => Promise<BenchResult>
  }
  console.log(JSON.stringify(await run({ quick: flags.includes('--quick') })))
}
