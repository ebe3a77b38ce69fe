import { writeFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'

import { Command } from 'commander'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import {
  formatSecretsFile,
  generateAgeIdentity,
  newPassword,
  parseReference,
  replaceFile,
  withValues,
} from '../../data/index.ts'
import { withAuditedStore } from '../audited-store.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { openFileOf, openSecretDesk, type SecretOptions } from './secret-desk.ts'
import { changeRecipients, editSecrets, type EditOptions } from './secret-edit.ts'
import { reportSecrets, usesOf } from './secret-report.ts'
import { rotateSecrets, type RotateOptions } from './secret-rotate.ts'

const MAX_VALUE = 65_536

/** `ringwall secret`: where secrets are, how old they are, and how they get new values. */
export function secretCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  const secret = new Command('secret').description('see, change and rotate secrets')
  const sub = (usage: string, description: string, example: string): Command =>
    secret
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .addHelpText('after', `\nExamples:\n  ${example}`)
  sub(
    'list [file]',
    'the secrets that the configuration names and whether they can be had; or the names in a file',
    'ringwall secret list\n  ringwall secret list secrets.age',
  )
    .option('--json', 'as JSON')
    .action(async (file: string | undefined, options: SecretOptions) => {
      if (!(await listSecrets(context, file, options))) exit(1)
    })
  sub(
    'get <reference>',
    'whether a secret can be had; its value only when that is asked for',
    "ringwall secret get age:secrets.age#API_KEY\n  ringwall secret get '${env:DATABASE_URL}'",
  )
    .option('--dangerously-reveal', 'print the value to standard output; it is recorded that this was done')
    .action((reference: string, options: SecretOptions & { readonly dangerouslyReveal?: boolean }) =>
      getSecret(context, reference, options),
    )
  sub(
    'set <reference>',
    'write a secret from standard input, or a new random one',
    'pass show api | ringwall secret set age:secrets.age#API_KEY\n  ringwall secret set vault:secret/app#key --generate',
  )
    .option('--generate', '256 random bits in place of standard input')
    .option('--recipient <recipient...>', 'who can open a new age file (default: you)')
    .action((reference: string, options: SetOptions) => setSecret(context, reference, options))
  sub(
    'edit <file>',
    'open $EDITOR on a file of secrets and seal it again',
    'ringwall secret edit secrets.age\n  ringwall secret edit secrets.age --add-recipient age1...',
  )
    .option('--add-recipient <recipient...>', 'who else can open it, in place of editing')
    .option('--remove-recipient <recipient...>', 'who no longer can, in place of editing')
    .action((file: string, options: EditOptions) => editSecrets(file, options, terminal))
  sub(
    'rotate [name]',
    'take a rotation of the configuration forward; without a name all that are due',
    'ringwall secret rotate app_database\n  ringwall secret rotate --wait',
  )
    .option('--wait', 'until the old value is retired')
    .option('--retire-now', 'do not wait for the overlap, nor for who still uses the old value')
    .option('--roll-back', 'go back to the old value')
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, options: RotateOptions) => {
      if (!(await rotateSecrets(name, options, terminal))) exit(1)
    })
  sub(
    'report',
    'how old every secret is and when it is due; ends with 1 where one is overdue or missing',
    'ringwall secret report\n  ringwall secret report --json',
  )
    .option('--json', 'as JSON')
    .action(async (options: SecretOptions) => {
      if (!(await reportSecrets(options, terminal))) exit(1)
    })
  secret
    .command('keygen <file>')
    .description('make an age identity, for files of secrets; prints its recipient')
    .option('--post-quantum', 'one that also holds against quantum computers; its recipients are long')
    .addHelpText('after', '\nExamples:\n  ringwall secret keygen /etc/ringwall/age-identity')
    .action(async (file: string, options: { readonly postQuantum?: boolean }) => {
      const { identity, recipient } = await generateAgeIdentity(options.postQuantum === true)
      const made = new Date(systemClock.now()).toISOString()
      const text = `# created: ${made}\n# public key: ${recipient}\n${identity.reveal()}\n`
      writeNew(file, text)
      terminal.out(recipient)
      terminal.error(`${file} opens what is sealed for it; back it up, and keep it out of git`)
    })
  return secret
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new RingwallError('secret.exists', `\`${file}\` is there already; an identity is not replaced`, {
      cause,
    })
  }
}

