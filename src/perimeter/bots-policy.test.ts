import assert from 'node:assert/strict'
import test from 'node:test'

import { type BotAction, type BotClass, type BotFinding, botPolicy, DEFAULT_BOT_ACTIONS } from './bots.ts'

const finding = (
  botClass: BotClass,
  verified: BotFinding['verified'] = 'unknown',
  bot?: string,
): BotFinding => ({
  class: botClass,
  verified,
  detail: 'x',
  ...(bot === undefined ? {} : { bot }),
})

for (const { name, found, bots, want } of [
  { name: 'a person comes in', found: finding('person'), bots: {}, want: 'allow' },
  { name: 'an impostor does not', found: finding('fake', 'no', 'googlebot'), bots: {}, want: 'refuse' },
  { name: 'an attack tool does not', found: finding('scanner'), bots: {}, want: 'refuse' },
  { name: 'a class has its action', found: finding('ai', 'unknown', 'gptbot'), bots: {}, want: 'challenge' },
  {
    name: 'a bot refused by name is',
    found: finding('good', 'yes', 'bingbot'),
    bots: { bingbot: 'refuse' },
    want: 'refuse',
  },
  {
    name: 'a bot refused by name is, also unproved',
    found: finding('unverified', 'unknown', 'bingbot'),
    bots: { bingbot: 'refuse' },
    want: 'refuse',
  },
  {
    name: 'a proved bot allowed by name is',
    found: finding('ai', 'yes', 'ccbot'),
    bots: { ccbot: 'allow' },
    want: 'allow',
  },
  {
    name: 'an unproved bot allowed by name is unverified',
    found: finding('ai', 'unknown', 'gptbot'),
    bots: { gptbot: 'allow' },
    want: 'refuse',
  },
  {
    name: 'an impostor has no name',
    found: finding('fake', 'no', 'ccbot'),
    bots: { ccbot: 'allow' },
    want: 'refuse',
  },
] as const) {
  test(`bot policy: ${name}`, () => {
    const classes = { ...DEFAULT_BOT_ACTIONS, ai: 'challenge', unverified: 'refuse' } as const
    const names = new Map<string, BotAction>(Object.entries(bots))
    assert.deepEqual(botPolicy(found, { classes, bots: names }), { action: want, detail: 'x' })
  })
}
