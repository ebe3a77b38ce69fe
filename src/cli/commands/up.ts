import { existsSync, unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { Command } from 'commander'

import { fileMistakes } from '../../certificate-check.ts'
import {
  type Config,
  completeConfig,
  ConfigError,
  openConfig,
  plainConfig,
  secretsOf,
  type UpstreamConfig,
} from '../../config/index.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import { createSecretMask } from '../../data/index.ts'
import { type Listening, type Ringwall, ringwall } from '../../index.ts'
import { findConfigFile, mistakeLines, readConfigText } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly http?: string
  readonly https?: string
  readonly demo?: boolean
  readonly drain: string
}

/** The demo application, where this is a checkout; it is not in the package. */
interface Demo {
  readonly url: string
  close(): Promise<void>
}

const WATCH_MS = 500
/** Ctrl-C reaches the whole process group, and launchers pass it on once more: that is one signal, not two. */
const ONE_SIGNAL_MS = 500
const MAX_DRAIN_SECONDS = 3600

/** `ringwall up`: the gateway. */
export function upCommand({ terminal, exit }: CommandContext): Command {
  return new Command('up')
    .description('run the gateway in front of an application')
    .argument(
      '[url]',
      'where the application is, such as http://localhost:3000; or `upstreams` of the configuration',
    )
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--http <address>', 'listen for plain HTTP here, or off')
    .option('--https <address>', 'listen for HTTPS here, or off')
    .option('--demo', 'in front of the demo shop, which is full of holes on purpose')
    .option('--drain <seconds>', 'how long requests under way may take when it is stopped', '10')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall up http://localhost:3000\n  ringwall up --config /etc/ringwall/security_config.yaml',
    )
    .action(async (url: string | undefined, options: Options) => {
      const demo = options.demo === true ? await startDemo() : undefined
      const file =
        options.demo === true && options.config === undefined ? undefined : findConfigFile(options.config)
      const read = async (): Promise<Config> =>
        withFlags(
          await openConfig(readConfigText(file), {
            ...(file !== undefined && { file }),
            verify: (config) => fileMistakes(config, Date.now()),
          }),
          demo?.url ?? url,
          options,
        )
      const graceMs = parseDrain(options.drain)
      const started = await read()
      const gate = await ringwall(started, {
        onNotice: (line) => terminal.error(`${new Date().toISOString()} ${line}`),
      }).catch((thrown: unknown) => {
        throw withoutSecrets(thrown, started)
      })
      try {
        const listening = await gate.listen()
        terminal.out(welcome(terminal, listening, gate, started, file, demo))
        const stopWatching = watchConfig(terminal, gate, started, read, file)
        const isClean = await untilStopped(terminal, gate, graceMs)
        stopWatching()
        if (!isClean) exit(1)
      } finally {
        await gate.close()
        await demo?.close()
      }
    })
}

/** What drivers say of a connection that failed may hold the address that they were given. */
function withoutSecrets(thrown: unknown, config: Config): unknown {
  if (!(thrown instanceof Error)) return thrown
  const mask = createSecretMask(secretsOf(config))
  thrown.message = mask(thrown.message)
  if (thrown.stack !== undefined) thrown.stack = mask(thrown.stack)
  return thrown
}

async function startDemo(): Promise<Demo> {
  const file = join(fileURLToPath(new URL('../../..', import.meta.url)), 'examples', 'shop', 'server.ts')
  if (!existsSync(file)) {
    throw new RingwallError(
      'cli.no-demo',
      'the demo shop is in the source repository, not in the package; give the URL of an application',
    )
  }
  const { startShop } = (await import(pathToFileURL(file).href)) as {
    readonly startShop: (options: { port: number }) => Promise<Demo>
  }
  return startShop({ port: 0 })
}

function parseDrain(text: string): number {
  const seconds = Number(text)
  if (text.trim() !== '' && seconds >= 0 && seconds <= MAX_DRAIN_SECONDS) return seconds * 1000
  throw new RingwallError(
    'cli.drain',
    `--drain takes seconds from 0 to ${MAX_DRAIN_SECONDS}, not \`${text}\``,
  )
}

/** What the command line says comes before the file: a URL takes the place of the file's only upstream. */
function withFlags(config: Config, url: string | undefined, options: Options): Config {
  const { listen, upstreams } = readFlags(url, options)
  const given = upstreams['application']
  return Object.freeze({
    ...config,
    upstreams: given === undefined ? config.upstreams : replaceUpstream(config.upstreams, given),
    listen: {
      ...config.listen,
      ...(options.http !== undefined && { http: listen.http }),
      ...(options.https !== undefined && { https: listen.https }),
    },
  })
}

function replaceUpstream(upstreams: Config['upstreams'], given: UpstreamConfig): Config['upstreams'] {
  const [name = 'application', ...more] = Object.keys(upstreams)
  if (more.length > 0) {
    throw new RingwallError(
      'cli.upstreams',
      `the configuration has several upstreams (${[name, ...more].join(', ')}); leave the URL out`,
    )
  }
  const known = upstreams[name]
  return { [name]: known ? { ...known, servers: given.servers } : given }
}

