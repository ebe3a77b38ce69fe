import { get, type RequestCase } from './cases.ts'
import { CONNECTION } from './connection.ts'
import { FRAMING } from './framing.ts'
import { REQUEST_LINE } from './request-line.ts'
import { converse, type Got, type Rig, type Seen } from './rig.ts'

/** All conversations with clients. */
export const REQUESTS: readonly RequestCase[] = [...REQUEST_LINE, ...FRAMING, ...CONNECTION]

const PROBE = get('/probe')

/** Runs one; undefined when it went as it must. */
export async function judgeRequest(rig: Rig, one: RequestCase): Promise<string | undefined> {
  rig.take()
  rig.takeFaults()
  const pieces = typeof one.send === 'string' ? [one.send] : [...one.send]
  const withProbe = one.alone !== true && one.silent !== true
  if (withProbe) pieces[pieces.length - 1] += PROBE
  const answered =
    (one.accept?.length ?? 0) + (one.refuse === undefined && one.accept && one.status !== 400 ? 0 : 1)
  const isOpen = one.open === true || (one.accept !== undefined && one.closes !== true)
  const heads = one.accept?.map(({ method }) => method) ?? [pieces.join('').split(' ', 1)[0] as string]
  const got = await converse(rig.port, pieces, {
    finals: answered + (withProbe && isOpen ? 1 : 0),
    heads,
    ...(one.halfClose === true && { halfClose: true }),
    silenceMs: one.silent === true ? 500 : 4000,
  })
  const seen = rig.take()
  const faults = rig.takeFaults()
  const reason = judge(one, got, seen, withProbe)
  if (reason === undefined && faults.length === 0 && got.fault === undefined) return undefined
  return `${reason ?? 'ok'}; ${[...faults, got.fault].join('; ')}; answers ${got.answers.map(({ start }) => start).join(' | ')}; seen ${JSON.stringify(seen).slice(0, 400)}`
}

function judge(one: RequestCase, got: Got, all: readonly Seen[], withProbe: boolean): string | undefined {
  const statuses = got.answers.map(({ start }) => Number(start.slice(9, 12)))
  const finals = statuses.filter((status) => status === 101 || status >= 200)
  const informed = statuses.filter((status) => status !== 101 && status < 200)
  if (one.silent === true) {
    if (all.length > 0) return 'the application saw something'
    return finals.every((status) => status >= 400) ? undefined : `answered with ${finals.join(' ')}`
  }
  const seen = all.filter(({ target }) => target !== '/probe')
  const probed = all.length - seen.length
  if (one.refuse !== undefined) {
    const wanted = one.open === true ? [one.refuse, 200] : [one.refuse]
    if (seen.length > 0) return 'the application saw what was refused'
    if (finals.join() !== wanted.join()) return `answered with ${finals.join(' ')}`
    if (one.open !== true && (probed > 0 || !got.closed)) return 'not closed'
    return undefined
  }
  const wanted = one.accept ?? []
  if (seen.length !== wanted.length) return `the application saw ${seen.length} requests`
  for (const [i, want] of wanted.entries()) {
    const wrong = difference(want, seen[i] as Seen)
    if (wrong !== undefined) return wrong
  }
  const expected: number[] = wanted.map((_, i) => (i === wanted.length - 1 && one.status === 101 ? 101 : 200))
  if (one.status === 400) expected.push(400)
  if (withProbe && one.closes !== true) expected.push(200)
  if (finals.join() !== expected.join()) return `answered with ${finals.join(' ')}`
  if (informed.join() !== (one.informed ?? []).join()) return `informed with ${informed.join(' ')}`
  if (one.closes === true && (probed > 0 || !got.closed)) return 'not closed'
  return undefined
}

function difference(want: NonNullable<RequestCase['accept']>[number], seen: Seen): string | undefined {
  if (seen.method !== want.method || seen.target !== want.target) return `${seen.method} ${seen.target}`
  if (want.body !== undefined && seen.body !== want.body) return `the body ${JSON.stringify(seen.body)}`
  const fields = seen.fields.map(([name, value]) => [name.toLowerCase(), value] as const)
  let at = 0
  for (const [name, value] of want.has ?? []) {
    const found = fields.findIndex((field, i) => i >= at && field[0] === name && field[1] === value)
    if (found < 0) return `no ${name}: ${value}`
    at = found + 1
  }
  const extra = (want.hasNot ?? []).find((name) => fields.some(([other]) => other === name))
  return extra === undefined ? undefined : `the field ${extra}`
}
