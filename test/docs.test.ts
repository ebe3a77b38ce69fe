// What the pages say against what is there: generated pages, configuration, commands, code and links.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import test from 'node:test'

import type { Command } from 'commander'

import { documentedSections, stalePages } from '../tools/docs.ts'
import { buildProgram } from '../src/cli/main.ts'
import { loadConfig } from '../src/config/index.ts'

const ROOT = join(import.meta.dirname, '..')

interface Page {
  readonly path: string
  readonly text: string
}

interface Fence {
  /** `README.md:12`. */
  readonly at: string
  readonly language: string
  readonly text: string
}

const pages: readonly Page[] = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (name) => /(^|\/)(node_modules|dist|\.[^/]+)$/.test(name),
})
  .sort()
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(ROOT, path), 'utf8') }))

function fencesOf({ path, text }: Page): Fence[] {
  const fences: Fence[] = []
  for (const match of text.matchAll(/^(`{3,})([^\n`]*)\n([\s\S]*?)^\1\s*$/gm)) {
    const line = text.slice(0, match.index).split('\n').length
    fences.push({
      at: `${path}:${line}`,
      language: (match[2] as string).trim(),
      text: match[3] as string,
    })
  }
  return fences
}

function proseOf({ text }: Page): string {
  return text.replace(/^(`{3,})[^\n`]*\n[\s\S]*?^\1\s*$/gm, '')
}

const fences = pages.flatMap(fencesOf)

test('generated pages are what the source says', () => {
  assert.deepEqual(stalePages(), [], 'run `npm run docs`')
})

test('every key of the configuration has its doc line, and no key is left out', () => {
  const sections = documentedSections()
  for (const { keys } of sections) {
    for (const { path, text } of keys) assert.ok(text.length >= 10, `${path} has no doc line`)
  }
  const paths = new Set(sections.flatMap(({ keys }) => keys.map((key) => key.path.replace(/\[\].*/, ''))))
  const missing: string[] = []
  const visit = (value: unknown, path: string): void => {
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (paths.has(path)) return
    if (!isSection) missing.push(path)
    else
      for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`)
  }
  const { upstreams, routes, ...rest } = loadConfig('upstreams: { a: "http://a:1" }')
  assert.equal(routes.length, 0)
  visit({ ...rest, upstreams: { '*': upstreams['a'] } }, '')
  assert.deepEqual(missing, [])
})

const TOP_KEYS = /^(security|routes|upstreams|listen|store|profile):/

/** Why a piece of YAML cannot be loaded, if it is a configuration at all. */
function yamlFault(text: string): string | undefined {
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? ''
  if (!TOP_KEYS.test(first)) return undefined
  const bare = text.replaceAll(/file:\/?[\w./-]+/g, '$${env:FILE}')
  const names = [...bare.matchAll(/\$\{env:(\w+)\}/g)].map((match) => match[1] as string)
  try {
    loadConfig(bare, { env: Object.fromEntries(names.map((name) => [name, 'x'])) })
    return undefined
  } catch (thrown) {
    return (thrown as Error).message
  }
}

test('configurations in the pages load', () => {
  const faults = fences
    .filter(({ language }) => /^ya?ml\b/.test(language))
    .map(({ at, text }) => ({ at, fault: yamlFault(text) }))
  assert.deepEqual(
    faults.filter(({ fault }) => fault !== undefined),
    [],
  )
  assert.match(yamlFault('security:\n  heders: {}\n') ?? '', /did you mean/)
  assert.equal(
    yamlFault('# a\nstore:\n  postgres: ${env:DB_URL}\n  redis: file:/run/secrets/redis\n'),
    undefined,
  )
})

const program = buildProgram({
  terminal: { out: () => undefined, error: () => undefined } as never,
  exit: () => undefined,
})
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** Why a line of a shell cannot be typed, if it begins with a command of ours. */
function commandFault(line: string): string | undefined {
  const words = line
    .replace(/^\$ /, '')
    .replace(/\s#.*$/, '')
    .split(/\s+/)
    .filter(Boolean)
  const [first, second] = words
  if (first === 'npm' && (second === 'start' || second === 'test'))
    return scripts[second] === undefined ? `no script ${second}` : undefined
  if (first === 'npm' && second === 'run') {
    const [name = ''] = words.slice(2)
    return scripts[name] === undefined ? `no script \`${name}\`` : undefined
  }
  const at = words[0] === 'npx' && words[1] === 'ringwall' ? 2 : words[0] === 'ringwall' ? 1 : 0
  return at === 0 ? undefined : ringwallFault(words.slice(at))
}

function ringwallFault(words: readonly string[]): string | undefined {
  let command: Command = program
  for (const word of words) {
    if (/^(&&|\|\|?|;|>|<)$/.test(word)) return undefined
    if (word.startsWith('-')) {
      const name = word.split('=')[0] as string
      const known = ['-h', '--help', '--version', ...(command.parent ? [] : ['-V'])]
      const isKnown = command.options.some((one) => one.short === name || one.long === name)
      if (!isKnown && !known.includes(name)) return `\`${command.name()}\` has no option ${name}`
      continue
    }
    const inner: Command | undefined = command.commands.find((one) => one.name() === word)
    if (inner) command = inner
    else if (command.commands.length > 0) return `\`${command.name()}\` has no command \`${word}\``
  }
  return undefined
}

/** Command lines of a page: those of its shell fences, and those that stand in the text as code. */
function commandLines(page: Page): string[] {
  const inShell = fencesOf(page)
    .filter(({ language }) => /^(sh|bash|shell|console)\b/.test(language))
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
  const inText = [...proseOf(page).matchAll(/`((?:ringwall|npm run|npx ringwall) [^`\n]+)`/g)].map(
    (match) => match[1] as string,
  )
  return [...inShell, ...inText.flatMap((line) => line.split('`, `'))].map((line) => line.trim())
}

test('commands in the pages exist, with their options', () => {
  const faults = pages.flatMap((page) =>
    commandLines(page).flatMap((line) => {
      const fault = commandFault(line)
      return fault === undefined ? [] : [`${page.path}: ${line}: ${fault}`]
    }),
  )
  assert.deepEqual(faults, [])
})

for (const { line, want } of [
  { line: 'ringwall up http://localhost:3000', want: undefined },
  { line: '$ ringwall audit tail -f', want: undefined },
  { line: 'npx ringwall check --strict && ringwall up', want: undefined },
  { line: 'npm test', want: undefined },
  { line: 'curl -i http://localhost:8080', want: undefined },
  { line: 'ringwall upp', want: /no command `upp`/ },
  { line: 'ringwall audit show ID', want: /no command `show`/ },
  { line: 'ringwall check --strickt', want: /no option --strickt/ },
  { line: 'npm run dokcs', want: /no script `dokcs`/ },
]) {
  test(`planted: \`${line}\` is ${want ? 'refused' : 'taken'}`, () => {
    const fault = commandFault(line)
    if (want) assert.match(fault ?? '', want)
    else assert.equal(fault, undefined)
  })
}

