import { IpList } from '../../core/ip.ts'
import { detectSqli } from '../detectors/sqli.ts'
import { detectXss } from '../detectors/xss.ts'
import { Pattern } from '../regex/pattern.ts'
import { PatternError } from '../regex/syntax.ts'
import type { OperatorNames } from '../seclang/build-rule.ts'
import { ruleError } from '../seclang/errors.ts'
import { containsWord, numeric, textual } from './comparisons.ts'
import { hasBadPercent, hasBadUtf8, validateByteRange } from './encodings.ts'
import { isCardNumber, isCpf, isSsn, isSvnr, verified } from './numbers-of-people.ts'
import type { Operator, OperatorArgument, OperatorWord } from './operator.ts'
import { phraseMatch, phraseMatchFromFile } from './phrase-match.ts'

const ELSEWHERE = 'uploads are checked by the application wall, in streams'
const NO_LOOKUP = 'no request waits for a name server'

const always = (matches: (value: string) => boolean) => ({ create: (): Operator => ({ matches }) })

/** Every operator of the reference manual, by its name in lower case. */
export const OPERATORS: ReadonlyMap<string, OperatorWord> = new Map<string, OperatorWord>([
  ['rx', { create: regularExpression }],
  ['rxglobal', { create: regularExpression }],
  ['pm', { create: phraseMatch }],
  ['pmf', { create: phraseMatchFromFile }],
  ['pmfromfile', { create: phraseMatchFromFile }],
  ['eq', { create: numeric((value, argument) => value === argument) }],
  ['ge', { create: numeric((value, argument) => value >= argument) }],
  ['gt', { create: numeric((value, argument) => value > argument) }],
  ['le', { create: numeric((value, argument) => value <= argument) }],
  ['lt', { create: numeric((value, argument) => value < argument) }],
  ['beginswith', { create: textual((value, argument) => value.startsWith(argument)) }],
  ['endswith', { create: textual((value, argument) => value.endsWith(argument)) }],
  ['contains', { create: textual((value, argument) => value.includes(argument)) }],
  ['strmatch', { create: textual((value, argument) => value.includes(argument)) }],
  ['streq', { create: textual((value, argument) => value === argument) }],
  ['within', { create: textual((value, argument) => argument.includes(value)) }],
  ['containsword', { create: textual(containsWord) }],
  ['ipmatch', { create: ({ text, origin }) => addresses(text.split(/[\s,]+/), origin) }],
  ['ipmatchf', { create: addressesFromFile }],
  ['ipmatchfromfile', { create: addressesFromFile }],
  ['geolookup', { create: () => ({ matches: (value, scope) => scope.locate(value) }) }],
  ['validatebyterange', { create: validateByteRange }],
  ['validateurlencoding', always(hasBadPercent)],
  ['validateutf8encoding', always(hasBadUtf8)],
  [
    'detectsqli',
    {
      create: () => ({
        matches: (value) => detectSqli(value) !== undefined,
        captures: (value) => [detectSqli(value)],
        isCostly: true,
      }),
    },
  ],
  ['detectxss', { create: () => ({ matches: detectXss, captures: (value) => [value], isCostly: true }) }],
  ['unconditionalmatch', always(() => true)],
  ['nomatch', always(() => false)],
  ['verifycc', { create: verified(isCardNumber) }],
  ['verifycpf', { create: verified(isCpf) }],
  ['verifyssn', { create: verified(isSsn) }],
  ['verifysvnr', { create: verified(isSvnr) }],
  ['inspectfile', { why: ELSEWHERE }],
  ['fuzzyhash', { why: ELSEWHERE }],
  ['rbl', { why: NO_LOOKUP }],
  ['gsblookup', { why: NO_LOOKUP }],
  ['rsub', { why: 'rules judge what passes; they do not change it' }],
  ['validatedtd', { why: 'document types are never loaded' }],
  ['validateschema', { why: 'request schemas are the gateway wall, from OpenAPI' }],
  ['validatehash', { why: 'links in pages are not rewritten' }],
])

/** For the reader of rules: which names there are. */
export const operatorNames: OperatorNames = {
  has: (name) => OPERATORS.has(name),
  why(name) {
    const word = OPERATORS.get(name)
    return word && 'why' in word ? word.why : undefined
  },
  names: () => OPERATORS.keys(),
}

function regularExpression({ text, origin }: OperatorArgument): Operator {
  try {
    const pattern = new Pattern(text)
    return {
      pattern,
      matches: (value) => pattern.test(value),
      captures: (value) => pattern.exec(value),
    }
  } catch (thrown) {
    if (!(thrown instanceof PatternError)) throw thrown
    const near = text.slice(Math.max(0, thrown.offset - 10), thrown.offset + 20)
    throw ruleError(origin, `@rx: ${thrown.message} (at byte ${thrown.offset}, near \`${near}\`)`)
  }
}

function addressesFromFile(argument: OperatorArgument): Operator {
  const lines = argument.text
    .split(/\s+/)
    .flatMap((path) => argument.readLines(path))
    .map((line) => (line.split('#')[0] as string).trim())
  return addresses(
    lines.filter((line) => line !== ''),
    argument.origin,
  )
}

function addresses(texts: readonly string[], origin: OperatorArgument['origin']): Operator {
  let list: IpList
  try {
    list = new IpList(texts)
  } catch (thrown) {
    throw ruleError(origin, `@ipMatch: ${(thrown as Error).message}`)
  }
  return { matches: (value) => list.find(value) !== undefined }
}
