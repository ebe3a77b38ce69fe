import type { HeaderList } from './headers.ts'
import type { Holding } from './holding.ts'
import type { SecurityEvent } from './watch.ts'
import type { Trace } from './trace.ts'

/** The socket that an exchange came by. Several exchanges share one. */
export interface Connection {
  /** The peer's address in canonical text: a proxy's, if there is one in front. */
  readonly peer: string
  readonly peerPort: number
  readonly localPort: number
  /** What TLS agreed on; absent on plain TCP. */
  readonly tls?: {
    readonly version: string
    readonly cipher: string
    readonly serverName: string | undefined
    /** How the client said hello, as a JA4; absent where nobody listened. */
    readonly ja4?: string
    /** The certificate that the client has shown, where it was asked for one and has. Not judged for any route. */
    readonly certificate?: ShownCertificate
    /** Whether the client was asked for a certificate in the handshake. */
    readonly askedForCertificate?: boolean
  }
}

/** A certificate of a client as it came in the handshake. */
export interface ShownCertificate {
  readonly der: Uint8Array
  /** Certificates of authorities that came along, its issuer first. */
  readonly chain: readonly Uint8Array[]
  /** Why TLS could not verify it against any of the configured authorities; absent where it could. */
  readonly doubt?: string
}

/** A client's certificate that was verified for the route of an exchange. */
export interface VerifiedCertificate {
  /** `CN=billing, O=Example`. */
  readonly subject: string
  readonly issuer: string
  /** In lower-case hex. */
  readonly serial: string
  /** `DNS:a.example.com`, `URI:spiffe://example.com/billing`. */
  readonly names: readonly string[]
  /** SHA-256 of the certificate in hex. */
  readonly fingerprint: string
  readonly notAfterMs: number
  /** The name of the authority that it was verified for. */
  readonly authority: string
}

/** What was sent, byte for byte (latin1): the evidence. */
export interface RawRequest {
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  /** Flat list: name, value; order, case and duplicates kept. */
  readonly headers: readonly string[]
}

/** Who asks: the client behind any trusted proxies. */
export interface Client {
  readonly ip: string
  readonly scheme: 'http' | 'https'
}

/** The request target read in exactly one way, or the reason why there is more than one. */
export type Target =
  | { readonly ok: true; readonly path: string; readonly rawQuery: string; readonly decodedPath: string }
  | { readonly ok: false; readonly reason: string }

/** The Host field read in exactly one way, or the reason why not. */
export type Host =
  | { readonly ok: true; readonly name: string; readonly port: number | undefined }
  | { readonly ok: false; readonly reason: string }

/** A signed-in person or machine. */
export interface Subject {
  readonly id: string
  readonly email: string
  readonly name: string
  /** Of the account, assigned and elevated, as far as they count for everything: `rolesOf(holdings)`. */
  readonly roles: readonly string[]
  /** Everything that the subject holds, also for single resources. Absent where there is nothing but `roles`. */
  readonly holdings?: readonly Holding[]
  readonly realm: 'site' | 'operator'
  /** All sessions with an older version are dead. */
  readonly sessionVersion: number
  /** A value that is the same for one session and says nothing of its token. */
  readonly sessionRef: string
  /** Signed in with a one-time password that must be changed before anything else. */
  readonly mustChangePassword: boolean
  /** Must set up a second factor before anything else. */
  readonly mustEnrolFactor?: boolean
  /** What the session stands on; absent where nobody said. */
  readonly authentication?: {
    /** 1: one factor; 2: two, or a passkey that verified its user. */
    readonly level: 1 | 2
    /** RFC 8176. */
    readonly methods: readonly string[]
    readonly atMs: number
  }
}

/** A machine that showed a key of ours. */
export interface Machine {
  readonly subject: Subject
  /** Whose key it is: the e-mail address of an account, who must be one that may act; or the name of a team. */
  readonly owner: string
  /** Whether the key still counts. */
  readonly isStillGood: () => Promise<boolean>
}

/** The request's body: tapped for the walls, then streamed on. */
export interface RequestBody {
  /** Declared length; undefined for chunked; 0 for none. */
  readonly declaredBytes: number | undefined
  /** Bytes read off the socket so far. */
  readonly receivedBytes: number
  /** The most that may ever be read; a wall may lower it before the first read. */
  maxBytes: number
  /** The longest pause between two pieces, in milliseconds; a wall may set it before the first read. */
  maxPauseMs: number
  /** Buffers up to `limit` bytes and shows them; `complete` says whether that is all. */
  tap(limit: number): Promise<{ readonly bytes: Uint8Array; readonly complete: boolean }>
  /** The whole body, once a tap has shown all of it. */
  readonly whole: Uint8Array | undefined
  /** Puts other bytes in the place of a body that a tap has shown whole. Its fields are for whoever does it to set right. */
  replace(bytes: Uint8Array): void
  /** Whether nothing is left on the socket: the connection can serve another request. */
  readonly ended: boolean
  /** The whole body from its first byte, tapped or not. Can be taken once. */
  stream(): AsyncIterable<Uint8Array>
}

/** The row of the routing table that a request falls on. */
export interface RouteMatch {
  readonly name: string
  /** `found`: go on. The others are refused by the gateway wall, after the outer walls had their say. */
  readonly kind: 'found' | 'no-route' | 'method-not-allowed'
  /** Values of the `{name}` parts of the path pattern. */
  readonly params: Readonly<Record<string, string>>
  /** Methods of all routes that match but for the method. */
  readonly allow: readonly string[]
}

/**
 * One request and what is learned about it on its way in: the only mutable object in the flow. It knows nothing of
 * `node:http`; HTTP/1.1, HTTP/2 and a WHATWG Request all become the same Exchange.
 */
export interface Exchange {
  /** 128 bits, sortable, the same everywhere. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly startedMs: number
  readonly connection: Connection
  readonly raw: RawRequest
  readonly method: string
  readonly headers: HeaderList
  readonly client: Client
  readonly host: Host
  readonly target: Target
  readonly route: RouteMatch
  readonly body: RequestBody
  readonly trace: Trace
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal

  /** Passes 1xx answers of the application on (103 Early Hints), where the client's protocol can carry them. */
  readonly onInformation: ((status: number, headers: readonly string[]) => void) | undefined

  /** Set by the gateway wall: whose key was shown. The identity wall makes it the subject, if its owner may act. */
  machine: Machine | undefined

  /** Set by the edge: the client's certificate, where the route asks for one. */
  certificate?: VerifiedCertificate
  /** Set by the identity wall. */
  subject: Subject | undefined
  /** Set by identity with the subject: whether the session is still alive, for what outlives the answer. */
  isStillSignedIn: (() => Promise<boolean>) | undefined
  /** Set by identity: fields for the application (flat list), such as the signed assertion. */
  readonly upstreamHeaders: string[]
  /** Set by any wall or page: fields for the client (flat list), such as a renewed cookie. */
  readonly replyHeaders: string[]
  /** Set by any wall or page: what must be in the audit log before the client is answered. */
  readonly events: SecurityEvent[]
  /** Set by any wall: what is done once when the exchange has ended, however it ended. Must not throw. */
  readonly atEnd: (() => void)[]
}

/** Whether the client is a browser that navigates, and so can be shown a page. */
export function wantsHtml(exchange: Exchange): boolean {
  return exchange.headers.get('accept')?.includes('text/html') === true
}
