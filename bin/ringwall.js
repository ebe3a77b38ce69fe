#!/usr/bin/env node
// Plain JavaScript for any Node: checks the version, finds the pinned one where it is installed, then runs the command line.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const pinned = join(here, '..', 'node_modules', '.bin', 'node')

if (Number(process.versions.node.split('.')[0]) >= 26) {
  const built = join(here, '..', 'src', 'cli', 'main.js')
  const source = join(here, '..', 'src', 'cli', 'main.ts')
  const { main } = await import(pathToFileURL(existsSync(built) ? built : source).href)
  process.exitCode = await main(process.argv.slice(2))
} else if (existsSync(pinned)) {
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`ringwall cannot start ${pinned}: ${error.message}; run npm install again, or use Node 26`)
    process.exitCode = 2
  })
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
} else {
  console.error(
    `ringwall needs Node 26 or newer, this is ${process.versions.node}; get it from https://nodejs.org or with your package manager`,
  )
  process.exitCode = 2
}
