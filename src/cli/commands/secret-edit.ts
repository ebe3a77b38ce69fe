import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseDocument, stringify } from 'yaml'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import {
  formatSecretsFile,
  isSecretName,
  newSecretsFile,
  type OpenSecrets,
  recipientsOf,
  replaceFile,
  withRecipients,
  withValues,
} from '../../data/index.ts'
import { withPlainFolder } from '../plain-folder.ts'
import { runEditor } from '../run-program.ts'
import type { Terminal } from '../terminal.ts'
import { openFileOf, openSecretDesk, type SecretDesk, type SecretOptions } from './secret-desk.ts'

/** What `secret edit` is given. */
export interface EditOptions extends SecretOptions {
  readonly addRecipient?: readonly string[]
  readonly removeRecipient?: readonly string[]
}

const HEAD = `# One secret on each line: NAME: value. Longer ones: NAME: |- and the lines indented below.
# Lines that stay the same stay the same in the sealed file. Ending the editor with an error changes nothing.
`
const MAX_TRIES = 5

/** Opens the editor on a file of secrets, and seals again what was changed. With recipients only those are changed. */
export async function editSecrets(file: string, options: EditOptions, terminal: Terminal): Promise<void> {
  const desk = openSecretDesk(options)
  const before = await openFileOf(desk, file)
  const { addRecipient: added = [], removeRecipient: removed = [] } = options
  if (added.length + removed.length > 0) {
    const changed = await changeRecipients(desk, before, added, removed)
    replaceFile(file, formatSecretsFile(changed))
    terminal.error(`${file}: ${changed.recipients.length} recipients`)
    if (removed.length > 0)
      terminal.error('who was removed knows the old values from the history; rotate them')
    return
  }
  const opened = before ?? (await newSecretsFile(await ownRecipients(desk), systemRandom))
  const values = await editedValues(opened, terminal)
  const edited = withValues(opened, values, systemClock.now(), systemRandom)
  const names = [...values].filter(
    ([name, value]) => value?.reveal() !== opened.values.get(name)?.value.reveal(),
  )
  if (names.length === 0 && before) return terminal.error(`${file}: nothing was changed`)
  replaceFile(file, formatSecretsFile(edited))
  for (const [name, value] of names)
    terminal.out(`${value ? (opened.values.has(name) ? 'changed' : 'added  ') : 'removed'} ${name}`)
}

/** The file for other recipients; a new one where there was none. */
export async function changeRecipients(
  desk: SecretDesk,
  file: OpenSecrets | undefined,
  added: readonly string[],
  removed: readonly string[],
): Promise<OpenSecrets> {
  if (!file)
    return newSecretsFile([...new Set(added.length > 0 ? added : await ownRecipients(desk))], systemRandom)
  const unknown = removed.find((one) => !file.recipients.includes(one))
  if (unknown !== undefined)
    throw new RingwallError('secret.recipients', `\`${unknown.slice(0, 80)}\` is not among the recipients`)
  const kept = file.recipients.filter((one) => !removed.includes(one))
  return withRecipients(file, [...new Set([...kept, ...added])], systemRandom)
}

/** A new file is for whoever makes it. */
async function ownRecipients(desk: SecretDesk): Promise<readonly string[]> {
  const own = await Promise.all(desk.identities.map((identity) => recipientsOf(identity)))
  if (own.flat().length > 0) return own.flat()
  throw new RingwallError(
    'secret.identity',
    'no age identity; make one with `ringwall secret keygen FILE` and set `security.data.secrets.age.identity` or RINGWALL_AGE_IDENTITY',
  )
}

/** Lets the editor work on the plain text, again where it is not readable, and gives what differs. */
async function editedValues(
  opened: OpenSecrets,
  terminal: Terminal,
): Promise<ReadonlyMap<string, Secret | undefined>> {
  return withPlainFolder(async ({ path, isInMemory }) => {
    if (!isInMemory)
      terminal.error('there is no file system in memory here: for a time the plain text is on the disk')
    const plain = join(path, 'secrets.yaml')
    const old = Object.fromEntries([...opened.values].map(([name, { value }]) => [name, value.reveal()]))
    const text = Object.keys(old).length === 0 ? '' : stringify(old, { lineWidth: 0 })
    writeFileSync(plain, HEAD + text, { mode: 0o600, flag: 'wx' })
    for (let tries = 1; ; tries++) {
      const code = await runEditor(plain)
      if (code !== 0)
        throw new RingwallError('secret.editor', `the editor ended with ${code}; nothing was changed`)
      const read = readPlain(readFileSync(plain, 'utf8'))
      if (read.ok) return differences(old, read.values)
      terminal.error(`not sealed: ${read.detail}`)
      if (tries === MAX_TRIES)
        throw new RingwallError('secret.edit', `it could not be read ${MAX_TRIES} times; nothing was changed`)
    }
  })
}

function differences(
  old: Readonly<Record<string, string>>,
  next: ReadonlyMap<string, string>,
): ReadonlyMap<string, Secret | undefined> {
  const gone = Object.keys(old).filter((name) => !next.has(name))
  return new Map<string, Secret | undefined>([
    ...gone.map((name): [string, undefined] => [name, undefined]),
    ...[...next].map(([name, value]): [string, Secret] => [name, new Secret(value)]),
  ])
}

type ReadPlain =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly detail: string }

/** Names with texts. Messages name lines and names, never values. */
function readPlain(text: string): ReadPlain {
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, logLevel: 'error' })
  const [error] = document.errors
  if (error) {
    const line = text.slice(0, error.pos[0]).split('\n').length
    return { ok: false, detail: `line ${line} is not NAME: value (${error.code})` }
  }
  const raw: unknown = document.toJS() ?? {}
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return { ok: false, detail: 'it is not a list of NAME: value' }
  const values = new Map<string, string>()
  for (const [name, value] of Object.entries(raw)) {
    if (!isSecretName(name))
      return { ok: false, detail: `\`${name}\` is not a name; use letters, digits, _ . and -` }
    if (typeof value !== 'string' || value === '')
      return { ok: false, detail: `\`${name}\` has no text as its value` }
    values.set(name, value)
  }
  return { ok: true, values }
}
