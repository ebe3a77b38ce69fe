import assert from 'node:assert/strict'
import test from 'node:test'

import { Entities } from '../entities.ts'
import type { Env } from '../environment.ts'
import { compile } from '../evaluator.ts'
import { parseExpression } from '../parser.ts'
import { EMPTY_RECORD, EntityUid, type Extension, Fault } from '../value.ts'
import { Datetime, Duration } from './datetime.ts'
import { Decimal } from './decimal.ts'
import { IpAddress } from './ipaddr.ts'

const entities = Entities.of([])
assert.ok(entities instanceof Entities)

/** Nothing exists: neither the principal nor the resource has an entity. */
const env: Env = {
  principal: new EntityUid('U', 'a'),
  action: new EntityUid('Action', 'a'),
  resource: new EntityUid('U', 'a'),
  context: EMPTY_RECORD,
  entities,
  principalEntity: undefined,
  resourceEntity: undefined,
}

const CASES: readonly (readonly [text: string, want: boolean | 'fault'])[] = [
  ['ip("::1/64").isLoopback()', false],
  ['ip("127.0.0.1/4").isLoopback()', false],
  ['ip("127.0.0.1/8").isLoopback()', true],
  ['ip("224.0.0.0/3").isMulticast()', false],
  ['ip("ff00::/8").isMulticast()', true],
  ['ip("ff00::/4").isMulticast()', false],
  ['ip("10.0.0.1/08") == ip("10.0.0.1/8")', 'fault'],
  ['ip("10.0.0.1/0") == ip("10.0.0.1/0")', true],
  ['ip("::ffff:1.2.3.4")==ip("::1")', 'fault'],
  ['ip("10.0.0.1/+8") == ip("10.0.0.1/8")', 'fault'],
  ['ip("10.0.0.1/8") == ip("10.0.0.2/8")', false],
  ['ip("1.2.3.4").isInRange(ip("1.2.3.4/32"))', true],
  ['duration("-9223372036854775808ms") == duration("0ms")', false],
  ['duration("9223372036854775808ms") == duration("0ms")', 'fault'],
  ['duration("-0ms") == duration("0ms")', true],
  ['duration("") == duration("0ms")', 'fault'],
  ['duration("-") == duration("0ms")', 'fault'],
  ['duration("1m1m") == duration("0ms")', 'fault'],
  ['duration("106751991167d") == duration("0ms")', false],
  ['duration("106751991168d") == duration("0ms")', 'fault'],
  ['duration("-106751991168d") == duration("0ms")', 'fault'],
  ['duration("1ms1s") == duration("0ms")', 'fault'],
  ['duration("00001ms") == duration("1ms")', true],
  ['duration("0000000000000000000000000000000000000000000001ms") == duration("1ms")', true],
  ['duration("0d99999999999999999999999ms") == duration("1ms")', 'fault'],
  ['datetime("0000-01-01") == datetime("0000-01-01")', true],
  ['datetime("2023-02-29") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01T00:00:00") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01T00:00:60Z") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01T24:00:00Z") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01T00:00:00+2400") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01T00:00:00+2359") == datetime("2023-12-31T00:01:00Z")', true],
  ['datetime("2024-01-01T00:00:00+0060") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01T00:00:00.1Z") == datetime("0000-01-01")', 'fault'],
  ['datetime("2024-01-01t00:00:00Z") == datetime("0000-01-01")', 'fault'],
  ['datetime("0000-01-01T00:00:00+2359") < datetime("0000-01-01")', true],
  ['decimal("-0.0") == decimal("0.0")', true],
  ['decimal(".1") == decimal("0.1")', 'fault'],
  ['decimal("1.") == decimal("0.1")', 'fault'],
  ['decimal("1.00000") == decimal("0.1")', 'fault'],
  ['decimal("922337203685477.5807") == decimal("0.1")', false],
  ['decimal("922337203685477.5808") == decimal("0.1")', 'fault'],
  ['decimal("-922337203685477.5808") == decimal("0.1")', false],
  ['decimal("-0.1").lessThan(decimal("0.0"))', true],
  ['decimal("+1.0") == decimal("1.0")', 'fault'],
  ['decimal("0000000000000000000000000001.0") == decimal("1.0")', true],
  [
    'datetime("1970-01-01").offset(duration("-9223372036854775808ms")).toDate() == datetime("1970-01-01")',
    'fault',
  ],
  [
    'datetime("1970-01-01").offset(duration("-9223372036854775808ms")).toTime() == duration("16h47m4s192ms")',
    true,
  ],
  ['datetime("1969-12-31T23:59:59Z").toTime() == duration("23h59m59s")', true],
  ['duration("-1ms").toSeconds() == 0', true],
  ['duration("-1999ms").toSeconds() == -1', true],
  ['ip("1.2.3.4/33") == ip("1.2.3.4")', 'fault'],
  ['ip("0000:0000:0000:0000:0000:0000:0000:0001/128") == ip("::1")', true],
  ['ip("00001::") == ip("1::")', 'fault'],
  ['ip("1:2:3:4:5:6:7::") == ip("1:2:3:4:5:6:7:0")', true],
  ['ip("1:2:3:4:5:6:7:8::") == ip("::")', 'fault'],
  ['ip("::1:2:3:4:5:6:7:8") == ip("::")', 'fault'],
  ['ip(":::") == ip("::")', 'fault'],
  ['ip("fe80::1%eth0") == ip("::")', 'fault'],
  ['ip(" 1.2.3.4") == ip("1.2.3.4")', 'fault'],
  ['ip("1.2.3.4/") == ip("1.2.3.4")', 'fault'],
  ['ip("127.0.0.1/0").isInRange(ip("0.0.0.0/0"))', true],
  ['ip("1.2.3.4/000") == ip("1.2.3.4")', 'fault'],
  ['ip("1.2.3.4/00") == ip("1.2.3.4/0")', 'fault'],
  ['decimal("1.0") < decimal("2.0")', 'fault'],
  ['datetime("2024-01-01") < duration("1s")', 'fault'],
  ['duration("1s") <= duration("1s")', true],
  ['[ip("1.1.1.1")].contains(ip("1.1.1.1"))', true],
  ['ip("1.2.3.4", "5") == 1', 'fault'],
  ['duration("1d").toHours() == 24', true],
  ['duration("-36h").toDays() == -1', true],
  ['datetime("2024-02-29T12:00:00.001Z").toDate() == datetime("2024-02-29")', true],
  ['datetime("1900-02-29") == datetime("1900-02-28")', 'fault'],
  ['datetime("2000-02-29") < datetime("2000-03-01")', true],
  ['datetime("2024-01-01T00:00:00-0030") == datetime("2024-01-01T00:30:00Z")', true],
  ['datetime("9999-12-31T23:59:59.999-2359") > datetime("9999-12-31")', true],
  ['datetime("2024-1-1") == datetime("2024-01-01")', 'fault'],
  ['datetime("12024-01-01") == datetime("2024-01-01")', 'fault'],
  ['datetime("-2024-01-01") == datetime("2024-01-01")', 'fault'],
  ['duration("1h 1m") == duration("61m")', 'fault'],
  ['duration("1.5h") == duration("90m")', 'fault'],
  ['duration("1M") == duration("1m")', 'fault'],
  ['duration("2m3ms") == duration("120003ms")', true],
]

for (const [text, want] of CASES) {
  test(`extensions: ${text} is ${want}`, () => {
    const parsed = parseExpression(text)
    assert.ok(parsed.ok)
    const outcome = compile(parsed.value).run(env)
    assert.equal(outcome instanceof Fault ? 'fault' : outcome, want)
  })
}

for (const [text, printed] of [
  ['decimal("-0.5")', '-0.5'],
  ['decimal("12.3400")', '12.34'],
  ['decimal("-922337203685477.5808")', '-922337203685477.5808'],
  ['ip("::1/64")', '0:0:0:0:0:0:0:1/64'],
  ['ip("10.0.0.0/8")', '10.0.0.0/8'],
  ['duration("-1d2h")', '-93600000ms'],
  ['datetime("2024-02-29T00:00:00+0100")', '2024-02-28T23:00:00.000Z'],
] as const) {
  test(`extensions: ${text} is written ${printed}`, () => {
    const parsed = parseExpression(text)
    assert.ok(parsed.ok)
    const outcome = compile(parsed.value).run(env)
    assert.ok([Decimal, IpAddress, Datetime, Duration].some((known) => outcome instanceof known))
    assert.equal((outcome as Extension).toString(), printed)
  })
}
