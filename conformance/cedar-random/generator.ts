// Policies, entities and requests by chance: mostly of right types, so that much is evaluated, and now and then not.
import type { EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'

/** A source of numbers from 0 up to a bound, the same for the same seed (mulberry32). */
export type Random = (below: number) => number

/** What both engines are asked. */
export interface RandomCase {
  readonly policies: string
  readonly entities: readonly EntityJson[]
  readonly requests: readonly RandomRequest[]
}

export interface RandomRequest {
  readonly principal: TypeAndId
  readonly action: TypeAndId
  readonly resource: TypeAndId
  readonly context: Readonly<Record<string, JsonValue>>
}

/** Cedar's JSON for values. */
export type JsonValue =
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

export function randomOf(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

type Kind =
  | 'Bool'
  | 'Long'
  | 'String'
  | 'Entity'
  | 'Set'
  | 'Record'
  | 'decimal'
  | 'ip'
  | 'datetime'
  | 'duration'

const KINDS: readonly Kind[] = [
  'Bool',
  'Long',
  'String',
  'Entity',
  'Set',
  'Record',
  'decimal',
  'ip',
  'datetime',
  'duration',
]

const TYPES = ['User', 'Doc', 'Ns::Thing']
const IDS = ['a', 'b', '']
const ACTIONS = ['read', 'write', 'any']

/** Attributes by kind; each object has some of them. */
const ATTRIBUTES: Readonly<Record<Kind, readonly string[]>> = {
  Bool: ['flag', 'open'],
  Long: ['size', 'level'],
  String: ['name', 'odd "name"'],
  Entity: ['owner', 'group'],
  Set: ['tags', 'members'],
  Record: ['inner'],
  decimal: ['price'],
  ip: ['from'],
  datetime: ['made'],
  duration: ['kept'],
}

/** Beyond 2^53 the reference rounds what comes as JSON; in the text of policies it is exact. */
const LONGS = [0, 1, -1, 2, 7, 1000, 4_503_599_627_370_496, -9_007_199_254_740_991]
const TEXT_LONGS = ['9007199254740993', '9223372036854775807', '-9223372036854775808']
const STRINGS = ['', 'a', 'ab', 'aXb', '*', 'a*b', '\u00e9', '\u{1f600}x', 'a\nb"\\']
const TEXTS = {
  decimal: [
    '1.0',
    '-0.5',
    '12.3456',
    '1.00',
    '1',
    '922337203685477.5807',
    '-922337203685477.5808',
    '1.23456',
  ],
  ip: ['127.0.0.1', '10.1.2.3', '10.0.0.0/8', '::1', 'fe80::/10', '224.0.0.1', '1.2.3', '10.0.0.0/33'],
  datetime: [
    '2024-02-29',
    '2023-02-29',
    '1970-01-01T00:00:00Z',
    '2024-10-15T11:35:00.123+0130',
    '0001-01-01',
    'x',
  ],
  duration: ['1h', '-1d2h3m4s5ms', '0s', '106751991167d', '1m1h', '90m'],
} as const

/** Makes one case. */
export class Generator {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  case(): RandomCase {
    const count = 1 + this.#random(this.#random(3) === 0 ? 40 : 8)
    return {
      policies: Array.from({ length: count }, () => this.#policy()).join('\n'),
      entities: this.#entities(),
      requests: Array.from({ length: 6 }, () => ({
        principal: this.#name(),
        action: { type: 'Action', id: this.#pick(ACTIONS) },
        resource: this.#name(),
        context: this.#attributes(),
      })),
    }
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)] as T
  }

  #chance(oneIn: number): boolean {
    return this.#random(oneIn) === 0
  }

  #name(): TypeAndId {
    return { type: this.#pick(TYPES), id: this.#pick(IDS) }
  }

  /** An entity is below those after it alone, so that there is no circle. */
  #entities(): EntityJson[] {
    const all = TYPES.flatMap((type) => IDS.map((id) => ({ type, id }))).filter(() => !this.#chance(3))
    const entities: EntityJson[] = all.map((uid, at) => ({
      uid,
      attrs: this.#attributes() as EntityJson['attrs'],
      parents: all.slice(at + 1).filter(() => this.#chance(6)),
      tags: this.#attributes() as EntityJson['attrs'],
    }))
    const above = { type: 'Action', id: 'any' }
    for (const id of ['read', 'write'])
      entities.push({ uid: { type: 'Action', id }, attrs: {}, parents: this.#chance(3) ? [] : [above] })
    return entities
  }

  #attributes(depth = 0): Record<string, JsonValue> {
    const found: Record<string, JsonValue> = {}
    for (const kind of KINDS)
      for (const name of ATTRIBUTES[kind])
        if (!this.#chance(depth > 0 ? 2 : 4))
          found[name] = this.#value(this.#chance(12) ? this.#pick(KINDS) : kind, depth)
    return found
  }

  #value(kind: Kind, depth: number): JsonValue {
    switch (kind) {
      case 'Bool':
        return this.#chance(2)
      case 'Long':
        return this.#pick(LONGS)
      case 'String':
        return this.#pick(STRINGS)
      case 'Entity':
        return { __entity: { ...this.#name() } }
      case 'Set': {
        const element = this.#pick(KINDS)
        return Array.from({ length: this.#random(depth > 0 ? 3 : this.#chance(4) ? 12 : 4) }, () =>
          this.#value(element, depth + 1),
        )
      }
      case 'Record':
        return depth > 0 && !this.#chance(4) ? {} : this.#attributes(depth + 1)
      case 'decimal':
      case 'ip':
      case 'datetime':
      case 'duration':
        return { __extn: { fn: kind, arg: this.#readable(kind) } }
      default:
        return kind satisfies never
    }
  }

  /** Data must be readable, or neither engine takes it. */
  #readable(kind: 'decimal' | 'ip' | 'datetime' | 'duration'): string {
    return this.#pick(TEXTS[kind].slice(0, 3).filter((text) => text !== '2023-02-29'))
  }

  #policy(): string {
    const effect = this.#chance(4) ? 'forbid' : 'permit'
    const action = this.#pick([
      'action',
      'action',
      `action == Action::"${this.#pick(ACTIONS)}"`,
      'action in Action::"any"',
      'action in [Action::"read", Action::"write"]',
    ])
    const head = `${effect}(${this.#scope('principal')}, ${action}, ${this.#scope('resource')})`
    const conditions = Array.from({ length: this.#random(3) }, () => this.#condition())
    return `${head}${conditions.join('')};`
  }

  #scope(variable: string): string {
    const uid = this.#uid()
    const type = this.#pick(TYPES)
    return this.#pick([
      variable,
      variable,
      `${variable} == ${uid}`,
      `${variable} in ${uid}`,
      `${variable} is ${type}`,
      `${variable} is ${type} in ${uid}`,
    ])
  }

  /** Often what an index could look up, and then something else. */
  #condition(): string {
    const kind = this.#chance(3) ? 'unless' : 'when'
    if (!this.#chance(2)) return `\n${kind} { ${this.#expression('Bool', 4)} }`
    const variable = this.#pick(['principal', 'resource', 'context'])
    const name = this.#pick(['name', 'level', 'owner', 'flag'])
    const constant = this.#pick(['"a"', '1', this.#uid(), 'true'])
    const test = this.#chance(2) ? `${variable}.${name} == ${constant}` : `${constant} == ${variable}.${name}`
    const guard = this.#chance(2) ? `${variable} has ${name} && ` : ''
    const rest = this.#chance(2) ? ` && ${this.#expression('Bool', 2)}` : ''
    return `\n${kind} { ${guard}${test}${rest} }`
  }

  #uid(): string {
    const { type, id } = this.#name()
    return `${type}::"${id}"`
  }

  #expression(wanted: Kind, depth: number): string {
    const kind = this.#chance(25) ? this.#pick(KINDS) : wanted
    if (depth <= 0 || this.#chance(4)) return this.#leaf(kind)
    const sub = (of: Kind): string => this.#expression(of, depth - 1)
    if (this.#chance(8)) return `(if ${sub('Bool')} then ${sub(kind)} else ${sub(kind)})`
    if (this.#chance(10)) return `{k: ${sub(kind)}, "l m": ${sub(this.#pick(KINDS))}}.k`
    if (this.#chance(10)) return `${this.#uid()}.getTag(${this.#quote(this.#pick(ATTRIBUTES[kind]))})`
    switch (kind) {
      case 'Bool':
        return this.#bool(sub, depth)
      case 'Long':
        return this.#pick([
          `(${sub('Long')} + ${sub('Long')})`,
          `(${sub('Long')} - ${sub('Long')})`,
          `(${sub('Long')} * ${sub('Long')})`,
          `-(${sub('Long')})`,
          `${sub('duration')}.${this.#pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`,
        ])
      case 'Set': {
        const element = this.#pick(KINDS)
        return `[${Array.from({ length: this.#random(4) }, () => sub(element)).join(', ')}]`
      }
      case 'Record':
        return `{size: ${sub('Long')}, name: ${sub('String')}}`
      case 'datetime':
        return this.#pick([`${sub('datetime')}.offset(${sub('duration')})`, `${sub('datetime')}.toDate()`])
      case 'duration':
        return this.#pick([
          `${sub('datetime')}.durationSince(${sub('datetime')})`,
          `${sub('datetime')}.toTime()`,
        ])
      case 'String':
      case 'Entity':
      case 'decimal':
      case 'ip':
        return this.#leaf(kind)
      default:
        return kind satisfies never
    }
  }

  #bool(sub: (kind: Kind) => string, depth: number): string {
    const any = this.#pick(KINDS)
    const order = this.#pick(['<', '<=', '>', '>='])
    const ordered = this.#pick(['Long', 'datetime', 'duration'] as const)
    const method = this.#pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])
    const test = this.#pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])
    const names = this.#pick(KINDS)
    const attribute = this.#quote(this.#pick(ATTRIBUTES[names]))
    return this.#pick([
      () => `(${sub('Bool')} && ${sub('Bool')})`,
      () => `(${sub('Bool')} || ${sub('Bool')} || ${sub('Bool')})`,
      () => `!(${sub('Bool')})`,
      () => `(${sub(any)} ${this.#pick(['==', '!='])} ${sub(any)})`,
      () => `(${sub(ordered)} ${order} ${sub(ordered)})`,
      () => `(${sub('Entity')} in ${sub('Entity')})`,
      () => `(${sub('Entity')} in [${sub('Entity')}, ${sub('Entity')}])`,
      () => `(${sub('Entity')} in ${sub('Set')})`,
      () => `(${sub('Entity')} is ${this.#pick(TYPES)})`,
      () => `(${sub('Entity')} is ${this.#pick(TYPES)} in ${sub('Entity')})`,
      () => `(${sub(this.#pick(['Entity', 'Record']))} has ${attribute})`,
      () =>
        `(${this.#pick(['principal', 'context', 'resource'])} has inner.inner.${this.#pick(['size', 'owner'])})`,
      () => `(${sub('String')} like ${this.#quote(this.#pick(['*', 'a*', '*b', 'a*b', '', 'a']))})`,
      () => `${sub('Set')}.contains(${sub(any)})`,
      () => `${sub('Set')}.${this.#pick(['containsAll', 'containsAny'])}(${sub('Set')})`,
      () => `${sub('Set')}.isEmpty()`,
      () => `${sub('Entity')}.hasTag(${attribute})`,
      () => `${sub('decimal')}.${method}(${sub('decimal')})`,
      () => `${sub('ip')}.${test}()`,
      () => `${sub('ip')}.isInRange(${sub('ip')})`,
      () => this.#expression('Bool', depth - 2),
    ])()
  }

  #leaf(kind: Kind): string {
    if (!this.#chance(3)) return this.#read(kind)
    switch (kind) {
      case 'Bool':
        return this.#pick(['true', 'false'])
      case 'Long':
        return this.#chance(8) ? `(${this.#pick(TEXT_LONGS)})` : `(${this.#pick(LONGS)})`
      case 'String':
        return this.#quote(this.#pick(STRINGS))
      case 'Entity':
        return this.#pick([this.#uid(), 'principal', 'resource', 'action'])
      case 'Set':
        return this.#pick(['[]', '[1, 2]', '["a"]', `[${this.#uid()}, principal]`])
      case 'Record':
        return this.#pick(['{}', 'context', '{name: "a"}'])
      case 'decimal':
      case 'ip':
      case 'datetime':
      case 'duration':
        return `${kind}(${this.#quote(this.#pick(TEXTS[kind]))})`
      default:
        return kind satisfies never
    }
  }

  /** An attribute of what a request brings, or of what that names. */
  #read(kind: Kind): string {
    const of = this.#pick([
      'principal',
      'resource',
      'context',
      'principal.owner',
      'context.inner',
      this.#uid(),
    ])
    const name = this.#pick(ATTRIBUTES[kind])
    return /^[a-z]+$/.test(name) && !this.#chance(5) ? `${of}.${name}` : `${of}[${this.#quote(name)}]`
  }

  #quote(text: string): string {
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
  }
}
