import type { Redis } from 'ioredis'

/** What is asked for one key: a report of what was used, a need of now, and a lease for what comes. */
export interface LeaseQuestion {
  readonly key: string
  readonly limit: number
  readonly periodMs: number
  /** Taken since the last report; below zero where more was given than was used. */
  readonly used: number
  /** Wanted now, by requests that wait; given in full or as much as there is. */
  readonly need: number
  /** Still held of the last lease and maybe used before the answer is here: stays held. */
  readonly hold: number
  /** To hold afterwards; at least `hold`, or 0 to give everything back. */
  readonly want: number
  /** How far ahead of now the arrival time was known to be; for a server that lost its memory. */
  readonly aheadMs: number
}

/** What was given for one key. */
export interface LeaseAnswer {
  readonly given: number
  readonly lease: number
  /** How far the theoretical arrival time is ahead of the server's clock. */
  readonly aheadMs: number
  /** Tokens that other gateways hold and have not reported as used. */
  readonly others: number
}

/*
 * One hash for each key: `t` is the theoretical arrival time of GCRA, the other fields are what each gateway holds, `tokens:end`.
 * INVARIANT: max(t, now) + interval * (all tokens held) <= now + period, after every grant. What is held is not refilled, so
 * however long a lease is kept before it is used, no window of time sees more than GCRA itself would allow.
 * A lease whose end has passed belongs to a gateway that is gone, and counts as used.
 */
const SCRIPT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local me, lease_ms = ARGV[1], tonumber(ARGV[2])
local out = {}
for i, key in ipairs(KEYS) do
  local a = 3 + (i - 1) * 7
  local limit, period = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
  local used, need = tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local hold, want, ahead = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6])
  local interval = period / limit
  local fields = redis.call('HGETALL', key)
  local tat, others, gone, last = now + ahead, 0, 0, now
  for j = 1, #fields, 2 do
    local name, value = fields[j], fields[j + 1]
    if name == 't' then
      tat = math.max(tat, tonumber(value))
    elseif name ~= me then
      local at = string.find(value, ':', 1, true)
      local tokens, ends = tonumber(string.sub(value, 1, at - 1)), tonumber(string.sub(value, at + 1))
      if ends <= now then
        gone = gone + tokens
        redis.call('HDEL', key, name)
      else
        others = others + tokens
        last = math.max(last, ends)
      end
    end
  end
  tat = math.max(now, math.min(now + period, math.max(tat, now) + (gone + used) * interval))
  local free = math.max(0, math.floor((now + period - tat) / interval + 0.000000001) - others)
  local given = math.min(need, math.max(0, free - hold))
  tat = tat + given * interval
  free = free - given
  local lease = 0
  if want > 0 then lease = math.min(want, free, math.max(hold, math.floor(free / 4))) end
  if lease > 0 then
    redis.call('HSET', key, me, string.format('%d:%.0f', lease, now + lease_ms))
    last = math.max(last, now + lease_ms)
  elseif #fields > 0 then
    redis.call('HDEL', key, me)
  end
  redis.call('HSET', key, 't', string.format('%.4f', tat))
  redis.call('PEXPIRE', key, math.ceil(math.max(tat, last) - now) + 1000)
  table.insert(out, given)
  table.insert(out, lease)
  table.insert(out, string.format('%.4f', tat - now))
  table.insert(out, others)
end
return out
`

type Run = (keys: number, ...rest: (string | number)[]) => Promise<(number | string)[]>

/** Makes the one script known to a connection, and gives a function that runs it for several keys at once. */
export function leaseScript(
  redis: Redis,
  prefix: string,
): (gateway: string, leaseMs: number, questions: readonly LeaseQuestion[]) => Promise<LeaseAnswer[]> {
  redis.defineCommand('ringwallLease', { lua: SCRIPT })
  const run = redis as Redis & { ringwallLease: Run }
  return async (gateway, leaseMs, questions) => {
    const said = await run.ringwallLease(
      questions.length,
      ...questions.map(({ key }) => `${prefix}limit:${key}`),
      gateway,
      leaseMs,
      ...questions.flatMap((one) => [
        one.limit,
        one.periodMs,
        one.used,
        one.need,
        one.hold,
        one.want,
        one.aheadMs,
      ]),
    )
    return questions.map((_question, i) => ({
      given: Number(said[i * 4]),
      lease: Number(said[i * 4 + 1]),
      aheadMs: Number(said[i * 4 + 2]),
      others: Number(said[i * 4 + 3]),
    }))
  }
}
