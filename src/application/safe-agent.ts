import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

import { EgressRefused, openChecked } from './egress-connection.ts'
import type { EgressPolicy } from './egress-policy.ts'

/** An agent for each scheme, for clients that follow redirects from one to the other. */
export interface SafeAgents {
  readonly http: http.Agent
  readonly https: https.Agent
  /** Closes what is kept open. */
  destroy(): void
}

/** What `node:http` hands to `createConnection`. */
interface CreateOptions extends ConnectionOptions {
  readonly hostname?: string | null
  readonly socketPath?: string | null
}

type Callback = (error: Error | null, socket?: Socket) => void

/**
 * Agents for `node:http` and `node:https`, and for every client that takes agents (axios, got, node-fetch): each connection is
 * opened by `openChecked`. What a request says of `lookup`, `socketPath` or a proxy of the environment does not count. Redirects,
 * sizes and times are the client's; each redirect comes through the agent again.
 */
export function safeAgent(policy: EgressPolicy, options: https.AgentOptions = {}): SafeAgents {
  const own: https.AgentOptions = { keepAlive: true, maxSockets: 256, ...options, proxyEnv: undefined }
  const agents = { http: new http.Agent(own), https: new https.Agent(own) }
  guard(agents.http, 'http', policy)
  guard(agents.https, 'https', policy)
  return {
    ...agents,
    destroy() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

function guard(agent: http.Agent, scheme: 'http' | 'https', policy: EgressPolicy): void {
  // Assigned, not inherited: both agents of the platform ask this one method for every new connection.
  agent.createConnection = ((options: CreateOptions, callback: Callback) => {
    void create(options, scheme, policy, callback)
    return undefined
  }) as http.Agent['createConnection']
}

async function create(
  options: CreateOptions,
  scheme: 'http' | 'https',
  policy: EgressPolicy,
  callback: Callback,
): Promise<void> {
  let socket: Socket
  try {
    socket = await connect(options, scheme, policy)
  } catch (thrown) {
    callback(thrown as Error)
    return
  }
  callback(null, socket)
}

async function connect(
  options: CreateOptions,
  scheme: 'http' | 'https',
  policy: EgressPolicy,
): Promise<Socket> {
  if (typeof options.socketPath === 'string' || typeof options.path === 'string') {
    throw new EgressRefused('socket-path', 'a request to a socket of this machine')
  }
  const hostname = options.hostname ?? options.host ?? ''
  const port = options.port ?? (scheme === 'https' ? 443 : 80)
  return openChecked({ scheme, hostname, port, tls: options }, policy)
}
