// Policies drawn from the whole language, as far as a database can answer them.
import { quote } from '../../src/access/cedar/escape.ts'
import {
  ENTITIES,
  type EntityName,
  FLAGS,
  NUMBERS,
  ORDERS,
  PATHS,
  PRESENCES,
  SETS,
  UNITS,
  WORDS,
} from './paths.ts'
import type { Random } from './random.ts'
import {
  ADDRESSES,
  DECIMALS,
  FOLDERS,
  GROUPS,
  LONGS,
  MOMENTS,
  ORGS,
  SPANS,
  TAG_NAMES,
  TEAMS,
  TEXTS,
  USERS,
} from './values.ts'

const IDS: Readonly<Record<EntityName, readonly string[]>> = {
  User: [...USERS, 'gone', 'nobody'],
  Team: [...TEAMS, 'T2'],
  Org: [...ORGS, '8C1F0B53-6D5C-4D6B-9F43-0A1B2C3D4E5F', 'none'],
  Folder: [...FOLDERS, '007', '1 ', '99999999999999999999'],
  Group: [...GROUPS, 'G1'],
}

/** Draws the text of one policy set. */
export function drawPolicies(random: Random): string {
  return new Draw(random).set()
}

/** Policies that ask about single attributes, as most do. */
export function drawSimplePolicies(random: Random): string {
  return new Draw(random).simple()
}

class Draw {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  set(): string {
    const permits = 1 + this.#random.below(3)
    const forbids = this.#random.below(3)
    const texts: string[] = []
    for (let at = 0; at < permits; at++) texts.push(this.#policy('permit'))
    for (let at = 0; at < forbids; at++) texts.push(this.#policy('forbid'))
    return texts.join('\n')
  }

  simple(): string {
    const condition = (): string =>
      `${this.#random.pick(['when', 'unless'])} { ${this.#simple(this.#random.below(3))} }`
    const resource = this.#one([
      'resource',
      'resource',
      () => `resource == Doc::"d${this.#random.below(20)}"`,
    ])
    const permit = `permit (principal, action, ${resource}) ${condition()};`
    return this.#random.chance(0.5)
      ? permit
      : `${permit}\nforbid (principal, action, resource) ${condition()};`
  }

