import type { Expr } from '../cedar/ast.ts'
import { NO_CAPABILITIES } from '../cedar/capabilities.ts'
import { Typechecker } from '../cedar/typechecker.ts'
import type { Type } from '../cedar/types.ts'
import type { Scene } from './staged.ts'

/** The type of an expression that is known, as far as the schema tells. */
export function typeOfKnown(expr: Expr, { schema, principal, action, resource }: Scene): Type | undefined {
  const request = { principal: principal.type, action, resource: resource.type }
  const checker = new Typechecker(schema, 'permissive', request, () => undefined)
  return checker.typeOf(expr, NO_CAPABILITIES).type
}
