import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { CspBook, readCspBook } from './csp-book.ts'
import { cspProposal } from './csp-proposal.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-csp-'))
after(() => rmSync(directory, { recursive: true }))

const A = 'https://a.test'
const reportOf = (directive: string, rawBlocked: string, rawDocumentUrl = `${A}/page?token=leak`) => ({
  directive,
  rawBlocked,
  rawDocumentUrl,
  isEnforced: true,
})

test('what was seen is proposed, as it would stand in the lists, and never taken', async () => {
  let now = 0
  const book = new CspBook({ now: () => ++now })
  for (const source of [`${A}/app.js`, `${A}/new.js`, `${A}/new.js`, 'https://cdn.test/x.js'])
    book.see(A, { kind: 'script', source })
  book.report(A, [
    reportOf('connect-src', 'https://api.test:8443/v1/users/ann@example.com'),
    reportOf('img-src', 'https://pics.test/a.png'),
    reportOf('script-src-attr', 'inline'),
    reportOf('script-src-elem', 'https://cdn.test/x.js'),
    reportOf('script-src', 'eval'),
  ])
  const seen = (await book.snapshot())[A]
  assert.ok(seen)
  const { add, remove, sources, unfit } = cspProposal(A, seen, ['/app.js', '/gone.js'], {
    'img-src': ['https://pics.test'],
  })
  assert.deepEqual(
    add.map(({ source, times }) => [source, times]),
    [
      ['/new.js', 2],
      ['https://cdn.test/x.js', 1],
    ],
  )
  assert.deepEqual(remove, ['/gone.js'])
  assert.deepEqual(
    sources.map(({ directive, blocked, page }) => [directive, blocked, page]),
    [['connect-src', 'https://api.test:8443', '/page']],
  )
  assert.deepEqual(
    unfit.map(({ directive, blocked }) => `${directive} ${blocked}`),
    ['script-src-attr inline', 'script-src eval'],
  )
})

test('reports of other origins, and what is no address, are not counted', async () => {
  const book = new CspBook({ now: () => 0 })
  book.report(A, [
    reportOf('img-src', 'https://x.test', 'https://b.test/'),
    reportOf('img-src', 'https://x.test', 'javascript:1'),
    reportOf('img-src', 'not an address'),
    reportOf('img-src', `https://${'x'.repeat(5000)}.test`),
  ])
  assert.deepEqual((await book.snapshot())[A]?.violations ?? [], [])
})

test('a flood of reports, sources and origins stays within bounds', async () => {
  let now = 1000
  const book = new CspBook({ now: () => now })
  for (let i = 0; i < 1000; i++) book.report(A, [reportOf('img-src', `https://x${i}.test`)])
  assert.equal((await book.snapshot())[A]?.violations.length, 100)
  assert.equal((await book.snapshot())[A]?.uncounted, 900)
  for (let i = 0; i < 2000; i++) {
    now += 100
    book.see(A, { kind: 'style', source: `sha256-${i}` })
    book.see(`https://${i}.test`, { kind: 'script', source: '/x' })
    book.report(A, [reportOf('img-src', `https://y${i}.test`)])
  }
  const all = await book.snapshot()
  assert.equal(Object.keys(all).length, 64)
  assert.equal(all[A]?.sources.length, 1000)
  assert.equal(all[A]?.violations.length, 500)
})

test('what was learned outlives the process, adds up over gateways, and a damaged file is none', async () => {
  const file = join(directory, 'learned.json')
  const books = [1, 2, 3].map(() => new CspBook({ file, now: () => 5 }))
  for (const book of books) {
    book.see(A, { kind: 'script', source: `${A}/app.js` })
    await book.close()
  }
  assert.deepEqual(await readCspBook(file), {
    [A]: {
      sources: [{ kind: 'script', source: `${A}/app.js`, times: 3, firstMs: 5, lastMs: 5 }],
      violations: [],
      uncounted: 0,
    },
  })
  assert.equal(statSync(file).mode & 0o777, 0o600)
  writeFileSync(file, readFileSync(file, 'utf8').slice(1))
  assert.equal(await readCspBook(file), undefined)
  assert.deepEqual(await new CspBook({ file, now: () => 5 }).snapshot(), {})
})

test('what is seen often is not washed away by texts that differ on every page', async () => {
  const file = join(directory, 'washed.json')
  for (let i = 0; i < 3; i++) {
    const book = new CspBook({ file, now: () => i })
    book.see(A, { kind: 'script', source: 'often' })
    for (let j = 0; j < 999; j++) book.see(A, { kind: 'script', source: `${i}.${j}` })
    await book.close()
  }
  const [first] = (await readCspBook(file))?.[A]?.sources ?? []
  assert.equal(first?.source, 'often')
  assert.equal(first.times, 3)
})
