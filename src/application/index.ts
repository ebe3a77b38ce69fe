export {
  type ApplicationConfig,
  type ApplicationRouteConfig,
  applicationRouteKeys,
  applicationSchema,
} from './config.ts'
export { doubtInProvenance, type Provenance } from './cross-site.ts'
export type { HtmlTag } from './html-tag.ts'
export { type ContentModel, HtmlTokenizer, type TagSink } from './html-tokenizer.ts'
export { applicationWall } from './wall.ts'
