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
export { Datetime, Duration } from './cedar/extensions/datetime.ts'
export { Decimal } from './cedar/extensions/decimal.ts'
export { IpAddress } from './cedar/extensions/ipaddr.ts'
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
export { Access, AccessDenied, type AccessInput, type Check, type CheckError, createAccess } from './check.ts'
export type { LoadedEntities } from './check-entities.ts'
export { AccessError, type AccessMistake, type PolicyInput } from './check-load.ts'
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
export {
  type AccessRouteConfig,
  accessRouteKeys,
  type AuthorizationConfig,
  authorizationSchema,
} from './config.ts'
export { type BeginPolicy, policyBuilder, PolicyDraft } from './policy-builder.ts'
export type { EntityTerm, PolicyHead, RecordTerm, ScopeInput, TermFor } from './policy-builder-types.ts'
export { AuthorizedWhere } from './filter/authorized-where.ts'
export { SqlCondition, type SqlOptions, type SqlTag, type SqlText } from './filter/sql-condition.ts'
export {
  type Filter,
  type FilterOptions,
  type FilterRequest,
  loadFilter,
  type Question,
  type RowOptions,
  type WhoRequest,
} from './filter/filter.ts'
export type {
  AttributeConfig,
  ColumnConfig,
  EntityConfig,
  MappingConfig,
  ParentConfig,
  Storage,
} from './filter/mapping.ts'
export { type DialectName, readMapping } from './filter/mapping-reader.ts'
export { mappingSchema } from './filter/mapping-schema.ts'
export type { ContextParty, Party, SqlAttribute, SqlEntity } from './filter/party.ts'
export type { Known, Plan } from './filter/plan.ts'
export type { PrismaModel, PrismaRelation, PrismaWhere } from './filter/prisma.ts'
export { GUIDE_ROLES, PermissionDenied, PERMISSIONS, Rbac, requirePermission } from './rbac.ts'
export { typesFromSchema, type TypesOptions } from './types-from-schema.ts'
export { accessWall } from './wall.ts'
