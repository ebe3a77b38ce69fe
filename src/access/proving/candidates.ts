import { Datetime, Duration } from '../cedar/extensions/datetime.ts'
import { Decimal } from '../cedar/extensions/decimal.ts'
import { IpAddress, readIp } from '../cedar/extensions/ipaddr.ts'
import { add, floorTo } from '../cedar/long.ts'
import type { Schema } from '../cedar/schema.ts'
import type { Type } from '../cedar/types.ts'
import { CedarSet, EntityUid, keyOf, type Long, type Value } from '../cedar/value.ts'
import { ABSENT, type Cast, type Choice, type Place } from './situation.ts'
import type { Compared, Literals } from './literals.ts'

/** What is tried for one place. */
export interface Candidates {
  readonly choices: readonly Choice[]
  /** Whether the choices stand for every value that there is, as far as the policies can tell values apart. */
  readonly isComplete: boolean
}

/** More are not tried for one place. */
const MAX_CHOICES = 64
/** Sets of at most so many elements are tried in every combination. */
const MAX_POWER = 4

const MINUTE = 60_000
/** Longer spans (a hundred thousand years) are not shifted by. */
const MAX_SPAN = 3e15
const DAY = 86_400_000
/** A Monday in June at midnight: where policies say only at what time of day. */
const SOME_DAY = Date.UTC(2026, 5, 15)
const UNITS: Readonly<Record<string, number>> = {
  toMilliseconds: 1,
  toSeconds: 1000,
  toMinutes: MINUTE,
  toHours: 60 * MINUTE,
  toDays: DAY,
}

/** Knows what to try for each place of a situation: what the policies' literals tell apart, and just beside it. */
export class CandidateSource {
  readonly #schema: Schema
  readonly #literals: Literals
  readonly #cast: Cast
  readonly #known = new Map<string, Candidates>()

  constructor(schema: Schema, literals: Literals, cast: Cast) {
    this.#schema = schema
    this.#literals = literals
    this.#cast = cast
  }

  of(place: Place): Candidates {
    if (place.kind !== 'value') return { choices: [false, true], isComplete: true }
    const key = `${place.name} ${JSON.stringify(place.type)} ${place.isRequired}`
    return this.#known.getOrInsertComputed(key, () => this.#ofValue(place.type, place.name, place.isRequired))
  }

  #ofValue(type: Type, name: string, isRequired: boolean): Candidates {
    const compared = this.#literals.ofName(name)
    const elements = type.kind === 'set' ? this.#elements(type.element, compared) : []
    const values = distinct(type.kind === 'set' ? sets(elements, compared) : this.#values(type, compared))
    const choices: readonly Choice[] = isRequired ? values : [ABSENT, ...values]
    return {
      choices: choices.slice(0, MAX_CHOICES),
      isComplete: choices.length <= MAX_CHOICES && elements.length <= MAX_POWER,
    }
  }

  #values(type: Type, compared: Compared | undefined): readonly Value[] {
    const literals = [...(compared?.values.values() ?? [])]
    switch (type.kind) {
      case 'Bool':
        return [false, true]
      case 'true':
        return [true]
      case 'false':
        return [false]
      case 'Long':
        return [...literals.filter(isLong).flatMap((value) => around(value, 1)), 0, 1]
      case 'String':
        return texts(literals, [...(compared?.patterns.values() ?? [])])
      case 'entity':
        return this.#entities(type.names)
      case 'extension':
        return extensionValues(type.name, literals, compared?.methods ?? new Set())
      case 'set':
        return sets(this.#elements(type.element, compared), compared)
      case 'record':
      case 'never':
        return []
      default:
        return type satisfies never
    }
  }

  /** First one that nobody else is, so that nothing is granted by chance. */
  #entities(types: readonly string[]): readonly Value[] {
    const { principal, resource } = this.#cast
    const named = [...this.#literals.entities.values()]
    return types.flatMap((type) => [
      ...others(this.#schema, type, [principal, resource, ...named]),
      ...[principal, resource, ...named].filter((uid) => uid.type === type),
    ])
  }

  /** What is compared as an element of a set, and one that is not. */
  #elements(type: Type, compared: Compared | undefined): readonly Value[] {
    if (type.kind === 'entity') return this.#entities(type.names)
    const values = this.#values(type, compared && { ...compared, patterns: new Map() })
    if (type.kind === 'Bool') return values
    const literals = new Set([...(compared?.values.values() ?? [])].map(keyOf))
    const other = values.filter((value) => !literals.has(keyOf(value))).slice(0, 1)
    return distinct([...other, ...values.filter((value) => literals.has(keyOf(value)))])
  }
}

function sets(elements: readonly Value[], compared: Compared | undefined): readonly Value[] {
  const given = [...(compared?.values.values() ?? [])].filter((value) => value instanceof CedarSet)
  return [...(elements.length <= MAX_POWER ? powerSet(elements) : someSets(elements)), ...given]
}

function powerSet(elements: readonly Value[]): readonly Value[] {
  return Array.from(
    { length: 2 ** elements.length },
    (_, bits) => new CedarSet(elements.filter((__, at) => (bits >> at) % 2 === 1)),
  )
}

function someSets(elements: readonly Value[]): readonly Value[] {
  return [
    new CedarSet([]),
    ...elements.map((element) => new CedarSet([element])),
    new CedarSet(elements),
    ...elements.map((element) => new CedarSet(elements.filter((other) => other !== element))),
  ]
}

