// A flood of sign-ins: what is refused is refused at once, and nobody who is signed in notices.
import { measureFlood } from './identity-flood.ts'
import type { BenchResult } from './run.ts'

export async function run({ quick }: { readonly quick: boolean }): Promise<BenchResult> {
  const flood = await measureFlood(quick)
  return {
    bench: 'identity',
    figures: { ...flood },
    peers: {},
    ratio: {
      session_check_p99_flood_to_idle:
        Math.round((flood.session_check_flood_p99_ms / flood.session_check_idle_p99_ms) * 100) / 100,
      known_devices_in:
        flood.known_devices_tried === 0 ? 0 : flood.known_devices_in / flood.known_devices_tried,
    },
  }
}
