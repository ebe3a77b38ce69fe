import assert from 'node:assert/strict'
import test from 'node:test'

import { ManualClock } from '../core/clock.ts'
import type { NameResolver } from './bots-names.ts'
import { type BotFinding, BotWatch, type BotWatchOptions } from './bots.ts'

/** A small name system: what addresses are called, and where names lead. */
class Zone implements NameResolver {
  readonly asked: string[] = []
  readonly #pointers: Readonly<Record<string, readonly string[]>>
  readonly #addresses: Readonly<Record<string, readonly string[]>>
  /** Code of the failure of every answer, if any; `never` for no answer at all. */
  trouble = ''

  constructor(
    pointers: Readonly<Record<string, readonly string[]>>,
    addresses: Readonly<Record<string, readonly string[]>>,
  ) {
    this.#pointers = pointers
    this.#addresses = addresses
  }

  reverse(ip: string): Promise<readonly string[]> {
    return this.#answer(`PTR ${ip}`, this.#pointers[ip])
  }

  resolve4(name: string): Promise<readonly string[]> {
    return this.#answer(
      `A ${name}`,
      this.#addresses[name]?.filter((address) => !address.includes(':')),
    )
  }

  resolve6(name: string): Promise<readonly string[]> {
    return this.#answer(
      `AAAA ${name}`,
      this.#addresses[name]?.filter((address) => address.includes(':')),
    )
  }

  async #answer(question: string, found: readonly string[] | undefined): Promise<readonly string[]> {
    this.asked.push(question)
    if (this.trouble === 'never') return new Promise(() => {})
    const code = this.trouble || (found === undefined || found.length === 0 ? 'ENOTFOUND' : '')
    if (code !== '') throw Object.assign(new Error(`query ${code}`), { code })
    return found ?? []
  }
}

const GOOGLE = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const IMESSAGE =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0'

const zone = (): Zone =>
  new Zone(
    {
      '66.249.66.1': ['crawl-66-249-66-1.googlebot.com'],
      '66.249.66.2': ['Crawl-66-249-66-2.GoogleBot.com.'],
      '192.0.2.1': ['crawl-66-249-66-1.googlebot.com'],
      '192.0.2.2': ['googlebot.com.example.net'],
      '192.0.2.3': ['notgooglebot.com'],
      '192.0.2.4': ['4.2.0.192.bc.googleusercontent.com'],
      '192.0.2.5': ['other.example', 'crawl-5.googlebot.com'],
      '192.0.2.6': Array.from({ length: 500 }, (_, i) => `n${i}.googlebot.com`),
      '192.0.2.7': ['r-1.twttr.com'],
      '2001:db8::1': ['crawl-v6.googlebot.com'],
      '40.77.167.1': ['msnbot-40-77-167-1.search.msn.com'],
      '18.97.9.168': ['18-97-9-168.crawl.commoncrawl.org'],
    },
    {
      'crawl-66-249-66-1.googlebot.com': ['66.249.66.1'],
      'crawl-66-249-66-2.googlebot.com': ['192.0.2.99', '66.249.66.2'],
      'googlebot.com.example.net': ['192.0.2.2'],
      'notgooglebot.com': ['192.0.2.3'],
      '4.2.0.192.bc.googleusercontent.com': ['192.0.2.4'],
      'crawl-5.googlebot.com': ['192.0.2.5'],
      'n499.googlebot.com': ['192.0.2.6'],
      'r-1.twttr.com': ['192.0.2.7'],
      'crawl-v6.googlebot.com': ['2001:0DB8::0001', '66.249.66.1'],
      'msnbot-40-77-167-1.search.msn.com': ['40.77.167.1'],
      '18-97-9-168.crawl.commoncrawl.org': ['18.97.9.168'],
    },
  )

function watchOf(
  resolver: NameResolver,
  options: Partial<BotWatchOptions> = {},
): { watch: BotWatch; clock: ManualClock } {
  const clock = new ManualClock()
  return { watch: new BotWatch({ resolver, clock, ...options }), clock }
}

