import assert from 'node:assert/strict'
import test from 'node:test'

import { ManualClock } from '../core/clock.ts'
import { type ListReport, ListSchedule, type ListSource } from './address-list-schedule.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const addresses = (count: number): string =>
  Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join('\n')

/** A schedule whose one list reads what `content` is at the time. */
function scheduleOf(
  read: ListSource['read'],
  options: { everySeconds?: number; readSeconds?: number; random?: () => number } = {},
): { schedule: ListSchedule; reports: ListReport[]; clock: ManualClock } {
  const reports: ListReport[] = []
  const clock = new ManualClock()
  const schedule = new ListSchedule({
    sources: [{ name: 'feed', read, everySeconds: options.everySeconds ?? 3600 }],
    clock,
    random: options.random ?? (() => 0),
    onReport: (report) => reports.push(report),
    ...(options.readSeconds === undefined ? {} : { readSeconds: options.readSeconds }),
  })
  return { schedule, reports, clock }
}

test('list schedule: after the start the list answers and the update is reported with its bad lines', async () => {
  const { schedule, reports, clock } = scheduleOf(async () => bytes('192.0.2.0/24\nx\n'))
  const list = schedule.list('feed')
  assert.equal(schedule.find('192.0.2.1'), undefined)
  await schedule.start()
  schedule.close()
  assert.deepEqual(schedule.find('192.0.2.1'), { list: 'feed', network: '192.0.2.0/24' })
  assert.equal(list?.has('192.0.2.1'), true)
  assert.deepEqual(reports, [
    {
      kind: 'updated',
      name: 'feed',
      atMs: clock.now(),
      networks: 1,
      badLines: 1,
      problems: [
        {
          problem: 'perimeter.list-line',
          message: 'not an address, network or range: x',
          at: { file: 'feed', line: 2 },
        },
      ],
    },
  ])
  assert.deepEqual(schedule.state(), [{ name: 'feed', networks: 1, updatedAtMs: clock.now(), failures: 0 }])
})

for (const { name, next, want } of [
  {
    name: 'that cannot be read',
    next: () => Promise.reject(new Error('404')),
    want: /could not be read: Error: 404/,
  },
  {
    name: 'that is a web page',
    next: async () => bytes('<html>\n<body>\nSorry\n'),
    want: /3 of its lines are no addresses/,
  },
  {
    name: 'with many bad lines',
    next: async () => bytes(`${addresses(100)}\n${'x\n'.repeat(12)}`),
    want: /12 of its lines are no addresses/,
  },
  {
    name: 'that is empty',
    next: async () => bytes('# nothing today\n'),
    want: /shrinks from 100 networks to 0/,
  },
  {
    name: 'that shrinks by more than 90 %',
    next: async () => bytes(addresses(9)),
    want: /shrinks from 100 networks to 9/,
  },
  {
    name: 'that is too large',
    next: async () => new Uint8Array(64 * 1024 ** 2 + 1),
    want: /64 MB is the most/,
  },
  {
    name: 'whose reader throws',
    next: () => {
      throw new TypeError('no such thing')
    },
    want: /no such thing/,
  },
]) {
  test(`list schedule: an update ${name} keeps the old list and is reported`, async () => {
    let read: ListSource['read'] = async () => bytes(addresses(100))
    const { schedule, reports, clock } = scheduleOf((signal) => read(signal))
    await schedule.start()
    const before = clock.now()
    clock.advance(5000)
    read = next
    await schedule.refresh('feed')
    schedule.close()
    const report = reports[1]
    assert.ok(report?.kind === 'kept' && report.atMs === before + 5000)
    assert.match(report.message, want)
    assert.equal(schedule.list('feed')?.size, 100)
    assert.deepEqual(schedule.state(), [{ name: 'feed', networks: 100, updatedAtMs: before, failures: 1 }])
  })
}

