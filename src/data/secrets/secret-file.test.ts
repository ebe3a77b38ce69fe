// Modes, owners, and the ways in which Docker and Kubernetes swap a file.
import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { Secret } from '../../core/secret.ts'
import { fileProvider, readFileSecret } from './file-provider.ts'
import { parseReference, type SecretReference } from './reference.ts'
import { replaceFile } from './secret-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-secret-file-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const file = join(directory, 'password')

for (const { mode, want } of [
  { mode: 0o600, want: undefined },
  { mode: 0o400, want: undefined },
  { mode: 0o640, want: undefined },
  { mode: 0o644, want: /read by everybody \(mode 644\); run chmod o-r/ },
  { mode: 0o660, want: /written by others \(mode 660\); run chmod go-w/ },
  { mode: 0o602, want: /written by others/ },
]) {
  test(`mode ${mode.toString(8)} is ${want ? 'refused' : 'taken'}`, () => {
    writeFileSync(file, 'hunter2-hunter2\n')
    chmodSync(file, mode)
    const read = readFileSecret(file)
    if (!want) assert.ok(read.ok && read.secret.reveal() === 'hunter2-hunter2')
    else {
      assert.ok(!read.ok && read.reason === 'denied')
      assert.match(read.detail, want)
      assert.ok(!read.detail.includes('hunter2'))
    }
    chmodSync(file, 0o600)
  })
}

test(
  'a file of another user is refused',
  { skip: process.getuid?.() === 0 ? false : 'only root can give a file away' },
  () => {
    chownSync(file, 12_345, 12_345)
    const read = readFileSecret(file)
    assert.ok(!read.ok)
    assert.match(read.detail, /belongs to another user \(uid 12345\)/)
    chownSync(file, 0, 0)
  },
)

test('a directory, nothing, and an empty file are told apart', () => {
  const folder = readFileSecret(directory)
  assert.ok(!folder.ok && folder.reason === 'denied')
  const nothing = readFileSecret(join(directory, 'nothing'))
  assert.ok(!nothing.ok && nothing.reason === 'absent')
  writeFileSync(file, '\n')
  const empty = readFileSecret(file)
  assert.ok(!empty.ok && empty.reason === 'unreachable', 'it may be on its way')
})

test('a Kubernetes volume may be read by everybody, and its swap is noticed', async () => {
  const volume = join(directory, 'volume')
  for (const [generation, value] of [
    ['..1', 'first'],
    ['..2', 'second'],
  ] as const) {
    mkdirSync(join(volume, generation), { recursive: true })
    writeFileSync(join(volume, generation, 'password'), value, { mode: 0o644 })
  }
  symlinkSync('..1', join(volume, '..data'))
  symlinkSync('..data/password', join(volume, 'password'))
  const provider = fileProvider()
  const reference = parseReference(`file:${join(volume, 'password')}`) as SecretReference
  const read = await provider.read(reference)
  assert.ok(read.ok && read.secret.reveal() === 'first')
  assert.ok(provider.isCurrent?.(reference, read.version ?? ''))
  symlinkSync('..2', join(volume, '..data_tmp'))
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'))
  assert.ok(!provider.isCurrent?.(reference, read.version ?? ''))
  const again = await provider.read(reference)
  assert.ok(again.ok && again.secret.reveal() === 'second')
  const written = await provider.write?.(reference, new Secret('third'), undefined)
  assert.ok(written && !written.ok && /is mounted/.test(written.detail))
})

test('a write is whole or not at all, keeps the mode, and refuses where somebody was faster', async () => {
  writeFileSync(file, 'old')
  chmodSync(file, 0o640)
  const provider = fileProvider()
  const reference = parseReference(`file:${file}`) as SecretReference
  assert.deepEqual(await provider.write?.(reference, new Secret('new'), new Secret('old')), { ok: true })
  assert.equal(readFileSync(file, 'utf8'), 'new\n')
  assert.equal(statSync(file).mode & 0o777, 0o640)
  const late = await provider.write?.(reference, new Secret('newer'), new Secret('old'))
  assert.ok(late && !late.ok && late.reason === 'changed')
  const fresh = join(directory, 'fresh')
  replaceFile(fresh, 'x')
  assert.equal(statSync(fresh).mode & 0o777, 0o600)
})
