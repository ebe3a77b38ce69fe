import { decodings } from './decoding.ts'
import { findScripting } from './cross-site-scripting.ts'
import { findTraversal, findTraversalInPath } from './path-traversal.ts'
import { findSqlInjection } from './sql-injection.ts'

/** The classes of attack, by the names that the guide and the configuration give them. */
export type AttackClass = 'SQL_INJECTION' | 'XSS' | 'PATH_TRAVERSAL'

/** One value of a request, and where it stood. */
export interface Target {
  /** `ARGS:q`, `COOKIES:theme`, `JSON:name`, `PATH`. */
  readonly variable: string
  /** A byte string, or text; still encoded as it came, but for the encoding of its container. */
  readonly value: string
}

/** What was found: the class, the rule, where, and the matched part cut to 80 characters. */
export interface Match {
  readonly attack: AttackClass
  readonly rule: string
  readonly variable: string
  readonly matched: string
}

/** Letters, digits and marks that no attack can do without at least one more of. */
const HARMLESS = /^[\w.,:@~ -]*$/
const SQL_WORD =
  /\b(?:select|union|or|and|drop|insert|delete|update|exec|waitfor|order|group|having|sleep)\b/i

/**
 * Where somebody came from is hardly ever data; a page's own search stands in it again, apostrophes and all. Only markup counts.
 */
const MARKUP_ONLY: ReadonlySet<AttackClass> = new Set(['XSS'])

/** Holds a value against the classes that are on. Gives the first match. */
export function inspectValue(target: Target, wanted: ReadonlySet<AttackClass>): Match | undefined {
  const { value, variable } = target
  const classes = variable === 'HEADERS:referer' ? wanted.intersection(MARKUP_ONLY) : wanted
  const isPath = variable === 'PATH'
  if (
    !isPath &&
    HARMLESS.test(value) &&
    !value.includes('..') &&
    !(value.includes(' ') && (/\d/.test(value) || SQL_WORD.test(value)))
  ) {
    return undefined
  }
  const match = (
    attack: AttackClass,
    form: string,
    found: { readonly rule: string; readonly at: number },
  ): Match => ({
    attack,
    rule: found.rule,
    variable,
    matched: excerpt(form, found.at),
  })
  for (const form of decodings(value)) {
    if (classes.has('PATH_TRAVERSAL')) {
      const found = isPath ? findTraversalInPath(form) : findTraversal(form)
      if (found) return match('PATH_TRAVERSAL', form, found)
    }
    if (classes.has('XSS')) {
      const found = findScripting(form)
      if (found) return match('XSS', form, found)
    }
    if (classes.has('SQL_INJECTION') && !isPath) {
      const found = findSqlInjection(form)
      if (found) return match('SQL_INJECTION', form, found)
    }
    if (classes.has('SQL_INJECTION') && isPath) {
      // Each segment is a value of its own: `/orders/7' OR '1'='1`.
      for (const segment of form.split('/')) {
        const found = segment.length > 4 ? findSqlInjection(segment) : undefined
        if (found) return match('SQL_INJECTION', segment, found)
      }
    }
  }
  return undefined
}

/** The first match of many targets. */
export function inspect(targets: Iterable<Target>, classes: ReadonlySet<AttackClass>): Match | undefined {
  for (const target of targets) {
    const match = inspectValue(target, classes)
    if (match) return match
  }
  return undefined
}

function excerpt(text: string, at: number): string {
  const from = Math.max(0, at - 10)
  return text.slice(from, from + 80)
}
