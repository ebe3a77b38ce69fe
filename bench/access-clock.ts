// How fast is a function, and how long does one call take?
import { median } from './measured-process.ts'

/**
 * Calls per second of processor time of each, in turns, so that a noisy neighbour disturbs all alike; the median of
 * the rounds. The time is that of all threads of the process: who collects much garbage pays for it.
 */
export function rates<Name extends string>(
  turns: Readonly<Record<Name, (at: number) => unknown>>,
  options: { readonly rounds: number; readonly milliseconds: number },
): Record<Name, number> {
  const names = Object.keys(turns) as Name[]
  const found = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round <= options.rounds; round++)
    for (const name of names) {
      const rate = rateOf(turns[name], options.milliseconds)
      // The first round is for the compiler.
      if (round > 0) found[name].push(rate)
    }
  return Object.fromEntries(names.map((name) => [name, median(found[name])])) as Record<Name, number>
}

let sink: unknown

function rateOf(turn: (at: number) => unknown, milliseconds: number): number {
  const start = process.cpuUsage()
  let calls = 0
  let burst = 1
  for (;;) {
    for (let end = calls + burst; calls < end; calls++) sink = turn(calls)
    const elapsed = elapsedMs(start)
    if (elapsed >= milliseconds) return (calls / elapsed) * 1000
    if (elapsed < milliseconds / 50) burst *= 2
  }
}

/** Milliseconds of processor time. */
export function elapsedMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** Nanoseconds of single calls, the clock's own reading among them: half, and 99 of 100, take no longer. */
export function latency(turn: (at: number) => unknown, calls: number): { p50: number; p99: number } {
  const times = new Float64Array(calls)
  for (let at = 0; at < calls; at++) {
    const start = process.hrtime.bigint()
    sink = turn(at)
    times[at] = Number(process.hrtime.bigint() - start)
  }
  times.sort()
  const at = (part: number): number => times[Math.floor(calls * part)] as number
  return { p50: at(0.5), p99: at(0.99) }
}

/** What was computed last, so that nothing is optimised away. */
export function lastResult(): unknown {
  return sink
}
