// The gateway's own lines, from the real command: no loaded secret stands in any of them, in any form.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const TOKEN = 'tok/en+of "the" desk-0123456789abcdef'
const REDIS = 'red1s-passw0rd'

interface Run {
  readonly text: () => string
  readonly ended: Promise<number | null>
  stop(): void
}

function start(directory: string, config: string): Run {
  writeFileSync(join(directory, 'security_config.yaml'), config)
  const child = spawn(process.execPath, [join(ROOT, 'bin/ringwall.js'), 'up', 'http://127.0.0.1:1'], {
    cwd: directory,
    env: { ...process.env, DESK: TOKEN, REDIS: `redis://:${REDIS}@127.0.0.1:1`, RINGWALL_DEBUG: '1' },
  })
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  child.stderr.on('data', (data: Buffer) => (text += data.toString()))
  return {
    text: () => text,
    ended: new Promise((resolve) => {
      child.once('close', resolve)
    }),
    stop: () => void child.kill('SIGTERM'),
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 50))
}

function assertClean(text: string): void {
  for (const secret of [TOKEN, REDIS]) {
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64').replaceAll('=', ''),
      Buffer.from(secret).toString('hex'),
    ]
    for (const form of forms) assert.equal(text.includes(form), false, `${form} stands in:\n${text}`)
  }
}

test('neither lines nor the audit log hold a loaded secret that clients and drivers say', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-lines-'))
  const run = start(
    directory,
    `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory}/store }
security:
  data: { mask_logs: false }
  authorization: { authzen: { callers: { desk: { token: "\${env:DESK}" } } } }
`,
  )
  try {
    await until(() => /http:\/\/127\.0\.0\.1:(?!1\b)\d+/.test(run.text()))
    const url = new URL(/http:\/\/127\.0\.0\.1:(?!1\b)\d+/.exec(run.text())?.[0] ?? 'http://nowhere')
    for (const path of [`/${encodeURIComponent(TOKEN)}`, `/x/${Buffer.from(TOKEN).toString('base64url')}`]) {
      await new Promise<void>((resolve, reject) => {
        http
          .get({ host: url.hostname, port: url.port, path, headers: { 'X-Token': TOKEN } }, (response) => {
            response.resume().once('end', () => resolve())
          })
          .once('error', reject)
      })
    }
    // A change of the configuration that is wrong is told as well.
    writeFileSync(join(directory, 'security_config.yaml'), `security: { data: { mask_logs: ${TOKEN} } }\n`)
    await until(() => run.text().includes('mask_logs'))
  } finally {
    run.stop()
    await run.ended
  }
  assertClean(run.text().replaceAll(`mask_logs: ${TOKEN}`, ''))
  const database = ['ringwall.sqlite', 'ringwall.sqlite-wal'].map((name) => {
    try {
      return readFileSync(join(directory, 'store', name), 'latin1')
    } catch {
      return ''
    }
  })
  assert.ok((database[0] as string).length > 10_000)
  assert.ok(database.join('').includes('upstream.unreachable'))
  assertClean(database.join(''))
  rmSync(directory, { recursive: true })
})

test('a start that fails does not say the address of the store that it was given', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-lines-'))
  const run = start(directory, `store: { directory: ${directory}/store, redis: "\${env:REDIS}" }\n`)
  assert.notEqual(await run.ended, 0)
  assert.match(run.text(), /Redis/)
  assertClean(run.text())
  rmSync(directory, { recursive: true })
})
