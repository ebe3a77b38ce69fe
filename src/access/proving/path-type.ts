import type { Expr } from '../cedar/ast.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RecordType, Type } from '../cedar/types.ts'
import type { RequestType } from '../cedar/validation.ts'

/** The type of an attribute of the request's own parts, or of an entity that such an attribute names. */
export function typeOfPath(expr: Expr, request: RequestType, schema: Schema): Type | undefined {
  if (expr.kind === 'variable') {
    if (expr.name === 'context') return request.action.context
    return { kind: 'entity', names: [expr.name === 'action' ? request.action.uid.type : request[expr.name]] }
  }
  if (expr.kind !== 'attribute') return undefined
  const of = typeOfPath(expr.of, request, schema)
  return of && attributesOf(of, schema)?.attributes.get(expr.name)?.type
}

/** The attributes of a record, or of an entity of one type. */
export function attributesOf(type: Type, schema: Schema): RecordType | undefined {
  if (type.kind === 'record') return type
  if (type.kind !== 'entity' || type.names.length !== 1) return undefined
  return schema.entities.get(type.names[0] as string)?.attributes
}
