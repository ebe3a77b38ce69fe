// `npm run build`: dist/, which is what is published. It keeps the shape of the tree (bin/, src/), so that every relative name
// in the program is true in both.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The parts of the root's package.json that the published one repeats or is made from. */
interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly type: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly engines: Readonly<Record<string, string>>
}

/** What lies in src/ and is not published: types and tests are the compiler's, READMEs are for readers of the source. */
const NOT_ASSETS = new Set(['.ts', '.tsx', '.md'])

/** Builds the package into an empty or absent directory of its own; what was there is gone. */
export function buildPackage(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
  compile(directory)
  copyAssets(directory)
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  for (const file of ['README.md', 'LICENSE', ...Object.values(manifest.bin)]) copy(file, directory)
  for (const file of Object.values(manifest.bin)) chmodSync(join(directory, file), 0o755)
  writeFileSync(
    join(directory, 'package.json'),
    `${JSON.stringify(publishedManifest(manifest), undefined, 2)}\n`,
  )
}

function compile(directory: string): void {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const run = spawnSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', directory], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (run.status !== 0) throw new Error(`the sources do not compile:\n${run.stdout}${run.stderr}`)
  for (const file of globSync(join(directory, 'src/**/*.d.ts'))) nameJson(file)
}

/** The compiler leaves the attribute out of declarations that import JSON, and then refuses them for lack of it. */
function nameJson(file: string): void {
  const text = readFileSync(file, 'utf8')
  const named = text.replaceAll(/^(import \w+ from '[^']+\.json');$/gm, "$1 with { type: 'json' };")
  if (named !== text) writeFileSync(file, named)
}

/** Migrations, pages, rules: everything in src/ that is not source. The console's pages are built by their own tool. */
function copyAssets(directory: string): void {
  for (const entry of globSync('src/**/*', { cwd: root, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name).slice(root.length + 1)
    if (!entry.isFile() || NOT_ASSETS.has(extname(file)) || file.startsWith(join('src', 'console', 'web')))
      continue
    copy(file, directory)
  }
}

function copy(file: string, directory: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true })
  cpSync(join(root, file), join(directory, file))
}

/** No scripts, no tools, no Node in a package: whoever installs it brings Node and nothing runs on install. */
function publishedManifest(manifest: Manifest): object {
  const { name, version, description, license, type, bin, engines, dependencies } = manifest
  const doors = Object.entries(manifest.exports).map(([door, file]) => [
    door,
    file.endsWith('.ts')
      ? { types: file.replace(/\.ts$/, '.d.ts'), default: file.replace(/\.ts$/, '.js') }
      : file,
  ])
  return {
    name,
    version,
    description,
    license,
    type,
    bin,
    exports: Object.fromEntries(doors),
    files: ['bin', 'src'],
    sideEffects: false,
    engines,
    dependencies,
  }
}

if (import.meta.main) {
  buildPackage(join(root, 'dist'))
  console.log('built dist/; `npm pack ./dist` makes the tarball')
}
