// `node tools/password-list.ts`: makes src/identity/common-passwords.filter, the same bytes each time. There is no download: the base
// is the list of leaked passwords that zxcvbn brings; the rest is derived by the rules that people, and so attackers, use.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'

import { PasswordFilterBuilder } from '../src/identity/index.ts'

const YEARS = Array.from({ length: 81 }, (_, index) => String(1950 + index))
const RECENT = YEARS.filter((year) => Number(year) >= 2015)
const ENDINGS = [
  ...'1 2 3 12 21 123 321 1234 12345 123456 01 00 07 007 69 99'.split(' '),
  ...'! !! 1! 12! 123! 1234! @1 @12 @123 @1234 #1 #123 . .. ? *'.split(' '),
  ...RECENT,
  ...RECENT.map((year) => `${year}!`),
]
const ROWS = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'yxcvbnm', 'azertyuiop']

/** Every password of the list, lower-case, once. */
export function commonPasswords(): ReadonlySet<string> {
  const dictionary = english.dictionary as Readonly<Record<string, readonly string[]>>
  const leaked = (common.dictionary as Readonly<Record<string, readonly string[]>>)['passwords-common'] ?? []
  const wordsOf = (name: string, count: number): readonly string[] => (dictionary[name] ?? []).slice(0, count)
  const names = wordsOf('firstnames-en', 1200)
  const calendar = ['daysOfWeek-en', 'months-en', 'seasons-en'].flatMap((name) => wordsOf(name, 20))
  const words = leaked.filter((word) => /^[a-z]{4,}$/.test(word))
  const all = new Set(leaked.map((password) => password.toLowerCase()))
  const cross = (stems: readonly string[], endings: readonly string[]): void => {
    for (const stem of stems) for (const ending of endings) all.add(stem + ending)
  }
  cross(words.slice(0, 3500), ENDINGS)
  cross(
    wordsOf('commonWords-en', 4000).filter((word) => word.length >= 5),
    ['1', '123', '1234', '!', '123!', '2025', '2026'],
  )
  cross(calendar, [
    ...YEARS,
    ...YEARS.map((year) => `${year}!`),
    ...YEARS.map((year) => `-${year}`),
    '123',
    '123!',
  ])
  cross(
    names,
    YEARS.filter((year) => Number(year) <= 2010),
  )
  cross(
    ['ilove', 'iloveyou', 'ihate', 'welcome', 'password', 'hello', 'letmein'],
    [...names.slice(0, 400), ...words.slice(0, 400)],
  )
  for (const word of words.slice(0, 8000)) all.add(word + word)
  for (const walk of keyboardWalks()) all.add(walk)
  return all
}

/** Runs along the rows of keyboards, up and down columns, and repetitions. */
function keyboardWalks(): readonly string[] {
  const walks: string[] = []
  const [digits = '', ...letters] = ROWS
  for (const row of ROWS) {
    const twice = row + row
    for (let length = 4; length <= 16; length++) {
      for (let from = 0; from + 4 <= row.length; from++) walks.push(twice.slice(from, from + length))
    }
    for (let length = 4; length <= row.length; length++)
      walks.push(Array.from(row.slice(0, length)).toReversed().join(''))
  }
  for (const row of letters) {
    let zigzag = ''
    for (let at = 0; at < Math.min(row.length, digits.length); at++) {
      zigzag += `${digits[at] as string}${row[at] as string}`
      if (zigzag.length >= 6) walks.push(zigzag, zigzag.replaceAll(/(.)(.)/g, '$2$1'))
    }
    for (const other of letters)
      walks.push(row.slice(0, 6) + other.slice(0, 6), row.slice(0, 4) + other.slice(0, 4) + '1234')
  }
  for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789') {
    for (let length = 4; length <= 20; length++) walks.push(char.repeat(length))
  }
  return walks
}

/** The filter of all of them. */
export function buildCommonPasswords(): Buffer {
  const all = commonPasswords()
  const builder = new PasswordFilterBuilder(all.size)
  for (const password of all) builder.add(password)
  return builder.toBytes()
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '..', 'src', 'identity', 'common-passwords.filter')
  const bytes = buildCommonPasswords()
  writeFileSync(file, bytes)
  const all = [...commonPasswords()]
  const long = all.filter((password) => password.length >= 12).length
  process.stdout.write(`${all.length} passwords, ${long} of 12 characters or more, ${bytes.length} bytes\n`)
}
