import type { ValidationKind } from '../../src/access/index.ts'

/** What the reference validator says of one file. */
export interface Expected {
  /** By policy id, and '' for all policies together. */
  readonly strict: ReadonlyMap<string, ExpectedPolicy>
  readonly permissive: ReadonlyMap<string, ExpectedPolicy>
  /** By `type::id`. */
  readonly entities: ReadonlyMap<string, boolean>
  readonly requests: readonly boolean[]
}

/** What is expected of one policy in one mode. */
export interface ExpectedPolicy {
  readonly isValid: boolean
  /** The kinds of all faults, sorted, each once. */
  readonly kinds: string
}

/** How the reference's messages, which are text, say what our kinds say. */
const KINDS: readonly (readonly [start: string, kind: ValidationKind])[] = [
  ['empty set literals are forbidden', 'empty-set'],
  ['error during extension function argument validation', 'unreadable-argument'],
  ['unable to guarantee safety of access to tag', 'optional-tag'],
  ['unable to guarantee safety of access to optional attribute', 'optional-attribute'],
  ['unrecognized entity type', 'unknown-entity-type'],
  ['unrecognized action', 'unknown-action'],
  ['unable to find an applicable action', 'never-applies'],
  ['extension constructors may not be called with non-literal', 'constructor-argument'],
  ['wrong number of arguments in extension function', 'argument-count'],
  ['unexpected type', 'wrong-type'],
  ['attribute `', 'no-attribute'],
]

interface Judged {
  readonly strict: boolean
  readonly permissive: boolean
  readonly strictErrors?: readonly string[]
  readonly permissiveErrors?: readonly string[]
}

interface Written {
  readonly policyValidation: Judged & { readonly perPolicy: Readonly<Record<string, Judged>> }
  readonly entityValidation: { readonly perEntity: Readonly<Record<string, { readonly errors?: unknown }>> }
  readonly requestValidation: readonly { readonly strict: boolean; readonly permissive: boolean }[]
}

/** Reads one file of expected results. */
export function readExpected(text: string): Expected {
  const { policyValidation, entityValidation, requestValidation } = JSON.parse(text) as Written
  const judged: [string, Judged][] = [['', policyValidation], ...Object.entries(policyValidation.perPolicy)]
  return {
    strict: new Map(
      judged.map(([id, { strict, strictErrors }]) => [id, expectedPolicy(strict, strictErrors)]),
    ),
    permissive: new Map(
      judged.map(([id, { permissive, permissiveErrors }]) => [
        id,
        expectedPolicy(permissive, permissiveErrors),
      ]),
    ),
    entities: new Map(
      Object.entries(entityValidation.perEntity).map(([id, found]) => [id, Object.keys(found).length === 0]),
    ),
    requests: requestValidation.map(({ strict, permissive }) => strict && permissive),
  }
}

function expectedPolicy(isValid: boolean, messages: readonly string[] = []): ExpectedPolicy {
  return { isValid, kinds: [...new Set(messages.map(kindOf))].toSorted().join(', ') }
}

/** A message is `for policy ..., ` and what is wrong; only that of incompatible types ends with the cause. */
function kindOf(message: string): string {
  const bare = message.replace(/^for policy `policy\d+`, /, '')
  const known = KINDS.find(([start]) => bare.startsWith(start))
  if (known !== undefined) return known[1]
  return bare.startsWith('the types ') && bare.endsWith('are not compatible') ? 'incompatible-types' : bare
}
