import { type Behaviour, experiment } from './ssrf/experiment.ts'
import type { SuiteResult } from './suite.ts'

/** Fewer hostile forms that an unguarded client follows inside than this, and the experiment itself is broken. */
const LEAST_REACHED_UNGUARDED = 5000

/** Generated URLs against each of our guards; the guards of npm and no guard at all beside them, to stderr. */
export async function run(): Promise<SuiteResult> {
  const behaviours = await experiment({})
  for (const behaviour of behaviours) console.error(line(behaviour))
  const ours = behaviours.filter(({ isOurs }) => isOurs)
  const failed = ours.flatMap(({ client, reached, withheld }) => [
    ...reached.map((id) => `${client}: reached by ${id}`),
    ...withheld.map((id) => `${client}: withheld ${id}`),
  ])
  const unguarded = behaviours.at(-1)?.reached.length ?? 0
  if (unguarded < LEAST_REACHED_UNGUARDED)
    failed.push(`the control: an unguarded fetch was led inside by ${unguarded} forms only`)
  const total = ours.reduce((sum, { hostile, lookAlikes }) => sum + hostile + lookAlikes, 1)
  return { total, passed: total - failed.length, failed, notRun: [], known: [] }
}

function line({ client, hostile, reached, lookAlikes, withheld }: Behaviour): string {
  const kinds = new Map<string, number>()
  for (const id of reached) {
    const kind = id.replace(/ \d+$/, '')
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  const how = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')
  return `${client}: ${reached.length} of ${hostile} hostile forms led inside${how && ` (${how})`}; ${withheld.length} of ${lookAlikes} public look-alikes withheld`
}
