import { Response } from 'undici'

import { EgressRefused } from './egress-connection.ts'

interface Bounds {
  /** Where the answer came from, after redirects. */
  readonly url: string
  readonly isRedirected: boolean
  /** Of the body after Content-Encoding is undone. */
  readonly maxBytes: number
  /** Called once, when the body has ended, failed or was given up. */
  readonly onEnd: () => void
}

/** The same answer with a body that breaks off at its bound, so that neither a flood nor a compressed bomb is read whole. */
export function boundResponse(response: Response, bounds: Bounds): Response {
  const { status, statusText, headers } = response
  const declared = Number(headers.get('content-length') ?? 0)
  if (declared > bounds.maxBytes) {
    void response.body?.cancel()
    throw tooLarge(bounds.maxBytes)
  }
  if (!response.body) bounds.onEnd()
  const body = response.body && boundBody(response.body, bounds)
  const bounded = new Response(body, { status, statusText, headers })
  Object.defineProperty(bounded, 'url', { value: bounds.url })
  Object.defineProperty(bounded, 'redirected', { value: bounds.isRedirected })
  return bounded
}

type Body = NonNullable<Response['body']>

function boundBody(body: Body, { maxBytes, onEnd }: Bounds): Body {
  const reader = body.getReader()
  let bytes = 0
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          onEnd()
          controller.close()
          return
        }
        bytes += (value as Uint8Array).byteLength
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        controller.enqueue(value as Uint8Array)
      } catch (thrown) {
        onEnd()
        controller.error(thrown)
        await reader.cancel().catch(() => undefined)
      }
    },
    async cancel(reason) {
      onEnd()
      await reader.cancel(reason)
    },
  }) as Body
}

function tooLarge(maxBytes: number): EgressRefused {
  return new EgressRefused('response-too-large', `the answer is larger than ${maxBytes} bytes`)
}