for (const { name, agent, ip, want, bot } of [
  {
    name: 'a search engine whose name leads back',
    agent: GOOGLE,
    ip: '66.249.66.1',
    want: 'good',
    bot: 'googlebot',
  },
  {
    name: 'the same as an IPv4-mapped address',
    agent: GOOGLE,
    ip: '::ffff:66.249.66.1',
    want: 'good',
    bot: 'googlebot',
  },
  {
    name: 'a name in capitals with the dot of the root',
    agent: GOOGLE,
    ip: '66.249.66.2',
    want: 'good',
    bot: 'googlebot',
  },
  {
    name: 'an IPv6 address whose name leads back in another spelling',
    agent: GOOGLE,
    ip: '2001:db8::1',
    want: 'good',
    bot: 'googlebot',
  },
  { name: 'a second name that leads back', agent: GOOGLE, ip: '192.0.2.5', want: 'good', bot: 'googlebot' },
  {
    name: 'an address named after a foreign one',
    agent: GOOGLE,
    ip: '192.0.2.1',
    want: 'fake',
    bot: 'googlebot',
  },
  {
    name: 'a name that starts like the domain',
    agent: GOOGLE,
    ip: '192.0.2.2',
    want: 'fake',
    bot: 'googlebot',
  },
  {
    name: 'a name that ends like the domain',
    agent: GOOGLE,
    ip: '192.0.2.3',
    want: 'fake',
    bot: 'googlebot',
  },
  {
    name: "a rented machine in the operator's cloud",
    agent: GOOGLE,
    ip: '192.0.2.4',
    want: 'fake',
    bot: 'googlebot',
  },
  {
    name: 'an address with five hundred names',
    agent: GOOGLE,
    ip: '192.0.2.6',
    want: 'fake',
    bot: 'googlebot',
  },
  { name: 'an address without a name', agent: GOOGLE, ip: '198.51.100.1', want: 'fake', bot: 'googlebot' },
  {
    name: "one operator's address with another's claim",
    agent: GOOGLE,
    ip: '40.77.167.1',
    want: 'fake',
    bot: 'googlebot',
  },
  {
    name: 'a bot that is not on its list, of an autonomous system that is not known',
    agent: 'meta-externalagent/1.1',
    ip: '203.0.113.99',
    want: 'fake',
    bot: 'meta-external',
  },
  {
    name: 'a collector of texts for language models, proved',
    agent: 'CCBot/2.0',
    ip: '18.97.9.168',
    want: 'ai',
    bot: 'ccbot',
  },
  { name: 'a false collector', agent: 'CCBot/2.0', ip: '198.51.100.1', want: 'fake', bot: 'ccbot' },
  {
    name: 'a collector that nobody can check',
    agent: 'Mozilla/5.0 (compatible; GPTBot/1.2)',
    ip: '198.51.100.1',
    want: 'ai',
    bot: 'gptbot',
  },
  {
    name: 'a preview whose domain is only observed, found',
    agent: 'Twitterbot/1.0',
    ip: '192.0.2.7',
    want: 'good',
    bot: 'twitterbot',
  },
  {
    name: 'the same, not found',
    agent: 'Twitterbot/1.0',
    ip: '198.51.100.1',
    want: 'unverified',
    bot: 'twitterbot',
  },
  {
    name: "a telephone's own preview, which names two bots",
    agent: IMESSAGE,
    ip: '198.51.100.1',
    want: 'unverified',
    bot: 'twitterbot',
  },
  {
    name: 'a bot by its autonomous system',
    agent: 'facebookexternalhit/1.1',
    ip: '203.0.113.32',
    want: 'good',
    bot: 'facebook',
  },
  {
    name: 'the same from another one',
    agent: 'facebookexternalhit/1.1',
    ip: '198.51.100.1',
    want: 'fake',
    bot: 'facebook',
  },
  {
    name: 'the same from one that is not known',
    agent: 'facebookexternalhit/1.1',
    ip: '203.0.113.99',
    want: 'unverified',
    bot: 'facebook',
  },
  {
    name: 'a bot on its published list',
    agent: 'DuckDuckBot/1.1',
    ip: '203.0.113.1',
    want: 'good',
    bot: 'duckduckbot',
  },
  {
    name: 'the same from elsewhere',
    agent: 'DuckDuckBot/1.1',
    ip: '203.0.113.2',
    want: 'fake',
    bot: 'duckduckbot',
  },
  {
    name: 'a bot whose list is not at hand',
    agent: 'Slackbot 1.0 (+https://api.slack.com/robots)',
    ip: '203.0.113.2',
    want: 'unverified',
    bot: 'slackbot',
  },
  {
    name: 'a known bot from what is no address',
    agent: GOOGLE,
    ip: 'unix',
    want: 'unverified',
    bot: 'googlebot',
  },
  { name: 'a browser', agent: CHROME, ip: '66.249.66.1', want: 'person', bot: undefined },
  {
    name: 'a library',
    agent: 'python-requests/2.32.3',
    ip: '198.51.100.1',
    want: 'declared',
    bot: undefined,
  },
  { name: 'no User-Agent', agent: undefined, ip: '198.51.100.1', want: 'declared', bot: undefined },
  {
    name: 'an attack tool',
    agent: 'sqlmap/1.8.4#stable (https://sqlmap.org)',
    ip: '198.51.100.1',
    want: 'scanner',
    bot: undefined,
  },
  {
    name: 'an attack tool that names a search engine too',
    agent: `${GOOGLE} Nikto/2.5`,
    ip: '66.249.66.1',
    want: 'scanner',
    bot: undefined,
  },
]) {
  test(`bots: ${name} is ${want}`, async () => {
    const { watch } = watchOf(zone(), {
      asn: (ip) => (ip === '203.0.113.99' ? undefined : ip === '203.0.113.32' ? 32_934 : 64_496),
      isPublished: (bot, ip) =>
        bot === 'duckduckbot' || bot === 'meta-external' ? ip === '203.0.113.1' : undefined,
    })
    const finding = await watch.classify(agent, ip)
    assert.equal(finding.class, want, finding.detail)
    assert.equal(finding.bot, bot)
    const proved = want === 'good' || bot === 'ccbot'
    assert.equal(finding.verified, want === 'fake' ? 'no' : proved ? 'yes' : 'unknown')
  })
}

