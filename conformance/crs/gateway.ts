import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { queryAudit } from '../../src/audit/index.ts'
import { completeConfig, openKept, type Ringwall, ringwall } from '../../src/index.ts'
import type { MatchedRule } from '../../src/core/trace.ts'
import { respond } from './in-process.ts'
import type { StageResult } from './judge.ts'
import { SUITE_VARIABLES } from './rules.ts'

const ANSWER_MS = 3000
const AT_ONCE = 8

/** Sends requests through a real gateway over real sockets, and reads what its audit log says of each. */
export async function runThroughGateway(
  dataDir: string,
  requests: readonly string[],
): Promise<readonly StageResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-crs-'))
  const backend = http.createServer(reflect)
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const config = completeConfig({
    listen: { http: '127.0.0.1:0', https: 'off', operator: 'off' },
    store: { directory },
    upstreams: { backend: `http://127.0.0.1:${(backend.address() as AddressInfo).port}` },
    // Other walls have their say elsewhere; here the rules are asked about what those would not let through.
    routes: [{ path: '/**', sign_in: 'off', max_body: '1MB', cross_site: 'allow' }],
    security: {
      edge: { allow_get_body: true },
      data: { mask_logs: false },
      perimeter: {
        rules: { RATE_LIMIT: { enabled: false } },
        core_rule_set: {
          path: join(dataDir, 'coreruleset'),
          mode: 'detect',
          paranoia_level: 4,
          variables: SUITE_VARIABLES,
        },
        rule_files: [],
        inspect_body: '1MB',
      },
    },
  })
  const gateway = await ringwall(config)
  try {
    const answers = await askAll(gateway, requests)
    const matches = await matchesById(config)
    return answers.map(({ status, id }) => ({ status, matches: (id !== undefined && matches.get(id)) || [] }))
  } finally {
    backend.closeAllConnections()
    backend.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function askAll(gateway: Ringwall, requests: readonly string[]) {
  try {
    const { http: url } = await gateway.listen()
    const port = Number(new URL(url as string).port)
    return await inOrder(requests, AT_ONCE, (bytes) => send(port, bytes))
  } finally {
    await gateway.close()
  }
}

async function matchesById(
  config: ReturnType<typeof completeConfig>,
): Promise<Map<string, StageResult['matches']>> {
  const kept = await openKept(config)
  try {
    const found = new Map<string, StageResult['matches']>()
    for (let afterSeq = 0; ;) {
      const events = await queryAudit(kept.store.database, { afterSeq, limit: 1000 })
      if (events.length === 0) return found
      for (const event of events) {
        afterSeq = event.seq
        const rules = (event.trace ?? []).flatMap((step) => step.rules ?? [])
        if (event.kind === 'exchange') found.set(event.id, rules.map(asMatch))
      }
    }
  } finally {
    await kept.close()
  }
}

function asMatch(rule: MatchedRule): StageResult['matches'][number] {
  const [file = '', line = '0'] = rule.at.split(':')
  return {
    ...rule,
    severity: undefined,
    file,
    line: Number(line),
    ver: '',
    isLogged: true,
    isDisruptive: false,
  }
}

function send(
  port: number,
  bytes: string,
): Promise<{ readonly status: number | undefined; readonly id: string | undefined }> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    const finish = (): void => {
      socket.destroy()
      clearTimeout(timer)
      const status = /^HTTP\/1\.\d (\d{3})/.exec(text)?.[1]
      resolve({
        status: status === undefined ? undefined : Number(status),
        id: /^ringwall-id: (\S+)/im.exec(text)?.[1],
      })
    }
    const timer = setTimeout(finish, ANSWER_MS)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (isWhole(text)) finish()
    })
    socket.on('error', () => undefined)
    socket.on('close', finish)
    socket.write(bytes, 'latin1')
  })
}

/** Whether the first answer is all there. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1]
  if (length !== undefined) return text.length - end - 4 >= Number(length)
  return text.endsWith('\r\n0\r\n\r\n') || /^HTTP\/1\.1 (?:204|304)/.test(text)
}

/** The suite's backend on a socket. */
function reflect(request: http.IncomingMessage, response: http.ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { response: answer, text } = respond(request.url ?? '/', Buffer.concat(chunks).toString('latin1'))
    const body = Buffer.from(text, 'latin1')
    for (let i = 0; i < answer.headers.length; i += 2)
      response.setHeader(answer.headers[i] as string, answer.headers[i + 1] as string)
    response.setHeader('Content-Length', body.length)
    response.writeHead(answer.status)
    response.end(body)
  })
}

/** At most so many at once; the answers in the order of the questions. */
async function inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  ask: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++
      answers[at] = await ask(items[at] as T)
      if (at % 1000 === 0 && at > 0) console.error(`${at} of ${items.length}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}
