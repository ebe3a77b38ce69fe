// What is published: built, packed, installed in an empty project, and used from there as a stranger would.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, extname, join } from 'node:path'
import test, { after } from 'node:test'
import { pathToFileURL } from 'node:url'

import { buildPackage } from '../../tools/build.ts'

const root = join(import.meta.dirname, '..', '..')
const place = mkdtempSync(join(tmpdir(), 'ringwall-package-'))
after(() => rmSync(place, { recursive: true, force: true }))

/** An empty project, and the Node of this process before every other, since npm may be started by an older one. */
const project = join(place, 'project')
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` }

function run(command: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 180_000 })
  assert.equal(
    done.status,
    0,
    `${command} ${args.join(' ')}\n${done.error ?? ''}${done.stdout}${done.stderr}`,
  )
  return done.stdout
}

/** Runs a program of several lines in the empty project; its last line is JSON. */
function inProject(program: string): unknown {
  const file = join(project, 'program.mjs')
  writeFileSync(file, program)
  return JSON.parse(run(process.execPath, [file], project).trimEnd().split('\n').at(-1) as string)
}

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const doors = Object.entries(manifest.exports).filter(([, file]) => file.endsWith('.ts'))
const nameOf = (door: string): string => `ringwall${door.slice(1)}`

buildPackage(join(place, 'dist'))
const packed = (
  JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', place, join(place, 'dist')], place),
  ) as Packed[]
)[0] as Packed
const tarball = join(place, packed.filename)
mkdirSync(project)
writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}')
run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball], project)

test('the tarball holds the program and nothing else', (context) => {
  const paths = packed.files.map((file) => file.path).sort()
  const sources = globSync('src/**/*', { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith('src/console/web/') && !/\.test\.ts$|\/testing\.ts$|\.md$/.test(path))
  const expected = sources.flatMap((path) =>
    extname(path) === '.ts' ? [path.replace(/\.ts$/, '.js'), path.replace(/\.ts$/, '.d.ts')] : [path],
  )
  assert.ok(expected.some((path) => path.endsWith('.sql')))
  assert.deepEqual(paths, [...expected, 'LICENSE', 'README.md', 'bin/ringwall.js', 'package.json'].sort())
  assert.equal(packed.files.find((file) => file.path === 'bin/ringwall.js')?.mode, 0o755)
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`
  context.diagnostic(
    `${packed.filename}: ${kilobytes(packed.size)} packed, ${kilobytes(packed.unpackedSize)} unpacked, ${paths.length} files`,
  )
})

test('the published manifest brings what the program needs, and runs nothing on installation', () => {
  const published = JSON.parse(
    readFileSync(join(project, 'node_modules', 'ringwall', 'package.json'), 'utf8'),
  ) as Record<string, unknown>
  assert.deepEqual(Object.keys(published).sort(), [
    'bin',
    'dependencies',
    'description',
    'engines',
    'exports',
    'files',
    'license',
    'name',
    'sideEffects',
    'type',
    'version',
  ])
  assert.deepEqual(published['dependencies'], manifest.dependencies)
  assert.deepEqual(Object.keys(published['exports'] as object), Object.keys(manifest.exports))
  const installed = JSON.parse(readFileSync(join(project, 'node_modules', '.package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
  }
  const scripted = Object.entries(installed.packages).filter(([, one]) => one.hasInstallScript)
  assert.deepEqual(scripted, [], 'a dependency runs a script on installation')
})

test('every door of the package opens on the names of its source', async () => {
  const names = doors.map(([door]) => nameOf(door))
  const inPackage = inProject(`const opened = {}
for (const name of ${JSON.stringify(names)}) opened[name] = Object.keys(await import(name)).sort()
console.log(JSON.stringify(opened))`)
  const inSource: Record<string, string[]> = {}
  for (const [door, file] of doors) {
    const opened = (await import(pathToFileURL(join(root, file)).href)) as object
    inSource[nameOf(door)] = Object.keys(opened).sort()
    assert.ok(Object.keys(opened).length > 0, `${nameOf(door)} has no names`)
  }
  assert.deepEqual(inPackage, inSource)
})

test('what is behind a door cannot be imported around it', () => {
  const codes = inProject(`const codes = []
for (const name of ['ringwall/src/flow.js', 'ringwall/store', 'ringwall/core/secret.js'])
  codes.push(await import(name).then(() => 'imported', (error) => error.code))
console.log(JSON.stringify(codes))`)
  assert.deepEqual(codes, Array(3).fill('ERR_PACKAGE_PATH_NOT_EXPORTED'))
})

test('a strict TypeScript project compiles against every door', () => {
  const lines = doors.map(([door], index) => `import * as door${index} from '${nameOf(door)}'`)
  const uses = doors.map((_, index) => `door${index}`)
  writeFileSync(
    join(project, 'consumer.ts'),
    `${lines.join('\n')}
export const doors = [${uses.join(', ')}]
export const gate: Promise<door0.Ringwall> = door0.ringwall({ upstreams: { shop: 'http://127.0.0.1:3000' } })
// @ts-expect-error a port is not a list: the types of the configuration are there, not \`any\`
export const wrong = door0.ringwall({ listen: { http: [] } })
`,
  )
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'esnext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
      },
      files: ['consumer.ts'],
    }),
  )
  run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', '.'], project)
})

test('the installed library opens its store and its threads, lets an ordinary request in and keeps others out', () => {
  const seen = inProject(`import { ringwall } from 'ringwall'
const gate = await ringwall({ store: { directory: 'kept' } })
const app = () => new Response('hello')
const ask = async (target, init) => {
  const response = await gate.fetch(new Request('http://shop.test' + target, init), { app })
  return [response.status, (await response.text()).includes('hello')]
}
const answers = [
  await ask('/'),
  await ask("/search?q=' OR '1'='1"),
  await ask('/files%2fsecret'),
  await ask('/orders', { method: 'POST', headers: { origin: 'https://evil.test' } }),
]
const operator = typeof gate.firstOperator.oneTimePassword
await gate.close()
console.log(JSON.stringify({ answers, operator }))`)
  assert.deepEqual(seen, {
    answers: [
      [200, true],
      [403, false],
      [400, false],
      [403, false],
    ],
    operator: 'string',
  })
  const kept = globSync('kept/*.{sqlite,json}', { cwd: project }).sort()
  assert.deepEqual(kept, [join('kept', 'keyring.json'), join('kept', 'ringwall.sqlite')])
})

test('the installed command says its version and its help', () => {
  const npx = (argument: string): string => run('npx', ['--no-install', 'ringwall', argument], project)
  assert.equal(npx('--version').trim(), manifest.version)
  assert.match(npx('--help'), /\bup\b/)
})

test('publint finds nothing', () => {
  run(join(root, 'node_modules', '.bin', 'publint'), ['run', '--strict', tarball], place)
})

test('attw finds the types of every door', () => {
  run(join(root, 'node_modules', '.bin', 'attw'), ['--profile', 'esm-only', tarball], place)
})