/** Reads the flags as the configuration reads its keys; a mistake names the flag. */
function readFlags(url: string | undefined, options: Options): Config {
  const listen: Record<string, string> = {}
  if (options.http !== undefined) listen['http'] = options.http
  if (options.https !== undefined) listen['https'] = options.https
  try {
    return completeConfig({ listen, upstreams: url === undefined ? {} : { application: url } })
  } catch (thrown) {
    const mistake = thrown instanceof ConfigError ? thrown.mistakes[0] : undefined
    if (!mistake) throw thrown
    const flag = mistake.path.startsWith('listen.') ? mistake.path.replace('listen.', '--') : 'the URL'
    throw new RingwallError('cli.flag', `${flag} ${mistake.message}`, { cause: thrown })
  }
}

function welcome(
  terminal: Terminal,
  listening: Listening,
  gate: Ringwall,
  config: Config,
  file: string | undefined,
  demo: Demo | undefined,
): string {
  const upstreams = Object.entries(config.upstreams).map(
    ([name, { servers }]) => `${name} at ${servers.map(({ url }) => url).join(', ')}`,
  )
  const site = listening.http ?? listening.https ?? ''
  const lines = [
    `${paint(terminal, 'bold', 'Ringwall is up')} in front of ${demo ? `the demo shop at ${demo.url}` : upstreams.join(', ') || 'nothing yet: give a URL, or set upstreams'}`,
    '',
    ...(listening.http ? [`  site        ${listening.http}`] : []),
    ...(listening.https ? [`              ${listening.https}`] : []),
    ...(listening.operator ? [`  operator    ${listening.operator}`] : []),
    ...(listening.forwardAuth ? [`  asked at    ${listening.forwardAuth}`] : []),
    `  settings    ${file ?? 'defaults; make a file with ringwall init'}`,
    '  log         ringwall audit tail -f',
  ]
  if (demo) {
    lines.push(
      '',
      `  an attack   curl '${site}/search?q=%27%20OR%20%271%27%3D%271'`,
      `  all of them npm run drill -- ${site} --direct ${demo.url}`,
    )
  }
  if (gate.firstOperator) {
    lines.push(
      '',
      `The first operator is ${gate.firstOperator.email}. This password is shown once, is valid for 24 hours and must be changed:`,
      `  ${paint(terminal, 'bold', gate.firstOperator.oneTimePassword)}`,
    )
  }
  return lines.join('\n')
}

/** Reloads on SIGHUP and when the file changes. A bad file changes nothing and says why. */
function watchConfig(
  terminal: Terminal,
  gate: Ringwall,
  started: Config,
  read: () => Promise<Config>,
  file: string | undefined,
): () => void {
  let queue = Promise.resolve()
  const reload = (): void => {
    queue = queue.then(async () => {
      try {
        const next = await read()
        // What stays until a restart stays as it was for everyone who reads it, such as the redirect to HTTPS.
        await gate.reload(Object.freeze({ ...next, listen: started.listen, store: started.store }))
        terminal.error(`${new Date().toISOString()} reloaded ${file ?? 'the configuration'}`)
        for (const section of ['listen', 'store'] as const) {
          if (differs(started, next, section))
            terminal.error(`  what changed in \`${section}\` counts after a restart`)
        }
      } catch (thrown) {
        terminal.error(`${new Date().toISOString()} not reloaded, the old configuration goes on:`)
        const lines =
          thrown instanceof ConfigError
            ? mistakeLines(thrown)
            : [thrown instanceof RingwallError ? thrown.line : describeError(thrown)]
        for (const line of lines) terminal.error(`  ${line}`)
      }
    })
  }
  process.on('SIGHUP', reload)
  if (file !== undefined) watchFile(file, { interval: WATCH_MS }, reload)
  return () => {
    process.off('SIGHUP', reload)
    if (file !== undefined) unwatchFile(file, reload)
  }
}

function differs(one: Config, other: Config, section: 'listen' | 'store'): boolean {
  const text = (config: Config): string =>
    JSON.stringify((plainConfig(config) as Readonly<Record<string, unknown>>)[section])
  return text(one) !== text(other)
}

/** Waits for a signal, then lets what is under way finish. A second signal ends at once. */
async function untilStopped(terminal: Terminal, gate: Ringwall, graceMs: number): Promise<boolean> {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<false>()
  let firstAtMs: number | undefined
  const onSignal = (): void => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now()
      first.resolve()
    } else if (performance.now() - firstAtMs >= ONE_SIGNAL_MS) second.resolve(false)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    await first.promise
    terminal.error('stopping: requests under way may finish; once more to end at once')
    return await Promise.race([gate.drain(graceMs).then(() => true), second.promise])
  } finally {
    // The other copies of the one signal may still be on their way, and must not cut the closing short.
    const forget = (): void => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    }
    setTimeout(forget, ONE_SIGNAL_MS).unref()
  }
}
