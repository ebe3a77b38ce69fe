import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** A process whose CPU time is read from the kernel, children included. */
export interface Measured {
  readonly pid: number
  readonly port: number
  stop(): Promise<unknown>
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts one of our TypeScript programs and waits until it says that it is ready. */
export async function startProgram(
  file: string,
  port: number,
  ...args: readonly string[]
): Promise<Measured> {
  const child = fork(join(import.meta.dirname, file), [String(port), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  return { pid: child.pid as number, port, stop: () => stopChild(child) }
}

/** Starts a program and waits until its port answers. */
export async function startServer(command: string, args: readonly string[], port: number): Promise<Measured> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  await waitForPort(port, child)
  return { pid: child.pid as number, port, stop: () => stopChild(child) }
}

/** Ends a process that we started, and waits until it is gone. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  const { connect } = await import('node:net')
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null)
      throw new Error(`the process ended with ${child.exitCode} before its port answered`)
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`port ${port} did not answer within 30 s`)
}

/** CPU seconds of a process and of its living children: user and system time of /proc/PID/stat (proc(5)). */
export function cpuSeconds(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + ownCpuSeconds(one), 0)
}

function ownCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => {
      try {
        const stat = readFileSync(`/proc/${other}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch {
        return false
      }
    })
}

/** What the load client counted. */
export interface Load {
  readonly answered: number
  readonly failed: number
  readonly seconds: number
}

/** Keeps connections busy for some seconds. */
export async function load(port: number, connections: number, seconds: number, path: string): Promise<Load> {
  const child = fork(join(import.meta.dirname, 'load-client.ts'), [
    String(port),
    String(connections),
    String(seconds),
    path,
  ])
  const [counted] = (await once(child, 'message')) as [Load]
  return counted
}

/** Whether a command is installed. */
export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * How many times as long one way takes as another: the middle of the quotients of what was measured one after the other,
 * so that a noisy neighbour, who disturbs both alike, does not count.
 */
export function timesAsLong(one: readonly number[], other: readonly number[]): number {
  return median(one.map((time, at) => time / (other[at] as number)))
}