test('bots: the answer is kept for the address whatever it claims, until its time is over', async () => {
  const names = zone()
  const { watch, clock } = watchOf(names, { keptSeconds: 100 })
  assert.ok(watch.classify(GOOGLE, '66.249.66.1') instanceof Promise)
  await watch.classify(GOOGLE, '66.249.66.1')
  const asked = ['PTR 66.249.66.1', 'A crawl-66-249-66-1.googlebot.com']
  assert.deepEqual(names.asked, asked)
  clock.advance(99_999)
  assert.equal((watch.classify(GOOGLE, '66.249.66.1') as BotFinding).class, 'good')
  assert.equal((watch.classify('bingbot/2.0', '66.249.66.1') as BotFinding).class, 'fake')
  assert.deepEqual(names.asked, asked)
  clock.advance(1)
  await watch.classify(GOOGLE, '66.249.66.1')
  assert.equal(names.asked.length, 4)
})

test('bots: names outside of all known domains cost no further look-up', async () => {
  const names = zone()
  await watchOf(names).watch.classify(GOOGLE, '192.0.2.2')
  assert.deepEqual(names.asked, ['PTR 192.0.2.2'])
})

test('bots: of five hundred names four are looked up', async () => {
  const names = zone()
  await watchOf(names).watch.classify(GOOGLE, '192.0.2.6')
  assert.equal(names.asked.length, 5)
})

for (const trouble of ['ESERVFAIL', 'ETIMEOUT', 'EREFUSED']) {
  test(`bots: after ${trouble} a claim is unverified, and is checked again soon`, async () => {
    const names = zone()
    const { watch, clock } = watchOf(names, { failureKeptSeconds: 10 })
    names.trouble = trouble
    const finding = await watch.classify(GOOGLE, '192.0.2.1')
    assert.equal(finding.class, 'unverified')
    assert.match(finding.detail, new RegExp(trouble))
    names.trouble = ''
    assert.equal((watch.classify(GOOGLE, '192.0.2.1') as BotFinding).class, 'unverified')
    clock.advance(10_000)
    assert.equal((await watch.classify(GOOGLE, '192.0.2.1')).class, 'fake')
  })
}

test('bots: a silent name server delays the first request by the timeout and the next ones not at all', async () => {
  const names = zone()
  names.trouble = 'never'
  const { watch } = watchOf(names, { timeoutMs: 30 })
  const alive = setTimeout(() => {}, 5000)
  const before = performance.now()
  const first = await watch.classify(GOOGLE, '66.249.66.1')
  const between = performance.now()
  const second = await watch.classify(GOOGLE, '66.249.66.1')
  clearTimeout(alive)
  assert.ok(between - before >= 25 && between - before < 1000, `${between - before} ms`)
  assert.ok(performance.now() - between < 20)
  assert.deepEqual([first.class, second.class], ['unverified', 'unverified'])
  assert.equal(names.asked.length, 1)
})

test('bots: two requests at once share one look-up', async () => {
  const names = zone()
  const { watch } = watchOf(names)
  await Promise.all([watch.classify(GOOGLE, '66.249.66.1'), watch.classify(GOOGLE, '66.249.66.1')])
  assert.equal(names.asked.length, 2)
})

test('bots: beyond the most look-ups at once a claim stays unverified without waiting', async () => {
  const names = zone()
  names.trouble = 'never'
  const { watch } = watchOf(names, { maxLookUps: 2, timeoutMs: 5 })
  const open = [watch.classify(GOOGLE, '192.0.2.1'), watch.classify(GOOGLE, '192.0.2.2')]
  const third = watch.classify(GOOGLE, '66.249.66.1') as BotFinding
  assert.equal(third.class, 'unverified')
  assert.match(third.detail, /too many look-ups/)
  const alive = setTimeout(() => {}, 5000)
  for (const answer of open) await answer
  clearTimeout(alive)
})

test('bots: of too many addresses the one not asked for longest is forgotten', async () => {
  const names = zone()
  const { watch } = watchOf(names, { maxAddresses: 2 })
  for (const ip of ['66.249.66.1', '192.0.2.1', '66.249.66.1', '192.0.2.2']) await watch.classify(GOOGLE, ip)
  assert.equal((watch.classify(GOOGLE, '66.249.66.1') as BotFinding).class, 'good')
  assert.ok(watch.classify(GOOGLE, '192.0.2.1') instanceof Promise)
})

test('bots: a resolver that misbehaves leaves a claim unverified', async () => {
  const broken: NameResolver = {
    reverse: () => {
      throw new TypeError('broken')
    },
    resolve4: async () => [],
    resolve6: async () => [],
  }
  assert.equal((await watchOf(broken).watch.classify(GOOGLE, '66.249.66.1')).class, 'unverified')
  const odd = { ...broken, reverse: async () => 7 as unknown as string[] }
  assert.equal((await watchOf(odd).watch.classify(GOOGLE, '66.249.66.1')).class, 'unverified')
})
