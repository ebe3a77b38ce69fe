// The plainest proxy that node:http and our own client towards applications make: the peer of peers/undici.ts.
import http from 'node:http'

import { openWire } from '../../src/wire/index.ts'

const [port, target] = process.argv.slice(2) as [string, string]
const wire = openWire({
  origin: `http://127.0.0.1:${target}`,
  connectTimeoutMs: 5000,
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  maxConnections: 64,
})

http
  .createServer((req, res) => {
    const length = req.headers['content-length']
    const hasBody = length !== undefined || req.headers['transfer-encoding'] !== undefined
    const fields = req.rawHeaders.filter((_, i, all) => {
      const name = (all[i - (i % 2)] as string).toLowerCase()
      return name !== 'connection' && name !== 'content-length' && name !== 'transfer-encoding'
    })
    const call = wire.send(
      {
        method: req.method ?? '',
        target: req.url ?? '',
        fields,
        body: hasBody ? req : null,
        bodyBytes: length === undefined ? undefined : Number(length),
        upgrade: false,
      },
      {
        information: () => undefined,
        head(status, answered, whole) {
          res.writeHead(status, answered as string[])
          if (whole) res.end(whole)
        },
        data(chunk) {
          if (res.write(chunk)) return
          call.pause()
          res.once('drain', () => call.resume())
        },
        end: () => void (res.writableEnded || res.end()),
        switched: (_fields, socket) => void socket.destroy(),
        fail: () => void res.destroy(),
      },
    )
  })
  .listen(Number(port), '127.0.0.1', () => process.send?.('ready'))
