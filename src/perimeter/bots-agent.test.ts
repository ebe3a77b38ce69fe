import assert from 'node:assert/strict'
import test from 'node:test'

import { readAgent } from './bots-agent.ts'
import { KNOWN_BOTS } from './bots-known.ts'

for (const { agent, want } of [
  { agent: 'curl/8.7.1', want: 'says curl' },
  { agent: 'Go-http-client/2.0', want: 'says go-http-client' },
  {
    agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0 Safari/537.36',
    want: 'says headlesschrome',
  },
  { agent: 'Mozilla/5.0 (compatible; AcmeBot/1.0)', want: 'says acmebot' },
  { agent: 'Mozilla/5.0 (compatible; Acme_Spider/1.0)', want: 'says acme_spider' },
  { agent: 'Mozilla/5.0 (compatible; Acme; +https://acme.example/googlebot)', want: 'names a web page' },
  { agent: 'Mozilla/5.0 (compatible; theoldreader.com)', want: 'says compatible and no browser' },
  { agent: 'newspaper/0.2.8', want: 'is not what a browser says' },
  { agent: `Mozilla/5.0 ${'a'.repeat(90)}bot`, want: `says ${'a'.repeat(40)}` },
  { agent: ' ', want: 'no User-Agent' },
]) {
  test(`bots: \`${agent.slice(0, 60)}\` declares itself`, () => {
    assert.deepEqual(readAgent(agent), { kind: 'declared', why: want })
  })
}

for (const agent of [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 YaBrowser/24.4 YandexSearch/24.60',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]',
  'Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Slack_SSB/4.39 Chrome/126.0 Electron/31.0 Safari/537.36',
  'Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18',
  'Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP2A.240605.024)',
  'MyBank/7.2 CFNetwork/1496.0.7 Darwin/23.5.0',
]) {
  test(`bots: \`${agent.slice(0, 30)}...${agent.slice(-40)}\` is a person`, () => {
    assert.deepEqual(readAgent(agent), { kind: 'person' })
  })
}

test('bots: what stands behind the first 1,024 characters is not read', () => {
  const padded = (length: number): string => `Mozilla/5.0 ${'x'.repeat(length)} sqlmap`
  assert.equal(readAgent(padded(1005)).kind, 'scanner')
  assert.equal(readAgent(padded(1006)).kind, 'person')
})

test('bots: the table names every bot and word once, with a page of its operator', () => {
  const tokens = KNOWN_BOTS.flatMap((bot) => bot.tokens)
  assert.ok(KNOWN_BOTS.length >= 60)
  assert.equal(new Set(tokens).size, tokens.length)
  assert.equal(new Set(KNOWN_BOTS.map((bot) => bot.name)).size, KNOWN_BOTS.length)
  for (const bot of KNOWN_BOTS) {
    assert.match(bot.documentation, /^https:\/\/[a-z0-9.-]+\//, bot.name)
    assert.ok(
      bot.asns.every((asn) => asn > 0),
      bot.name,
    )
    for (const domain of bot.domains) assert.match(domain, /^[a-z0-9-]+(\.[a-z0-9-]+)+$/, bot.name)
    for (const token of bot.tokens) {
      const claim = readAgent(`Mozilla/5.0 (compatible; ${token.toUpperCase()}/1.0)`)
      assert.ok(claim.kind === 'known' && claim.bots[0] === bot, token)
    }
  }
})
