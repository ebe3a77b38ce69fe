import { spawn } from 'node:child_process'

import { describeError } from '../core/errors.ts'

const TIMEOUT_MS = 60_000
const MAX_OUTPUT = 1_048_576

/** Runs a program without a shell, with a text on its standard input; it is ended after a minute. */
export async function runProgram(
  command: readonly string[],
  input: string,
): Promise<{ readonly code: number; readonly out: string; readonly error: string }> {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let [out, error] = ['', '']
  child.stdout.on('data', (data: Buffer) => {
    if (out.length < MAX_OUTPUT) out += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    if (error.length < MAX_OUTPUT) error += data.toString()
  })
  // A program that does not read what it is given may end before.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve) => {
    child.on('error', (thrown) => resolve({ code: 127, out, error: describeError(thrown) }))
    child.on('close', (code) => resolve({ code: code ?? 137, out, error }))
  })
}

/** Runs an editor in this terminal, as git does: `$VISUAL`, `$EDITOR`, else `vi`; it may come with arguments. Gives what it ended with. */
export async function runEditor(file: string, env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const editor = env['VISUAL'] ?? env['EDITOR'] ?? 'vi'
  const child = spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, file], { stdio: 'inherit' })
  return new Promise((resolve) => {
    child.on('error', () => resolve(127))
    child.on('close', (code) => resolve(code ?? 137))
  })
}
