// What does masking cost? Objects of a log with sensitive fields at any depth beside pino's redaction of known paths, and free text
// of a log with every default kind and with a thousand loaded secrets.
import pino from 'pino'

import { Secret } from '../src/core/secret.ts'
import { createMasker, SecretRegistry } from '../src/data/index.ts'
import { median } from './measured-process.ts'

/** A request as a log has it, of about 435 bytes as JSON. */
const RECORD = {
  level: 30,
  time: 1763978400000,
  id: '01jd8x2v7cq0k5n3w9m4r6t8y1',
  method: 'POST',
  url: '/api/orders/7',
  status: 201,
  user: { id: 42, name: 'Ann Example', email: 'ann.example@shop.example', phone: '+49 30 1234567' },
  headers: {
    host: 'shop.example',
    authorization: 'Bearer 3f9a7c2e5b8d1046',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)',
  },
  payment: { method: { cardNumber: '4111 1111 1111 1111', cvv: '123' }, amount: 129.9 },
  duration: 12,
}

/** Paths of what the masker finds by itself. */
const PATHS = [
  'user.email',
  'user.phone',
  'headers.authorization',
  'payment.method.cardNumber',
  'payment.method.cvv',
]

const LINES = [
  '2026-11-24T09:00:12.345Z INFO  [http] 200 GET /products?page=2&sort=price 12ms 01jd8x2v7cq0k5n3w9m4r6t8y1 10.1.2.3',
  '2026-11-24T09:00:12.351Z INFO  [http] 304 GET /assets/app-5d3f9c1e.js 1ms 01jd8x2v8f0q7h2j4k6m8n0p2r 10.1.2.3',
  '2026-11-24T09:00:12.398Z DEBUG [db] select id, name, price from products where category = $1 order by price limit 50 (3.2 ms)',
  '2026-11-24T09:00:12.402Z WARN  [cache] the entry of products:list:2 is older than 60 seconds, it is read again',
  '2026-11-24T09:00:12.451Z ERROR [mail] the message to ann.example@shop.example was not taken: connection refused by 192.0.2.7:25',
  '2026-11-24T09:00:12.500Z INFO  [job] 550e8400-e29b-41d4-a716-446655440000 done after 3 tries, next run in 900 seconds',
  '    at Server.onRequest (file:///srv/shop/src/server.ts:128:17) at process.processTicksAndRejections (node:internal/process:105:5)',
]

/** Figures by name: microseconds for one object, megabytes a second for text. */
export async function measureMasking(quick: boolean): Promise<Record<string, number>> {
  const rounds = quick ? 5 : 15
  const masker = createMasker({ strings: 'leave' })
  const scanning = createMasker()
  const log = pino({ base: null, timestamp: false }, { write: () => undefined })
  const redacting = pino({ base: null, timestamp: false, redact: PATHS }, { write: () => undefined })
  const text = `${LINES.join('\n')}\n`.repeat(quick ? 4000 : 8000)
  const secrets = new SecretRegistry(
    Array.from({ length: 1000 }, (_, i) => new Secret(`pw-${i * 7919}-${(i * 104729).toString(36)}-xyz`)),
  )
  const knowing = createMasker({ secrets })
  const objects = quick ? 20_000 : 60_000
  const tasks: Record<string, () => number> = {
    object_us: () => microsOf(objects, () => masker.value(RECORD)),
    object_and_json_us: () => microsOf(objects, () => JSON.stringify(masker.value(RECORD))),
    object_scanned_us: () => microsOf(objects / 4, () => scanning.value(RECORD)),
    json_alone_us: () => microsOf(objects, () => JSON.stringify(RECORD)),
    pino_us: () => microsOf(objects, () => log.info(RECORD)),
    pino_redact_us: () => microsOf(objects, () => redacting.info(RECORD)),
    text_mb_per_s: () => rateOf(text, () => scanning.text(text)),
    text_with_1000_secrets_mb_per_s: () => rateOf(text, () => knowing.text(text)),
    secrets_alone_mb_per_s: () => rateOf(text, () => secrets.find(text)),
  }
  const results = new Map(Object.keys(tasks).map((name) => [name, [] as number[]]))
  for (let round = -2; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      const figure = task()
      // The first two rounds warm up.
      if (round >= 0) results.get(name)?.push(figure)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return Object.fromEntries(
    [...results].map(([name, figures]) => [name, Math.round(median(figures) * 100) / 100]),
  )
}

function microsOf(times: number, task: () => unknown): number {
  const startedAt = cpuMicros()
  for (let i = 0; i < times; i++) task()
  return (cpuMicros() - startedAt) / times
}

function rateOf(text: string, task: () => unknown): number {
  const startedAt = cpuMicros()
  task()
  return text.length / (cpuMicros() - startedAt)
}

/** Time that this thread was at work: neighbours on a busy machine do not count. */
function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

if (import.meta.main) console.log(JSON.stringify(await measureMasking(process.argv.includes('--quick'))))