/** An entity of a type that is none of these, if the type has one. */
export function others(schema: Schema, type: string, taken: readonly EntityUid[]): readonly EntityUid[] {
  const ids = schema.entities.get(type)?.ids
  const isFree = (id: string): boolean => !taken.some((uid) => uid.type === type && uid.id === id)
  const free = ids === undefined ? [nameFor(type, 'other', isFree)] : ids.filter(isFree).slice(0, 1)
  return free.map((id) => new EntityUid(type, id))
}

/** `user`, or `user-2` where that is taken. */
export function nameFor(type: string, word: string, isFree: (id: string) => boolean): string {
  const bare = type.slice(type.lastIndexOf(':') + 1).toLowerCase()
  const name = word === '' ? bare : `${word}-${bare}`
  for (let count = 1; ; count++) {
    const id = count === 1 ? name : `${name}-${count}`
    if (isFree(id)) return id
  }
}

function isLong(value: Value): value is Long {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** A number and its neighbours, as far as they fit into 64 bits. */
function around(value: Long, ...steps: readonly number[]): readonly Long[] {
  const beside = steps.flatMap((step) => [add(value, -step), add(value, step)])
  return [value, ...beside]
    .flatMap((one) => (one === undefined ? [] : [one]))
    .sort((a, b) => (a < b ? -1 : 1))
}

function texts(literals: readonly Value[], patterns: readonly (readonly string[])[]): readonly string[] {
  const named = literals.filter((value) => typeof value === 'string')
  const matching = patterns.flatMap((pieces) => [pieces.join(''), pieces.join('x')])
  const near = [
    ...named.flatMap((text) => [`${text}x`, text.toUpperCase()]),
    ...patterns.flatMap((pieces) => [
      `x${pieces.join('')}`,
      `${pieces.join('')}x`,
      pieces.join('x').slice(1),
    ]),
  ]
  return ['other', ...named, ...matching, ...near]
}

function extensionValues(
  name: (Type & { kind: 'extension' })['name'],
  literals: readonly Value[],
  methods: ReadonlySet<string>,
): readonly Value[] {
  switch (name) {
    case 'decimal': {
      const units = literals.flatMap((value) => (value instanceof Decimal ? around(value.units, 1) : []))
      return [...units, 0].map((unit) => new Decimal(unit))
    }
    case 'duration':
      return [...durations(literals, methods), 0].map((ms) => new Duration(ms))
    case 'datetime':
      return datetimes(literals, methods)
    case 'ipaddr':
      return addresses(literals)
    default:
      return name satisfies never
  }
}

/** Lengths of time that are compared, with a millisecond and a minute on either side. */
function durations(literals: readonly Value[], methods: ReadonlySet<string>): readonly Long[] {
  const given = literals.flatMap((value) => (value instanceof Duration ? around(value.ms, 1, MINUTE) : []))
  const counted = Object.entries(UNITS).flatMap(([method, unit]) => {
    if (!methods.has(method)) return []
    return literals.flatMap((value) =>
      typeof value === 'number' && Math.abs(value * unit) < MAX_SPAN
        ? [...around(value * unit, 1, MINUTE), ...around((value + 1) * unit, 1, MINUTE)]
        : [],
    )
  })
  return [...given, ...counted]
}

function datetimes(literals: readonly Value[], methods: ReadonlySet<string>): readonly Value[] {
  const named = literals.flatMap((value) => (value instanceof Datetime ? [value.ms] : []))
  const spans = durations(literals, methods)
  const moments = named.flatMap((ms) => around(ms, 1, MINUTE))
  // Times of day count from midnight, other spans from the moment that is named.
  const midnights = named.flatMap((ms) => floorTo(ms, DAY) ?? [])
  const bases = named.length > 0 ? [...new Set([...midnights, ...named])] : [SOME_DAY]
  const shifted = bases.flatMap((ms) =>
    spans.flatMap((span) => {
      const later = add(ms, span)
      return later === undefined ? [] : [later]
    }),
  )
  const [first = SOME_DAY] = bases
  return [...moments, ...shifted, ...around(first, 1)].map((ms) => new Datetime(ms))
}

function addresses(literals: readonly Value[]): readonly Value[] {
  const ranges = literals.filter((value) => value instanceof IpAddress)
  const fixed = ['192.0.2.1', '127.0.0.1', '224.0.0.1', '2001:db8::1', '::1'].flatMap(
    (text) => readIp(text) ?? [],
  )
  return [...fixed.slice(0, 1), ...ranges.flatMap(edgesOf), ...fixed.slice(1)]
}

/** The first and the last address of a range, and those just outside. */
function edgesOf(range: IpAddress): readonly IpAddress[] {
  const length = range.isV4 ? 32 : 128
  const bits = range.groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n)
  const size = 1n << BigInt(length - range.prefix)
  const first = bits - (bits % size)
  const top = (1n << BigInt(length)) - 1n
  return [first - 1n, first, first + size - 1n, first + size].flatMap((address) => {
    if (address < 0n || address > top) return []
    const groups = Array.from({ length: length / 16 }, (_, at) =>
      Number((address >> BigInt(length - 16 * (at + 1))) & 0xffffn),
    )
    return [new IpAddress(range.isV4, groups, length)]
  })
}

function distinct(values: readonly Value[]): readonly Value[] {
  return [...new Map(values.map((value) => [keyOf(value), value])).values()]
}
