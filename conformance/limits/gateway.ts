// A gateway process of the suite: limits over a shared Redis in front of an application of one word.
import { completeConfig, ringwall } from '../../src/index.ts'
import { Secret } from '../../src/core/secret.ts'

const [redis = '', application = ''] = process.argv.slice(2)

const by = 'header:X-Key'
const base = completeConfig({
  listen: { http: '127.0.0.1:0', https: 'off', operator: 'off' },
  upstreams: { application },
  security: {
    perimeter: { rules: { RATE_LIMIT: { limit: 100_000_000 } }, connections: { per_client: 10_000 } },
    rate_limiting: {
      hot: { requests: 3000, period: 'minute', match: ['/hot'], by },
      many: { requests: 6000, period: 'minute', match: ['/many'], by },
      small: { requests: 10, period: 'hour', match: ['/small'], by },
      outage: { requests: 500, period: 'hour', match: ['/outage'], by },
    },
  },
})
const config = Object.freeze({
  ...base,
  store: { ...base.store, directory: ':memory:', redis: new Secret(redis) },
})

const gate = await ringwall(config)
const { http } = await gate.listen()
process.send?.(http)
process.once('disconnect', () => void gate.close().then(() => process.exit(0)))
