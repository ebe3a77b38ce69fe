import { lookup } from 'node:dns/promises'

/** What came from the address that the visitor named. */
export interface FetchedPicture {
  readonly status: number
  readonly type: string
  readonly bytes: Uint8Array
}

const TIMEOUT_MS = 2_000
const MAX_BYTES = 1_000_000

/**
 * Fetches a picture for the visitor.
 * HOLE ssrf (Common Vulnerabilities: SSRF Prevention): whatever address the visitor names, this machine's own ports included.
 * Only link-local addresses are left alone, so that the demo never reads the metadata of a real cloud machine.
 */
export async function fetchPicture(rawUrl: string): Promise<FetchedPicture | { readonly reason: string }> {
  try {
    const url = new URL(rawUrl)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return { reason: 'only http and https' }
    const { address } = await lookup(url.hostname.replace(/^\[|\]$/g, ''))
    if (/^169\.254\.|^fe80:|^::ffff:(169\.254\.|a9fe)/i.test(address)) return { reason: 'not from this demo' }
    const reply = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const bytes = new Uint8Array(await reply.arrayBuffer()).subarray(0, MAX_BYTES)
    return { status: reply.status, type: reply.headers.get('content-type') ?? '', bytes }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}
