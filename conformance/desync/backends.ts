// Real servers, each of which writes down the requests that it counted.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import http, { type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import fastify from 'fastify'

import { freePort, isInstalled, startServer } from '../../bench/measured-process.ts'

/** A request as the server counted it. */
export interface Counted {
  /** Without the query; the whole line where it is no request line. */
  readonly path: string
  readonly status: number
}

/** A server that is running. */
export interface Backend {
  readonly port: number
  /** Ends it, and gives all that it counted. */
  stop(): Promise<readonly Counted[]>
}

/** How to start each; the directory is its own. Undefined: it is not installed. */
export const BACKENDS: Readonly<Record<string, (directory: string) => Promise<Backend | undefined>>> = {
  nginx: startNginx,
  'apache-unsafe': startApache,
  lighttpd: startLighttpd,
  'haproxy-node': startHaproxy,
  'python-http-server': (directory) => startPython(directory, HTTP_SERVER),
  'python-wsgiref': (directory) => startPython(directory, WSGIREF),
  node: () => startNode({}),
  // What old versions of Node's parser took: a length beside a coding, bare line ends, spaces before colons.
  'node-insecure-parser': () => startNode({ insecureHTTPParser: true }),
  fastify: startFastify,
}

async function startNginx(directory: string): Promise<Backend | undefined> {
  if (!isInstalled('nginx')) return undefined
  const port = await freePort()
  const log = join(directory, 'access.log')
  const file = join(directory, 'nginx.conf')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory};`)
    .join(' ')
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log /dev/null;
events { worker_connections 512; }
http {
  log_format counted '"$request" $status';
  access_log ${log} counted; ${temp}
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000; merge_slashes off; ignore_invalid_headers off; underscores_in_headers on;
    location / { return 200 "ok"; }
  }
}
`,
  )
  const server = await startServer('nginx', ['-c', file, '-e', 'stderr'], port)
  return { port, stop: async () => (await server.stop(), readLog(log)) }
}

async function startApache(directory: string): Promise<Backend | undefined> {
  if (!isInstalled('apache2')) return undefined
  const port = await freePort()
  const log = join(directory, 'access.log')
  const file = join(directory, 'apache.conf')
  writeFileSync(
    file,
    `ServerName a.test
ServerRoot ${directory}
PidFile ${directory}/pid
DefaultRuntimeDir ${directory}
Listen 127.0.0.1:${port}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
DocumentRoot ${directory}
HttpProtocolOptions Unsafe LenientMethods Allow0.9
MaxKeepAliveRequests 0
ErrorLog /dev/null
LogFormat "\\"%r\\" %>s" counted
CustomLog ${log} counted
`,
  )
  const server = await startServer('apache2', ['-X', '-f', file], port)
  return { port, stop: async () => (await server.stop(), readLog(log)) }
}

async function startLighttpd(directory: string): Promise<Backend | undefined> {
  if (!isInstalled('lighttpd')) return undefined
  const port = await freePort()
  const log = join(directory, 'access.log')
  const file = join(directory, 'lighttpd.conf')
  writeFileSync(
    file,
    `server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${directory}"
server.modules = ("mod_accesslog")
server.max-keep-alive-requests = 60000
server.errorlog = "/dev/null"
server.http-parseopts = ("header-strict" => "disable", "host-strict" => "disable", "url-normalize" => "disable")
accesslog.filename = "${log}"
accesslog.format = "\\"%r\\" %s"
`,
  )
  const server = await startServer('lighttpd', ['-D', '-f', file], port)
  return { port, stop: async () => (await server.stop(), readLog(log)) }
}

async function startHaproxy(directory: string): Promise<Backend | undefined> {
  if (!isInstalled('haproxy')) return undefined
  const behind = await startNode({ insecureHTTPParser: true })
  const port = await freePort()
  const file = join(directory, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  maxconn 500
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 2s
  option accept-invalid-http-request
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  default_backend node
backend node
  server node 127.0.0.1:${behind.port}
`,
  )
  const server = await startServer('haproxy', ['-db', '-f', file], port)
  return { port, stop: async () => (await server.stop(), behind.stop()) }
}

const HTTP_SERVER = `
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        self.rfile.read(length)
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(b'ok')
    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = answer
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
`
const WSGIREF = `
import sys
from wsgiref.simple_server import make_server
def application(environ, start_response):
    environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '2')])
    return [b'ok']
make_server('127.0.0.1', int(sys.argv[1]), application).serve_forever()
`

async function startPython(directory: string, program: string): Promise<Backend | undefined> {
  if (!isInstalled('python3')) return undefined
  const port = await freePort()
  const file = join(directory, 'server.py')
  const log = join(directory, 'access.log')
  writeFileSync(file, program)
  const child = spawn('sh', ['-c', `exec python3 -u ${file} ${port} 2> ${log}`], { stdio: 'ignore' })
  for (let i = 0; i < 200 && !(await answers(port)); i++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      return readLog(log)
    },
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/-`)
    return true
  } catch {
    return false
  }
}

/** Node's server, in this process. */
export async function startNode(options: ServerOptions): Promise<Backend> {
  const counted: Counted[] = []
  const server = http.createServer({ ...options, keepAliveTimeout: 60_000 }, (req, res) => {
    counted.push({ path: pathOf(req.url ?? ''), status: 200 })
    req.resume()
    req.on('end', () => res.end('ok'))
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections()
      server.close()
      return counted
    },
  }
}

async function startFastify(): Promise<Backend> {
  const counted: Counted[] = []
  const app = fastify({ keepAliveTimeout: 60_000 })
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume()
    payload.on('end', () => done(null))
  })
  app.addHook('onRequest', async (request) => {
    counted.push({ path: pathOf(request.url), status: 200 })
  })
  app.all('/*', async () => 'ok')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    port: (app.server.address() as AddressInfo).port,
    async stop() {
      app.server.closeAllConnections()
      await app.close()
      return counted
    },
  }
}

function readLog(file: string): Counted[] {
  const counted: Counted[] = []
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const match = /"(.*)" (\d{3})(?: .*)?$/.exec(line)
    if (!match) continue
    const target = /^[A-Z-]+ (\S+)(?: HTTP\/\d\.\d)?$/.exec(match[1] as string)?.[1]
    const path = target === undefined ? (match[1] as string) : pathOf(target)
    // Our own first knock at the port.
    if (path !== '/-') counted.push({ path, status: Number(match[2]) })
  }
  return counted
}

function pathOf(target: string): string {
  return target.replace(/\?.*$/s, '')
}

/** A directory below `parent`. */
export function directoryFor(parent: string, name: string): string {
  const directory = join(parent, name)
  mkdirSync(directory)
  return directory
}
