import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { joinInside, joinInsideReal } from './index.ts'

for (const path of [
  'a',
  'a/b.txt',
  'a.b/c..d/e',
  '...a/b',
  '100%/50% off.txt',
  'caf\u00e9/\u4f60\u597d.txt',
  '.hidden',
  'console.log',
  'com10/lpt',
  'nullable.txt',
  'auxiliary/contact',
  'a b/c',
]) {
  test(`path inside: ${path} is joined`, () => {
    assert.deepEqual(joinInside('/srv/files', path), { ok: true, path: `/srv/files/${path}` })
  })
}

for (const { path, reason } of [
  { path: '', reason: 'empty' },
  { path: '.', reason: 'dots' },
  { path: '..', reason: 'dots' },
  { path: '../etc/passwd', reason: 'dots' },
  { path: 'a/../../b', reason: 'dots' },
  { path: 'a/..', reason: 'dots' },
  { path: 'a/./b', reason: 'dots' },
  { path: '/etc/passwd', reason: 'absolute' },
  { path: '//etc/passwd', reason: 'absolute' },
  { path: 'C:/windows', reason: 'absolute' },
  { path: 'c:x', reason: 'absolute' },
  { path: 'a//b', reason: 'separator' },
  { path: 'a/', reason: 'separator' },
  { path: '..\\..\\x', reason: 'separator' },
  { path: '\\\\server\\share', reason: 'separator' },
  { path: 'file.txt::$DATA', reason: 'separator' },
  { path: 'a\u0000.png', reason: 'control-character' },
  { path: 'a\nb', reason: 'control-character' },
  { path: 'a\u0085b', reason: 'control-character' },
  { path: '%2e%2e/x', reason: 'encoded' },
  { path: '..%2fx', reason: 'encoded' },
  { path: '%252e%252e/x', reason: 'encoded' },
  { path: '..%5cx', reason: 'encoded' },
  { path: '..%c0%afx', reason: 'encoded' },
  { path: '..%u2215x', reason: 'encoded' },
  { path: 'a%00.png', reason: 'encoded' },
  { path: '\uff0e\uff0e/x', reason: 'unicode' },
  { path: '..\uff0fx', reason: 'unicode' },
  { path: '..\u2215x', reason: 'unicode' },
  { path: '\u2025/x', reason: 'unicode' },
  { path: '\u2024\u2024/x', reason: 'unicode' },
  { path: '\u2026', reason: 'unicode' },
  { path: '..\uff3cx', reason: 'unicode' },
  { path: '..\u00a5x', reason: 'unicode' },
  { path: '.\u200b./x', reason: 'unicode' },
  { path: 'a\u202etxt', reason: 'unicode' },
  { path: 'a\ud800', reason: 'unicode' },
  { path: 'CON', reason: 'device-name' },
  { path: 'a/nul', reason: 'device-name' },
  { path: 'aux.txt', reason: 'device-name' },
  { path: 'Com1.log', reason: 'device-name' },
  { path: 'lpt\u00b9', reason: 'device-name' },
  { path: 'con .txt', reason: 'device-name' },
  { path: 'CONIN$', reason: 'device-name' },
  { path: '.. ', reason: 'trailing' },
  { path: '.../x', reason: 'trailing' },
  { path: 'shell.php.', reason: 'trailing' },
  { path: 'shell.php ', reason: 'trailing' },
  { path: ' a', reason: 'trailing' },
  { path: 'a'.repeat(256), reason: 'too-long' },
  { path: '\u4f60'.repeat(100), reason: 'too-long' },
  { path: 'a/'.repeat(600), reason: 'too-long' },
]) {
  test(`path inside: ${JSON.stringify(path.slice(0, 30))} is refused: ${reason}`, () => {
    assert.deepEqual(joinInside('/srv/files', path), { ok: false, reason })
  })
}

test('path inside: the root itself may be relative, or the root of the disk', () => {
  assert.deepEqual(joinInside('/', 'a'), { ok: true, path: '/a' })
  assert.deepEqual(joinInside('files', 'a'), { ok: true, path: join(process.cwd(), 'files/a') })
})

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'ringwall-path-')))
after(() => rmSync(directory, { recursive: true, force: true }))
mkdirSync(join(directory, 'root/real'), { recursive: true })
mkdirSync(join(directory, 'root-beside'))
writeFileSync(join(directory, 'root/real/file'), '')
writeFileSync(join(directory, 'secret'), '')
for (const [name, target] of Object.entries({
  out: '..',
  beside: '../root-beside',
  secret: '../secret',
  absent: '../absent',
  absolute: '/etc',
  inside: 'real',
  around: 'around',
}))
  symlinkSync(target, join(directory, 'root', name))
symlinkSync('root', join(directory, 'alias'))

for (const { path, want } of [
  { path: 'real/file', want: 'root/real/file' },
  { path: 'real/new', want: 'root/real/new' },
  { path: 'new/and/deeper', want: 'root/new/and/deeper' },
  { path: 'inside/file', want: 'root/real/file' },
  { path: 'inside/new', want: 'root/real/new' },
  { path: 'out/secret', want: undefined },
  { path: 'out/new', want: undefined },
  { path: 'beside', want: undefined },
  { path: 'beside/new', want: undefined },
  { path: 'secret', want: undefined },
  { path: 'absent', want: undefined },
  { path: 'absent/new', want: undefined },
  { path: 'absolute/passwd', want: undefined },
  { path: 'around', want: undefined },
  { path: 'real/file/below', want: 'root/real/file/below' },
]) {
  test(`path inside: with links, ${path} ${want === undefined ? 'is refused' : `is ${want}`}`, async () => {
    for (const root of ['root', 'alias']) {
      const judged = await joinInsideReal(join(directory, root), path)
      assert.deepEqual(
        judged,
        want === undefined
          ? { ok: false, reason: 'symbolic-link' }
          : { ok: true, path: join(directory, want) },
      )
    }
  })
}
