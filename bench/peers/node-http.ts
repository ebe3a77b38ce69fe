// The least that a node:http server can do with a question: say yes.
import http from 'node:http'

http
  .createServer((_req, res) => res.writeHead(200, { 'Content-Length': 0 }).end())
  .listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'))
