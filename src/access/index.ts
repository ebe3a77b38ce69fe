export { type AbacOptions, AbacPolicy, type AbacRule, type AccessContext } from './abac.ts'
export { type Caller, callerFinder } from './authzen/callers.ts'
export { authzenCaller, type AuthZenConfig, authzenSection } from './authzen/config.ts'
export {
  type Answer as AuthZenResult,
  DecisionPoint,
  type DecisionPointParts,
  type DecisionsBody,
  type ResultsBody,
} from './authzen/decision-point.ts'
export { type Candidates, type EntityStore, MemoryEntities } from './authzen/entity-store.ts'
export {
  type AuthZenAnswer,
  type AuthZenHead,
  bindHttps,
  type BindingParts,
  type HttpsBinding,
} from './authzen/https-binding.ts'
export type { DecisionBody } from './authzen/judge.ts'
export { DEFAULT_LIMITS as AUTHZEN_LIMITS, type Limits as AuthZenLimits } from './authzen/limits.ts'
export type { PropertyRule, TypeRule, VocabularyRules } from './authzen/vocabulary.ts'
export {
  type ActionScope,
  type Condition,
  type Expr,
  type Policy,
  type Scope,
  type SlotName,
  slotsOf,
} from './cedar/ast.ts'
export {
  Authorizer,
  type AuthorizerOptions,
  type Decision,
  type PolicyError,
  type Request,
} from './cedar/authorizer.ts'
export { type Misfits, validateEntities, validateEntity, validateRequest } from './cedar/conformance.ts'
export { contextFrom, entitiesFrom, parseEntities } from './cedar/entities-json.ts'
export {
  Entities,
  type Entity,
  type EntityDraft,
  type EntitySource,
  unknownEntity,
} from './cedar/entities.ts'
export { Datetime, Duration } from './cedar/extensions/datetime.ts'
export { Decimal } from './cedar/extensions/decimal.ts'
export { IpAddress } from './cedar/extensions/ipaddr.ts'
export { type FormatOptions, formatPolicies } from './cedar/formatter.ts'
export { readJson } from './cedar/json-reader.ts'
export type { Json } from './cedar/json.ts'
export { type FindEntity, ObjectEntities, type PlainEntity, recordOf, valueOf } from './cedar/objects.ts'
export { parseExpression, parsePolicies } from './cedar/parser.ts'
export { PartialAuthorizer, type PartialDecision } from './cedar/partial.ts'
export { OPERATOR_PERMISSIONS, OPERATOR_ROLES } from './operator-roles.ts'
export { policyToJson, writeJson } from './cedar/policy-json-writer.ts'
export { parseJsonPolicies, policyFromJson } from './cedar/policy-json.ts'
export { expressionToText, policyToText } from './cedar/policy-text.ts'
export { allowsAction, linkTemplate, renameByAnnotation } from './cedar/policy.ts'
export { parseJsonSchema, schemaFromJson } from './cedar/schema-json.ts'
export { parseSchema } from './cedar/schema-parser.ts'
export type { ActionType, EntityType, Schema } from './cedar/schema.ts'
export { type Parsed, placeAt, type SyntaxFault } from './cedar/syntax.ts'
export type { Type, ValidationMode } from './cedar/types.ts'
export type { ValidationError, ValidationKind } from './cedar/validation.ts'
export { validatePolicies, type Validation } from './cedar/validator.ts'
export { valueFrom, valueToJson } from './cedar/value-json.ts'
export { CedarRecord, CedarSet, EntityUid, Fault, type Outcome, type Value } from './cedar/value.ts'
export type { LoadedEntities } from './check-entities.ts'
export { AccessError, type AccessMistake, type Named, type PolicyInput } from './check-load.ts'
export type {
  AccessModel,
  AccessObjects,
  AnyRequest,
  CheckRequest,
  EntityRef,
  Given,
  ModelAction,
  ModelEntity,
  ObjectReader,
  ObjectReaders,
  Wanted,
} from './check-model.ts'
export { Access, AccessDenied, type AccessInput, type Check, type CheckError, createAccess } from './check.ts'
export {
  type AccessBindingConfig,
  type AccessRouteConfig,
  accessRouteKeys,
  type AuthorizationConfig,
  authorizationSchema,
  type PolicyConfig,
  policySection,
} from './config.ts'
export { type ApplyOptions, applyPlan, planText, type Verification, verifyPlan } from './database/apply.ts'
export type { Query as DatabaseQuery } from './database/catalog.ts'
export {
  type DatabaseConfig,
  databaseSchema,
  databaseSection,
  declarationOf,
} from './database/declaration.ts'
export type { Finding as DatabaseFinding } from './database/finding.ts'
export { findDrift } from './database/drift.ts'
export { applyMariadb, mariadbPlanText, verifyMariadb } from './database/mariadb-apply.ts'
export type { ConnectAs } from './database/mariadb-attempts.ts'
export { findMariadbDrift } from './database/mariadb-drift.ts'
export { type MariadbPlan, planMariadb } from './database/mariadb-plan.ts'
export { mariadbKeyStatements } from './database/mariadb-principal.ts'
export { type PlanFiles, planInput, readPlanFiles } from './database/plan-files.ts'
export { type DatabasePlan, type PlanInput, planPostgres } from './database/plan.ts'
export { type SignOptions, signPrincipal } from './database/principal-token.ts'
export { withMysqlPrincipal } from './database/with-mysql-principal.ts'
export {
  withDrizzlePrincipal,
  withKyselyPrincipal,
  withPrincipal,
  withPrismaPrincipal,
} from './database/with-principal.ts'
export {
  ElevatedPermissions,
  ELEVATION_LIMITS,
  type ElevationLimits,
  type ElevationRequest,
} from './elevation.ts'
export { type ElevationAsked, type ElevationOutcome, ElevationRequests } from './elevation-requests.ts'
export { type ExplanationTextOptions, formatExplanation } from './explain/explanation-text.ts'
export {
  type BlamedCondition,
  type BlameTree,
  Explainer,
  type ExplainOptions,
  type Explanation,
  type PolicyExplanation,
} from './explain/explanation.ts'
export { AuthorizedWhere } from './filter/authorized-where.ts'
export {
  type Filter,
  type FilterOptions,
  type FilterRequest,
  loadFilter,
  type Question,
  type RowOptions,
  type WhoRequest,
} from './filter/filter.ts'
export { type DialectName, readMapping } from './filter/mapping-reader.ts'
export { MappingError, type MappingMistake } from './filter/mapping-mistakes.ts'
export { mappingSchema } from './filter/mapping-schema.ts'
export type {
  AttributeConfig,
  ColumnConfig,
  EntityConfig,
  MappingConfig,
  ParentConfig,
  Storage,
} from './filter/mapping.ts'
export type { ContextParty, Party, SqlAttribute, SqlEntity } from './filter/party.ts'
export type { Known, Plan } from './filter/plan.ts'
export type { PrismaModel, PrismaRelation, PrismaWhere } from './filter/prisma.ts'
export { SqlCondition, type SqlOptions, type SqlTag, type SqlText } from './filter/sql-condition.ts'
export { type AccessQuestion, covers, giversOf, holdingsOf } from './grants-in-force.ts'
export { type Grant, type GrantDraft, Grants } from './grants.ts'
export { type Obligation, type ObligationFault, readObligation, signObligation } from './obligation.ts'
export { type Fulfilment, Obligations, type ObligationsOptions, type Row } from './obligations.ts'
export type { EntityTerm, PolicyHead, RecordTerm, ScopeInput, TermFor } from './policy-builder-types.ts'
export { type BeginPolicy, policyBuilder, PolicyDraft } from './policy-builder.ts'
export { PolicySet, type PolicySources, readEntitiesFile, readPolicyFiles } from './policy-set.ts'
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
export { type CaseResult, caseToPlain, runCases } from './proving/test-run.ts'
export type { DataPath } from './proving/written.ts'
export { actionUid, type CedarRoles, type CedarRolesOptions, rbacToCedar, roleUid } from './rbac-cedar.ts'
export {
  GUIDE_ROLES,
  PermissionDenied,
  PERMISSIONS,
  Rbac,
  requirePermission,
  type RoleHierarchy,
} from './rbac.ts'
export {
  type FilterQuestion,
  type Relation,
  ResourceAuthorizer,
  type ResourceAuthorizerOptions,
  type ResourceFacts,
  type ResourceSource,
  type ResourceUser,
} from './resource-authorizer.ts'
export { type DecisionLine, DecisionTally, RoleOrigins, type TalliedDecision } from './review-log.ts'
export { reviewRoles, type RoleReview, type RoleUse } from './review-roles.ts'
export {
  type AccessReview,
  type Advice,
  type DecideAgain,
  decideByRoles,
  reviewAccess,
  type ReviewLine,
  type ReviewProof,
  type ReviewSubjectHolding,
} from './review.ts'
export { typesFromSchema, type TypesOptions } from './types-from-schema.ts'
export { type AskForFacts, type FactsAnswer, type PolicyParts } from './policy-wall.ts'
export { accessWall } from './wall.ts'
