import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'

const MAX_BYTES = 60 * 1024

test('size: the whole engine without types is at most 60 KB, compressed', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'))
  assert.ok(files.length > 40)
  const code = files.map((file) =>
    stripTypeScriptTypes(readFileSync(join(import.meta.dirname, file), 'utf8')),
  )
  const bytes = gzipSync(code.join('\n')).length
  assert.ok(bytes <= MAX_BYTES, `${bytes} bytes`)
  assert.ok(bytes > 10_000, `${bytes} bytes: hardly the whole engine`)
})
