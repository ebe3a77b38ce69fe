import type { Wire, WireOptions } from './call.ts'
import { Http1Pool } from './http1-pool.ts'
import { Http2Wire } from './http2-wire.ts'

/** Opens the way to an origin, in the protocol that its scheme names. Connects with the first request. */
export function openWire(options: WireOptions): Wire {
  return /^h2c?:/.test(options.origin) ? new Http2Wire(options) : new Http1Pool(options)
}