async function listSecrets(
  { terminal }: CommandContext,
  file: string | undefined,
  options: SecretOptions,
): Promise<boolean> {
  const desk = openSecretDesk(options)
  if (file !== undefined) {
    const opened = await openFileOf(desk, file)
    if (!opened) throw new RingwallError('secret.file', `there is no file \`${file}\``)
    const rows = [...opened.values].map(([name, { changedMs }]) => ({
      name,
      changed: new Date(changedMs).toISOString(),
    }))
    if (options.json === true) terminal.out(JSON.stringify(rows, null, 2))
    else terminal.out(columns([['NAME', 'CHANGED'], ...rows.map(({ name, changed }) => [name, changed])]))
    return true
  }
  const uses = usesOf(desk)
  const missing = new Map(
    (await desk.secrets.require([...uses.keys()])).map((one) => [one.reference, one.detail]),
  )
  const rows = [...uses].map(([secret, usedBy]) => ({
    secret,
    used_by: usedBy,
    state: missing.has(secret) ? 'missing' : 'there',
    ...(missing.has(secret) && { detail: missing.get(secret) as string }),
  }))
  if (options.json === true) terminal.out(JSON.stringify(rows, null, 2))
  else {
    const shown = rows.map((row) => [row.state, row.secret, row.used_by.join(', '), row.detail ?? ''])
    terminal.out(columns([['STATE', 'SECRET', 'USED BY', ''], ...shown]))
  }
  return missing.size === 0
}

async function getSecret(
  { terminal }: CommandContext,
  reference: string,
  options: SecretOptions & { readonly dangerouslyReveal?: boolean },
): Promise<void> {
  const { secrets } = openSecretDesk(options)
  const value = (await secrets.get(reference)).reveal()
  if (options.dangerouslyReveal === true) {
    await withAuditedStore(options, (store) =>
      store.record('data.secret-revealed', undefined, { by: 'command line', secret: reference }),
    )
    return terminal.out(value)
  }
  const changedMs = secrets.changedMs(reference)
  const changed = changedMs === undefined ? '' : `, changed ${new Date(changedMs).toISOString()}`
  terminal.out(`[secret] ${value.length} characters${changed}`)
}

interface SetOptions extends SecretOptions {
  readonly generate?: boolean
  readonly recipient?: readonly string[]
}

async function setSecret(
  { terminal }: CommandContext,
  reference: string,
  options: SetOptions,
): Promise<void> {
  const desk = openSecretDesk(options)
  const parsed = parseReference(reference)
  const value = new Secret(options.generate === true ? newPassword(systemRandom) : await readValue())
  if (parsed?.scheme === 'age') {
    const file = await openFileOf(desk, parsed.name)
    const given = options.recipient ?? []
    if (file && given.length > 0)
      throw new RingwallError(
        'secret.recipients',
        'the file has its recipients; see ringwall secret edit --add-recipient',
      )
    const opened = file ?? (await changeRecipients(desk, undefined, given, []))
    const changed = withValues(
      opened,
      new Map([[parsed.field ?? '', value]]),
      systemClock.now(),
      systemRandom,
    )
    replaceFile(parsed.name, formatSecretsFile(changed))
  } else {
    const place = desk.secrets.providerOf(reference)
    if (!place.provider.write)
      throw new RingwallError('secret.not-writable', `\`${reference}\` cannot be written from here`)
    const written = await place.provider.write(place.reference, value, undefined)
    if (!written.ok) throw new RingwallError(`secret.${written.reason}`, written.detail)
  }
  terminal.error(`${reference} is written`)
}

/** From a pipe: what is typed as an argument stands in the list of processes and in the history of the shell. */
async function readValue(): Promise<string> {
  if (process.stdin.isTTY) throw new RingwallError('secret.no-input', 'pipe the value in, or add --generate')
  const value = (await readAll(process.stdin)).replace(/\r?\n$/, '')
  if (value !== '' && value.length <= MAX_VALUE) return value
  throw new RingwallError(
    'secret.no-input',
    value === '' ? 'nothing came in' : `${MAX_VALUE} characters are the most`,
  )
}
