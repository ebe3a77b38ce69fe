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

/** Builds each page, lets its scripts and handlers run, clicks its links and buttons; gives the payloads that ran. */
async function ran(
  page: Page,
  build: (payload: string) => string,
  payloads: readonly string[],
): Promise<string[]> {
  const hits = new Set<string>()
  let current = ''
  await page.exposeFunction('told', () => hits.add(current))
  await page.route('**/*', (route) => {
    const isFrame =
      route.request().isNavigationRequest() && new URL(route.request().url()).pathname === '/page'
    return isFrame
      ? route.fulfill({
          contentType: 'text/html; charset=utf-8',
          body: `<!doctype html><script>run = alert = () => top.told()</script>${build(current)}`,
        })
      : route.fulfill({ status: 204, body: '' })
  })
  for (const payload of payloads) {
    current = payload
    await page.goto('http://shop.test/page', { waitUntil: 'domcontentloaded' })
    await page.evaluate(async () => {
      for (const element of document.querySelectorAll<HTMLElement>('a, button, [tabindex], input')) {
        element.addEventListener('click', (event) => {
          const target = element.getAttribute('formaction') ?? element.getAttribute('href') ?? ''
          // Only an address that runs is followed; others would leave the page.
          if (!/^javascript:/i.test(element instanceof HTMLAnchorElement ? element.href : target))
            event.preventDefault()
        })
        element.focus()
        element.click()
      }
      await new Promise((resolve) => setTimeout(resolve, 15))
    })
  }
  return [...hits]
}

test(`scripting: none of ${PAYLOADS.length} payloads runs in any place of a page of html, and an unencoded page runs them`, async (context) => {
  assert.ok(PAYLOADS.length >= 500, String(PAYLOADS.length))
  if (!existsSync(CHROMIUM)) return notHere(context, 'Chromium', 'apt-get install chromium')
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    // The negative control: were the canary dead, the page that encodes nothing would show it.
    const control = PAYLOADS.filter((_, i) => i % 13 === 0)
    const inControl = await ran(await browser.newPage(), naive, control)
    assert.ok(
      inControl.length >= control.length / 2,
      `only ${inControl.length} of ${control.length} ran unencoded`,
    )
    assert.deepEqual(await ran(await browser.newPage(), encoded, PAYLOADS), [])
  } finally {
    await browser.close()
  }
})
