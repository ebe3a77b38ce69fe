import { HtmlInjector } from '../src/application/index.ts'

const ARTICLE = `<article class="card product" id="p-17"><h2><a href="/products/17?from=list">Walnut desk, oiled by hand</a></h2>
<p>Made of one board, 140 by 70 cm. Delivered within <b>three weeks</b>; the legs are screwed on in ten minutes, and a spare
screw is in the box. <em>Care:</em> a damp cloth will do, and a little oil once a year keeps the surface as it is.</p>
<img src="/pictures/17.jpg" alt="A desk of walnut" width="320" height="240" loading="lazy"><span class="price">420.00</span>
<!-- stock: 4 --><form method="post" action="/cart"><input type="hidden" name="id" value="17"><button>Buy</button></form></article>
`
const CHUNK_BYTES = 64 * 1024

/** Megabytes per second of CPU time through the injector with tokens and nonces, on a page of a shop of about 63 KB, median of the rounds. */
export function measureInjector(quick: boolean): {
  readonly injector_mb_per_s: number
  readonly page_kb: number
} {
  const script = '<script src="/app.js"></script><style>.card { margin: 1rem }</style>'
  const page = new TextEncoder().encode(
    `<!doctype html><html><head><title>Shop</title>${script}</head><body>${ARTICLE.repeat(80)}<script>run()</script></body></html>`,
  )
  const rates: number[] = []
  const pages = quick ? 150 : 600
  for (let round = 0; round < (quick ? 5 : 11); round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < pages; i++) inject(page)
    const { user, system } = process.cpuUsage(before)
    rates.push((page.length * pages) / (user + system))
  }
  const median = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)] ?? 0
  return { injector_mb_per_s: Math.round(median), page_kb: Math.round(page.length / 1000) }
}

function inject(page: Uint8Array): void {
  const injector = new HtmlInjector({
    pageUrl: 'https://shop.test/products',
    nonce: { value: 'N', knows: () => true },
    token: { field: 't', value: 'V' },
  })
  for (let at = 0; at < page.length; at += CHUNK_BYTES) injector.write(page.subarray(at, at + CHUNK_BYTES))
  injector.end()
  if (injector.counts.tokens !== 80) throw new Error('the page has 80 forms')
}
