export {
  type ApplicationConfig,
  type ApplicationRouteConfig,
  applicationRouteKeys,
  applicationSchema,
} from './config.ts'
export { doubtInProvenance, type Provenance } from './cross-site.ts'
export { type CspParts, nonceCsp } from './csp.ts'
export { CspLearning, type CspProposal } from './csp-learning.ts'
export { type CspReport, type CspReports, MAX_REPORT_BYTES, readCspReports } from './csp-report.ts'
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
export {
  encodeAttribute,
  encodeCssString,
  encodeHtml,
  encodeJavaScriptString,
  encodeUrlComponent,
  safeUrl,
} from './encode.ts'
export { html, type HtmlValue } from './html-template.ts'
export { HtmlInjector, injectInto, type Injection, type ScriptSource } from './html-injector.ts'
export type { HtmlTag } from './html-tag.ts'
export { type ContentModel, HtmlTokenizer, type TagSink } from './html-tokenizer.ts'
export type { HtmlParts } from './html-wall.ts'
export type { RawHtml } from './raw-html.ts'
export { GUIDE_RICH_TEXT, type RichTextProfile, sanitizeRichText, sanitizeToText } from './rich-text.ts'
export { applicationWall } from './wall.ts'
