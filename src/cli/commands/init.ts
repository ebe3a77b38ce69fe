import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'

import { Command } from 'commander'

import { loadConfig } from '../../config/index.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'

interface Options {
  readonly output: string
  readonly upstream?: string
  readonly host: readonly string[]
  readonly profile?: string
  readonly yes?: boolean
  readonly force?: boolean
}

/** `ringwall init`: asks a few questions and writes a commented configuration. */
export function initCommand({ terminal }: CommandContext): Command {
  return new Command('init')
    .description('write a commented security_config.yaml; asks, or takes flags')
    .option('-o, --output <file>', 'where to write', 'security_config.yaml')
    .option('--upstream <url>', 'where the application is, such as http://localhost:3000')
    .option(
      '--host <name>',
      'a host name that is served; can be given several times',
      (host, all: string[]) => [...all, host],
      [],
    )
    .option('--profile <name>', 'guide, nist-800-63b-4 or asvs-l3')
    .option('-y, --yes', 'do not ask; take the defaults')
    .option('--force', 'overwrite the file')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall init\n  ringwall init --yes --upstream http://localhost:3000 --host shop.example.com',
    )
    .action(async (options: Options) => {
      if (existsSync(options.output) && options.force !== true) {
        throw new RingwallError(
          'cli.file-exists',
          `\`${options.output}\` is there already; use --force to overwrite it`,
        )
      }
      const answers = options.yes === true || !process.stdin.isTTY ? options : await ask(options)
      const text = template(
        answers.upstream ?? 'http://localhost:3000',
        answers.host,
        answers.profile ?? 'guide',
      )
      loadConfig(text, { file: options.output })
      try {
        writeFileSync(options.output, text, { flag: options.force === true ? 'w' : 'wx' })
      } catch (cause) {
        throw new RingwallError(
          'cli.unwritable',
          `cannot write \`${options.output}\`: ${describeError(cause)}`,
          {
            cause,
          },
        )
      }
      terminal.out(`wrote ${options.output}; now: ringwall check, then ringwall up`)
    })
}

async function ask(options: Options): Promise<Options> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const upstream =
      options.upstream ?? (await lines.question('Where is the application? [http://localhost:3000] '))
    const hosts =
      options.host.length > 0
        ? options.host
        : (await lines.question('Host names that it has, by blanks [any] ')).split(/\s+/)
    const profile =
      options.profile ?? (await lines.question('Passwords by guide, nist-800-63b-4 or asvs-l3? [guide] '))
    return {
      ...options,
      ...(upstream.trim() !== '' && { upstream: upstream.trim() }),
      host: hosts.filter((host) => host !== ''),
      ...(profile.trim() !== '' && { profile: profile.trim() }),
    }
  } finally {
    lines.close()
  }
}

function template(upstream: string, hosts: readonly string[], profile: string): string {
  const hostList =
    hosts.length > 0 ? `[${hosts.map((host) => JSON.stringify(host.toLowerCase())).join(', ')}]` : '[]'
  return `# Ringwall's configuration. Every key that is not here has a safe default: \`ringwall config\` prints them all,
# \`ringwall check\` says what is wrong or weak, docs/config.md explains each key.

# Values of security.authentication: guide, nist-800-63b-4 or asvs-l3.
profile: ${profile}

# Where Ringwall listens. The operator's door stays on this machine.
listen:
  http: 127.0.0.1:8080
  https: 127.0.0.1:8443
  operator: 127.0.0.1:8090
  # certificate: /etc/ssl/example.pem   # without one, a certificate for this machine is made
  # key: /etc/ssl/example.key

# Accounts, sessions, audit log and keys. By default embedded in this directory.
store:
  directory: .ringwall
  # postgres: \${env:DATABASE_URL}      # secrets by reference only
  # redis: \${env:REDIS_URL}

# The application behind the walls.
upstreams:
  application: ${JSON.stringify(upstream)}

# Which request goes where, and what it needs. The most specific path wins.
routes:
  - path: /**
  # - path: /admin/**
  #   permission: system:config         # security.authorization has roles and permissions
  # - path: /orders/{id}
  #   sign_in: required
  # - path: /upload
  #   methods: [POST]
  #   max_body: 20MB
  # - path: /hooks/payment
  #   methods: [POST]
  #   cross_site: allow                 # for webhooks only

security:
  edge:
    hosts: ${hostList}                  # empty: any well-formed name
  network:
    trusted_proxies: []                 # proxies in front, whose X-Forwarded-For is believed
  rate_limiting:
    login: { requests: 5, period: minute }
    api: { requests: 100, period: minute }
    password_reset: { requests: 3, period: hour }
  audit:
    on_failure: refuse                  # nothing is served that cannot be recorded
`
}
