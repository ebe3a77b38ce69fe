export { type ClientError, clientError, type ErrorLog } from './client-error.ts'
export {
  type ApplicationConfig,
  type ApplicationRouteConfig,
  applicationRouteKeys,
  applicationSchema,
} from './config.ts'
export { doubtInProvenance, type Provenance } from './cross-site.ts'
export {
  CspBook,
  type CspBookOptions,
  type CspOrigin,
  type CspSnapshot,
  readCspBook,
  type SeenSource,
  type SeenViolation,
  type Sighting,
} from './csp-book.ts'
export { CSP_REPORT_PATH, serveCspReport } from './pages.ts'
export { cspProposal, type CspProposal } from './csp-proposal.ts'
export { type CspReport, type CspReports, MAX_REPORT_BYTES, readCspReports } from './csp-report.ts'
export { type CspParts, nonceCsp, SOURCE_DIRECTIVES, type SourceDirective } from './csp.ts'
export {
  checkCsrfToken,
  checkCustomHeader,
  checkFormToken,
  type CsrfVerdict,
  type FormBinding,
  formCookie,
  mintFormToken,
  newCsrfToken,
} from './csrf.ts'
export { type EgressFault, EgressRefused, openChecked, type Target } from './egress-connection.ts'
export { type Destination, readDestination, validateUrl, type ValidUrl } from './egress-destination.ts'
export { createResolver, type EgressLookup, type ResolverOptions } from './egress-lookup.ts'
export {
  createEgressPolicy,
  type EgressOptions,
  type EgressPolicy,
  type EgressReason,
  type EgressRefusal,
} from './egress-policy.ts'
export {
  encodeAttribute,
  encodeCssString,
  encodeHtml,
  encodeJavaScriptString,
  encodeUrlComponent,
  safeUrl,
} from './encode.ts'
export { type HeaderValue, headerValue, isHeaderName } from './header-value.ts'
export { HtmlInjector, injectInto, type Injection, type ScriptSource } from './html-injector.ts'
export type { HtmlTag } from './html-tag.ts'
export { html, type HtmlValue } from './html-template.ts'
export { type ContentModel, HtmlTokenizer, type TagSink } from './html-tokenizer.ts'
export type { HtmlParts } from './html-wall.ts'
export { logLine } from './log-line.ts'
export { type InsidePath, joinInside, joinInsideReal } from './path-inside.ts'
export { type FieldAllowlist, type JsonSchemaLike, pick, type Picked, type ZodLike } from './pick.ts'
export type { RawHtml } from './raw-html.ts'
export { type RedirectTargets, type SafeRedirect, safeRedirect } from './redirect.ts'
export { GUIDE_RICH_TEXT, type RichTextProfile, sanitizeRichText, sanitizeToText } from './rich-text.ts'
export { safeAgent, type SafeAgents } from './safe-agent.ts'
export { safeFetch, type SafeRequestInit } from './safe-fetch.ts'
export { type SpecialNetwork, specialNetwork } from '../core/special-networks.ts'
export { lintSql, type SqlFinding } from './sql-lint.ts'
export {
  createSqlTag,
  identifier,
  joinSql,
  type Sql,
  sql,
  type SqlIdentifier,
  sqlQuestion,
  type SqlStyle,
  type SqlTag,
  type SqlValue,
} from './sql-tag.ts'
export {
  type JsonBounds,
  type JsonFault,
  type ReadJson,
  readStrictJson,
  type StrictJson,
} from './strict-json.ts'
export { readStrictYaml, type ReadYaml, type YamlBounds, type YamlFault } from './strict-yaml.ts'
export { type Revival, type Revive, type Revived, TypedReviver } from './typed-reviver.ts'
export { clamdAt, scanByClamd, type ScannerConnection, type ScannerOptions } from './upload/clamd.ts'
export { type DescribedFile, inspectFile } from './upload/file-inspection.ts'
export type { FilePart } from './upload/form-parts.ts'
export {
  openQuarantine,
  Quarantine,
  type QuarantineBounds,
  type QuarantinedFile,
} from './upload/quarantine.ts'
export { type EncodedFile, httpReencode, type Reencode, type Reencoding } from './upload/reencoding.ts'
export { uploadPolicy, type UploadsConfig, uploadsSchema } from './upload/upload-config.ts'
export type { UploadFault, UploadReason } from './upload/upload-fault.ts'
export {
  inspectUpload,
  type JudgedFile,
  replaceFiles,
  type UploadHead,
  type UploadVerdict,
} from './upload/upload-inspection.ts'
export type { UploadPolicy } from './upload/upload-policy.ts'
export { keepIn, type RefusedFile, type UploadParts } from './upload/upload-wall.ts'
export { validateUsername } from './username.ts'
export { applicationWall, ownOrigin } from './wall.ts'
