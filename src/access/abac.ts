import { RingwallError } from '../core/errors.ts'
import type { Expr } from './cedar/ast.ts'
import type { Env } from './cedar/environment.ts'
import { quote } from './cedar/escape.ts'
import { compile } from './cedar/evaluator.ts'
import { type FindEntity, ObjectEntities, type PlainEntity, recordOf } from './cedar/objects.ts'
import { parseExpression } from './cedar/parser.ts'
import { expressionToText } from './cedar/policy-text.ts'
import { EntityUid } from './cedar/value.ts'
import { roleUid } from './rbac-cedar.ts'

type Plain = Readonly<Record<string, unknown>>

/** What a decision looks at (the guide's AccessContext). In a Cedar condition: principal, resource, action, context. */
export interface AccessContext {
  /** All of it are attributes of the principal; the roles are also above it (`principal in Role::"support"`). */
  readonly user: Plain & { readonly id: string; readonly roles?: readonly string[] }
  readonly resource: Plain & { readonly id: string }
  readonly action: string
  /** Time, place, and what else is known. */
  readonly environment: Plain
}

/** One thing that must hold: a condition in Cedar, or a function where Cedar cannot say it. */
export type AbacRule = string | ((context: AccessContext) => boolean)

/** What the things of a context are called in Cedar. */
export interface AbacOptions {
  readonly userType?: string
  readonly resourceType?: string
  /** Entities beside the user and the resource, such as the roles that a role inherits (`rbacToCedar(...).find`). */
  readonly find?: FindEntity
}

interface Rule {
  readonly name: string
  readonly holds: (context: AccessContext, env: Env) => boolean
  /** Absent for a function. */
  readonly condition?: Expr
}

/**
 * Attribute-based access control (the guide's ABACPolicy): all rules must pass, and where there is none, nothing is in
 * the way. A rule that cannot be evaluated does not pass. Rules do not permit by themselves: in Cedar each is a
 * `forbid ... unless`, beside policies that permit.
 */
export class AbacPolicy {
  readonly #userType: string
  readonly #resourceType: string
  readonly #find: FindEntity
  readonly #rules: Rule[] = []

  constructor({ userType = 'User', resourceType = 'Resource', find = () => undefined }: AbacOptions = {}) {
    this.#userType = userType
    this.#resourceType = resourceType
    this.#find = find
  }

  /** Adds a rule; its name is what `failures` says and the policy's id in Cedar. */
  addRule(name: string, rule: AbacRule): this {
    if (this.#rules.some((known) => known.name === name))
      throw new RingwallError('access.rule-twice', `two rules are called \`${name}\``)
    this.#rules.push(typeof rule === 'string' ? ruleOfText(name, rule) : ruleOfFunction(name, rule))
    return this
  }

  /** Whether all rules pass. */
  evaluate(context: AccessContext): boolean {
    const env = this.#env(context)
    return this.#rules.every((rule) => rule.holds(context, env))
  }

  /** The names of all rules that do not pass. */
  failures(context: AccessContext): readonly string[] {
    const env = this.#env(context)
    return this.#rules.filter((rule) => !rule.holds(context, env)).map((rule) => rule.name)
  }

  /**
   * The rules as Cedar text. Give it to an authorizer with `failedForbid: 'deny'`: in Cedar's own reading a `forbid` that
   * cannot be evaluated does not forbid.
   */
  toCedar(): string {
    return this.#rules
      .map(({ name, condition }) => {
        if (!condition)
          throw new RingwallError(
            'access.rule-not-cedar',
            `rule \`${name}\` is a function; write it as a Cedar condition`,
          )
        const head = `principal, action, resource is ${this.#resourceType}`
        return `@id(${quote(name)})\nforbid (${head})\nunless { ${expressionToText(condition)} };\n`
      })
      .join('')
  }

  #env({ user, resource, action, environment }: AccessContext): Env {
    const principal = new EntityUid(this.#userType, user.id)
    const thing = new EntityUid(this.#resourceType, resource.id)
    const plain = new Map<string, PlainEntity>([
      [thing.key, { attributes: resource }],
      [principal.key, { attributes: user, parents: (user.roles ?? []).map(roleUid) }],
    ])
    const entities = new ObjectEntities((uid) => plain.get(uid.key) ?? this.#find(uid))
    return {
      principal,
      action: new EntityUid('Action', action),
      resource: thing,
      context: recordOf(environment),
      entities,
      principalEntity: entities.get(principal),
      resourceEntity: entities.get(thing),
    }
  }
}

function ruleOfText(name: string, text: string): Rule {
  const parsed = parseExpression(text)
  if (!parsed.ok) {
    const [fault] = parsed.errors
    throw new RingwallError('access.rule-invalid', `rule \`${name}\`: ${fault?.message}`, {
      ...(fault?.at && { at: fault.at }),
    })
  }
  const { run } = compile(parsed.value)
  return { name, condition: parsed.value, holds: (_context, env) => run(env) === true }
}

function ruleOfFunction(name: string, rule: (context: AccessContext) => boolean): Rule {
  return {
    name,
    holds(context) {
      try {
        // INVARIANT: only `true` passes; a promise or another truthy value is a mistake that must not open anything.
        const result: unknown = rule(context)
        return result === true
      } catch {
        return false
      }
    },
  }
}
