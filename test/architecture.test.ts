// The floor plan. The table below is the documentation of who may import whom; the tests hold the tree against it.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import test from 'node:test'

interface Room {
  /** Rooms whose door it may use. `core` is all door and open to everyone. */
  readonly rooms: readonly string[]
  /** Modules of the platform, without `node:`. Least privilege for source code: the firewall cannot open a file. */
  readonly node: readonly string[]
  /** npm packages. */
  readonly packages: readonly string[]
}

const ROOMS = ['perimeter', 'edge', 'gateway', 'identity', 'access', 'application', 'data', 'audit']

const PLAN: Readonly<Record<string, Room>> = {
  core: { rooms: [], node: [], packages: ['zod'] },
  store: {
    rooms: [],
    node: ['sqlite', 'worker_threads', 'fs', 'fs/promises', 'path', 'url', 'crypto'],
    packages: ['kysely', 'pg', 'ioredis'],
  },
  wire: { rooms: [], node: ['net', 'tls', 'http2', 'stream', 'crypto'], packages: [] },
  perimeter: { rooms: ['store'], node: ['crypto'], packages: ['mmdb-lib'] },
  edge: {
    rooms: [],
    node: ['crypto', 'tls', 'fs', 'path', 'net', 'http', 'https', 'os'],
    packages: ['@peculiar/x509', 'reflect-metadata', 'acme-client'],
  },
  gateway: { rooms: ['store'], node: ['crypto', 'zlib'], packages: ['kysely', 'ajv', 're2js'] },
  identity: {
    rooms: ['store'],
    node: ['crypto', 'worker_threads', 'url', 'fs', 'fs/promises', 'path'],
    packages: [
      'jose',
      'kysely',
      'bcryptjs',
      'nodemailer',
      'qrcode',
      '@simplewebauthn/server',
      '@zxcvbn-ts/core',
      '@zxcvbn-ts/language-common',
      '@zxcvbn-ts/language-en',
    ],
  },
  access: { rooms: ['store'], node: ['crypto'], packages: ['kysely'] },
  application: {
    rooms: [],
    node: ['crypto', 'dns', 'net', 'tls', 'http', 'https', 'path', 'fs/promises', 'zlib', 'util'],
    packages: ['undici', 'yaml', 'sanitize-html', 'file-type'],
  },
  data: {
    rooms: [],
    node: ['crypto', 'fs', 'path', 'sqlite', 'zlib'],
    packages: ['kysely', 'pg', 'mysql2', 'ioredis', 'age-encryption'],
  },
  audit: { rooms: ['store'], node: [], packages: ['kysely'] },
  config: { rooms: ROOMS, node: ['fs', 'path'], packages: ['yaml'] },
  // The files of src/ itself: the only place where rooms meet.
  '.': {
    rooms: [...ROOMS, 'store', 'wire', 'config'],
    node: [
      'http',
      'http2',
      'https',
      'net',
      'tls',
      'stream',
      'stream/promises',
      'zlib',
      'fs',
      'path',
      'events',
      'util',
      'url',
      'crypto',
      'dns/promises',
      'fs/promises',
      'os',
    ],
    packages: ['undici'],
  },
  console: { rooms: ['.', ...ROOMS, 'store', 'config'], node: [], packages: [] },
  cli: {
    rooms: ['.', ...ROOMS, 'store', 'config', 'console'],
    node: [
      'fs',
      'path',
      'process',
      'readline/promises',
      'url',
      'os',
      'util',
      'child_process',
      'stream/consumers',
      'crypto',
    ],
    packages: ['commander', 'yaml', 'pg', 'mysql2'],
  },
}

const MAX_LINES = 400
const FORBIDDEN_NAMES =
  /(^|-)(utils?|helpers?|common|misc|managers?|services?|handlers?|base|abstract|impl)(-|\.|$)/

interface Source {
  /** Path below src/, with slashes. */
  readonly path: string
  readonly text: string
}

/** Every breach of the plan in these sources, each with its place and what to do. */
function breaches(sources: readonly Source[]): string[] {
  const known = new Set(sources.map((source) => source.path))
  return sources.flatMap((source) => [
    ...nameBreaches(source),
    ...importsOf(source.text).flatMap((specifier) => importBreach(source.path, specifier, known)),
  ])
}

