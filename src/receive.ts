import type { Clock } from './core/clock.ts'
import type {
  Client,
  Connection,
  Exchange,
  Host,
  RawRequest,
  RequestBody,
  RouteMatch,
  Target,
} from './core/exchange.ts'
import { HeaderList } from './core/headers.ts'
import { Trace } from './core/trace.ts'

/** What any protocol (HTTP/1.1, a WHATWG Request) brings to the door. */
export interface Arrival {
  readonly connection: Connection
  readonly raw: RawRequest
  readonly body: RequestBody
  readonly signal: AbortSignal
  readonly onInformation?: (status: number, headers: readonly string[]) => void
}

/** What the edge makes of an arrival before any wall is asked: one reading each of who, where and what. */
export interface Reading {
  readonly client: Client
  readonly host: Host
  readonly target: Target
  readonly route: RouteMatch
}

/** Makes the Exchange: what was sent beside how it is read. No wall has been asked yet. */
export function receive(arrival: Arrival, reading: Reading, id: string, clock: Clock): Exchange {
  return {
    id,
    startedMs: clock.now(),
    connection: arrival.connection,
    raw: arrival.raw,
    method: arrival.raw.method,
    headers: new HeaderList(arrival.raw.headers),
    client: reading.client,
    host: reading.host,
    target: reading.target,
    route: reading.route,
    body: arrival.body,
    trace: new Trace(clock),
    signal: arrival.signal,
    onInformation: arrival.onInformation,
    machine: undefined,
    subject: undefined,
    isStillSignedIn: undefined,
    upstreamHeaders: [],
    replyHeaders: [],
    events: [],
    atEnd: [],
  }
}
