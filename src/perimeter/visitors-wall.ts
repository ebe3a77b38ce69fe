import type { Clock, RandomBytes } from '../core/clock.ts'
import { type Exchange, wantsHtml } from '../core/exchange.ts'
import type { Reply } from '../core/reply.ts'
import { isPrivate } from '../core/special-networks.ts'
import { answer, pass, refuse, type Verdict } from '../core/verdict.ts'
import type { ListSchedule } from './address-list-schedule.ts'
import { type BotFinding, botPolicy, type BotWatch } from './bots.ts'
import {
  answerChallenge,
  type ChallengeParts,
  challengeReply,
  readChallengeAnswer,
  readPasses,
} from './challenge-page.ts'
import type { PerimeterConfig } from './config.ts'
import { DelayedGate, type ChallengeDesk, verifyPass } from './proof-of-work.ts'

/** What tells one visitor from another, beside the rules. It outlives a request, and some of it a configuration. */
export interface Visitors {
  readonly lists: ListSchedule | undefined
  readonly bots: BotWatch | undefined
  readonly challenge: ChallengeParts | undefined
}

/** A challenge of this process: what was waited for is redeemed here. */
export function openChallenge(desk: ChallengeDesk, random: RandomBytes): ChallengeParts {
  return { desk, gate: new DelayedGate(), random }
}

/** The judge of what a client says it is. */
export interface VisitorJudge {
  /** At once for all but claims that need a look-up in the name system. */
  readonly judge: (exchange: Exchange) => Verdict | Promise<Verdict>
  /** Whether this client has a pass of a challenge. */
  readonly hasPass: (exchange: Exchange) => boolean
  /** A challenge in place of a refusal, where one is to be had; undefined where not. */
  readonly challenge: (exchange: Exchange, status: 403 | 429) => Verdict | undefined
}

/** Compiles the judge of a configuration. */
export function visitorJudge(
  { bots: config, fingerprints }: PerimeterConfig,
  { bots, challenge }: Visitors,
  clock: Clock,
): VisitorJudge {
  const denied = new Set(fingerprints.deny)
  const policy = { classes: config.classes, bots: new Map(Object.entries(config.named)) }

  const hasPass = ({ headers, client }: Exchange): boolean =>
    challenge !== undefined &&
    readPasses(headers.all('cookie'), client.scheme === 'https').some(
      (token) => verifyPass(challenge.desk, client.ip, token, clock.now()).ok,
    )
  const challengeOf = (exchange: Exchange, status: 403 | 429): Verdict | undefined => {
    const isForPeople = exchange.method === 'GET' && wantsHtml(exchange) && exchange.target.ok
    if (!challenge || !isForPeople || !exchange.target.ok) return undefined
    const to = exchange.target.path + exchange.target.rawQuery
    exchange.trace.note('challenged')
    return answer(challengeReply(challenge, exchange.client.ip, to, status, clock.now()))
  }
  const judgeBot = (exchange: Exchange, finding: BotFinding): Verdict => {
    const { action, detail } = botPolicy(finding, policy)
    if (finding.class !== 'person') exchange.trace.note(`${finding.class}: ${detail}`)
    if (action === 'allow') return pass
    if (action === 'challenge' && hasPass(exchange)) return pass
    const instead = action === 'challenge' ? challengeOf(exchange, 403) : undefined
    return instead ?? refuse('perimeter.bot-refused', `${finding.class}: ${detail}`)
  }
  return {
    hasPass,
    challenge: challengeOf,
    judge(exchange) {
      const fingerprint = exchange.connection.tls?.ja4
      if (fingerprint !== undefined) {
        if (denied.has(fingerprint)) return refuse('perimeter.bot-refused', `JA4 ${fingerprint} is denied`)
        exchange.trace.note(`JA4 ${fingerprint}`)
      }
      if (!bots) return pass
      const { ip } = exchange.client
      // Names of private addresses prove nothing: there a proxy may stand that nobody named.
      const agent = exchange.headers.get('user-agent')
      const finding = bots.classify(agent, isPrivate(ip) ? '' : ip)
      return finding instanceof Promise
        ? finding.then((later) => judgeBot(exchange, later))
        : judgeBot(exchange, finding)
    },
  }
}

/** The page to which answers of a challenge go. */
export async function serveChallenge(
  challenge: ChallengeParts,
  exchange: Exchange,
  nowMs: number,
): Promise<Reply> {
  const { client, target, method, body } = exchange
  const raw =
    method === 'POST'
      ? Buffer.from((await body.tap(MAX_ANSWER_BYTES)).bytes).toString('latin1')
      : target.ok
        ? target.rawQuery
        : ''
  const read = readChallengeAnswer(raw)
  const who = { ip: client.ip, isHttps: client.scheme === 'https' }
  return read
    ? answerChallenge(challenge, who, read, nowMs)
    : challengeReply(challenge, client.ip, '/', 403, nowMs)
}

const MAX_ANSWER_BYTES = 8192
