// testssl.sh and sslscan against the default TLS: nothing above informational. And Node's own client, which knows the hybrid group
// that the two do not: what is agreed on, what is refused, what is resumed.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import tls from 'node:tls'

import type { Deviation, SuiteResult } from './suite.ts'
import { runProgram } from './tls/program.ts'
import { openRig, type Rig } from './tls/rig.ts'

const TIMEOUT_MS = 600_000

interface Case {
  readonly id: string
  readonly ok: boolean
}

/** Runs the three. Each finding of the scanners is a case. */
export async function run(): Promise<SuiteResult> {
  const rig = await openRig()
  try {
    const notRun: Deviation[] = []
    const cases = [
      ...(await scannedByTestssl(rig, notRun)),
      ...(await scannedBySslscan(rig, notRun)),
      ...(await askedByNode(rig)),
    ]
    const failed = cases.filter(({ ok }) => !ok).map(({ id }) => id)
    return {
      total: cases.length + notRun.length,
      passed: cases.length - failed.length,
      failed,
      notRun,
      known: [],
    }
  } finally {
    await rig.close()
  }
}

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

async function scannedByTestssl(rig: Rig, notRun: Deviation[]): Promise<Case[]> {
  const file = join(rig.folder, 'testssl.json')
  const args = ['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'min', '--ip', '127.0.0.1']
  const target = ['--add-ca', rig.authorityFile, '--jsonfile', file, `https://localhost:${rig.httpsPort}`]
  const result = await runProgram('testssl', [...args, ...target], { timeoutMs: TIMEOUT_MS })
  if (!result) {
    notRun.push({ id: 'testssl', why: 'testssl.sh is not installed; apt-get install testssl.sh' })
    return []
  }
  const findings = JSON.parse(readFileSync(file, 'utf8')) as readonly Finding[]
  if (findings.length < 80)
    throw new Error(`testssl.sh broke off after ${findings.length} findings: ${result.out}`)
  return findings.map(({ id, severity, finding }) => ({
    id: `testssl ${id}: ${severity} ${finding}`,
    ok: severity === 'OK' || severity === 'INFO',
  }))
}

async function scannedBySslscan(rig: Rig, notRun: Deviation[]): Promise<Case[]> {
  const result = await runProgram(
    'sslscan',
    ['--no-colour', '--show-certificate', '--ocsp', '--xml=-', `127.0.0.1:${rig.httpsPort}`],
    { timeoutMs: TIMEOUT_MS },
  )
  if (!result) {
    notRun.push({ id: 'sslscan', why: 'sslscan is not installed; apt-get install sslscan' })
    return []
  }
  const elements = [...result.out.matchAll(/<(\w+(?:-\w+)*)((?:\s+[\w-]+="[^"]*")+)\s*\/?>/g)].map(
    ([, name = '', attributes = '']) => ({
      name,
      value: Object.fromEntries(
        [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map((one) => [one[1], one[2]]),
      ) as Record<string, string>,
    }),
  )
  const cases: Case[] = []
  for (const { name, value } of elements) {
    const id = `sslscan ${name} ${JSON.stringify(value)}`
    if (name === 'protocol')
      cases.push({ id, ok: (value['enabled'] === '1') === ['1.2', '1.3'].includes(value['version'] ?? '') })
    else if (name === 'cipher')
      cases.push({
        id,
        ok:
          /GCM|CHACHA20/.test(value['cipher'] ?? '') &&
          ['strong', 'acceptable'].includes(value['strength'] ?? ''),
      })
    else if (name === 'compression' || name === 'renegotiation')
      cases.push({ id, ok: value['supported'] === '0' })
    else if (name === 'heartbleed') cases.push({ id, ok: value['vulnerable'] === '0' })
    else if (name === 'fallback') cases.push({ id, ok: value['supported'] === '1' })
  }
  for (const what of ['protocol', 'cipher', 'renegotiation'])
    if (!elements.some(({ name }) => name === what))
      cases.push({ id: `sslscan says nothing of ${what}`, ok: false })
  return cases
}

async function askedByNode(rig: Rig): Promise<Case[]> {
  const ca = readFileSync(rig.authorityFile)
  const shake = async (options: tls.ConnectionOptions) => {
    let session: Buffer | undefined
    const socket = tls.connect({
      host: '127.0.0.1',
      port: rig.httpsPort,
      servername: 'localhost',
      ca,
      ...options,
    })
    socket.on('session', (one) => (session = one))
    try {
      await once(socket, 'secureConnect')
      const info = socket.getEphemeralKeyInfo() as { readonly name?: string } | null
      const seen = {
        group: info?.name ?? '',
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher().name,
        reused: socket.isSessionReused(),
      }
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      socket.resume()
      await once(socket, 'close')
      return { ...seen, session }
    } catch {
      return undefined
    } finally {
      socket.destroy()
    }
  }
  const cases: Case[] = []
  const check = (what: string, ok: boolean): number => cases.push({ id: `node ${what}`, ok })
  const first = await shake({})
  check(`agrees on X25519MLKEM768: ${JSON.stringify(first)}`, first?.group === 'X25519MLKEM768')
  check('agrees on TLS 1.3', first?.protocol === 'TLSv1.3')
  check('agrees on X25519 with who knows no hybrid', (await shake({ ecdhCurve: 'X25519' })) !== undefined)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const how = { minVersion: version, maxVersion: version }
    const before = await shake(how)
    const again = await shake({ ...how, ...(before?.session && { session: before.session }) })
    check(`resumes a session of ${version}`, again?.reused === true)
  }
  for (const [what, options] of [
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['a suite with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }],
    ['a suite without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }],
    ['the group secp521r1 alone', { ecdhCurve: 'secp521r1' }],
  ] as const)
    check(`does not agree on ${what}`, (await shake(options)) === undefined)
  return cases
}
