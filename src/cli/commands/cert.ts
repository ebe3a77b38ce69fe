import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { Command } from 'commander'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { formatPlace, RingwallError } from '../../core/errors.ts'
import {
  Acme,
  backupPin,
  type CertificateSource,
  mustStaple,
  ocspResponder,
  openDevelopmentCertificate,
  pinOf,
  readCertificateFields,
  readServedCertificate,
} from '../../edge/index.ts'
import type { Config } from '../../config/index.ts'
import { acmeFolder, certificateSources } from '../../tls-front.ts'
import { withAuditedStore } from '../audited-store.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { androidPins, iosPins, type NamedPin } from './cert-pins.ts'
import { trustSteps } from './cert-trust.ts'

interface Options {
  readonly config?: string
  readonly json?: boolean
  readonly format?: string
}

const DAY_MS = 86_400_000

interface Row {
  readonly label: string
  readonly names: readonly string[]
  readonly expires: string | null
  readonly days: number | null
  readonly state: string
  readonly leaf: X509Certificate | undefined
}

/** `ringwall cert`: the certificates that are served. */
export function certCommand({ terminal, exit }: CommandContext): Command {
  const cert = new Command('cert').description('see, get and pin the certificates of this server')
  const sub = (usage: string, description: string): Command =>
    cert
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--json', 'as JSON')

  sub('list', 'every certificate with its names and its end; ends with 1 where one is broken or expires soon')
    .addHelpText('after', '\nExamples:\n  ringwall cert list\n  ringwall cert list --json')
    .action((options: Options) => {
      const { config } = readConfig(options.config)
      const rows = certificateSources(config).map((source) => rowOf(source, config))
      if (options.json === true)
        terminal.out(
          JSON.stringify(
            rows.map(({ leaf: _leaf, ...row }) => row),
            null,
            2,
          ),
        )
      else if (rows.length === 0)
        terminal.out(
          'none is configured: one for this machine is made at the first start (ringwall cert trust)',
        )
      else
        terminal.out(
          columns([
            ['CERTIFICATE', 'NAMES', 'EXPIRES', 'STATE'],
            ...rows.map((row) => [
              row.label,
              row.names.join(' '),
              row.expires?.slice(0, 10) ?? '-',
              row.state,
            ]),
          ]),
        )
      if (rows.some(({ state }) => state !== 'ok')) exit(1)
    })
  sub('show <name>', 'everything about one: by its host name, or as `ringwall cert list` calls it')
    .addHelpText('after', '\nExamples:\n  ringwall cert show shop.example.com')
    .action((name: string, options: Options) => {
      const { config } = readConfig(options.config)
      const rows = certificateSources(config).map((source) => rowOf(source, config))
      const row = rows.find(({ label, names }) => label === name || names.includes(name.toLowerCase()))
      if (!row?.leaf)
        throw new RingwallError(
          'cli.no-certificate',
          `no certificate is called \`${name}\`; see ringwall cert list`,
        )
      const facts = factsOf(row.leaf, row.label)
      if (options.json === true) terminal.out(JSON.stringify(facts, null, 2))
      else terminal.out(columns(Object.entries(facts).map(([key, value]) => [key, String(value)])))
    })
  sub(
    'renew <name>',
    'get a certificate of `security.tls.acme` now; the gateway must be up to answer the challenge',
  )
    .addHelpText('after', '\nExamples:\n  ringwall cert renew shop')
    .action(async (name: string, options: Options) => {
      await withAuditedStore(options, async ({ config, record }) => {
        const { acme: section } = config.security.tls
        if (!section || !Object.hasOwn(section.certificates, name))
          throw new RingwallError(
            'cli.no-certificate',
            `\`security.tls.acme.certificates\` has no \`${name}\`; there is ${Object.keys(section?.certificates ?? {}).join(', ') || 'none'}`,
          )
        const acme = new Acme(section, {
          directory: acmeFolder(config),
          clock: systemClock,
          random: systemRandom,
          onNotice: () => undefined,
        })
        const outcome = await acme.renew(name)
        if (!outcome.ok) throw new RingwallError('edge.acme', `no certificate: ${outcome.detail}`)
        await record('edge.certificate-renewed', undefined, { by: 'command line', certificate: name })
        terminal.out(
          `${name}: a new certificate ${outcome.detail}; a running gateway takes it up within seconds`,
        )
      })
    })
  sub('trust', 'how to make this machine trust the certificate for development')
    .addHelpText('after', '\nExamples:\n  ringwall cert trust')
    .action(async (options: Options) => {
      const { config } = readConfig(options.config)
      const { authorityFile } = await openDevelopmentCertificate(
        join(config.store.directory, 'tls'),
        systemClock,
      )
      if (options.json === true) terminal.out(JSON.stringify({ authority: authorityFile }))
      else terminal.out(trustSteps(authorityFile))
    })
  sub('pins', 'pins of the keys for mobile clients, with that of a backup key, which is made and kept')
    .option('--format <format>', 'list, android or ios', 'list')
    .addHelpText('after', '\nExamples:\n  ringwall cert pins\n  ringwall cert pins --format android')
    .action((options: Options) => {
      const { config } = readConfig(options.config)
      const file = join(config.store.directory, 'tls', 'backup.key')
      const isNew = !existsSync(file)
      const pins: NamedPin[] = certificateSources(config)
        .map((source) => rowOf(source, config))
        .flatMap(({ label, names, leaf }) => (leaf ? [{ label, names, pin: pinOf(leaf) }] : []))
      const backup = backupPin(file)
      if (options.json === true) terminal.out(JSON.stringify({ pins, backup, backup_key: file }, null, 2))
      else if (options.format === 'android') terminal.out(androidPins(pins, backup))
      else if (options.format === 'ios') terminal.out(iosPins(pins, backup))
      else if (options.format === 'list')
        terminal.out(
          columns([
            ...pins.map(({ pin, label, names }) => [`sha256/${pin}`, label, names.join(' ')]),
            [`sha256/${backup}`, 'backup', file],
          ]),
        )
      else
        throw new RingwallError(
          'cli.format',
          `--format takes list, android or ios, not \`${options.format}\``,
        )
      if (isNew) terminal.error(`a backup key was made: keep a copy of ${file} off this machine`)
      if (config.security.tls.acme && !config.security.tls.acme.keep_key)
        terminal.error(
          'certificates of ACME get a new key with each renewal; set `security.tls.acme.keep_key` before you pin one',
        )
    })
  return cert
}

