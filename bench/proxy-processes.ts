import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort, type Measured, startServer } from './measured-process.ts'

/** A gateway in front of a port. `routes`: more of its configuration, as YAML. */
export async function startRingwall(
  directory: string,
  applicationPort: number,
  routes = '',
): Promise<Measured> {
  const port = await freePort()
  const file = join(directory, `security_config-${port}.yaml`)
  // Every wall is on. The limits that would stop a load test from one address are raised, not removed: they still count.
  writeFileSync(
    file,
    `listen:
  http: 127.0.0.1:${port}
  https: off
  operator: off
store:
  directory: ${join(directory, `state-${port}`)}
upstreams:
  application: http://127.0.0.1:${applicationPort}
security:
  perimeter:
    rules: { RATE_LIMIT: { limit: 100000000 } }
${routes}`,
  )
  return startServer(
    process.execPath,
    [join(import.meta.dirname, '..', 'bin', 'ringwall.js'), 'up', '--config', file],
    port,
  )
}

/** nginx that only proxies, over kept connections. */
export async function startNginx(directory: string, applicationPort: number): Promise<Measured> {
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  writeFileSync(
    file,
    `worker_processes 1;
daemon off;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  upstream application { server 127.0.0.1:${applicationPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / { proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  )
  return startServer('nginx', ['-c', file, '-e', 'stderr'], port)
}

/** HAProxy that only proxies, in one thread, over kept connections. */
export async function startHaproxy(directory: string, applicationPort: number): Promise<Measured> {
  const port = await freePort()
  const file = join(directory, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 1024
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  default_backend application
backend application
  server application 127.0.0.1:${applicationPort}
`,
  )
  return startServer('haproxy', ['-db', '-f', file], port)
}
