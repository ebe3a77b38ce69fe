/** A condition of the corpus in Cedar: two expressions that never fail, and one that fails where the condition does. */
export interface CedarRails {
  readonly isTrue: string
  readonly isFalse: string
  /** As a person would write it; undefined where the two languages differ on errors. */
  readonly direct: string | undefined
  /** It never fails. */
  readonly isTotal: boolean
}

export function all(parts: readonly string[]): string {
  const kept = [...new Set(parts)].filter((part) => part !== 'true')
  if (kept.includes('false')) return 'false'
  return kept.length === 0 ? 'true' : kept.length === 1 ? (kept[0] as string) : `(${kept.join(' && ')})`
}

export function any(parts: readonly string[]): string {
  const kept = [...new Set(parts)].filter((part) => part !== 'false')
  if (kept.includes('true')) return 'true'
  return kept.length === 0 ? 'false' : kept.length === 1 ? (kept[0] as string) : `(${kept.join(' || ')})`
}

export function negated(text: string): string {
  return text === 'true' ? 'false' : text === 'false' ? 'true' : `!(${text})`
}

/**
 * An expression that has a value exactly where the guards hold, each of which needs the ones before it. Where a guard is
 * only that an attribute is there, the expression alone fails without it.
 */
export function atom(text: string, guards: readonly string[]): CedarRails {
  const isConstant = text === 'true' || text === 'false'
  const failsAlone = guards.length === 0 || (!isConstant && guards.every((guard) => guard.includes(' has ')))
  return {
    isTrue: all([...guards, text]),
    isFalse: all([...guards, negated(text)]),
    direct: failsAlone ? text : undefined,
    isTotal: guards.length === 0,
  }
}

/** Two expressions that never fail; where neither is true the condition fails. */
export function pair(isTrue: string, isFalse: string): CedarRails {
  return { isTrue, isFalse, direct: undefined, isTotal: false }
}

export function not({ isTrue, isFalse, direct, isTotal }: CedarRails): CedarRails {
  return { isTrue: isFalse, isFalse: isTrue, direct: direct && negated(direct), isTotal }
}

/** Either side may decide, whatever the other is; Cedar asks the left side first. */
export function and(left: CedarRails, right: CedarRails): CedarRails {
  const direct =
    left.isTotal && left.direct && right.direct ? `(${left.direct} && ${right.direct})` : undefined
  return {
    isTrue: all([left.isTrue, right.isTrue]),
    isFalse: any([left.isFalse, right.isFalse]),
    direct,
    isTotal: left.isTotal && right.isTotal,
  }
}

export function or(left: CedarRails, right: CedarRails): CedarRails {
  const direct =
    left.isTotal && left.direct && right.direct ? `(${left.direct} || ${right.direct})` : undefined
  return { ...not(and(not(left), not(right))), direct }
}

export function choose(test: CedarRails, yes: CedarRails, no: CedarRails): CedarRails {
  const isDirect = test.direct !== undefined && yes.direct !== undefined && no.direct !== undefined
  return {
    isTrue: any([all([test.isTrue, yes.isTrue]), all([test.isFalse, no.isTrue])]),
    isFalse: any([all([test.isTrue, yes.isFalse]), all([test.isFalse, no.isFalse])]),
    direct: isDirect ? `(if ${test.direct} then ${yes.direct} else ${no.direct})` : undefined,
    isTotal: test.isTotal && yes.isTotal && no.isTotal,
  }
}

export function constant(value: boolean): CedarRails {
  return atom(String(value), [])
}
