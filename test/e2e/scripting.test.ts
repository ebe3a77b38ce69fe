// Cross-site scripting in a real Chromium: payloads in every place of a page that `html` builds run nothing, and do where nothing encodes.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'

import { chromium, type Page } from 'playwright-core'

import { html as markup, sanitizeRichText } from '../../src/application/index.ts'
import { notHere } from '../../src/store/testing.ts'

const CHROMIUM = '/usr/bin/chromium'

// Made of parts, so that each way out of a context meets each way to run.
const WAYS_OUT = [
  '',
  '"',
  "'",
  '">',
  "'>",
  '`',
  '-->',
  '--!>',
  '</script>',
  '</title>',
  '</textarea>',
  '</style>',
  ']]>',
  '\\"',
  "\\'",
  '\n',
  '\u2028',
  '&quot;',
  '&#39;',
  '</a>',
  '"/',
  '\0',
]
const WAYS_TO_RUN = [
  '<script>run()</script>',
  '<img src=x onerror=run()>',
  '<svg onload=run()>',
  '<svg><script>run()</script></svg>',
  '<body onload=run()>',
  '<iframe srcdoc="<script>parent.run()</script>"></iframe>',
  '<details open ontoggle=run()>',
  '<input autofocus onfocus=run()>',
  ' autofocus tabindex=1 onfocus=run() x=',
  ' onerror=run() x="',
  ';run();//',
  '-run()-',
  '+run()+"',
  '${run()}',
  '*/run()/*',
  'javascript:run()',
  'java\tscript:run()',
  ' \u0001javascript:run()',
  'JaVaScRiPt&colon;run()',
  'data:text/html,<script>run()</script>',
  'vbscript:run()',
  '<math><mtext><table><mglyph><style><img src onerror=run()>',
  '<noscript><p title="</noscript><img src onerror=run()>">',
  '<style>@import "javascript:run()"</style>',
  '<a href=javascript:run() id=hit>x</a>',
  '<meta http-equiv=refresh content="0;url=javascript:run()">',
]
const PAYLOADS = WAYS_OUT.flatMap((out) => WAYS_TO_RUN.map((run) => out + run))

/** Where a payload stands, and the page as somebody writes it who encodes nothing. */
const encoded = (payload: string): string =>
  String(
    markup`<div>${payload}</div><p title="${payload}" class='${payload}' data-x="${payload}">x</p><a href="${payload}">a</a><a href='/s?q=${payload}#${payload}'>b</a><img alt="${payload}" src="${payload}"><form action="${payload}"><input value="${payload}"><textarea>${payload}</textarea><button formaction="${payload}">c</button></form><svg><text>${payload}</text></svg><table><tr><td>${payload}</td></tr></table><select><option>${payload}</option></select><script>var a = "${payload}"; var b = '${payload}'</script><div>${sanitizeRichText(payload)}</div>`,
  )
const naive = (payload: string): string =>
  `<div>${payload}</div><p title="${payload}">x</p><a href="${payload}">a</a><script>var a = "${payload}"</script>`

/** Clicks and focuses everything; only addresses that run are followed, since others would leave the page. */
const VISIT = `(async () => {
  addEventListener('click', (event) => {
    const link = event.target.closest('a, button')
    const target = link?.getAttribute('formaction') ?? link?.href ?? ''
    if (!/^javascript:/i.test(target)) event.preventDefault()
  }, true)
  for (const element of document.querySelectorAll('a, button, [tabindex], input')) {
    element.focus()
    element.click()
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  return document.querySelectorAll('hr.mark').length
})()`

/** Shows pages and lets their scripts and handlers run; gives those that ran something, and the marks that each page has. */
async function visit(page: Page, bodies: readonly string[]): Promise<{ ran: number[]; marks: number[] }> {
  const ran = new Set<number>()
  const marks: number[] = []
  let current = 0
  await page.exposeFunction('told', () => ran.add(current))
  await page.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url())
    const canary = '<!doctype html><script>run = alert = () => top.told()</script>'
    return pathname === '/page'
      ? route.fulfill({ contentType: 'text/html; charset=utf-8', body: canary + bodies[current] })
      : route.fulfill({ status: 204, body: '' })
  })
  for (current = 0; current < bodies.length; current++) {
    await page.goto('http://shop.test/page', { waitUntil: 'domcontentloaded' })
    marks.push(await page.evaluate<number>(VISIT))
  }
  return { ran: [...ran], marks }
}

const PAYLOADS_A_PAGE = 44

test(`scripting: none of ${PAYLOADS.length} payloads runs in any place of a page of html, and an unencoded page runs them`, async (context) => {
  assert.ok(PAYLOADS.length >= 500, String(PAYLOADS.length))
  if (!existsSync(CHROMIUM)) return notHere(context, 'Chromium', 'apt-get install chromium')
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    // The negative control: were the canary dead, the page that encodes nothing would show it.
    const control = PAYLOADS.filter((_, i) => i % 23 === 0)
    const inControl = await visit(await browser.newPage(), control.map(naive))
    assert.ok(inControl.ran.length >= control.length / 3, `${inControl.ran.length} of ${control.length} ran`)
    // Each payload ends with a mark: were one of them to swallow what follows, marks would be missing.
    const pages = Array.from({ length: Math.ceil(PAYLOADS.length / PAYLOADS_A_PAGE) }, (_, i) =>
      PAYLOADS.slice(i * PAYLOADS_A_PAGE, (i + 1) * PAYLOADS_A_PAGE),
    )
    const bodies = pages.map((some) => some.map((one) => `${encoded(one)}<hr class="mark">`).join(''))
    const { ran, marks } = await visit(await browser.newPage(), bodies)
    assert.deepEqual(
      ran.map((page) => pages[page]),
      [],
    )
    assert.deepEqual(
      marks,
      pages.map((some) => some.length),
    )
  } finally {
    await browser.close()
  }
})