function rowOf(source: CertificateSource, config: Config): Row {
  const { label } = source
  try {
    const { leaf, names } = readServedCertificate(source, systemClock.now())
    const days = Math.floor((leaf.validToDate.getTime() - systemClock.now()) / DAY_MS)
    const isSoon = days * DAY_MS < config.security.tls.expiry_warning
    return {
      label,
      names,
      expires: leaf.validToDate.toISOString(),
      days,
      state: isSoon ? `expires in ${days} days` : 'ok',
      leaf,
    }
  } catch (thrown) {
    if (!(thrown instanceof RingwallError)) throw thrown
    const isWaiting = source.optional === true && !existsSync(source.certificate ?? '')
    const state = isWaiting ? 'not fetched yet' : `${formatPlace(thrown.at)}${thrown.message}`
    return { label, names: [], expires: null, days: null, state, leaf: undefined }
  }
}

function factsOf(leaf: X509Certificate, label: string): Readonly<Record<string, string | boolean>> {
  const fields = readCertificateFields(leaf.raw)
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey
  return {
    certificate: label,
    subject: leaf.subject.replaceAll('\n', ', ') || '-',
    names: leaf.subjectAltName ?? '-',
    issuer: leaf.issuer.replaceAll('\n', ', '),
    serial: leaf.serialNumber.toLowerCase(),
    valid_from: leaf.validFromDate.toISOString(),
    valid_to: leaf.validToDate.toISOString(),
    key: `${type ?? '-'} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim(),
    sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    pin: `sha256/${pinOf(leaf)}`,
    ocsp: ocspResponder(fields) ?? 'none named',
    must_staple: mustStaple(fields),
  }
}
