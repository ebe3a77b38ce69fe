// A Hono application behind the walls in one process: the gate stands before its fetch.
import type { Server } from 'node:http'

import { type HttpBindings, serve } from '@hono/node-server'
import { Hono } from 'hono'

import { type ConfigInput, ringwall } from '../../src/index.ts'

/** Starts the application on a port; 0 for any free one. */
export async function start(
  config: ConfigInput,
  port = 0,
): Promise<{ server: Server; close(): Promise<void> }> {
  const app = new Hono()
  app.get('/hello', (context) => context.text(`hello ${context.req.query('name') ?? 'world'}`))
  app.post('/echo', async (context) => context.json(await context.req.json()))
  app.get('/broken', () => {
    throw new Error('near "x": syntax error')
  })

  const gate = await ringwall(config)
  const protect = (request: Request, env: HttpBindings): Promise<Response> =>
    gate.fetch(request, {
      app: (inner) => app.fetch(inner),
      peer: env.incoming.socket.remoteAddress ?? '',
    })
  const server = serve({
    fetch: protect as (request: Request) => Promise<Response>,
    port,
    hostname: '127.0.0.1',
  }) as Server
  return {
    server,
    async close() {
      server.closeAllConnections()
      server.close()
      await gate.close()
    },
  }
}
