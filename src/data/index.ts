export {
  type DataConfig,
  type DataRouteConfig,
  dataRouteKeys,
  dataSchema,
  encryptionSchema,
} from './config.ts'
export { type WeakFindings } from './detectors/context.ts'
export { type Finding } from './detectors/finding.ts'
export { type Keyring, openKeyring, openMemoryKeyring } from './keyring.ts'
export { createTextMask, maskCreditCard, maskDict, maskEmail, maskPhone, maskSsn, maskText } from './mask.ts'
export { type MaskAction, type MaskActions } from './mask-action.ts'
export { maskBody, maskQuery, maskUrlText } from './mask-body.ts'
export { type FieldMask } from './mask-fields.ts'
export {
  ALL_KINDS,
  DEFAULT_KINDS,
  groupOf,
  isMaskKind,
  KINDS,
  type KindFacts,
  type MaskGroup,
  type MaskKind,
} from './mask-kinds.ts'
export {
  createJsonMask,
  type JsonFault,
  type JsonMask,
  type JsonMasking,
  type JsonPiece,
} from './mask-json.ts'
export { createLogMask, type LogMask } from './mask-log.ts'
export {
  compileReplyMask,
  createReplyMaskStream,
  maskJsonReply,
  type ReplyMask,
  type ReplyMaskConfig,
  replyMaskSchema,
} from './mask-reply.ts'
export { SecretRegistry } from './mask-secrets.ts'
export { createMaskStream, type MaskStream, maskTransform } from './mask-stream.ts'
export { createMasker, type Masker, type MaskerOptions } from './masker.ts'
export { dataWall } from './wall.ts'
