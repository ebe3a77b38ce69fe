import { textReply } from '../core/reply.ts'
import type { Upstream } from '../core/wall.ts'
import { type ChallengeFolder, HTTP_CHALLENGE_PATH } from './acme-challenges.ts'
import type { EdgeConfig } from './config.ts'
import { SECURITY_TXT_PATH, securityTxt } from './security-txt.ts'

/** A page of the edge's own. */
export interface EdgePage {
  readonly name: string
  readonly path: string
  /** Answered over plain HTTP too: an authority comes there first (RFC 8555 8.3). */
  readonly overHttp: boolean
  readonly upstream: Upstream
}

/** What the edge answers itself: how to report a vulnerability, and open challenges of authorities. */
export function edgePages(config: EdgeConfig, challenges: ChallengeFolder | undefined): readonly EdgePage[] {
  const pages: EdgePage[] = []
  if (config.security_txt) {
    const text = securityTxt(config.security_txt)
    pages.push({
      name: 'security.txt',
      path: SECURITY_TXT_PATH,
      overHttp: false,
      upstream: async () => textReply(200, 'text/plain; charset=utf-8', text),
    })
  }
  if (challenges) {
    pages.push({
      name: 'ACME challenge',
      path: HTTP_CHALLENGE_PATH,
      overHttp: true,
      upstream: async (exchange) => {
        const answer = challenges.findToken(exchange.route.params['token'] ?? '')
        return answer === undefined
          ? textReply(404, 'text/plain; charset=utf-8', 'no such challenge\n')
          : textReply(200, 'application/octet-stream', answer)
      },
    })
  }
  return pages
}
