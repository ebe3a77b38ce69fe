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
export { type AbacOptions, AbacPolicy, type AbacRule, type AccessContext } from './abac.ts'
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
export {
  Entities,
  type Entity,
  unknownEntity,
  type EntityDraft,
  type EntitySource,
} from './cedar/entities.ts'
export { contextFrom, entitiesFrom, parseEntities } from './cedar/entities-json.ts'
export { formatPolicies, type FormatOptions } from './cedar/formatter.ts'
export type { Json } from './cedar/json.ts'
export { readJson } from './cedar/json-reader.ts'
export { type FindEntity, ObjectEntities, type PlainEntity, recordOf, valueOf } from './cedar/objects.ts'
export { PartialAuthorizer, type PartialDecision } from './cedar/partial.ts'
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
  type AccessBindingConfig,
  type AccessRouteConfig,
  accessRouteKeys,
  type AuthorizationConfig,
  authorizationSchema,
  type PolicyConfig,
} from './config.ts'
export { type Obligation, type ObligationFault, readObligation, signObligation } from './obligation.ts'
export { type Fulfilment, Obligations, type ObligationsOptions, type Row } from './obligations.ts'
export { type Named, PolicySet, type PolicySources } from './policy-set.ts'
export { accessWall, type AskForFacts, type FactsAnswer, type PolicyParts } from './wall.ts'
export {
  ElevatedPermissions,
  ELEVATION_LIMITS,
  type ElevationLimits,
  type ElevationRequest,
} from './elevation.ts'
export { type Grant, type GrantDraft, Grants } from './grants.ts'
export { type AccessQuestion, covers, giversOf, holdingsOf } from './grants-in-force.ts'
export {
  GUIDE_ROLES,
  PermissionDenied,
  PERMISSIONS,
  Rbac,
  requirePermission,
  type RoleHierarchy,
} from './rbac.ts'
export { actionUid, type CedarRoles, type CedarRolesOptions, rbacToCedar, roleUid } from './rbac-cedar.ts'
export {
  type FilterQuestion,
  type Relation,
  ResourceAuthorizer,
  type ResourceAuthorizerOptions,
  type ResourceFacts,
  type ResourceSource,
  type ResourceUser,
} from './resource-authorizer.ts'
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
export { type DecisionLine, DecisionTally, RoleOrigins, type TalliedDecision } from './review-log.ts'
export { type RoleReview, reviewRoles, type RoleUse } from './review-roles.ts'
