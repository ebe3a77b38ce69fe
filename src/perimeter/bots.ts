import { type AgentClaim, readAgent } from './bots-agent.ts'
import { type BotPurpose, type KnownBot, KNOWN_BOTS } from './bots-known.ts'
import { type NameAnswer, type NameLookUpOptions, NameLookUps } from './bots-names.ts'

/**
 * What a client is: `good` (a known bot, proved), `ai` (one that works for a language model, not disproved), `unverified` (claims to
 * be a known bot, neither proved nor disproved), `fake` (claims so and is not), `declared` (says it is a program), `scanner` (an
 * attack tool that says so), `person` (anything else, which also is every bot that lies well).
 */
export type BotClass = 'good' | 'ai' | 'unverified' | 'fake' | 'declared' | 'scanner' | 'person'

/** What to do with a client. */
export type BotAction = 'allow' | 'refuse' | 'challenge'

/** What was found of one client. */
export interface BotFinding {
  readonly class: BotClass
  /** Name of the known bot that it is or claims to be. */
  readonly bot?: string
  readonly purpose?: BotPurpose
  readonly verified: 'yes' | 'no' | 'unknown'
  /** For the trace. Never holds the User-Agent itself. */
  readonly detail: string
}

/** Which action is for whom. */
export interface BotPolicyConfig {
  readonly classes: Readonly<Record<BotClass, BotAction>>
  /** By the name of a known bot; goes before its class. */
  readonly bots?: ReadonlyMap<string, BotAction>
}

/** Lets everything in but impostors and attack tools. */
export const DEFAULT_BOT_ACTIONS: Readonly<Record<BotClass, BotAction>> = {
  good: 'allow',
  ai: 'allow',
  unverified: 'allow',
  fake: 'refuse',
  declared: 'allow',
  scanner: 'refuse',
  person: 'allow',
}

/** What bots are told by, besides their word. */
export interface BotWatchOptions extends Omit<NameLookUpOptions, 'isRelevant'> {
  /** Whether the operator of a bot publishes this address as the bot's; undefined where no such list is at hand. */
  readonly isPublished?: (bot: string, ip: string) => boolean | undefined
  /** Autonomous system of an address. */
  readonly asn?: (ip: string) => number | undefined
}

const DOMAINS = [...new Set(KNOWN_BOTS.flatMap((bot) => bot.domains))]

/** Tells bots by User-Agent and address; claims are checked in the name system and cost a wait only the first time. */
export class BotWatch {
  readonly #options: BotWatchOptions
  readonly #names: NameLookUps

  constructor(options: BotWatchOptions) {
    this.#options = options
    this.#names = new NameLookUps({
      ...options,
      isRelevant: (name) => DOMAINS.some((domain) => isBelow(name, domain)),
    })
  }

  /** At once for all but claims that need a look-up; those after the timeout at the latest. Never throws or rejects. */
  classify(userAgent: string | undefined, ip: string): BotFinding | Promise<BotFinding> {
    const claim = readAgent(userAgent)
    if (claim.kind !== 'known') return unnamed(claim)
    const needsNames = claim.bots.some((bot) => bot.domains.length > 0 && !this.#isProvedByAddress(bot, ip))
    if (!needsNames) return this.#judge(claim.bots, ip, undefined)
    const answer = this.#names.find(ip)
    return answer instanceof Promise
      ? answer.then((later) => this.#judge(claim.bots, ip, later))
      : this.#judge(claim.bots, ip, answer)
  }

  /** One proof is enough; without, one open question is enough not to call it a lie. */
  #judge(bots: readonly KnownBot[], ip: string, names: NameAnswer | undefined): BotFinding {
    let open: { readonly bot: KnownBot; readonly why: string } | undefined
    for (const bot of bots) {
      const proof = this.#prove(bot, ip, names)
      if (proof.verified === 'yes') return named(bot, 'yes', proof.why)
      if (proof.verified === 'unknown') open ??= { bot, why: proof.why }
    }
    return open
      ? named(open.bot, 'unknown', open.why)
      : named(bots[0] as KnownBot, 'no', 'its address is not one of that bot')
  }

  #prove(
    bot: KnownBot,
    ip: string,
    names: NameAnswer | undefined,
  ): Pick<BotFinding, 'verified'> & { why: string } {
    if (this.#isProvedByAddress(bot, ip)) return { verified: 'yes', why: 'by its published addresses' }
    const isListed = this.#options.isPublished?.(bot.name, ip)
    let disproved = isListed === false
    let open: string | undefined
    if (bot.asns.length > 0) {
      if (this.#options.asn?.(ip) !== undefined) disproved = true
      else if (isListed === undefined) open = 'the autonomous system of its address is not known'
    }
    if (bot.domains.length > 0 && names) {
      if (names.kind === 'unknown') open = names.why
      else {
        const name = names.names.find((name) => bot.domains.some((domain) => isBelow(name, domain)))
        if (name !== undefined) return { verified: 'yes', why: `by its name ${name}` }
        disproved ||= bot.proof === 'published'
      }
    }
    if (open !== undefined) return { verified: 'unknown', why: open }
    return disproved
      ? { verified: 'no', why: '' }
      : { verified: 'unknown', why: 'nothing at hand proves or disproves it' }
  }

  #isProvedByAddress(bot: KnownBot, ip: string): boolean {
    if (this.#options.isPublished?.(bot.name, ip) === true) return true
    const asn = bot.asns.length > 0 ? this.#options.asn?.(ip) : undefined
    return asn !== undefined && bot.asns.includes(asn)
  }
}

/**
 * What to do with a client. A bot's own entry goes before its class, but an `allow` by name wants proof: without, the action
 * for `unverified` holds. Impostors and attack tools have no name.
 */
export function botPolicy(
  finding: BotFinding,
  config: BotPolicyConfig,
): { readonly action: BotAction; readonly detail: string } {
  const isNamed = finding.bot !== undefined && finding.class !== 'fake'
  const byName = isNamed ? config.bots?.get(finding.bot) : undefined
  if (byName !== undefined && (byName !== 'allow' || finding.verified === 'yes'))
    return { action: byName, detail: finding.detail }
  const of = byName === undefined ? finding.class : 'unverified'
  return { action: config.classes[of], detail: finding.detail }
}

function named(bot: KnownBot, verified: BotFinding['verified'], why: string): BotFinding {
  const known = { bot: bot.name, purpose: bot.purpose, verified }
  if (verified === 'no') return { ...known, class: 'fake', detail: `claims to be ${bot.name}, but ${why}` }
  const what = bot.purpose === 'ai' ? 'ai' : verified === 'yes' ? 'good' : 'unverified'
  const detail = verified === 'yes' ? `is ${bot.name} ${why}` : `claims to be ${bot.name}; ${why}`
  return { ...known, class: what, detail }
}

function unnamed(claim: Exclude<AgentClaim, { kind: 'known' }>): BotFinding {
  const verified = 'unknown'
  if (claim.kind === 'scanner')
    return { class: 'scanner', verified, detail: `says it is the attack tool ${claim.word}` }
  if (claim.kind === 'declared') return { class: 'declared', verified, detail: `a program: ${claim.why}` }
  return { class: 'person', verified, detail: 'nothing says that it is a program' }
}

function isBelow(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}
