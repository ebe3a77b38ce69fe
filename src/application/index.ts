export {
  type ApplicationConfig,
  type ApplicationRouteConfig,
  applicationRouteKeys,
  applicationSchema,
} from './config.ts'
export { doubtInProvenance, type Provenance } from './cross-site.ts'
export { type ScannerConnection, type ScannerOptions, scanByClamd } from './upload/clamd.ts'
export { type DescribedFile, inspectFile } from './upload/file-inspection.ts'
export type { FilePart } from './upload/form-parts.ts'
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
export type { RefusedFile, UploadParts } from './upload/upload-wall.ts'
export { applicationWall } from './wall.ts'
