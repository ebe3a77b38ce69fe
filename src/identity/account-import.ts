import { RingwallError } from '../core/errors.ts'
import { type Accounts, isEmail } from './accounts.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { cleanName } from './registration.ts'

/** One account of another system. */
export interface ImportedAccount {
  /** Where it stands in the file, for messages. */
  readonly line: number
  readonly email: string
  readonly name: string
  /** Undefined: those that the command gives. */
  readonly roles: readonly string[] | undefined
  /** In any format that is known; undefined for an account that starts with a reset link. */
  readonly passwordHash: string | undefined
  readonly isVerified: boolean
  readonly isDisabled: boolean
  readonly createdMs: number | undefined
}

/** What became of a line. */
export interface ImportLine {
  readonly line: number
  readonly email: string
  readonly outcome: 'created' | 'exists' | 'unusable'
  readonly why?: string
}

const MAX_ACCOUNTS = 1_000_000
const FIELDS = [
  'email',
  'name',
  'roles',
  'password_hash',
  'email_verified',
  'disabled',
  'created_at',
] as const
type Field = (typeof FIELDS)[number]
type Row = Readonly<Partial<Record<Field, unknown>>>

/** Reads a file of accounts: JSON (an array), JSON lines, or CSV (RFC 4180) with a first line of names. Unknown names are mistakes. */
export function readAccountFile(text: string): readonly ImportedAccount[] {
  const start = text.trimStart()
  const rows = start.startsWith('[')
    ? jsonRows(start)
    : start.startsWith('{')
      ? lineRows(text)
      : csvRows(text)
  if (rows.length > MAX_ACCOUNTS) throw mistake(1, `more than ${MAX_ACCOUNTS} accounts; split the file`)
  return rows.map(({ line, row }) => accountFrom(line, row))
}

/** Makes the accounts that are not there yet. A line that cannot be used says why, and the others go on. */
export async function importAccounts(
  accounts: Accounts,
  hasher: PasswordHasher,
  all: readonly ImportedAccount[],
  options: { readonly roles: readonly string[]; readonly isDryRun: boolean },
): Promise<readonly ImportLine[]> {
  const done: ImportLine[] = []
  const seen = new Set<string>()
  for (const one of all) {
    const { line, email } = one
    const key = email.toLowerCase()
    const fail = (why: string): ImportLine => ({ line, email, outcome: 'unusable', why })
    if (!isEmail(email)) done.push(fail('not an e-mail address'))
    else if (seen.has(key)) done.push(fail('the address stands in the file twice'))
    else if (await accounts.findByEmail(email)) done.push({ line, email, outcome: 'exists' })
    else
      done.push(
        await importOne(accounts, hasher, one, options).catch((thrown: unknown) => fail(reasonOf(thrown))),
      )
    seen.add(key)
  }
  return done
}

async function importOne(
  accounts: Accounts,
  hasher: PasswordHasher,
  one: ImportedAccount,
  { roles, isDryRun }: { readonly roles: readonly string[]; readonly isDryRun: boolean },
): Promise<ImportLine> {
  const { line, email, passwordHash, createdMs } = one
  const wrapped = passwordHash === undefined ? undefined : hasher.wrapForeign(passwordHash)
  if (!isDryRun) {
    await accounts.create(email, cleanName(one.name), one.roles ?? roles, {
      ...(wrapped !== undefined && { passwordHash: wrapped }),
      ...(one.isVerified && { emailVerifiedMs: Date.now() }),
      ...(createdMs !== undefined && { createdMs }),
      disabled: one.isDisabled,
    })
  }
  return { line, email, outcome: 'created' }
}

