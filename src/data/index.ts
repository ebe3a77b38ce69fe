export {
  BlindIndex,
  type BlindIndexOptions,
  type IndexKind,
  type Search,
  searchCondition,
  type SearchPlan,
} from './blind-index.ts'
export type { FieldType, FieldValues } from './canonical-value.ts'
export {
  type ColumnDeclaration,
  type Declaration,
  declareColumns,
  type EncryptedColumns,
  type EncryptedTable,
  type IndexDeclaration,
  type OpenedRow,
  type TableDeclaration,
} from './columns.ts'
export {
  type DataConfig,
  type DataRouteConfig,
  dataRouteKeys,
  dataSchema,
  encryptionSchema,
} from './config.ts'
export {
  createDataKeyTable,
  type DataKeyStore,
  fileDataKeyStore,
  memoryDataKeyStore,
  sqlDataKeyStore,
  type StoredDataKey,
} from './data-key-store.ts'
export {
  type DataKey,
  DataKeys,
  type DataKeysOptions,
  FIELDS_SCOPE,
  type LoadedKeys,
  openDataKeys,
  SEARCH_SCOPE,
} from './data-keys.ts'
export type { WeakFindings } from './detectors/context.ts'
export type { Finding } from './detectors/finding.ts'
export { type Envelope, parseEnvelope, type StoredForm } from './envelope.ts'
export { fernetKeyOf, type FernetRead, generateFernetKey, readFernet, writeFernet } from './fernet.ts'
export {
  FieldCipher,
  type FieldCipherOptions,
  type Opened,
  type RowId,
  type Unreadable,
} from './field-cipher.ts'
export {
  type AwsKmsClient,
  awsKmsWrapper,
  keyringWrapper,
  type KeyWrapper,
  secretWrapper,
  type WrapContext,
} from './key-wrapper.ts'
export { type ActionFacts, ActionTable, actionTable, type AccessLevel } from './iam/action-table.ts'
export { ESCALATION_PATHS, type EscalationPath } from './iam/escalation.ts'
export { explainPolicy } from './iam/explain-policy.ts'
export {
  type MadePolicy,
  needsSchema,
  type Permission,
  policyOf,
  policyOfNeeds,
  type PolicyNeeds,
} from './iam/generate.ts'
export { policyOfCalls, readRecordedCalls, type ReadCalls, type RecordedCall } from './iam/recorded-calls.ts'
export { policyJson, policyTerraform } from './iam/write-policy.ts'
export { type IamFinding, type IamSeverity, lintPolicy } from './iam/lint.ts'
export { matchesPattern, patternsMeet } from './iam/pattern.ts'
export {
  type PolicyCondition,
  type PolicyDocument,
  type PolicyStatement,
  readPolicyDocument,
  readPolicyValue,
  type ReadPolicy,
} from './iam/policy-document.ts'
export { KEY_PURPOSES, type Keyring, openKeyring, openMemoryKeyring } from './keyring.ts'
export { kyselyColumns, type KyselyColumns } from './kysely-columns.ts'
export { type Mapping, readMapping } from './mapping.ts'
export type { MaskAction, MaskActions } from './mask-action.ts'
export {
  type AnswerFault,
  type AnswerForm,
  answerForm,
  type AnswerMask,
  type AnswerPiece,
  createAnswerMask,
} from './mask-answer.ts'
export { maskBody, maskQuery, maskUrlText } from './mask-body.ts'
export type { FieldMask } from './mask-fields.ts'
export {
  ALL_KINDS,
  DEFAULT_KINDS,
  groupOf,
  isMaskKind,
  type KindFacts,
  KINDS,
  type MaskGroup,
  type MaskKind,
} from './mask-kinds.ts'
export { createCsvMask, type CsvFault, type CsvMask, type CsvPiece } from './mask-csv.ts'
export {
  createJsonMask,
  type JsonFault,
  type JsonMask,
  type JsonMasking,
  type JsonPiece,
} from './mask-json.ts'
export { createLinesMask } from './mask-lines.ts'
export { createLogMask, type LogMask } from './mask-log.ts'
export {
  compileReplyMask,
  createReplyMaskStream,
  type MaskCounts,
  maskJsonReply,
  type ReplyMask,
  type ReplyMaskConfig,
  replyMaskSchema,
} from './mask-reply.ts'
export { SecretRegistry } from './mask-secrets.ts'
export { createMaskStream, type MaskStream, maskTransform } from './mask-stream.ts'
export {
  createSecretMask,
  createTextMask,
  maskCreditCard,
  maskDict,
  maskEmail,
  maskPhone,
  maskSsn,
  maskText,
} from './mask.ts'
export { createMasker, type Masker, type MaskerOptions } from './masker.ts'
export type { Normalization } from './normalization.ts'
export {
  type DrizzleColumn,
  drizzleColumn,
  prismaExtension,
  type PrismaExtension,
  type TypeOrmTransformer,
  typeOrmTransformer,
} from './orm-columns.ts'
export {
  derivePasswordKey,
  type PasswordKey,
  type PasswordKeyAlgorithm,
  type PasswordKeyRead,
  readPasswordKey,
} from './password-key.ts'
export { poolRandom } from './random-pool.ts'
export { declared, type FullRotationOptions, type FullRotationReport, rotateAll } from './rotation-run.ts'
export {
  countRemaining,
  rotateColumn,
  type RotationOptions,
  type RotationProgress,
  type RotationReport,
} from './rotation.ts'
export { type OpenedSession, openSession } from './session-url.ts'
export { shred, type ShredReceipt } from './shredding.ts'
export {
  mysqlSession,
  postgresSession,
  sqliteSession,
  type SqlParameter,
  type SqlSession,
  type SqlStatement,
} from './sql-session.ts'
export { decryptStream, encryptStream, type StreamKey, type StreamRefusal } from './stream-cipher.ts'
export { openFileSource, openRange, type RangeReader, type RangeSource } from './stream-range.ts'
export { type VaultTransitOptions, vaultTransitWrapper } from './vault-transit.ts'
export type { AnswerParts } from './mask-wall.ts'
export { dataWall } from './wall.ts'
export { awsSection, type RotationConfig, secretsSection, vaultSection } from './secrets/config.ts'
export { parseFields, registerSecrets, secretParts } from './secrets/fields.ts'
export { readFileSecret } from './secrets/file-provider.ts'
export { openSecrets, type SecretPlaces, type VaultPlace } from './secrets/open-secrets.ts'
export type { SecretFault, SecretProvider, SecretRead, SecretWrite } from './secrets/provider.ts'
export {
  parseReference,
  REFERENCE_FORMS,
  type SecretReference,
  type SecretScheme,
} from './secrets/reference.ts'
export { type MissingSecret, Secrets, type SecretsOptions } from './secrets/secrets.ts'
