import type { Exchange } from '../core/exchange.ts'
import type { Reply } from '../core/reply.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { BodyView, Wall } from '../core/wall.ts'
import type { ApplicationConfig, ApplicationRouteConfig } from './config.ts'
import { doubtInProvenance } from './cross-site.ts'
import { htmlJudge, type HtmlParts, processParts } from './html-wall.ts'
import { uploadJudge, type UploadParts } from './upload/upload-wall.ts'

const MAX_ERROR_BYTES = 2048

/** Layer 5: requests of other sites, kinds of content, tokens of forms, uploads; error pages that say too much, nonces of pages. */
export function applicationWall(
  config: ApplicationConfig,
  route: ApplicationRouteConfig,
  parts: { readonly html?: HtmlParts; readonly uploads?: UploadParts } = {},
): Wall {
  const html = htmlJudge(config, route, ownOrigin, parts.html ?? processParts)
  const uploads = uploadJudge(config.uploads, route.uploads, parts.uploads)
  const allowedOrigins = new Set(config.allowed_origins)
  const contentTypes = route.content_types
  return {
    layer: 5,
    name: 'application',
    head(exchange) {
      const doubt =
        route.cross_site === 'allow' ? undefined : doubtInProvenance(provenanceOf(exchange), allowedOrigins)
      if (doubt !== undefined) return refuse('application.cross-site-request', doubt)
      if (contentTypes && exchange.body.declaredBytes !== 0) {
        const type = mediaType(exchange.headers.get('content-type'))
        if (!contentTypes.some((one) => isMediaType(type, one))) {
          return refuse(
            'application.content-type-not-allowed',
            `\`${type}\` is not one of ${contentTypes.join(', ')}`,
          )
        }
      }
      html.head(exchange)
      return pass
    },
    body: {
      wants: (exchange) => Math.max(html.wants(exchange), uploads?.wants(exchange) ?? 0),
      async judge(exchange: Exchange, body: BodyView): Promise<Verdict> {
        const verdict = html.wants(exchange) > 0 ? html.body(exchange, body) : pass
        if (verdict.kind !== 'pass' || !uploads || uploads.wants(exchange) === 0) return verdict
        return uploads.judge(exchange, body)
      },
    },
    async response(exchange, reply) {
      if (config.errors === 'pass' || reply.origin !== 'upstream' || reply.status < 500)
        return html.response(exchange, reply)
      const text = await firstText(reply)
      exchange.trace.note(`the application answered ${reply.status}`)
      return refuse('upstream.error', `status ${reply.status}: ${text}`)
    },
  }
}

/** The origin by which the client knows us. */
export function ownOrigin({ host, client }: Exchange): string {
  const isDefaultPort =
    host.ok && (host.port === undefined || host.port === (client.scheme === 'https' ? 443 : 80))
  const authority = host.ok ? (isDefaultPort ? host.name : `${host.name}:${host.port}`) : ''
  return `${client.scheme}://${authority}`
}

function provenanceOf(exchange: Exchange): Parameters<typeof doubtInProvenance>[0] {
  const { headers } = exchange
  return {
    method: exchange.method,
    isUpgrade: headers.has('upgrade'),
    ownOrigin: ownOrigin(exchange),
    rawOrigin: headers.get('origin'),
    rawFetchSite: headers.get('sec-fetch-site'),
    rawReferer: headers.get('referer'),
    hasCookie: headers.has('cookie'),
  }
}

function mediaType(rawType: string | undefined): string {
  return (rawType?.split(';')[0] ?? '').trim().toLowerCase()
}

function isMediaType(type: string, pattern: string): boolean {
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}

/** The beginning of an error page, for the log. The rest is not read. */
async function firstText(reply: Reply): Promise<string> {
  if (reply.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of reply.body instanceof Uint8Array ? [reply.body] : reply.body) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= MAX_ERROR_BYTES) break
    }
  } catch {
    // What has come is enough: the page is not sent anyway.
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return new TextDecoder().decode(bytes.subarray(0, MAX_ERROR_BYTES))
}
