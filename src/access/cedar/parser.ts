import type { ActionScope, Condition, Expr, Policy, Scope, Target } from './ast.ts'
import { Cursor } from './cursor.ts'
import { judgeExpression } from './expression.ts'
import { lex } from './lexer.ts'
import { readEntity, readExpression, readSlot } from './parser-expression.ts'
import { attempt, faultAt, MAX_FAULTS, type Parsed, type SyntaxFault, Unreadable } from './syntax.ts'
import type { EntityUid } from './value.ts'
import { isActionType } from './value-json.ts'

/** How many policies one text may hold. */
const MAX_POLICIES = 100_000

/**
 * Reads all policies and templates of a text. They are called `policy0`, `policy1`, ... in their order, as
 * the reference does; `@id("...")` is an annotation like any other. Every faulty policy is reported.
 */
export function parsePolicies(text: string): Parsed<readonly Policy[]> {
  const lexed = attempt(text, () => lex(text))
  if (!lexed.ok) return lexed
  const cursor = new Cursor(lexed.value.tokens)
  const policies: Policy[] = []
  const errors: SyntaxFault[] = []
  while (!cursor.isAtEnd && errors.length < MAX_FAULTS) {
    try {
      if (policies.length === MAX_POLICIES)
        throw new Unreadable(`more than ${MAX_POLICIES} policies`, cursor.token.start)
      policies.push(readPolicy(cursor, `policy${policies.length}`, text))
    } catch (thrown) {
      if (!(thrown instanceof Unreadable)) throw thrown
      errors.push(faultAt(text, thrown.offset, thrown.message))
      cursor.recover()
    }
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, value: policies }
}

/** Reads one expression alone. */
export function parseExpression(text: string): Parsed<Expr> {
  return attempt(text, () => {
    const cursor = new Cursor(lex(text).tokens)
    const expression = readExpression(cursor)
    if (!cursor.isAtEnd) cursor.fail('an operator or the end of the text')
    judgeExpression(expression, 'an expression')
    return expression
  })
}

function readPolicy(cursor: Cursor, id: string, source: string): Policy {
  const at = cursor.token.start
  const annotations = readAnnotations(cursor)
  const effect = cursor.token.text
  if (effect !== 'permit' && effect !== 'forbid')
    cursor.fail('`permit`, `forbid` or an annotation `@name("...")`')
  cursor.take()
  cursor.expect('(', `after \`${effect}\``)
  const principal = readScope(cursor, 'principal')
  cursor.expect(',', 'and `action` after the principal')
  const action = readActionScope(cursor)
  cursor.expect(',', 'and `resource` after the action')
  const resource = readScope(cursor, 'resource')
  cursor.accept(',')
  cursor.expect(')', 'after the resource')
  const conditions: Condition[] = []
  while (cursor.is('when') || cursor.is('unless')) conditions.push(readCondition(cursor))
  cursor.expect(';', 'at the end of the policy, or `when` or `unless`')
  return { id, effect, annotations, principal, action, resource, conditions, source, at }
}

function readAnnotations(cursor: Cursor): Map<string, string> {
  const annotations = new Map<string, string>()
  while (cursor.accept('@')) {
    const name = cursor.expectAnyName('an annotation name after `@`')
    if (annotations.has(name.text))
      throw new Unreadable(`the annotation \`@${name.text}\` is there twice`, name.start)
    let value = ''
    if (cursor.accept('(')) {
      value = cursor.expectString('a string in the annotation')
      cursor.expect(')', 'after the value of the annotation')
    }
    annotations.set(name.text, value)
  }
  return annotations
}

function expectVariable(cursor: Cursor, name: string): void {
  cursor.expect(name, 'here: a policy begins with `(principal, action, resource)`')
  if (cursor.is(':')) throw new Unreadable('`:` is no constraint; write `is`', cursor.token.start)
}

function readScope(cursor: Cursor, variable: 'principal' | 'resource'): Scope {
  const at = cursor.token.start
  expectVariable(cursor, variable)
  if (cursor.accept('==')) return { kind: 'equals', target: readTarget(cursor, variable), at }
  if (cursor.accept('in')) return { kind: 'in', target: readTarget(cursor, variable), at }
  if (!cursor.accept('is')) return { kind: 'any' }
  const type = cursor.expectPath('an entity type after `is`')
  return { kind: 'is', type, within: cursor.accept('in') ? readTarget(cursor, variable) : undefined, at }
}

function readTarget(cursor: Cursor, variable: 'principal' | 'resource'): Target {
  if (!cursor.is('?')) return readEntity(cursor, `an entity \`Type::"id"\` or the slot \`?${variable}\``)
  const { start } = cursor.token
  const slot = readSlot(cursor)
  if (slot !== `?${variable}`)
    throw new Unreadable(`expected the slot \`?${variable}\`, found \`${slot}\``, start)
  return slot
}

function readActionScope(cursor: Cursor): ActionScope {
  const at = cursor.token.start
  expectVariable(cursor, 'action')
  if (cursor.accept('==')) return { kind: 'equals', target: readAction(cursor), at }
  if (!cursor.accept('in')) return { kind: 'any' }
  if (!cursor.accept('[')) return { kind: 'in', target: readAction(cursor), at }
  return { kind: 'inAny', targets: cursor.list(']', 'in the actions', () => readAction(cursor)), at }
}

function readAction(cursor: Cursor): EntityUid {
  const { start } = cursor.token
  const uid = readEntity(cursor, 'an action `Action::"id"`')
  if (!isActionType(uid.type))
    throw new Unreadable(`expected an entity of type \`Action\`, found \`${uid.toString()}\``, start)
  return uid
}

function readCondition(cursor: Cursor): Condition {
  const { start: at, text } = cursor.take()
  const kind = text === 'when' ? 'when' : 'unless'
  cursor.expect('{', `after \`${kind}\``)
  if (cursor.is('}')) cursor.fail(`an expression in \`${kind}\``)
  const body = readExpression(cursor)
  cursor.expect('}', `to close \`${kind}\`, or an operator`)
  judgeExpression(body, `\`${kind}\``)
  return { kind, body, at }
}