test('list schedule: an update that shrinks by 90 % and a few bad lines are taken', async () => {
  let content = addresses(100)
  const { schedule, reports } = scheduleOf(async () => bytes(content))
  await schedule.start()
  content = `${addresses(10)}\n${'x\n'.repeat(10)}`
  await schedule.refresh('feed')
  schedule.close()
  assert.deepEqual(
    reports.map(({ kind }) => kind),
    ['updated', 'updated'],
  )
  assert.equal(schedule.list('feed')?.size, 10)
})

test('list schedule: a reader that never ends is given up, and its signal ends', async () => {
  let given: AbortSignal | undefined
  const { schedule, reports } = scheduleOf(
    (signal) => {
      given = signal
      return new Promise(() => {})
    },
    { readSeconds: 0.02 },
  )
  const alive = setTimeout(() => {}, 5000)
  await schedule.start()
  clearTimeout(alive)
  schedule.close()
  assert.equal(given?.aborted, true)
  assert.equal(
    reports[0]?.kind === 'kept' && reports[0].message,
    'it could not be read: Error: no answer within 0.02 s',
  )
})

test('list schedule: it reads again by itself, and no more once closed', async () => {
  let reads = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const { schedule } = scheduleOf(
    async () => {
      if (++reads === 3) resolve()
      return bytes('192.0.2.1')
    },
    { everySeconds: 0.01 },
  )
  const alive = setTimeout(() => {}, 5000)
  await schedule.start()
  await promise
  schedule.close()
  clearTimeout(alive)
  await new Promise((done) => setTimeout(done, 60))
  assert.equal(reads, 3)
  assert.equal(schedule.find('192.0.2.1')?.list, 'feed')
})

test('list schedule: closing ends a reading under way, which then changes and reports nothing', async () => {
  let given: AbortSignal | undefined
  const { schedule, reports } = scheduleOf((signal) => {
    given = signal
    return new Promise(() => {})
  })
  const started = schedule.start()
  schedule.close()
  await started
  assert.equal(given?.aborted, true)
  assert.deepEqual(reports, [])
  assert.equal(schedule.list('feed')?.size, 0)
})

test('list schedule: closing in the middle of a large list leaves the old one', async () => {
  const { schedule, reports } = scheduleOf(async () => {
    setImmediate(() => schedule.close())
    return bytes('192.0.2.1\n'.repeat(50_000))
  })
  await schedule.start()
  assert.deepEqual(reports, [])
  assert.equal(schedule.list('feed')?.size, 0)
})

test('list schedule: two who ask for an update at once share one reading', async () => {
  let reads = 0
  const { schedule } = scheduleOf(async () => {
    reads++
    return bytes('192.0.2.1')
  })
  await Promise.all([schedule.refresh('feed'), schedule.refresh('feed')])
  schedule.close()
  assert.equal(reads, 1)
})

test('list schedule: the first list that holds an address is named', async () => {
  const source = (name: string, text: string): ListSource => ({
    name,
    read: async () => bytes(text),
    everySeconds: 60,
  })
  const schedule = new ListSchedule({
    sources: [source('a', '192.0.2.1'), source('b', '192.0.2.0/24'), source('c', '192.0.2.0/24')],
    clock: new ManualClock(),
    random: () => 0,
    onReport: () => {},
  })
  await schedule.start()
  schedule.close()
  assert.equal(schedule.find('192.0.2.1')?.list, 'a')
  assert.equal(schedule.find('192.0.2.2')?.list, 'b')
  assert.equal(schedule.find('192.0.3.2'), undefined)
})

for (const { name, sources, code } of [
  { name: 'two lists of one name', sources: [60, 60], code: 'perimeter.list-twice' },
  { name: 'an interval of nothing', sources: [0], code: 'perimeter.list-interval' },
  { name: 'an interval that is no number', sources: [Number.NaN], code: 'perimeter.list-interval' },
]) {
  test(`list schedule: ${name} is an operator's mistake`, () => {
    const make = (): ListSchedule =>
      new ListSchedule({
        sources: sources.map((everySeconds) => ({ name: 'a', read: async () => bytes(''), everySeconds })),
        clock: new ManualClock(),
        random: () => 0,
        onReport: () => {},
      })
    assert.throws(make, { name: 'RingwallError', code })
  })
}
