export type { ActionScope, Condition, Expr, Policy, Scope, SlotName } from './cedar/ast.ts'
export { slotsOf } from './cedar/ast.ts'
export {
  Authorizer,
  type AuthorizerOptions,
  type Decision,
  type PolicyError,
  type Request,
} from './cedar/authorizer.ts'
export { type Misfits, validateEntities, validateEntity, validateRequest } from './cedar/conformance.ts'
export { Entities, type Entity, type EntityDraft, type EntitySource } from './cedar/entities.ts'
export { contextFrom, entitiesFrom, parseEntities } from './cedar/entities-json.ts'
export { formatPolicies, type FormatOptions } from './cedar/formatter.ts'
export type { Json } from './cedar/json.ts'
export { readJson } from './cedar/json-reader.ts'
export { type FindEntity, ObjectEntities, type PlainEntity, recordOf, valueOf } from './cedar/objects.ts'
export { parseExpression, parsePolicies } from './cedar/parser.ts'
export { linkTemplate, renameByAnnotation } from './cedar/policy.ts'
export { parseJsonPolicies, policyFromJson } from './cedar/policy-json.ts'
export { policyToJson, writeJson } from './cedar/policy-json-writer.ts'
export { expressionToText, policyToText } from './cedar/policy-text.ts'
export type { ActionType, EntityType, Schema } from './cedar/schema.ts'
export { parseJsonSchema, schemaFromJson } from './cedar/schema-json.ts'
export { parseSchema } from './cedar/schema-parser.ts'
export { type Parsed, placeAt, type SyntaxFault } from './cedar/syntax.ts'
export type { Type, ValidationMode } from './cedar/types.ts'
export type { ValidationError, ValidationKind } from './cedar/validation.ts'
export { type Validation, validatePolicies } from './cedar/validator.ts'
export { CedarRecord, CedarSet, EntityUid, Fault, type Outcome, type Value } from './cedar/value.ts'
export { valueFrom, valueToJson } from './cedar/value-json.ts'
export {
  type AccessRouteConfig,
  accessRouteKeys,
  type AuthorizationConfig,
  authorizationSchema,
} from './config.ts'
export {
  type BlamedCondition,
  type BlameTree,
  Explainer,
  type ExplainOptions,
  type Explanation,
  type PolicyExplanation,
} from './explain/explanation.ts'
export { type ExplanationTextOptions, formatExplanation } from './explain/explanation-text.ts'
export { type BoundaryOptions, generateCases } from './proving/boundary.ts'
export type { Asked, PolicyCase } from './proving/case.ts'
export { type ClauseCoverage, type Coverage, coverClauses } from './proving/coverage.ts'
export {
  type DecisionChange,
  type DiffOptions,
  diffPolicies,
  type PolicyDiff,
  type Replay,
} from './proving/diff.ts'
export { type Effort, Explorer, type Random, seededRandom } from './proving/exploration.ts'
export type { Lint } from './proving/lint.ts'
export { lintPolicies } from './proving/lints.ts'
export { type Ability, type ListingBase, whatMay, whoMay } from './proving/listing.ts'
export { type Mutant, mutantsOf } from './proving/mutants.ts'
export { type MutationScore, scoreMutants, type Survivor } from './proving/mutation-score.ts'
export { readUid, writeUid } from './proving/plain-values.ts'
export {
  type PlainEntities,
  readEntities,
  readRequest,
  readTests,
  type TestFile,
  type TestFileOptions,
  type TestMistake,
  type WrittenRequest,
} from './proving/test-file.ts'
export { caseToPlain, type CaseResult, runCases } from './proving/test-run.ts'
export type { DataPath } from './proving/written.ts'
export { GUIDE_ROLES, PermissionDenied, PERMISSIONS, Rbac, requirePermission } from './rbac.ts'
export { accessWall } from './wall.ts'