test('each command of the program answers to --help', () => {
  for (const command of program.commands) {
    const run = spawnSync(process.execPath, [join(ROOT, 'bin/ringwall.js'), command.name(), '--help'], {
      encoding: 'utf8',
      timeout: 30_000,
    })
    assert.equal(run.status, 0, `${command.name()}: ${run.stderr}`)
    assert.match(run.stdout, new RegExp(`^Usage: ringwall ${command.name()}`))
  }
})

test('code in the pages that is marked `ts check` fits the types', () => {
  const marked = fences.filter(({ language }) => /^ts check\b/.test(language))
  const directory = mkdtempSync(join(ROOT, '.docs-check-'))
  try {
    const files = marked.map(({ at, text }, i) => ({ at, name: `fence-${i}.ts`, text }))
    const good = "import { ringwall } from 'ringwall'\nexport const gate: Promise<unknown> = ringwall({})\n"
    const planted = [
      { at: 'planted good', name: 'good.ts', text: good },
      { at: 'planted bad', name: 'bad.ts', text: good.replace('Promise<unknown>', 'number') },
    ]
    for (const { name, text } of [...files, ...planted])
      writeFileSync(join(directory, name), `${text}\nexport {}\n`)
    const options = { noUnusedLocals: false, noUnusedParameters: false, composite: false }
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({
        extends: '../tsconfig.json',
        compilerOptions: options,
        include: ['*.ts'],
        exclude: [],
      }),
    )
    const run = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', directory, '--pretty', 'false'], {
      encoding: 'utf8',
    })
    const errors = run.stdout.split('\n').filter((line) => line.includes('error TS'))
    const inFile = (name: string): string[] => errors.filter((line) => line.includes(name))
    assert.equal(inFile('bad.ts').length, 1, `the planted mistake is not found: ${run.stdout}${run.stderr}`)
    assert.deepEqual(inFile('good.ts'), [])
    for (const { at, name } of files) assert.deepEqual(inFile(name), [], at)
    assert.equal(errors.length, 1, run.stdout)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

function slugsOf({ text }: Page): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1] as string)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  )
}

/** Relative links of a page that lead nowhere: no file, or no heading of that name in it. */
function deadLinks(page: Page, all: readonly Page[]): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)]
  return links
    .map((match) => (match[1] ?? match[2]) as string)
    .filter((link) => !/^([a-z]+:|\/\/)/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#')
      const path = file === '' ? page.path : relative(ROOT, join(ROOT, dirname(page.path), file))
      if (path.startsWith('..') || (!existsSync(join(ROOT, path)) && path !== page.path)) return true
      const target = path === page.path ? page : all.find((one) => one.path === path)
      return anchor !== undefined && target !== undefined && !slugsOf(target).has(anchor)
    })
}

test('relative links lead to what is there', () => {
  const dead = pages.flatMap((page) => deadLinks(page, pages).map((link) => `${page.path}: ${link}`))
  assert.deepEqual(dead, [])
  const text =
    '# A b\n[1](#a-b) [2](#c) [3](src/index.ts) [4](src/gone.ts) [5](../out.md) [6](https://example.com)\n'
  assert.deepEqual(deadLinks({ path: 'PLANTED.md', text }, pages), ['#c', 'src/gone.ts', '../out.md'])
})

test('settings that the pages name as code exist', () => {
  const keys = documentedSections().flatMap(({ path, keys }) => [path, ...keys.map((key) => key.path)])
  const known = new Set(
    keys.flatMap((key) => key.split('.').map((_, i, parts) => parts.slice(0, i + 1).join('.'))),
  )
  const ghosts = pages
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap((page) =>
      [...proseOf(page).matchAll(/`((?:security|listen|store)(?:\.[a-zA-Z_]+)+)(?::[^`]*)?`/g)]
        .map((match) => match[1] as string)
        .filter((key) => !known.has(key))
        .map((key) => `${page.path}: ${key}`),
    )
  assert.deepEqual(ghosts, [])
})
