import { quote } from '../../src/access/cedar/escape.ts'
import type { Cel } from './cel.ts'
import { fieldAt } from './cel-fields.ts'
import { atom, type CedarRails, pair } from './cel-rails.ts'
import { constantOf } from './cel-walk.ts'

/** What the principal of the corpus has, which is known when policies are written. */
export type Principal = Readonly<Record<string, string | readonly string[]>>

/** Cedar has no such thing; what a person would write instead, for the engine to refuse. */
export class NotInCedar extends Error {
  override readonly name = 'NotInCedar'
  readonly literal: string

  constructor(message: string, literal: string) {
    super(message)
    this.literal = literal
  }
}

/** Variables of macros, and what each stands for. */
export type Scope = ReadonlyMap<string, 'tag' | 'category' | 'sub' | 'label'>

/** One text: an attribute or a constant. */
export interface Plain {
  readonly kind: 'plain'
  readonly text: string
  readonly constant: string | undefined
  readonly guards: readonly string[]
  readonly isNullable: boolean
}

/** Two texts, one behind the other. */
export interface Joined {
  readonly kind: 'parts'
  readonly parts: readonly Plain[]
}

/** A text, two texts joined, the name of an element, or that of the one part of a category. */
export type Text = Plain | Joined | { readonly kind: 'name' } | { readonly kind: 'sub' }

function plain(text: string, constant: string): Plain {
  return { kind: 'plain', text, constant, guards: [], isNullable: false }
}

/** A text, if the expression is one. */
export function textOf(cel: Cel, scope: Scope, principal: Principal): Text | undefined {
  const value = constantOf(cel)
  if (typeof value === 'string') return plain(quote(value), value)
  const field = fieldAt(cel)
  if (field?.type === 'text') return { ...field, kind: 'plain', constant: undefined }
  const variable = cel.kind === 'select' && cel.of.kind === 'name' ? scope.get(cel.of.name) : undefined
  if (variable === 'sub') return { kind: 'sub' }
  if (variable === 'category')
    return {
      kind: 'plain',
      text: 'resource.mainCategory.name',
      constant: undefined,
      guards: [],
      isNullable: false,
    }
  if (variable !== undefined) return { kind: 'name' }
  if (
    cel.kind === 'select' &&
    cel.of.kind === 'select' &&
    cel.of.of.kind === 'name' &&
    cel.of.of.name === 'P'
  ) {
    const known = knownOf(cel, principal)
    return plain(quote(known), known)
  }
  if (cel.kind !== 'binary' || cel.operator !== '+') return undefined
  const [left, right] = [textOf(cel.left, scope, principal), textOf(cel.right, scope, principal)]
  if (left?.kind !== 'plain' || right?.kind !== 'plain') return undefined
  if (left.constant !== undefined && right.constant !== undefined)
    return plain(quote(left.constant + right.constant), left.constant + right.constant)
  return { kind: 'parts', parts: [left, right] }
}

/** `contains`, `startsWith`, `endsWith`: a pattern, or all that a constant contains. */
export function match(name: string, text: Text | undefined, part: Text | undefined): CedarRails {
  if (text?.kind === 'name')
    throw new NotInCedar(
      'Cedar has no lambdas: nothing but equality can be asked of elements',
      'resource.tagNames.exists(true)',
    )
  if (text?.kind !== 'plain' || part?.kind !== 'plain') throw new Error(`no texts for ${name}`)
  if (part.constant === undefined && text.constant === undefined) {
    const literal = `${text.text}.${name}(${part.text})`
    throw new NotInCedar(
      `Cedar's \`like\` takes a constant pattern; there is no ${name} between two attributes`,
      literal,
    )
  }
  if (part.constant !== undefined) {
    const piece = quote(part.constant).slice(1, -1).replaceAll('*', '\\*')
    const pattern = name === 'startsWith' ? `${piece}*` : name === 'endsWith' ? `*${piece}` : `*${piece}*`
    return atom(`${text.text} like "${pattern}"`, text.guards)
  }
  const whole = text.constant as string
  const within = new Set<string>()
  for (let from = 0; from <= whole.length; from++)
    for (let to = from; to <= whole.length; to++) {
      const isWanted = name === 'startsWith' ? from === 0 : name === 'endsWith' ? to === whole.length : true
      if (isWanted) within.add(whole.slice(from, to))
    }
  return atom(`[${[...within].map(quote).join(', ')}].contains(${part.text})`, part.guards)
}

/** A text that is joined of parts, against another: every place where it may be divided. */
export function sameJoined(parts: readonly Plain[], other: Plain | Joined): CedarRails {
  if (other.kind === 'parts' || parts.length !== 2) throw new Error('two joined texts')
  const [head, tail] = parts as readonly [Plain, Plain]
  const guards = [...head.guards, ...tail.guards, ...other.guards]
  if (other.constant === undefined) {
    if (head.constant !== 'prefix:' || tail.text !== 'resource.id') throw new Error('no such attribute')
    return atom(`${other.text} == resource.prefixedId`, guards)
  }
  const whole = other.constant
  const ways = Array.from(
    { length: whole.length + 1 },
    (_, at) => [whole.slice(0, at), whole.slice(at)] as const,
  )
  const isHead = (part: Plain, value: string): string | undefined => {
    if (part.constant !== undefined) return part.constant === value ? 'true' : undefined
    return `${part.text} == ${quote(value)}`
  }
  const tests = ways.flatMap(([start, end]) => {
    const [first, second] = [isHead(head, start), isHead(tail, end)]
    return first === undefined || second === undefined ? [] : [`(${first} && ${second})`]
  })
  const found = atom(tests.length === 0 ? 'false' : `(${tests.join(' || ')})`, guards)
  return pair(found.isTrue, found.isFalse)
}

/** A list of constants. */
export function listOf(cel: Cel, principal: Principal): readonly (string | null)[] | undefined {
  if (cel.kind === 'list') return cel.items.map((item) => constantOf(item) as string | null)
  if (
    cel.kind !== 'select' ||
    cel.of.kind !== 'select' ||
    cel.of.of.kind !== 'name' ||
    cel.of.of.name !== 'P'
  )
    return undefined
  const found = principal[cel.name]
  return typeof found === 'string' ? undefined : found
}

/** The text of something known. */
export function knownOf(cel: Cel, principal: Principal): string {
  const value = constantOf(cel)
  if (typeof value === 'string') return value
  if (cel.kind === 'select') return principal[cel.name] as string
  throw new Error('nothing known')
}
