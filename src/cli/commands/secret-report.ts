import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { systemClock } from '../../core/clock.ts'
import {
  KEY_PURPOSES,
  openKeyring,
  parseReference,
  reportAges,
  type SecretAge,
  type SecretFacts,
} from '../../data/index.ts'
import { readConfig } from '../config-file.ts'
import { columns, type Terminal } from '../terminal.ts'
import { openFileOf, openSecretDesk, type SecretDesk, type SecretOptions } from './secret-desk.ts'

const DAY_MS = 86_400_000

/** Prints how old every secret is. Gives whether none is overdue or missing. */
export async function reportSecrets(options: SecretOptions, terminal: Terminal): Promise<boolean> {
  const desk = openSecretDesk(options)
  const { security, store } = readConfig(options.config).config
  const days = security.encryption.key_rotation_days
  const facts = await factsOf(desk, days)
  const keyring = join(store.directory, 'keyring.json')
  const keys = existsSync(keyring) ? keyFacts(keyring, days, desk) : []
  const rows = reportAges([...facts, ...keys], systemClock.now())
  if (options.json === true) terminal.out(JSON.stringify(rows, null, 2))
  else terminal.out(tableOf(rows))
  return rows.every(({ state }) => state !== 'overdue' && state !== 'missing')
}

/** Every secret that the configuration names, and every entry of the files of secrets that it names. */
async function factsOf(desk: SecretDesk, days: number): Promise<readonly SecretFacts[]> {
  const { section, secrets } = desk
  const uses = usesOf(desk)
  const files = new Set(
    [...uses.keys()]
      .map((one) => parseReference(one))
      .filter((one) => one?.scheme === 'age')
      .map((one) => one?.name),
  )
  for (const file of files) {
    const opened = file === undefined ? undefined : await openFileOf(desk, file).catch(() => undefined)
    for (const name of opened?.values.keys() ?? []) {
      const reference = `age:${file}#${name}`
      if (!uses.has(reference)) uses.set(reference, [])
    }
  }
  const missing = new Map((await secrets.require([...uses.keys()])).map((one) => [one.reference, one.detail]))
  return Promise.all(
    [...uses].map(async ([secret, usedBy]): Promise<SecretFacts> => {
      const rotation = Object.values(section.rotations).find((one) => one.secret === secret)
      return {
        secret,
        usedBy,
        everyDays: rotation?.every_days ?? days,
        changedMs: secrets.changedMs(secret),
        fault: missing.get(secret),
        value: missing.has(secret) ? undefined : await secrets.get(secret),
      }
    }),
  )
}

/** References with who uses them: keys of the configuration, and what the rotations say. */
export function usesOf({ section, uses }: SecretDesk): Map<string, string[]> {
  const all = new Map<string, string[]>()
  for (const [reference, paths] of uses) all.set(reference, [...paths])
  for (const [name, { secret, admin, used_by: usedBy }] of Object.entries(section.rotations)) {
    if (secret !== undefined) all.set(secret, [...(all.get(secret) ?? []), ...usedBy])
    if (admin !== undefined) all.set(admin, [...(all.get(admin) ?? []), `rotation of ${name}`])
  }
  return all
}

function keyFacts(file: string, days: number, { section }: SecretDesk): readonly SecretFacts[] {
  const keyring = openKeyring(file, systemClock)
  return KEY_PURPOSES.map((purpose): SecretFacts => {
    const rotation = Object.values(section.rotations).find((one) => one.purpose === purpose)
    return {
      secret: `keyring:${purpose}`,
      usedBy: ['gateway', ...(rotation?.used_by ?? [])],
      everyDays: rotation?.every_days ?? days,
      changedMs: keyring.current(purpose).createdMs,
    }
  })
}

function tableOf(rows: readonly SecretAge[]): string {
  const shown = rows.map(({ secret, state, age_days: age, due, used_by: usedBy, notes }) => [
    state,
    secret,
    age === null ? '?' : `${age} d`,
    due ?? '?',
    [usedBy.join(', '), ...notes].filter((text) => text !== '').join('; '),
  ])
  const overdue = rows.filter(({ due, state }) => state === 'overdue' && due !== null)
  const worst = overdue.map(({ due }) => Math.floor((systemClock.now() - Date.parse(due as string)) / DAY_MS))
  return [
    columns([['STATE', 'SECRET', 'AGE', 'DUE', 'USED BY'], ...shown]),
    ...(overdue.length > 0
      ? ['', `${overdue.length} overdue, by ${Math.max(...worst)} days at most; see ringwall secret rotate`]
      : []),
  ].join('\n')
}
