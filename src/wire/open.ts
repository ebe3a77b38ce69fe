import type { Wire, WireOptions } from './call.ts'
import { Http1Pool } from './http1-pool.ts'

/** Opens the way to an origin, in the protocol that its scheme names. Connects with the first request. */
export function openWire(options: WireOptions): Wire {
  return new Http1Pool(options)
}
