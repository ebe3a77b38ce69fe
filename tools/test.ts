// What `npm test` runs: types, lint and format, then all tests in one process; `npm run e2e` the heavy ones, one by one.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

const QUICK = ['src/**/*.test.ts', 'examples/**/*.test.ts', 'test/*.test.ts']
const HEAVY = ['test/e2e/*.test.ts']

interface Run {
  readonly code: number
  readonly output: string
  readonly seconds: number
}

function run(command: string, args: readonly string[], show: boolean): Promise<Run> {
  const startedAt = performance.now()
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (output += data.toString()))
  return new Promise((resolve) => {
    child.on('close', (code) =>
      resolve({ code: code ?? 1, output, seconds: (performance.now() - startedAt) / 1000 }),
    )
  })
}

/** Types, lint and format. Prints one line each, and everything of what failed. */
async function check(): Promise<boolean> {
  const checks = [
    { name: 'types', command: bin('tsc'), args: [] },
    { name: 'lint', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings'] },
    { name: 'format', command: bin('oxfmt'), args: ['--check'] },
  ]
  let passed = true
  for (const { name, command, args } of checks) {
    const { code, output, seconds } = await run(command, args, false)
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
    if (code !== 0) console.log(output)
    passed &&= code === 0
  }
  return passed
}

async function runTests(patterns: readonly string[], apart: boolean): Promise<number> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()
  if (files.length === 0) {
    console.error(`no test file matches ${patterns.join(', ')}`)
    return 1
  }
  const isolation = apart ? ['--test-concurrency=1'] : ['--test-isolation=none']
  return (await run(process.execPath, ['--test', ...isolation, '--test-reporter=spec', ...files], true)).code
}

const [first, ...more] = process.argv.slice(2)
if (first === 'e2e') {
  process.exitCode = await runTests(more.length > 0 ? more : HEAVY, true)
} else if (first !== undefined) {
  // `npm test -- src/edge`: only the tests below that path.
  process.exitCode = await runTests(
    [first, ...more].map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.test.ts`)),
    false,
  )
} else {
  const passed = await check()
  const code = await runTests(QUICK, false)
  process.exitCode = passed ? code : 1
}
