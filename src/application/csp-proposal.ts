import type { CspOrigin, SeenSource, SeenViolation } from './csp-book.ts'
import { SOURCE_DIRECTIVES, type SourceDirective } from './csp.ts'

/** A change of the policy that somebody must agree to. */
export interface CspProposal {
  /** Scripts and styles that pages hold and `csp_known` lacks, as they would stand there. The most often seen first. */
  readonly add: readonly SeenSource[]
  /** Known, and not seen. */
  readonly remove: readonly string[]
  /** Addresses that browsers report as blocked, and that `csp_sources` could allow. */
  readonly sources: readonly (SeenViolation & { readonly directive: SourceDirective })[]
  /** What no list can allow: inline handlers, `eval`, and what only a nonce allows. The page must change. */
  readonly unfit: readonly SeenViolation[]
  readonly uncounted: number
}

/** What the lists of a configuration lack, and have too much, by what was seen of an origin. */
export function cspProposal(
  origin: string,
  seen: CspOrigin,
  known: readonly string[],
  sources: Readonly<Partial<Record<string, readonly string[]>>>,
): CspProposal {
  const own = (source: string): string =>
    source.startsWith(`${origin}/`) ? source.slice(origin.length) : source
  const names = new Set(seen.sources.map(({ source }) => own(source)))
  const listed = new Set(known)
  const fits = (one: SeenViolation): one is CspProposal['sources'][number] =>
    isSourceDirective(one.directive) && /^https?:\/\//.test(one.blocked)
  const isAllowed = ({ directive, blocked }: SeenViolation): boolean =>
    sources[directive]?.includes(blocked) === true
  // A script that is known by now was reported before it was.
  const isScript = (directive: string): boolean => /^(script|style)-src-elem$/.test(directive)
  return {
    add: seen.sources
      .map((one) => ({ ...one, source: own(one.source) }))
      .filter(({ source }) => !listed.has(source))
      .toSorted((a, b) => b.times - a.times),
    remove: known.filter((source) => !names.has(source)),
    sources: seen.violations.filter(fits).filter((one) => !isAllowed(one)),
    unfit: seen.violations.filter((one) => !fits(one) && !isScript(one.directive)),
    uncounted: seen.uncounted,
  }
}

function isSourceDirective(directive: string): directive is SourceDirective {
  return (SOURCE_DIRECTIVES as readonly string[]).includes(directive)
}