/** A hash that cannot be used is the line's own trouble; what the store says is everybody's. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof RingwallError && !thrown.code.startsWith('store.')) return thrown.message
  throw thrown
}

function accountFrom(line: number, row: Row): ImportedAccount {
  const text = (field: Field): string => {
    const value = row[field]
    if (value === undefined || value === null) return ''
    if (typeof value !== 'string') throw mistake(line, `\`${field}\` must be a text`)
    return value
  }
  const flag = (field: Field): boolean => {
    const value = row[field]
    if (typeof value === 'boolean') return value
    if (value === undefined || value === null || value === '' || value === 'false' || value === '0')
      return false
    if (value === 'true' || value === '1') return true
    throw mistake(line, `\`${field}\` must be true or false`)
  }
  const created = text('created_at')
  const createdMs = created === '' ? undefined : Date.parse(created)
  if (Number.isNaN(createdMs)) throw mistake(line, '`created_at` must be a time such as 2026-01-31T12:00:00Z')
  const hash = text('password_hash')
  return {
    line,
    email: text('email').trim(),
    name: text('name'),
    roles: rolesFrom(line, row['roles']),
    passwordHash: hash === '' ? undefined : hash,
    isVerified: flag('email_verified'),
    isDisabled: flag('disabled'),
    createdMs,
  }
}

function rolesFrom(line: number, value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value.split(/[\s,;]+/).filter((role) => role !== '')
  if (Array.isArray(value) && value.every((role) => typeof role === 'string')) return value
  throw mistake(line, '`roles` must be a list of names')
}

interface NumberedRow {
  readonly line: number
  readonly row: Row
}

function jsonRows(text: string): readonly NumberedRow[] {
  const all = parse(1, text)
  if (!Array.isArray(all)) throw mistake(1, 'must be an array of accounts')
  return all.map((value, index) => ({ line: index + 1, row: rowFrom(index + 1, value) }))
}

function lineRows(text: string): readonly NumberedRow[] {
  return text.split('\n').flatMap((content, index) => {
    const line = index + 1
    return content.trim() === '' ? [] : [{ line, row: rowFrom(line, parse(line, content)) }]
  })
}

function parse(line: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw mistake(line, 'is not JSON')
  }
}

function rowFrom(line: number, value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw mistake(line, 'is not an object')
  for (const name of Object.keys(value)) requireField(line, name)
  return value
}

function requireField(line: number, name: string): void {
  if (!FIELDS.includes(name as Field))
    throw mistake(line, `\`${name}\` is not known; there is ${FIELDS.join(', ')}`)
}

function csvRows(text: string): readonly NumberedRow[] {
  const [head, ...records] = csvRecords(text)
  if (!head) throw mistake(1, 'the file is empty')
  const names = head.fields.map((name) => name.trim().toLowerCase())
  for (const name of names) requireField(1, name)
  if (!names.includes('email')) throw mistake(1, 'the first line must name the columns, `email` among them')
  return records.map(({ line, fields }) => {
    if (fields.length !== names.length)
      throw mistake(line, `${fields.length} fields where ${names.length} are named`)
    return { line, row: Object.fromEntries(names.map((name, index) => [name, fields[index]])) }
  })
}

/** RFC 4180, in one pass. */
function csvRecords(text: string): readonly { readonly line: number; readonly fields: readonly string[] }[] {
  const records: { line: number; fields: string[] }[] = []
  let fields: string[] = []
  let field = ''
  let isQuoted = false
  let line = 1
  let startLine = 1
  const endRecord = (): void => {
    fields.push(field)
    if (fields.length > 1 || field !== '') records.push({ line: startLine, fields })
    fields = []
    field = ''
    startLine = line
  }
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; at++) {
    const char = text[at] as string
    if (char === '\n') line++
    if (isQuoted) {
      if (char !== '"') field += char
      else if (text[at + 1] === '"') {
        field += '"'
        at++
      } else isQuoted = false
    } else if (char === '"' && field === '') isQuoted = true
    else if (char === ',') {
      fields.push(field)
      field = ''
    } else if (char === '\n') endRecord()
    else if (char !== '\r' || text[at + 1] !== '\n') field += char
  }
  if (isQuoted) throw mistake(startLine, 'a quotation mark is not closed')
  if (field !== '' || fields.length > 0) endRecord()
  return records
}

function mistake(line: number, what: string): RingwallError {
  return new RingwallError('identity.import', `line ${line}: ${what}`)
}
