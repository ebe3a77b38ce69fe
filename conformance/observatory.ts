// Mozilla's HTTP Observatory against the demo behind Ringwall, the demo as it is: A+, with 120 points at least.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { startShop } from '../examples/shop/server.ts'
import type { SuiteResult } from './suite.ts'
import { runProgram } from './tls/program.ts'
import { openRig, type Rig } from './tls/rig.ts'

const PACKAGE = '@mdn/mdn-http-observatory@1.4.8'
const MINIMUM = 120
const TIMEOUT_MS = 300_000

/** How many cases there are: the score, the grade, and the observatory's ten tests. */
export const cases = 12

/** Installs the observatory where nothing else is, without its scripts, and lets it scan. */
export async function run(): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ringwall-observatory-'))
  try {
    const missing = await install(folder)
    if (missing !== undefined) {
      console.error(`NOT RUN: ${PACKAGE} could not be installed: ${missing}`)
      const notRun = [{ id: 'observatory', why: `${PACKAGE} could not be installed: ${missing}` }]
      return { total: 1, passed: 0, failed: [], notRun, known: [] }
    }
    return await scan(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function install(folder: string): Promise<string | undefined> {
  const npm = await runProgram(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder, PACKAGE],
    {
      timeoutMs: TIMEOUT_MS,
      cwd: folder,
      env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    },
  )
  if (!npm) return 'npm is not there'
  const home = join(folder, 'node_modules', '@mdn', 'mdn-http-observatory')
  if (npm.code !== 0 || !existsSync(home)) return npm.err.trim().split('\n').slice(-3).join(' ')
  // What its script would fetch: sites on the preload list of browsers. Ours is none of them.
  mkdirSync(join(home, 'conf'), { recursive: true })
  for (const list of ['hsts-preload.json', 'tld-list.json'])
    writeFileSync(join(home, 'conf', list), list.startsWith('hsts') ? '{}' : '[]')
  return undefined
}

interface Scan {
  readonly scan: { readonly grade: string; readonly score: number }
  readonly tests: Readonly<
    Record<string, { readonly pass: boolean; readonly result: string; readonly scoreModifier: number }>
  >
}

async function scan(folder: string): Promise<SuiteResult> {
  const shop = await startShop({ port: 0 })
  const rig = await openRig({ security: { edge: { require_https: 'always' } } }, shop.url)
  const both = await openBoth(rig)
  try {
    const file = join(folder, 'scan.mjs')
    cpSync(rig.authorityFile, join(folder, 'authority.pem'))
    writeFileSync(
      file,
      `import { scan } from '@mdn/mdn-http-observatory'
console.log(JSON.stringify(await scan(process.argv[2])))
`,
    )
    const result = await runProgram(process.execPath, [file, `localhost:${both.port}`], {
      timeoutMs: TIMEOUT_MS,
      cwd: folder,
      env: { NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem') },
    })
    const last = result?.out.trim().split('\n').at(-1) ?? ''
    if (!last.startsWith('{')) throw new Error(`the observatory broke off: ${result?.err}`)
    return judge(JSON.parse(last) as Scan)
  } finally {
    both.close()
    await rig.close()
    await shop.close()
  }
}

function judge({ scan, tests }: Scan): SuiteResult {
  console.error(`grade ${scan.grade}, score ${scan.score}`)
  const all = [
    { id: `the grade is A+, not ${scan.grade}`, ok: scan.grade === 'A+' },
    { id: `${MINIMUM} points at least, not ${scan.score}`, ok: scan.score >= MINIMUM },
    ...Object.entries(tests).map(([name, { pass, result, scoreModifier }]) => {
      console.error(`  ${name}: ${result} (${scoreModifier})`)
      return { id: `${name}: ${result}`, ok: pass }
    }),
  ]
  const failed = all.filter(({ ok }) => !ok).map(({ id }) => id)
  return { total: all.length, passed: all.length - failed.length, failed, notRun: [], known: [] }
}

/** The observatory takes one name for both protocols, at their own ports: one port for both, told apart by the first byte. */
async function openBoth(rig: Rig): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    client.once('close', () => sockets.delete(client))
    client.once('data', (first) => {
      const isTls = Buffer.from(first as Buffer)[0] === 22
      const behind = net.connect(isTls ? rig.httpsPort : rig.httpPort, '127.0.0.1')
      behind.on('error', () => client.destroy())
      behind.write(first)
      client.pipe(behind).pipe(client)
    })
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