  #simple(depth: number): string {
    const sub = (): string => this.#simple(depth - 1)
    if (depth > 0)
      return this.#one([
        () => `(${sub()} && ${sub()})`,
        () => `(${sub()} || ${sub()})`,
        () => `!(${sub()})`,
        () => `(if ${sub()} then ${sub()} else ${sub()})`,
      ])
    const text = this.#random.pick(['title', 'note', 'exact'])
    const whole = this.#random.pick(['rank', 'score'])
    const user = this.#random.pick(['owner', 'editor'])
    return `(${this.#one([
      () =>
        `resource.${text} ${this.#random.pick(['==', '!='])} ${this.#random.pick(['context.word', 'principal.name', quote(this.#random.pick(TEXTS))])}`,
      () => `resource.${text} like ${this.#pattern()}`,
      () =>
        `resource.${whole} ${this.#random.pick(['<', '<=', '>', '>=', '==', '!='])} ${this.#random.pick(['context.number', 'principal.level', this.#longLiteral()])}`,
      () => `resource.${this.#random.pick(['open', 'locked'])}`,
      () => `resource has ${this.#random.pick(['note', 'score', 'locked', 'editor', 'extra'])}`,
      () => `resource.${user} ${this.#random.pick(['==', '!='])} principal`,
      () => `["a", "ab", "100%"].contains(resource.${text})`,
      () => `principal in resource.${this.#random.pick(['team', 'viewers'])}`,
      () => `resource.viewers.contains(principal)`,
      () => `resource.labels.containsAny([${quote(this.#random.pick(TEXTS))}, principal.name])`,
      () => `resource.codes.containsAll([${this.#longLiteral()}])`,
      () => `resource.created ${this.#random.pick(['<', '<=', '>', '>=', '==', '!='])} context.now`,
      () => `resource.discount.${this.#random.pick(ORDERS)}(decimal("1.2345"))`,
    ])})`
  }

  #policy(effect: string): string {
    const principal = this.#one([
      ...Array.from({ length: 12 }, () => 'principal'),
      'principal is User',
      () => `principal == ${this.#uid('User')}`,
      () => `principal in ${this.#uid('Team')}`,
      () => `principal is User in ${this.#uid('Org')}`,
    ])
    const resource = this.#one([
      ...Array.from({ length: 12 }, () => 'resource'),
      'resource is Doc',
      () => `resource == Doc::"d${this.#random.below(20)}"`,
      () => `resource in ${this.#uid('Folder')}`,
      () => `resource in ${this.#uid('Group')}`,
      () => `resource is Doc in ${this.#uid(this.#random.pick(['Team', 'Org']))}`,
    ])
    const action = this.#random.pick([
      'action',
      'action == Action::"read"',
      'action in [Action::"everything"]',
    ])
    const conditions: string[] = []
    for (let left = this.#random.chance(0.2) ? 2 : 1; left > 0; left--)
      conditions.push(
        `${this.#random.pick(['when', 'when', 'unless'])} { ${this.#bool(this.#random.below(4))} }`,
      )
    return `${effect} (${principal}, ${action}, ${resource}) ${conditions.join(' ')};`
  }

  #one(items: readonly (string | (() => string))[]): string {
    const item = this.#random.pick(items)
    return typeof item === 'string' ? item : item()
  }

  #uid(type: EntityName): string {
    return `${type}::${quote(this.#random.pick(IDS[type]))}`
  }

  #bool(depth: number): string {
    const sub = (): string => this.#bool(depth - 1)
    if (depth <= 0) return this.#atom()
    return this.#one([
      () => this.#atom(),
      () => this.#atom(),
      () => `(${sub()} && ${sub()})`,
      () => `(${sub()} && ${sub()} && ${sub()})`,
      () => `(${sub()} || ${sub()})`,
      () => `(${sub()} || ${sub()} || ${sub()})`,
      () => `!(${sub()})`,
      () => `(if ${sub()} then ${sub()} else ${sub()})`,
      () => `(${sub()} == ${sub()})`,
      () => this.#guarded(depth - 1),
    ])
  }

  /** The way that careful policies are written. */
  #guarded(depth: number): string {
    const [path, attribute] = this.#random.pick([
      ['resource', 'note'],
      ['resource', 'score'],
      ['resource', 'locked'],
      ['resource', 'editor'],
      ['resource', 'folder'],
      ['resource', 'extra'],
      ['resource.meta', 'size'],
      ['principal', 'nick'],
      ['principal', 'boss'],
      ['resource.owner', 'nick'],
      ['context', 'maybe'],
    ] as const)
    return `(${path} has ${attribute} && ${this.#bool(depth)})`
  }

  #atom(): string {
    return `(${this.#bareAtom()})`
  }

  #bareAtom(): string {
    const comparison = (): string => this.#random.pick(['<', '<=', '>', '>='])
    const equality = (): string => this.#random.pick(['==', '!='])
    return this.#one([
      () => this.#random.pick(['true', 'false']),
      () => this.#random.pick(FLAGS),
      () => this.#random.pick(FLAGS),
      () => `${this.#long(2)} ${comparison()} ${this.#long(2)}`,
      () => `${this.#long(2)} ${equality()} ${this.#long(1)}`,
      () => `${this.#text()} ${equality()} ${this.#text()}`,
      () => `${this.#text()} ${equality()} ${this.#text()}`,
      () => `${this.#text()} like ${this.#pattern()}`,
      () => `${this.#text()} like ${this.#pattern()}`,
      () => `${this.#decimal()} ${equality()} ${this.#decimal()}`,
      () => `${this.#decimal()}.${this.#random.pick(ORDERS)}(${this.#decimal()})`,
      () => `${this.#moment(1)} ${comparison()} ${this.#moment(1)}`,
      () => `${this.#moment(1)} ${equality()} ${this.#moment(1)}`,
      () => `${this.#span(1)} ${comparison()} ${this.#span(1)}`,
      () => `${this.#span(1)} ${equality()} ${this.#span(1)}`,
      () => this.#has(),
      () => this.#has(),
      () => this.#in(),
      () => this.#in(),
      () => this.#in(),
      () => this.#identity(),
      () => this.#identity(),
      () => this.#sets(),
      () => this.#sets(),
      () => this.#sets(),
      () => this.#is(),
      () => this.#tag(),
      () => (this.#random.chance(0.3) ? this.#address() : this.#sets()),
      // Never equal, and no error where both sides are there.
      () => `${this.#text()} == ${this.#long(1)}`,
    ])
  }

  #long(depth: number): string {
    const sub = (): string => this.#long(depth - 1)
    if (depth <= 0) return this.#one([() => this.#longLiteral(), () => this.#random.pick(NUMBERS)])
    return this.#one([
      () => this.#random.pick(NUMBERS),
      () => this.#random.pick(NUMBERS),
      () => this.#longLiteral(),
      () => `(${sub()} + ${sub()})`,
      () => `(${sub()} - ${sub()})`,
      () => `(${sub()} * ${sub()})`,
      () => `(-${this.#random.pick(NUMBERS)})`,
      () => `(if ${this.#random.pick(FLAGS)} then ${sub()} else ${sub()})`,
      () => `${this.#span(0)}.${this.#random.pick(UNITS)}()`,
    ])
  }

  #longLiteral(): string {
    return `(${this.#random.pick(LONGS)})`
  }

  #text(): string {
    return this.#one([
      () => this.#random.pick(WORDS),
      () => this.#random.pick(WORDS),
      () => this.#random.pick(WORDS),
      () => quote(this.#random.pick(TEXTS)),
      () => (this.#random.chance(0.1) ? '"a\\0b"' : quote(this.#random.pick(TEXTS))),
      () =>
        `(if ${this.#random.pick(FLAGS)} then ${this.#random.pick(WORDS)} else ${quote(this.#random.pick(TEXTS))})`,
    ])
  }

  #pattern(): string {
    const piece = (): string => {
      const text = this.#random.pick(TEXTS)
      return quote(text.slice(this.#random.below(2), 1 + this.#random.below(text.length + 1)).toWellFormed())
        .slice(1, -1)
        .replaceAll('*', '\\*')
        .replaceAll('\ufffd', '')
    }
    return `"${this.#one([
      () => `${piece()}*`,
      () => `*${piece()}`,
      () => `*${piece()}*`,
      () => `${piece()}*${piece()}`,
      () => piece(),
      '*',
    ])}"`
  }

  #decimal(): string {
    const units = this.#random.pick(DECIMALS)
    const digits = String(units < 0n ? -units : units).padStart(5, '0')
    const literal = `decimal("${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}")`
    return this.#random.pick([
      literal,
      'resource.price',
      'resource.discount',
      'principal.clearance',
      'resource.owner.clearance',
    ])
  }

  #moment(depth: number): string {
    const date = new Date(this.#random.pick(MOMENTS)).toISOString()
    const literal = `datetime("${date}")`
    const plain = this.#random.pick([
      literal,
      literal,
      'resource.created',
      'resource.created',
      'resource.expires',
      'resource.started',
      'context.now',
    ])
    if (depth <= 0) return plain
    return this.#one([plain, plain, plain, () => `${plain}.offset(${this.#span(0)})`, `${plain}.toDate()`])
  }

  #span(depth: number): string {
    const literal = `duration("${this.#random.pick([...SPANS, 1, -1])}ms")`
    const plain = this.#random.pick([literal, 'resource.span', 'resource.span', 'resource.pause'])
    if (depth <= 0) return plain
    return this.#one([
      plain,
      plain,
      () => `${this.#moment(0)}.durationSince(${this.#moment(0)})`,
      () => `${this.#moment(0)}.toTime()`,
    ])
  }

  #has(): string {
    return this.#random.pick(PRESENCES)
  }

  #entity(type: EntityName): string {
    return this.#one([
      this.#random.pick(ENTITIES[type]),
      this.#random.pick(ENTITIES[type]),
      () => this.#uid(type),
    ])
  }

  #in(): string {
    const [below, above] = this.#random.pick(PATHS)
    const left = below === 'Doc' ? 'resource' : this.#entity(below)
    const target = (): string => this.#entity(above)
    return `${left} in ${this.#one([
      target,
      target,
      () => `[${target()}, ${target()}]`,
      () => (above === 'Team' ? 'context.teams' : target()),
      () => (above === 'User' ? this.#random.pick(['resource.viewers', 'resource.watchers']) : target()),
    ])}`
  }

  #identity(): string {
    const type = this.#random.pick(['User', 'User', 'User', 'Team', 'Org', 'Folder'] as const)
    const other = this.#random.chance(0.1) ? this.#random.pick(['Team', 'Org'] as const) : type
    return `${this.#entity(type)} ${this.#random.pick(['==', '!='])} ${this.#entity(other)}`
  }

  #is(): string {
    const type = this.#random.pick(['User', 'Team', 'Doc'])
    return this.#random.pick([
      `resource.owner is ${type}`,
      `resource.editor is ${type}`,
      `resource is ${type}`,
      `principal is User in ${this.#uid('Team')}`,
      `resource.editor is User in ${this.#uid('Team')}`,
    ])
  }

  #tag(): string {
    const name = quote(this.#random.pick(TAG_NAMES))
    const of = this.#random.pick(['resource', 'resource', 'principal', 'resource.owner'])
    return this.#random.pick([
      `${of}.hasTag(${name})`,
      `(${of}.hasTag(${name}) && ${of}.getTag(${name}) == ${this.#text()})`,
      `${of}.getTag(${name}) like ${this.#pattern()}`,
      'resource.hasTag(resource.title)',
    ])
  }

  #address(): string {
    const literal = (): string => `ip("${this.#random.pick(ADDRESSES)}")`
    const any = (): string => this.#one(['resource.addr', 'resource.addr', 'context.addr', literal])
    return this.#one([
      () => `${any()}.isInRange(${any()})`,
      () => `resource.addr.${this.#random.pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])}()`,
      () => `${any()} == ${any()}`,
    ])
  }

  #sets(): string {
    const kind = this.#random.pick(['text', 'text', 'long', 'user', 'user', 'moment'] as const)
    const element = (): string => {
      if (kind === 'text') return this.#text()
      if (kind === 'long') return this.#long(1)
      return kind === 'user' ? this.#entity('User') : this.#moment(0)
    }
    const literal = (): string => {
      const count = 1 + this.#random.below(3)
      return `[${Array.from({ length: count }, element).join(', ')}]`
    }
    const stored = SETS[kind]
    const hints = kind === 'text' && this.#random.chance(0.1) ? 'resource.hints' : undefined
    const any = (): string =>
      hints ?? this.#one([this.#random.pick(stored), this.#random.pick(stored), literal])
    return this.#one([
      () => `${any()}.contains(${element()})`,
      () => `${any()}.contains(${element()})`,
      () => `${any()}.containsAny(${any()})`,
      () => `${any()}.containsAll(${any()})`,
      () => `${any()}.isEmpty()`,
      () => `${any()} == ${any()}`,
    ])
  }
}
