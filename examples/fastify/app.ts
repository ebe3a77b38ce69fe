// A Fastify application behind the walls in one process: the gate makes the server that Fastify runs on.
import { createServer, type Server } from 'node:http'

import { fastify } from 'fastify'

import { type ConfigInput, ringwall } from '../../src/index.ts'

/** Starts the application on a port; 0 for any free one. */
export async function start(
  config: ConfigInput,
  port = 0,
): Promise<{ server: Server; close(): Promise<void> }> {
  const gate = await ringwall(config)
  const app = fastify({ serverFactory: (handler) => createServer(gate.handler(handler)) })
  app.get('/hello', async (request, reply) => {
    const { name = 'world' } = request.query as { name?: string }
    return reply.type('text/html').send(`hello ${name}`)
  })
  app.post('/echo', async (request) => request.body)
  app.get('/broken', async () => {
    throw new Error('near "x": syntax error')
  })
  await app.listen({ port, host: '127.0.0.1' })
  return {
    server: app.server,
    async close() {
      await app.close()
      await gate.close()
    },
  }
}
