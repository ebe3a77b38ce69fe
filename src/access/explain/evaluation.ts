import type { Expr } from '../cedar/ast.ts'
import type { Compiled, Env } from '../cedar/environment.ts'
import { compile } from '../cedar/evaluator.ts'
import type { Outcome } from '../cedar/value.ts'

const COMPILED = new WeakMap<Expr, Compiled>()

/** The outcome of any part of a policy alone; each part is compiled once. */
export function evaluate(expr: Expr, env: Env): Outcome {
  return compiledOf(expr).run(env)
}

/** What a part is when it does not depend on the request. */
export function constantOf(expr: Expr): Outcome | undefined {
  return compiledOf(expr).constant
}

function compiledOf(expr: Expr): Compiled {
  const known = COMPILED.get(expr)
  if (known !== undefined) return known
  const compiled = compile(expr)
  COMPILED.set(expr, compiled)
  return compiled
}
