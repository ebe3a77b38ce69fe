import { RingwallError } from '../../core/errors.ts'
import { isActionType, isTypeName } from '../cedar/value-json.ts'
import { EntityUid } from '../cedar/value.ts'

/**
 * What counts of the properties in a question, beside what the store knows of the entity. `fill`: they add what is not
 * stored, and stored facts win. `override`: they win. `ignore`: the store alone is believed.
 */
export type PropertyRule = 'fill' | 'override' | 'ignore'

/** What one AuthZEN type is in the policies. */
export interface TypeRule {
  /** The Cedar entity type, with its namespace: `Shop::User`. */
  readonly entity: string
  readonly properties: PropertyRule
  /** Whether the decision is false for entities that the store does not know. */
  readonly mustExist: boolean
}

/** How names of AuthZEN become names of Cedar. */
export interface VocabularyRules {
  /** Where actions are, and the entities of types that have no row: `Shop`. */
  readonly namespace?: string
  /** By AuthZEN type. With rows, other types are unknown; without any, every type is the Cedar type of its own name. */
  readonly types?: Readonly<Record<string, Partial<TypeRule> & { readonly entity: string }>>
}

/** A subject or resource in Cedar's words. */
export interface Term {
  readonly uid: EntityUid
  readonly rule: TypeRule
}

/** Translates AuthZEN names, which are any text, into Cedar names. What has no translation is unknown, never an error. */
export class Vocabulary {
  readonly #prefix: string
  readonly #types: ReadonlyMap<string, TypeRule>

  constructor({ namespace = '', types = {} }: VocabularyRules = {}) {
    if (namespace !== '' && !isTypeName(namespace))
      throw new RingwallError('access.authzen-namespace', `\`${namespace}\` is no Cedar namespace`)
    this.#prefix = namespace === '' ? '' : `${namespace}::`
    this.#types = new Map(
      Object.entries(types).map(([type, { entity, properties = 'fill', mustExist = true }]) => {
        if (!isTypeName(entity) || isActionType(entity))
          throw new RingwallError(
            'access.authzen-type',
            `type \`${type}\`: \`${entity}\` is no Cedar entity type; write one such as Shop::User`,
          )
        return [type, { entity, properties, mustExist }]
      }),
    )
  }

  /** What an AuthZEN type stands for; undefined where it stands for nothing. */
  ruleOf(type: string): TypeRule | undefined {
    if (this.#types.size > 0) return this.#types.get(type)
    const entity = this.#prefix + type
    // INVARIANT: only a well-formed type makes a uid, since the key of a uid is unique for such types alone.
    return isTypeName(entity) && !isActionType(entity)
      ? { entity, properties: 'fill', mustExist: true }
      : undefined
  }

  entity({ type, id }: { readonly type: string; readonly id: string }): Term | undefined {
    const rule = this.ruleOf(type)
    return rule && { uid: new EntityUid(rule.entity, id), rule }
  }

  action(name: string): EntityUid {
    return new EntityUid(`${this.#prefix}Action`, name)
  }

  /** The AuthZEN name of a Cedar action; undefined for one of another namespace. */
  nameOf(action: EntityUid): string | undefined {
    return action.type === `${this.#prefix}Action` ? action.id : undefined
  }
}
