// What does it cost to protect data? One file for each question: `data-*.ts`.
import { measureCipher, type Measures } from './data-cipher.ts'
import { measureEgress } from './data-egress.ts'
import { measureInjector } from './data-html.ts'
import { measureMasking } from './data-mask.ts'
import type { BenchResult } from './run.ts'

/** Each question has its own prefix. Peers of masking and of the guard are figures beside ours (`mask.pino_us`, `egress.bare_fetch_us`). */
const QUESTIONS: Readonly<Record<string, (quick: boolean) => Promise<Measures>>> = {
  cipher: measureCipher,
  mask: async (quick) => ({ figures: await measureMasking(quick), peers: {} }),
  html: async (quick) => ({ figures: { ...measureInjector(quick) }, peers: {} }),
  egress: async () => ({ figures: await measureEgress(), peers: {} }),
}

export async function run(options: { readonly quick: boolean }): Promise<BenchResult> {
  const figures: Record<string, number> = {}
  const peers: Record<string, number> = {}
  for (const [question, measure] of Object.entries(QUESTIONS)) {
    const found = await measure(options.quick)
    for (const [name, value] of Object.entries(found.figures)) figures[`${question}.${name}`] = value
    for (const [name, value] of Object.entries(found.peers)) peers[`${question}.${name}`] = value
  }
  const ours = figures['cipher.encrypt_per_s'] ?? 0
  const ratio = Object.fromEntries(
    Object.entries(peers).map(([name, value]) => [name, Math.round((ours / value) * 100) / 100]),
  )
  return { bench: 'data', figures, peers, ratio }
}
