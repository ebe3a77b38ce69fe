import { hash } from 'node:crypto'

import type { RandomBytes } from '../core/clock.ts'
import { type Reply, redirectReply, textReply } from '../core/reply.ts'
import { CHALLENGE_SCRIPT } from './challenge-script.ts'
import {
  type AnswerVerdict,
  type Challenge,
  type ChallengeDesk,
  type DelayedGate,
  issueChallenge,
  issuePass,
  type PassKind,
  verifyDelayed,
  verifySolution,
} from './proof-of-work.ts'

/** Where answers go: by POST when computed, by GET or POST when waited for. */
export const CHALLENGE_PATH = '/.well-known/ringwall/challenge'

/** What came to that path, unjudged. */
export interface ChallengeAnswer {
  readonly rawToken: string
  /** Empty when the client waited instead. */
  readonly rawNonce: string
  /** Where it wanted to go. */
  readonly rawTo: string
}

/** Who asks. */
export interface ChallengedClient {
  readonly ip: string
  readonly isHttps: boolean
}

/** The parts that a challenge needs. */
export interface ChallengeParts {
  readonly desk: ChallengeDesk
  readonly gate: DelayedGate
  readonly random: RandomBytes
}

const MAX_FORM_CHARS = 4096
const MAX_PATH_CHARS = 2048
/** A browser whose script did not get through by then goes on by waiting. */
const RESCUE_SECONDS = 30
const MAX_PASSES_READ = 4

/** The page instead of what was asked for: `status` is 429 for a flood and 403 for a client that looks odd. */
export function challengeReply(
  parts: ChallengeParts,
  ip: string,
  rawTo: string,
  status: 403 | 429,
  nowMs: number,
): Reply {
  const { desk, random } = parts
  const challenge = issueChallenge(desk, ip, nowMs, random)
  return pageReply(status, challengePage(challenge, samePath(rawTo), waitSeconds(desk.rules.delayMs)))
}

/** Judges an answer. A good one earns a pass in a cookie and the way back; any other gets a new page. */
export function answerChallenge(
  parts: ChallengeParts,
  client: ChallengedClient,
  answer: ChallengeAnswer,
  nowMs: number,
): Reply {
  const { desk, gate } = parts
  const { ip, isHttps } = client
  const { rawToken: token, rawNonce: nonce } = answer
  const earned = (kind: PassKind): Reply => {
    const lifeMs = kind === 'computed' ? desk.rules.passMs : desk.rules.delayedPassMs
    const pass = issuePass(desk, ip, kind, nowMs)
    return redirectReply(303, samePath(answer.rawTo), [
      'Set-Cookie',
      passCookie(pass, Math.floor(lifeMs / 1000), isHttps),
    ])
  }
  if (nonce !== '') {
    const verdict = verifySolution(desk, ip, { token, nonce }, nowMs)
    return verdict.ok ? earned('computed') : challengeReply(parts, ip, answer.rawTo, 403, nowMs)
  }
  const verdict: AnswerVerdict = verifyDelayed(desk, ip, token, nowMs)
  if (verdict.ok) {
    const redeemed = gate.redeem(ip, verdict, nowMs)
    if (redeemed === 'redeemed') return earned('waited')
    if (redeemed === 'too-many') {
      const retry = String(Math.ceil(desk.rules.challengeMs / 1000))
      return pageReply(429, CROWDED_PAGE, ['Retry-After', retry])
    }
  }
  return challengeReply(parts, ip, answer.rawTo, 403, nowMs)
}

/** Reads a form or a query. Undefined when it is too long or not one of ours; the first of a repeated field counts. */
export function readChallengeAnswer(rawForm: string): ChallengeAnswer | undefined {
  if (rawForm.length > MAX_FORM_CHARS) return undefined
  const fields = new URLSearchParams(rawForm)
  const rawToken = fields.get('token')
  if (rawToken === null) return undefined
  return { rawToken, rawNonce: fields.get('nonce') ?? '', rawTo: fields.get('to') ?? '/' }
}

/**
 * A path of this site as it came, or the front page. It is not normalized: `/.//other.example` leads to this site as it
 * stands, and to another once its dot is taken away.
 */
export function samePath(rawPath: string): string {
  if (rawPath.length > MAX_PATH_CHARS || rawPath[0] !== '/' || rawPath[1] === '/') return '/'
  for (let i = 0; i < rawPath.length; i++) {
    const code = rawPath.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f || code === 0x5c) return '/'
  }
  return rawPath.startsWith(CHALLENGE_PATH) ? '/' : rawPath
}

