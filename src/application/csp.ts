/** What a policy is built of. */
export interface CspParts {
  /** Base64 of at least 128 random bits, another one for each answer (CSP 3, 7.1). */
  readonly nonce: string
  /** Path or address that reports go to. */
  readonly reportTo?: string
  /**
   * Whether `Reporting-Endpoints` goes with the policy. Browsers that know `report-to` do not look at `report-uri` then, and send nothing
   * to an address of plain HTTP. Default true.
   */
  readonly hasEndpoint?: boolean
  /** Sources beyond those of the policy, by directive. */
  readonly sources?: Readonly<Partial<Record<SourceDirective, readonly string[]>>>
}

/** Directives to which sources can be added. Scripts are not among them: they run by nonce alone. */
export const SOURCE_DIRECTIVES = [
  'style-src',
  'img-src',
  'font-src',
  'connect-src',
  'media-src',
  'frame-src',
  'worker-src',
  'manifest-src',
  'form-action',
  'frame-ancestors',
] as const

/** A directive to which sources can be added. */
export type SourceDirective = (typeof SOURCE_DIRECTIVES)[number]

/** The name of our endpoint in `Reporting-Endpoints`. */
export const REPORT_GROUP = 'ringwall'

/**
 * The policy of a page with nonces: a script runs only with the nonce, wherever it comes from, so that an uploaded or injected one on
 * our own origin does not. Styles may come from our origin.
 */
export function nonceCsp({ nonce, reportTo, hasEndpoint = true, sources = {} }: CspParts): string {
  const more = (directive: SourceDirective): string =>
    (sources[directive] ?? []).map((one) => ` ${one}`).join('')
  const given: readonly SourceDirective[] = ['style-src', 'img-src', 'form-action', 'frame-ancestors']
  const ancestors = more('frame-ancestors')
  const directives = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'report-sample'`,
    `style-src 'self' 'nonce-${nonce}' 'report-sample'${more('style-src')}`,
    `img-src 'self' data: https:${more('img-src')}`,
    "object-src 'none'",
    "base-uri 'self'",
    `form-action 'self'${more('form-action')}`,
    ancestors === '' ? "frame-ancestors 'none'" : `frame-ancestors${ancestors}`,
    ...SOURCE_DIRECTIVES.filter((one) => !given.includes(one) && more(one) !== '').map(
      (one) => `${one} 'self'${more(one)}`,
    ),
  ]
  if (reportTo !== undefined) directives.push(`report-uri ${reportTo}`)
  if (reportTo !== undefined && hasEndpoint) directives.push(`report-to ${REPORT_GROUP}`)
  return directives.join('; ')
}