function nameBreaches({ path, text }: Source): string[] {
  const found: string[] = []
  const room = roomOf(path)
  if (!(room in PLAN)) found.push(`${path}: the folder \`${room}\` is not on the floor plan`)
  const name = path.split('/').at(-1) as string
  if (FORBIDDEN_NAMES.test(name)) found.push(`${path}: the name says nothing; name the idea`)
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name)) found.push(`${path}: file names are kebab-case`)
  const lines = text.split('\n').length
  if (lines > MAX_LINES + 1) found.push(`${path}: ${lines} lines; split it, ${MAX_LINES} is the most`)
  if (/^export default /m.test(text)) found.push(`${path}: default export`)
  if (
    name === 'index.ts' &&
    room !== '.' &&
    /^(?!export (type )?\{|\} from |import |\/\/|\/\*\*?| \*|\s*$|  )/m.test(text)
  ) {
    found.push(`${path}: a door holds named re-exports only`)
  }
  return found
}

function importBreach(path: string, specifier: string, known: ReadonlySet<string>): string[] {
  const room = roomOf(path)
  const plan = PLAN[room]
  if (!plan) return []
  const isTest = path.endsWith('.test.ts') || /(^|\/)testing\.ts$/.test(path)
  if (specifier.startsWith('node:')) {
    const allowed = isTest || plan.node.includes(specifier.slice(5))
    return allowed ? [] : [`${path}: \`${specifier}\` is not among the modules of ${room}`]
  }
  if (!specifier.startsWith('.')) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    const allowed = isTest || plan.packages.includes(name)
    return allowed ? [] : [`${path}: the package \`${name}\` is not among those of ${room}`]
  }
  const target = relative('/src', resolve('/src', dirname(path), specifier)).replaceAll('\\', '/')
  if (target.startsWith('..')) return isTest ? [] : [`${path}: \`${specifier}\` leaves src/`]
  if (specifier.endsWith('.ts') && !known.has(target)) return [`${path}: \`${specifier}\` does not exist`]
  const other = roomOf(target)
  if (other === room || other === 'core') return []
  if (isTest && target.endsWith('/testing.ts')) return []
  if (!plan.rooms.includes(other) && !(isTest && other === 'store'))
    return [`${path}: ${room} may not know ${other} (\`${specifier}\`)`]
  const isDoor = other === '.' || target === `${other}/index.ts`
  return isDoor ? [] : [`${path}: \`${specifier}\` goes around the door; import ${other}/index.ts`]
}

function roomOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] as string) : '.'
}

/** Static, dynamic, side-effect and re-export specifiers. */
function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const specifiers = /(?:(?:^|[\s}*])from\s+|\bimport\s*\(\s*|^\s*import\s+)(['"])([^'"\n]+)\1/gm
  return [...code.matchAll(specifiers)].map((match) => match[2] as string)
}

/** Groups of files that import each other in a circle; type-only imports do not count. */
function cycles(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map(({ path, text }) => {
      const code = text
        .replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
        .replace(/\b(import|export)\s+type\b[^'"]*(['"])[^'"]+\2/g, '')
      return [
        path,
        importsOf(code)
          .filter((s) => s.startsWith('.'))
          .map((s) => relative('/src', resolve('/src', dirname(path), s))),
      ]
    }),
  )
  const done = new Set<string>()
  const found: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    if (done.has(path) || trail.includes(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return found
}

const SRC = join(import.meta.dirname, '..', 'src')

function readSources(): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.startsWith('console/web/'))
    .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }))
}

test('the tree stands on its floor plan', () => {
  assert.deepEqual(breaches(readSources()), [])
})

test('no file imports itself in a circle', () => {
  assert.deepEqual(cycles(readSources()), [])
})

