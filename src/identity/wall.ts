import { readCookie } from '../core/cookies.ts'
import { type Exchange, type Machine, type Subject, wantsHtml } from '../core/exchange.ts'
import { redirectReply } from '../core/reply.ts'
import { answer, pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import { isEnough, proofOf, stepUpChallenge } from './assurance.ts'
import type { IdentityRouteConfig } from './config.ts'
import { sessionCookie } from './cookie.ts'
import { PAGES } from './html.ts'
import type { Identity } from './identity.ts'

/** Pages that somebody may still use who must change his password first. */
const ALLOWED_BEFORE_CHANGE = new Set<string>([
  PAGES.password,
  PAGES.signOut,
  PAGES.signIn,
  PAGES.style,
  PAGES.jwks,
])

/** Pages that somebody may still use who must set up a second factor first. */
const ALLOWED_BEFORE_ENROLMENT = new Set<string>([
  ...ALLOWED_BEFORE_CHANGE,
  PAGES.secondFactor,
  PAGES.passkey,
  PAGES.passkeyOptions,
  PAGES.factors,
  PAGES.stepUp,
  PAGES.qrPng,
  PAGES.qrSvg,
  PAGES.script,
])

/** Layer 4, first half: who is it? The application is told by signed assertion and by plain fields. */
export function identityWall(
  identity: Identity,
  route: IdentityRouteConfig & { readonly name: string },
  audience: string,
): Wall {
  const { level, max_age: maxAgeMs } = route.authentication ?? {}
  const wanted = route.authentication && { level, maxAgeMs }
  const mode = wanted ? 'required' : (route.sign_in ?? 'optional')
  const anonymous = (exchange: Exchange, why: string): Verdict => {
    if (mode !== 'required') return pass
    return mayRedirect(exchange)
      ? answer(redirectReply(303, `${PAGES.signIn}?to=${encodeURIComponent(returnPath(exchange))}`))
      : refuse('identity.sign-in-required', why, ['WWW-Authenticate', 'Cookie'])
  }
  const introduce = async (exchange: Exchange, subject: Subject): Promise<Verdict> => {
    exchange.upstreamHeaders.push(
      'Ringwall-Subject',
      subject.id,
      'Ringwall-Roles',
      subject.roles.join(','),
      'Ringwall-Assertion',
      await identity.assertions.sign(subject, audience),
    )
    return pass
  }
  const admitMachine = async (exchange: Exchange, machine: Machine): Promise<Verdict> => {
    const { subject, owner, isStillGood } = machine
    if (!(await identity.mayOwnerAct(owner)))
      return refuse('gateway.api-key-invalid', `the owner of the key, ${owner}, may not act`)
    exchange.subject = subject
    exchange.isStillSignedIn = async () => (await isStillGood()) && (await identity.mayOwnerAct(owner))
    exchange.trace.note(`subject ${subject.id}`)
    if (!wanted) return introduce(exchange, subject)
    return refuse('identity.step-up-required', 'a key of a machine proves nobody', [
      'WWW-Authenticate',
      stepUpChallenge(wanted),
    ])
  }
  return {
    layer: 4,
    name: 'identity',
    async head(exchange) {
      // A machine that the gateway let in by its key is who asks; a session beside it counts for nothing.
      if (exchange.machine) return admitMachine(exchange, exchange.machine)
      if (mode === 'off') return pass
      const { same_site: sameSite } = identity.config.session
      const cookie = sessionCookie(identity.realm, exchange.client.scheme === 'https', sameSite)
      const token = readCookie(exchange.headers.all('cookie'), cookie.name)
      if (token === undefined) return anonymous(exchange, 'no session')
      const check = await identity.subjectOf(token)
      if (!check.ok) {
        exchange.trace.note(`session ${check.reason}`)
        exchange.replyHeaders.push('Set-Cookie', cookie.clear())
        return anonymous(exchange, `session ${check.reason}`)
      }
      const { subject } = check
      exchange.subject = subject
      exchange.isStillSignedIn = async () => (await identity.subjectOf(token)).ok
      exchange.trace.note(`subject ${subject.id}`)
      if (
        subject.mustChangePassword &&
        exchange.target.ok &&
        !ALLOWED_BEFORE_CHANGE.has(exchange.target.path)
      ) {
        return mayRedirect(exchange)
          ? answer(redirectReply(303, PAGES.password))
          : refuse('identity.sign-in-required', 'the password must be changed first', [
              'WWW-Authenticate',
              'Cookie',
            ])
      }
      if (
        subject.mustEnrolFactor === true &&
        exchange.target.ok &&
        !ALLOWED_BEFORE_ENROLMENT.has(exchange.target.path)
      ) {
        return mayRedirect(exchange)
          ? answer(redirectReply(303, PAGES.factors))
          : refuse('identity.factor-required', 'the account needs a second factor and has none')
      }
      if (wanted && !isEnough(proofOf(check.session), wanted, exchange.startedMs)) {
        return mayRedirect(exchange)
          ? answer(redirectReply(303, `${PAGES.stepUp}?to=${encodeURIComponent(returnPath(exchange))}`))
          : refuse('identity.step-up-required', 'the authentication is too weak or too old', [
              'WWW-Authenticate',
              stepUpChallenge(wanted),
            ])
      }
      return introduce(exchange, subject)
    },
  }
}

function mayRedirect(exchange: Exchange): boolean {
  return (exchange.method === 'GET' || exchange.method === 'HEAD') && wantsHtml(exchange)
}

function returnPath(exchange: Exchange): string {
  return exchange.target.ok ? exchange.target.path + exchange.target.rawQuery : '/'
}
