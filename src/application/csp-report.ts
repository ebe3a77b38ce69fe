import { z } from '../core/schema.ts'

/** What a browser kept from happening. Everything in it was sent by somebody who may not be a browser. */
export interface CspReport {
  readonly rawDocumentUrl: string
  /** An address, or `inline`, `eval` and the like. */
  readonly rawBlocked: string
  readonly directive: string
  readonly isEnforced: boolean
}

/** The reports of one body, or why it holds none. */
export type CspReports =
  | { readonly ok: true; readonly reports: readonly CspReport[] }
  | { readonly ok: false; readonly reason: 'content-type' | 'too-large' | 'malformed' }

/** The most that a body of reports may have. */
export const MAX_REPORT_BYTES = 64 * 1024
const MAX_REPORTS = 50
const text = z.string().max(4096)
const directive = z.string().regex(/^[a-z-]{1,40}$/)

// The bodies of `report-uri` (CSP 3, 5.2) and of the Reporting API (CSP 3, 5.3). Browsers add fields, so others are taken and dropped.
const oldReport = z.object({
  'csp-report': z.object({
    'document-uri': text,
    'blocked-uri': text.default(''),
    'effective-directive': directive.optional(),
    'violated-directive': text.optional(),
    disposition: z.enum(['enforce', 'report']).default('enforce'),
  }),
})
const newReport = z.object({
  type: z.literal('csp-violation'),
  body: z.object({
    documentURL: text,
    blockedURL: text.nullish(),
    effectiveDirective: directive,
    disposition: z.enum(['enforce', 'report']),
  }),
})
const newReports = z.array(z.object({ type: text })).max(MAX_REPORTS)

/** Reads the body of a report in either form. */
export function readCspReports(rawType: string | undefined, body: Uint8Array): CspReports {
  const type = (rawType?.split(';')[0] ?? '').trim().toLowerCase()
  if (type !== 'application/csp-report' && type !== 'application/reports+json')
    return { ok: false, reason: 'content-type' }
  if (body.length > MAX_REPORT_BYTES) return { ok: false, reason: 'too-large' }
  let raw: unknown
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return { ok: false, reason: 'malformed' }
  }
  return type === 'application/csp-report' ? readOld(raw) : readNew(raw)
}

function readOld(raw: unknown): CspReports {
  const parsed = oldReport.safeParse(raw)
  if (!parsed.success) return { ok: false, reason: 'malformed' }
  const report = parsed.data['csp-report']
  const named = report['effective-directive'] ?? report['violated-directive']?.split(' ')[0] ?? ''
  if (!directive.safeParse(named).success) return { ok: false, reason: 'malformed' }
  return {
    ok: true,
    reports: [
      {
        rawDocumentUrl: report['document-uri'],
        rawBlocked: report['blocked-uri'],
        directive: named,
        isEnforced: report.disposition === 'enforce',
      },
    ],
  }
}

function readNew(raw: unknown): CspReports {
  const list = newReports.safeParse(raw)
  if (!list.success || !Array.isArray(raw)) return { ok: false, reason: 'malformed' }
  const reports: CspReport[] = []
  for (const [i, { type }] of list.data.entries()) {
    // Other kinds of reports may come with it.
    if (type !== 'csp-violation') continue
    const parsed = newReport.safeParse(raw[i])
    if (!parsed.success) return { ok: false, reason: 'malformed' }
    const { documentURL, blockedURL, effectiveDirective, disposition } = parsed.data.body
    reports.push({
      rawDocumentUrl: documentURL,
      rawBlocked: blockedURL ?? '',
      directive: effectiveDirective,
      isEnforced: disposition === 'enforce',
    })
  }
  return { ok: true, reports }
}