function cookieName(isHttps: boolean): string {
  return isHttps ? '__Host-ringwall-pass' : 'ringwall-pass'
}

/** The Set-Cookie value. The prefix keeps other hosts from setting it (RFC 6265bis 4.1.3.2); plain HTTP cannot have it. */
export function passCookie(pass: string, maxAgeSeconds: number, isHttps: boolean): string {
  return `${cookieName(isHttps)}=${pass}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`
}

/** The passes that Cookie fields show: one, or a few to look at when the name comes more often. */
export function readPasses(rawCookies: readonly string[], isHttps: boolean): string[] {
  const name = `${cookieName(isHttps)}=`
  const passes: string[] = []
  for (const field of rawCookies) {
    for (const pair of field.split(';')) {
      const trimmed = pair.trim()
      if (trimmed.startsWith(name) && passes.length < MAX_PASSES_READ) passes.push(trimmed.slice(name.length))
    }
  }
  return passes
}

const STYLE = `:root { color-scheme: light dark; --ink: #1d2433; --paper: #f6f4ef; --card: #fff; --line: #c9c4b8; --accent: #9a3b1e; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7dc; --paper: #171a21; --card: #20242e; --line: #454b59; --accent: #f0906c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 28rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-top: .5rem solid var(--accent); border-radius: .5rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.2; }
progress { display: block; width: 100%; height: .75rem; margin-top: .5rem; accent-color: var(--accent); }
button { padding: .75rem 1rem; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: .375rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`

/** Nothing from anywhere, one script and one style that are known by their hashes, forms to this site only (CSP 3). */
export const CHALLENGE_CSP = [
  "default-src 'none'",
  `script-src '${sourceHash(CHALLENGE_SCRIPT)}'`,
  `style-src '${sourceHash(STYLE)}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

function sourceHash(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`
}

/**
 * With scripts the sum is computed and sent. Without them the page goes on by itself after the delay; of two such elements
 * the first counts (HTML 4.2.5.3), and a browser that runs scripts does not see the one in `noscript`.
 */
function challengePage({ token, bits }: Challenge, to: string, seconds: number): string {
  const waited = `${CHALLENGE_PATH}?token=${token}&to=${encodeURIComponent(to)}`
  const refresh = (after: number): string =>
    `<meta http-equiv="refresh" content="${after}; url=${escapeHtml(waited)}">`
  const fields = `<input type="hidden" name="token" value="${token}"><input type="hidden" name="to" value="${escapeHtml(to)}">`
  return frame(
    'One moment, please',
    `<noscript>${refresh(seconds)}</noscript>${refresh(Math.max(RESCUE_SECONDS, seconds))}`,
    `<p>This site is careful with visitors at the moment. In a moment you are taken to the page that you asked for; there is nothing
that you have to do.</p>
<div id="working" role="status" hidden><label for="bar">Your browser is doing a small sum first</label>
<progress id="bar" max="1" value="0"></progress></div>
<form id="answer" method="post" action="${CHALLENGE_PATH}" data-bits="${bits}">${fields}<input type="hidden" name="nonce" value=""></form>
<noscript><p>Scripts are off in your browser. That is fine, it only takes ${seconds} seconds then. If nothing happens after
that, press the button.</p>
<form method="post" action="${CHALLENGE_PATH}">${fields}<button>Go on</button></form></noscript>
<script>${CHALLENGE_SCRIPT}</script>`,
  )
}

const CROWDED_PAGE = frame(
  'Please try again in a few minutes',
  '',
  `<p>Too many visitors from your network came in without scripts. Turn scripts on for this site, or come back in a few minutes.</p>`,
)

function frame(title: string, head: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${head}
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`
}

function pageReply(status: 403 | 429, html: string, headers: readonly string[] = []): Reply {
  return textReply(status, 'text/html; charset=utf-8', html, [
    ...headers,
    'Content-Security-Policy',
    CHALLENGE_CSP,
    'Referrer-Policy',
    'no-referrer',
    'X-Robots-Tag',
    'noindex',
  ])
}

/** A second more than the delay, so that a browser with an eager clock is not too early. */
function waitSeconds(delayMs: number): number {
  return Math.ceil(delayMs / 1000) + 1
}

/** For text that is printable ASCII already. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
