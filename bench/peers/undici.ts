// The plainest proxy that node:http and undici make: fields copied, body piped, no walls.
import http from 'node:http'

import { Pool } from 'undici'

const [port, target] = process.argv.slice(2) as [string, string]
const pool = new Pool(`http://127.0.0.1:${target}`, { connections: 64, pipelining: 1 })

http
  .createServer((req, res) => {
    const hasBody =
      req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined
    const headers = req.rawHeaders.filter(
      (_, i, all) => (all[i - (i % 2)] as string).toLowerCase() !== 'connection',
    )
    pool.dispatch(
      { path: req.url ?? '/', method: req.method as 'GET', headers, body: hasBody ? req : null },
      {
        onRequestStart() {},
        onResponseStart(controller, status) {
          res.writeHead(
            status,
            (controller.rawHeaders as Buffer[]).map((part) => part.toString('latin1')),
          )
        },
        onResponseData(controller, chunk) {
          if (!res.write(chunk)) {
            controller.pause()
            res.once('drain', () => controller.resume())
          }
        },
        onResponseEnd() {
          res.end()
        },
        onResponseError() {
          res.destroy()
        },
      },
    )
  })
  .listen(Number(port), '127.0.0.1', () => process.send?.('ready'))
