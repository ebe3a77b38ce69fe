// An Express application behind the walls in one process: the gate wraps the application.
import { createServer, type Server } from 'node:http'

import express from 'express'

import { type ConfigInput, ringwall } from '../../src/index.ts'

/** Starts the application on a port; 0 for any free one. */
export async function start(
  config: ConfigInput,
  port = 0,
): Promise<{ server: Server; close(): Promise<void> }> {
  const app = express()
  app.set('env', 'test')
  app.use(express.json())
  app.get('/hello', (req, res) => {
    res.send(`hello ${typeof req.query['name'] === 'string' ? req.query['name'] : 'world'}`)
  })
  app.post('/echo', (req, res) => {
    res.json(req.body)
  })
  app.get('/broken', () => {
    throw new Error('near "x": syntax error')
  })

  const gate = await ringwall(config)
  const server = createServer(gate.handler(app))
  server.listen(port, '127.0.0.1')
  return {
    server,
    async close() {
      server.closeAllConnections()
      server.close()
      await gate.close()
    },
  }
}
