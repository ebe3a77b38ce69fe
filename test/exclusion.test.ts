// A false positive from the refusal to the repair, as an operator would: refused, explained, excluded, reloaded, passed.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { main } from '../src/cli/main.ts'
import { completeConfig, ringwall } from '../src/index.ts'

test('a refused post passes once its exclusion is written, and an attack beside it does not', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-exclusion-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'exclusions.conf')
  const input = {
    store: { directory },
    routes: [{ path: '/**', sign_in: 'off' as const, cross_site: 'allow' as const }],
  }
  const gate = await ringwall(completeConfig(input))
  t.after(() => gate.close())
  const app = (): Response => new Response('taken')
  const post = (path: string, body: string): Promise<Response> =>
    gate.fetch(
      new Request(`http://shop.example${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body,
      }),
      { app },
    )
  const harmless = `text=${encodeURIComponent('my alias is: ll; ls -la /tmp')}`
  const refused = await post('/forum', harmless)
  assert.equal(refused.status, 403)
  const { code, id } = (await refused.json()) as { code: string; id: string }
  assert.equal(code, 'perimeter.rule')

  const config = join(directory, 'security_config.yaml')
  writeFileSync(config, `store: { directory: ${directory} }\n`)
  const said: string[] = []
  const terminal = {
    out: (text: string) => void said.push(text),
    error: (text: string) => void said.push(text),
    isColored: false,
    isClosed: false,
  }
  assert.equal(await main(['why', id, '-c', config], terminal), 0)
  assert.match(said.join('\n'), /Unix command with path or option after a separator[^]*in ARGS:text/)
  assert.equal(
    await main(
      ['rules', 'exclude', id, '-c', config, '--reason', 'a forum', '--file', file, '--write'],
      terminal,
    ),
    0,
  )
  assert.match(readFileSync(file, 'utf8'), /^# a forum \(until \d{4}-\d\d-\d\d\)\nSecRule TIME_EPOCH/)

  await gate.reload(completeConfig({ ...input, security: { perimeter: { rule_files: [file] } } }))
  assert.equal((await post('/forum', harmless)).status, 200)
  assert.equal((await post('/elsewhere', harmless)).status, 403)
  assert.equal((await post('/forum', `other=${encodeURIComponent('x; ls -la /tmp')}`)).status, 403)
})

test('a reload with a rule that is wrong is refused with its line, and the old rules stay', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-rules-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'mine.conf')
  writeFileSync(file, '\nSecRule ARGS "@rx (?=a)" "id:1,phase:2,deny"\n')
  const gate = await ringwall(completeConfig({ store: { directory: ':memory:' } }))
  t.after(() => gate.close())
  await assert.rejects(
    gate.reload(completeConfig({ security: { perimeter: { rule_files: [file] } } })),
    (thrown: { at?: { line?: number }; message: string }) =>
      thrown.at?.line === 2 && /lookaround has no linear-time matching/.test(thrown.message),
  )
  const answer = await gate.fetch(new Request('http://a.test/?q=%3Bcat%20/etc/passwd'), {
    app: () => new Response('taken'),
  })
  assert.equal(answer.status, 403)
})
