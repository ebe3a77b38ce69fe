import type { Place } from '../../core/errors.ts'
import type { Policy } from '../cedar/ast.ts'
import { placeAt } from '../cedar/syntax.ts'

/** Something to look at in policies. Errors make them wrong; warnings are most likely not what was meant. */
export interface Lint {
  readonly level: 'error' | 'warning' | 'advice'
  /** Stable, unlike the message. */
  readonly id: string
  readonly policy?: string
  readonly at?: Place
  readonly message: string
}

/** A finding about a policy, at its beginning or at an offset of it. */
export function about(
  policy: Policy,
  level: Lint['level'],
  id: string,
  message: string,
  at = policy.at,
): Lint {
  const { source } = policy
  return {
    level,
    id,
    policy: policy.id,
    message,
    ...(source !== undefined && at >= 0 && { at: placeAt(source, at) }),
  }
}
