import http from 'node:http'

import { createProxyServer } from 'http-proxy-3'

const [port, target] = process.argv.slice(2) as [string, string]
const proxy = createProxyServer({
  target: `http://127.0.0.1:${target}`,
  agent: new http.Agent({ keepAlive: true, maxSockets: 64 }),
})
proxy.on('error', (_error, _req, res) => res.end())
http
  .createServer((req, res) => proxy.web(req, res))
  .listen(Number(port), '127.0.0.1', () => process.send?.('ready'))
