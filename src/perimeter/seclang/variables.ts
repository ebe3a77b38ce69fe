import { didYouMean, ruleError } from './errors.ts'
import type { Origin, VariableRef } from './rule.ts'
import { VARIABLES } from './vocabulary.ts'

/** Reads a list of variables: `ARGS|!ARGS:pw|&TX:score|REQUEST_COOKIES:/^_ga/|XML:/*`. */
export function parseVariables(text: string, origin: Origin): VariableRef[] {
  const items = splitItems(text)
  if (items.length === 0) throw ruleError(origin, 'a rule needs at least one variable')
  return items.map((item) => parseVariable(item, origin))
}

/** Bars separate items, but not in quotes, and not in the slashes of a regular expression. */
function splitItems(text: string): string[] {
  const items: string[] = []
  let from = 0
  let quote = ''
  for (let i = 0; i <= text.length; i++) {
    const char = text[i]
    if (quote !== '') {
      if (char === '\\') i++
      else if (char === quote && (quote !== '/' || isItemEnd(text[i + 1]))) quote = ''
    } else if (char === "'") quote = "'"
    else if (char === '/' && text[i - 1] === ':' && !text.slice(from, i).toUpperCase().includes('XML:'))
      quote = '/'
    if (i >= text.length || (char === '|' && quote === '')) {
      const item = text.slice(from, i).trim()
      if (item !== '') items.push(item)
      from = i + 1
    }
  }
  return items
}

function isItemEnd(char: string | undefined): boolean {
  return char === undefined || char === '|' || char === "'" || char === ' '
}

function parseVariable(item: string, origin: Origin): VariableRef {
  let rest = item
  let isExclusion = false
  let isCount = false
  for (; rest.startsWith('!') || rest.startsWith('&'); rest = rest.slice(1)) {
    if (rest.startsWith('!')) isExclusion = true
    else isCount = true
  }
  const at = rest.search(/[:.]/)
  const name = (at < 0 ? rest : rest.slice(0, at)).toUpperCase()
  const known = VARIABLES.get(name)
  if (!known) throw ruleError(origin, `${name} is not a variable${didYouMean(name, VARIABLES.keys())}`)
  if (known.why !== undefined) throw ruleError(origin, `${name} is not supported: ${known.why}`)
  let key = at < 0 ? undefined : rest.slice(at + 1)
  if (key !== undefined && key.length >= 2 && key.startsWith("'") && key.endsWith("'")) key = key.slice(1, -1)
  if (key === '') key = undefined
  if (key !== undefined && !known.isCollection)
    throw ruleError(origin, `${name} has one value, so it takes no selector`)
  const isPattern =
    name !== 'XML' && key !== undefined && key.length > 2 && key.startsWith('/') && key.endsWith('/')
  return {
    name,
    key: isPattern ? undefined : name === 'XML' ? key : key?.toLowerCase(),
    keyPattern: isPattern ? (key as string).slice(1, -1) : undefined,
    isCount,
    isExclusion,
  }
}