test('every room has its door, its wall, its configuration and a README of at most 60 lines', () => {
  for (const room of ROOMS) {
    for (const file of ['index.ts', 'config.ts', 'README.md', ...(room === 'audit' ? [] : ['wall.ts'])]) {
      assert.ok(statSync(join(SRC, room, file), { throwIfNoEntry: false }), `src/${room}/${file} is missing`)
    }
    const lines = readFileSync(join(SRC, room, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n').length
    assert.ok(lines <= 60, `src/${room}/README.md has ${lines} lines`)
  }
})

test('only the wall of a room knows the exchange', () => {
  // A room's folder `pages/` is its pages.ts, one file for each page.
  const allowed =
    /(^|\/)(wall|pages?|.*-wall|index)\.ts$|^[^/]+\/pages\/[^/]+\.ts$|\.test\.ts$|\/testing\.ts$/
  for (const { path, text } of readSources()) {
    if (!ROOMS.includes(roomOf(path)) || allowed.test(path)) continue
    const knows = /\{[^}]*\bExchange\b[^}]*\} from '[^']*core\/exchange\.ts'/.test(text)
    assert.ok(!knows, `${path} knows the Exchange; only the wall may`)
  }
})

test('sources are plain ASCII, so nothing hides in them', () => {
  for (const { path, text } of readSources()) {
    if (path.endsWith('.test.ts')) continue
    const at = text.search(/[^\n\x20-\x7e]/)
    assert.equal(at, -1, `${path}: character ${JSON.stringify(text[at])} at ${at}`)
  }
})

const door: Source = { path: 'edge/index.ts', text: "export { a } from './path.ts'\n" }
const edgePath: Source = { path: 'edge/path.ts', text: 'export const a = 1\n' }

for (const { name, planted, want } of [
  {
    name: 'a deep import',
    planted: { path: 'server.ts', text: "import { a } from './edge/path.ts'" },
    want: /around the door/,
  },
  {
    name: 'a sideways import',
    planted: { path: 'gateway/x.ts', text: "import { a } from '../edge/index.ts'" },
    want: /may not know edge/,
  },
  {
    name: 'an upward import',
    planted: { path: 'core/x.ts', text: "import { a } from '../edge/index.ts'" },
    want: /core may not know edge/,
  },
  {
    name: 'a forbidden module',
    planted: { path: 'perimeter/x.ts', text: "import { readFile } from 'node:fs'" },
    want: /not among the modules/,
  },
  {
    name: 'a forbidden package',
    planted: { path: 'access/x.ts', text: "import pg from 'pg'" },
    want: /not among those of access/,
  },
  {
    name: 'a multi-line re-export',
    planted: { path: 'core/x.ts', text: "export {\n  a,\n} from '../edge/index.ts'" },
    want: /may not know/,
  },
  {
    name: 'a side-effect import',
    planted: { path: 'core/x.ts', text: "import '../edge/index.ts'" },
    want: /may not know/,
  },
  {
    name: 'a dynamic import',
    planted: { path: 'core/x.ts', text: "const a = await import('node:fs')" },
    want: /not among the modules/,
  },
  {
    name: 'a folder that is not on the plan',
    planted: { path: 'attic/x.ts', text: '' },
    want: /not on the floor plan/,
  },
  { name: 'a nameless name', planted: { path: 'edge/path-utils.ts', text: '' }, want: /name the idea/ },
  {
    name: 'a long file',
    planted: { path: 'edge/long.ts', text: '\n'.repeat(MAX_LINES + 1) },
    want: /split it/,
  },
  {
    name: 'code in a door',
    planted: { path: 'gateway/index.ts', text: 'export const a = 1\n' },
    want: /named re-exports only/,
  },
  {
    name: 'a default export',
    planted: { path: 'edge/x.ts', text: 'export default 1' },
    want: /default export/,
  },
  {
    name: 'a missing file',
    planted: { path: 'edge/x.ts', text: "import { a } from './gone.ts'" },
    want: /does not exist/,
  },
]) {
  test(`planted: ${name} is reported`, () => {
    const found = breaches([door, edgePath, planted])
    assert.equal(found.length, 1, JSON.stringify(found))
    assert.match(found[0] as string, want)
  })
}

test('planted: a circle is reported', () => {
  const circle = [
    { path: 'edge/a.ts', text: "import { b } from './b.ts'" },
    { path: 'edge/b.ts', text: "import { a } from './a.ts'" },
  ]
  assert.deepEqual(cycles(circle), ['edge/a.ts -> edge/b.ts -> edge/a.ts'])
})

test('planted: nothing is reported where nothing is wrong', () => {
  assert.deepEqual(
    breaches([door, edgePath, { path: 'server.ts', text: "import { a } from './edge/index.ts'" }]),
    [],
  )
})
