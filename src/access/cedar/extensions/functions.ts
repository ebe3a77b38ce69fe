import type { Long, Value } from '../value.ts'
import { Datetime, Duration, readDatetime, readDuration } from './datetime.ts'
import { Decimal, readDecimal } from './decimal.ts'
import { IpAddress, readIp } from './ipaddr.ts'

/** The types that extension functions take and give. */
export type ExtensionTypeName = 'decimal' | 'ipaddr' | 'datetime' | 'duration'
export type ArgumentTypeName = ExtensionTypeName | 'String' | 'Long' | 'Bool'

/** One function or method of Cedar's extension types. */
export interface ExtensionFunction {
  readonly style: 'function' | 'method'
  readonly parameters: readonly ArgumentTypeName[]
  readonly result: ArgumentTypeName
  /** Arguments are of the right types. Undefined: the text cannot be read, or the result overflows. */
  readonly run: (first: never, second: never) => Value | undefined
  /** What an undefined result means. */
  readonly failure: string
}

function reader(type: ExtensionTypeName, read: (text: string) => Value | undefined): ExtensionFunction {
  return { style: 'function', parameters: ['String'], result: type, run: read, failure: `this is no ${type}` }
}

function method<T>(
  parameters: readonly ArgumentTypeName[],
  result: ArgumentTypeName,
  run: (first: T, second: T) => Value | undefined,
): ExtensionFunction {
  return { style: 'method', parameters, result, run, failure: `the ${result} overflows` }
}

const compare = (test: (left: Long, right: Long) => boolean): ExtensionFunction =>
  method<Decimal>(['decimal', 'decimal'], 'Bool', (left, right) => test(left.units, right.units))
const ipTest = (test: (address: IpAddress) => boolean): ExtensionFunction =>
  method<IpAddress>(['ipaddr'], 'Bool', test)
const inUnit = (count: (duration: Duration) => Long): ExtensionFunction =>
  method<Duration>(['duration'], 'Long', count)

/** All extension functions of Cedar 4 by name. */
export const FUNCTIONS: ReadonlyMap<string, ExtensionFunction> = new Map<string, ExtensionFunction>([
  ['decimal', reader('decimal', readDecimal)],
  ['ip', reader('ipaddr', readIp)],
  ['datetime', reader('datetime', readDatetime)],
  ['duration', reader('duration', readDuration)],
  ['lessThan', compare((left, right) => left < right)],
  ['lessThanOrEqual', compare((left, right) => left <= right)],
  ['greaterThan', compare((left, right) => left > right)],
  ['greaterThanOrEqual', compare((left, right) => left >= right)],
  ['isIpv4', ipTest((address) => address.isV4)],
  ['isIpv6', ipTest((address) => !address.isV4)],
  ['isLoopback', ipTest((address) => address.isLoopback)],
  ['isMulticast', ipTest((address) => address.isMulticast)],
  ['isInRange', method<IpAddress>(['ipaddr', 'ipaddr'], 'Bool', (left, right) => left.isWithin(right))],
  [
    'offset',
    {
      style: 'method',
      parameters: ['datetime', 'duration'],
      result: 'datetime',
      run: (start: Datetime, by: Duration) => start.offset(by),
      failure: 'the datetime overflows',
    },
  ],
  ['durationSince', method<Datetime>(['datetime', 'datetime'], 'duration', (end, start) => end.since(start))],
  ['toDate', method<Datetime>(['datetime'], 'datetime', (at) => at.toDate())],
  ['toTime', method<Datetime>(['datetime'], 'duration', (at) => at.toTime())],
  ['toMilliseconds', inUnit((duration) => duration.ms)],
  ['toSeconds', inUnit((duration) => duration.toSeconds())],
  ['toMinutes', inUnit((duration) => duration.toMinutes())],
  ['toHours', inUnit((duration) => duration.toHours())],
  ['toDays', inUnit((duration) => duration.toDays())],
])

/** Whether a value is of an argument type, for each of them. */
export const TYPE_TESTS: Readonly<Record<ArgumentTypeName, (value: Value) => boolean>> = {
  String: (value) => typeof value === 'string',
  Bool: (value) => typeof value === 'boolean',
  Long: (value) => typeof value === 'number' || typeof value === 'bigint',
  decimal: (value) => value instanceof Decimal,
  ipaddr: (value) => value instanceof IpAddress,
  datetime: (value) => value instanceof Datetime,
  duration: (value) => value instanceof Duration,
}
