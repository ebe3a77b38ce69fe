import { spawn } from 'node:child_process'

/** What a program printed; undefined where it is not installed. */
export async function runProgram(
  command: string,
  args: readonly string[],
  how: { readonly timeoutMs: number; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string },
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string } | undefined> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...how.env },
    ...(how.cwd !== undefined && { cwd: how.cwd }),
    timeout: how.timeoutMs,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (err += data.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(undefined) : reject(error),
    )
    child.on('close', (code) => resolve({ code, out, err }))
  })
}
