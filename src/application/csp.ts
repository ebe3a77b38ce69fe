/** What a policy is built of. */
export interface CspParts {
  /** Base64 of at least 128 random bits, another one for each answer (CSP 3, 7.1). */
  readonly nonce: string
  /** Path or address that reports go to. */
  readonly reportTo?: string
}

/** The name of our endpoint in `Reporting-Endpoints`. */
export const REPORT_GROUP = 'ringwall'

/**
 * The policy of a page with nonces: a script runs only with the nonce, wherever it comes from, so that an uploaded or injected one on
 * our own origin does not. Styles may come from our origin.
 */
export function nonceCsp({ nonce, reportTo }: CspParts): string {
  const directives = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'report-sample'`,
    `style-src 'self' 'nonce-${nonce}' 'report-sample'`,
    "img-src 'self' data: https:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]
  if (reportTo !== undefined) directives.push(`report-uri ${reportTo}`, `report-to ${REPORT_GROUP}`)
  return directives.join('; ')
}
