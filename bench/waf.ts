// What does a request through the Core Rule Set cost, in CPU, against nginx with libmodsecurity 3 and the same rules?
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  cpuSeconds,
  freePort,
  isInstalled,
  load,
  type Measured,
  median,
  startProgram,
  startServer,
} from './measured-process.ts'
import type { BenchResult } from './run.ts'
import { wafCases } from './waf-cases.ts'

const CONNECTIONS = 32
/** A large body takes the peer a tenth of a second: fewer at once and longer, so that enough are answered. */
const LARGE = { connections: 4, times: 3 }
const MODULE = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so'
const DATA =
  process.env['RINGWALL_CONFORMANCE'] ?? join(import.meta.dirname, '..', '..', 'shared', 'conformance')

/** CPU microseconds per request, interleaved; `ratio.a` to `ratio.d` are the peer's divided by ours. */
export async function run(options: { readonly quick: boolean }): Promise<BenchResult> {
  const crs = join(DATA, 'coreruleset')
  if (!existsSync(join(crs, 'rules')))
    throw new Error(`the Core Rule Set is not at ${crs}; set RINGWALL_CONFORMANCE`)
  const rounds = options.quick ? 3 : 5
  const seconds = options.quick ? 2 : 4
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-waf-'))
  const application = await startProgram('peers/application.ts', await freePort(), 'application/json')
  const proxies = new Map<string, Measured>()
  const costs = new Map<string, number[]>()
  const figures: Record<string, number> = {}
  try {
    const startedAt = performance.now()
    proxies.set('crs', await startRingwall(directory, application.port, 'crs', crsConfig(crs, 1)))
    figures['start_ms'] = Math.round(performance.now() - startedAt)
    proxies.set('level2', await startRingwall(directory, application.port, 'level2', crsConfig(crs, 2)))
    proxies.set('default', await startRingwall(directory, application.port, 'default', ''))
    const hasPeer = isInstalled('nginx') && existsSync(MODULE)
    if (hasPeer) proxies.set('modsecurity', await startModSecurity(directory, application.port, crs))
    const cases = wafCases().map(({ name, requests }) => {
      const file = join(directory, `${name}.json`)
      writeFileSync(file, JSON.stringify(requests))
      return { name, file }
    })
    const pairs = cases.flatMap(({ name, file }) =>
      [...proxies].map(([proxy, measured]) => ({ key: `${proxy}.${name}`, file, measured })),
    )
    for (let round = 0; round < rounds; round++) {
      for (const { key, file, measured } of pairs) {
        const isLarge = key.endsWith('.d')
        const connections = isLarge ? LARGE.connections : CONNECTIONS
        if (round === 0) await load(measured.port, connections, 2, `@${file}`)
        const before = cpuSeconds(measured.pid)
        const counted = await load(
          measured.port,
          connections,
          isLarge ? seconds * LARGE.times : seconds,
          `@${file}`,
        )
        const micros = ((cpuSeconds(measured.pid) - before) * 1e6) / counted.answered
        if (counted.failed > 0) throw new Error(`${key}: ${counted.failed} requests failed`)
        costs.set(key, [...(costs.get(key) ?? []), micros])
        console.log(
          `round ${round + 1}/${rounds}  ${key.padEnd(14)} ${micros.toFixed(1).padStart(9)} us CPU/request`,
        )
      }
    }
    const cost = (key: string): number => Math.round(median(costs.get(key) ?? []) * 10) / 10
    for (const key of costs.keys()) if (!key.startsWith('modsecurity')) figures[key] = cost(key)
    figures['rss_mb'] = residentMegabytes((proxies.get('crs') as Measured).pid)
    const names = cases.map(({ name }) => name)
    return {
      bench: 'waf',
      figures,
      peers: hasPeer
        ? Object.fromEntries(names.map((name) => [`modsecurity.${name}`, cost(`modsecurity.${name}`)]))
        : { modsecurity: 'absent: apt-get install nginx-light libnginx-mod-http-modsecurity' },
      ratio: hasPeer
        ? Object.fromEntries(
            names.map((name) => [
              name,
              Math.round((cost(`modsecurity.${name}`) / cost(`crs.${name}`)) * 100) / 100,
            ]),
          )
        : {},
    }
  } finally {
    for (const proxy of proxies.values()) await proxy.stop()
    await application.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}

function crsConfig(path: string, level: number): string {
  return `core_rule_set: { path: ${path}, paranoia_level: ${level} }`
}

async function startRingwall(
  directory: string,
  applicationPort: number,
  name: string,
  perimeter: string,
): Promise<Measured> {
  const port = await freePort()
  const file = join(directory, `${name}.yaml`)
  writeFileSync(
    file,
    `listen: { http: "127.0.0.1:${port}", https: off, operator: off }
store: { directory: ${join(directory, name)} }
upstreams: { application: "http://127.0.0.1:${applicationPort}" }
security:
  perimeter:
    rules: { RATE_LIMIT: { limit: 100000000 } }
    ${perimeter}
`,
  )
  const bin = join(import.meta.dirname, '..', 'bin', 'ringwall.js')
  return startServer(process.execPath, [bin, 'up', '--config', file], port)
}

async function startModSecurity(directory: string, applicationPort: number, crs: string): Promise<Measured> {
  const port = await freePort()
  const rules = join(directory, 'modsecurity.conf')
  writeFileSync(
    rules,
    `Include /etc/nginx/modsecurity.conf
SecRuleEngine On
SecAuditEngine Off
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
Include ${crs}/crs-setup.conf.example
Include ${crs}/rules/*.conf
`,
  )
  const file = join(directory, 'nginx.conf')
  writeFileSync(
    file,
    `load_module ${MODULE};
worker_processes 1;
daemon off;
pid ${directory}/nginx.pid;
error_log /dev/null crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_buffer_size 128k;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  modsecurity on;
  modsecurity_rules_file ${rules};
  upstream application { server 127.0.0.1:${applicationPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / { proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  )
  return startServer('nginx', ['-c', file, '-e', '/dev/null'], port)
}
