import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'

import { defaultTreeAdapter, Parser, type Token } from 'parse5'

import { HtmlInjector, injectInto, type ScriptSource } from './html-injector.ts'
import { HtmlTokenizer } from './html-tokenizer.ts'
import { ContentModels } from './html-content.ts'

const INPUT = '<input type="hidden" name="t" value="V">'
const NONCE = ' nonce="N"'
const HASH = `sha256-${createHash('sha256').update('run()').digest('base64')}`
const KNOWN = new Set(['https://shop.test/app.js', 'https://cdn.test/x.js?v=1', HASH])

function injector(seen: ScriptSource[] = []): HtmlInjector {
  return new HtmlInjector({
    pageUrl: 'https://shop.test/cart/view?a=1',
    nonce: {
      value: 'N',
      knows: (source) => {
        seen.push(source)
        return KNOWN.has(source.source)
      },
    },
    token: { field: 't', value: 'V' },
  })
}

function rewrite(chunks: readonly Uint8Array[]): string {
  const one = injector()
  return Buffer.concat([...chunks.flatMap((chunk) => one.write(chunk)), ...one.end()]).toString()
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

for (const { name, page, want } of [
  {
    name: 'a form that posts to its own page',
    page: '<form method=post>x',
    want: `<form method=post>${INPUT}x`,
  },
  {
    name: 'a form with a path',
    page: '<FORM METHOD="POST" action="/buy">',
    want: `<FORM METHOD="POST" action="/buy">${INPUT}`,
  },
  {
    name: 'a form with our whole address',
    page: '<form method=post action=https://SHOP.test:443/x>',
    want: `<form method=post action=https://SHOP.test:443/x>${INPUT}`,
  },
  { name: 'a form that gets', page: '<form action="/search">', want: undefined },
  { name: 'a form that posts elsewhere', page: '<form method=post action="//evil.test/">', want: undefined },
  {
    name: 'a form that hides elsewhere in references',
    page: '<form method=post action="&#x68;ttps&colon;&sol;/evil.test/">',
    want: undefined,
  },
  {
    name: 'a form that hides elsewhere in white space',
    page: '<form method=post action=" h\nttps:/\t/evil.test">',
    want: undefined,
  },
  {
    name: 'a form that hides elsewhere behind a backslash',
    page: '<form method=post action="\\\\evil.test">',
    want: undefined,
  },
  {
    name: 'a form whose first action counts',
    page: '<form method=post action="//evil.test" action="/">',
    want: undefined,
  },
  {
    name: 'a form below a base elsewhere',
    page: '<base href="https://evil.test/"><form method=post action=x>',
    want: undefined,
  },
  {
    name: 'a form without an action below a base elsewhere',
    page: '<base href="https://evil.test/"><form method=post>',
    want: `<base href="https://evil.test/"><form method=post>${INPUT}`,
  },
  {
    name: 'a form below a second base, which does not count',
    page: '<base href="/a/"><base href="https://evil.test/"><form method=post action=x>',
    want: `<base href="/a/"><base href="https://evil.test/"><form method=post action=x>${INPUT}`,
  },
  { name: 'a form in a comment', page: '<!-- <form method=post> --!><b>', want: undefined },
  { name: 'a form in a script', page: '<script>"<form method=post>"</script>', want: undefined },
  { name: 'a form in a text area', page: '<textarea><form method=post></textarea>', want: undefined },
  { name: 'a form in an attribute', page: '<a title="<form method=post>">', want: undefined },
  {
    name: 'a form after a doctype with a quote',
    page: '<!doctype html "><form method=post>',
    want: `<!doctype html "><form method=post>${INPUT}`,
  },
  {
    name: 'a known script',
    page: '<script src=/app.js></script>',
    want: `<script${NONCE} src=/app.js></script>`,
  },
  {
    name: 'a known script with another nonce, which then does not count',
    page: '<script nonce=x src=/app.js></script>',
    want: `<script${NONCE} nonce=x src=/app.js></script>`,
  },
  {
    name: 'a known script of another host',
    page: '<script defer src="https://cdn.test/x.js?v=1#y"></script>',
    want: `<script${NONCE} defer src="https://cdn.test/x.js?v=1#y"></script>`,
  },
  { name: 'an unknown script', page: '<script src=/other.js></script>', want: undefined },
  {
    name: 'a known script with another query',
    page: '<script src=/app.js?callback=evil></script>',
    want: undefined,
  },
  { name: 'a known text', page: '<p><script>run()</script>', want: `<p><script${NONCE}>run()</script>` },
  { name: 'a known text with more in it', page: '<script>run();evil()</script>', want: undefined },
  {
    name: 'a known text that ends later than it seems',
    page: '<script>run()<!--<script></script>',
    want: undefined,
  },
  { name: 'a style of a known text', page: '<style>run()</style>', want: `<style${NONCE}>run()</style>` },
  { name: 'a script without an end', page: '<script>run()', want: undefined },
  { name: 'a script in SVG', page: '<svg><script>run()</script></svg>', want: undefined },
  {
    name: 'a style in SVG, which is no raw text',
    page: '<svg><style><form method=post></style>',
    want: `<svg><style><form method=post>${INPUT}</style>`,
  },
  { name: 'a CDATA section in SVG', page: '<svg><![CDATA[ ><form method=post> ]]></svg>', want: undefined },
  {
    name: 'what only looks like a CDATA section',
    page: '<![CDATA[ ><form method=post> ]]>',
    want: `<![CDATA[ ><form method=post>${INPUT} ]]>`,
  },
  { name: 'HTML in SVG', page: '<svg><foreignObject><style><form method=post></style>', want: undefined },
  {
    name: 'bytes that are no UTF-8',
    page: '\u00ff\u00fe<form method=post>\u0080',
    want: `\u00ff\u00fe<form method=post>${INPUT}\u0080`,
  },
]) {
  test(`injector: ${name} ${want === undefined ? 'stays as it is' : 'is changed'}, however it is cut`, () => {
    const bytes = name.includes('no UTF-8') ? Uint8Array.from(Buffer.from(page, 'latin1')) : bytesOf(page)
    const expected = name.includes('no UTF-8')
      ? Buffer.from(want ?? page, 'latin1').toString()
      : (want ?? page)
    assert.equal(rewrite([bytes]), expected)
    assert.equal(rewrite(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))), expected, 'single bytes')
    for (let at = 1; at < bytes.length; at++)
      assert.equal(rewrite([bytes.subarray(0, at), bytes.subarray(at)]), expected, `cut at ${at}`)
  })
}

test('injector: line ends count in a hash as the browser counts them', () => {
  const seen: ScriptSource[] = []
  injector(seen).write(bytesOf('<script>a\r\nb\rc\0</script>'))
  const source = `sha256-${createHash('sha256').update('a\nb\nc\ufffd').digest('base64')}`
  assert.deepEqual(seen, [{ kind: 'script', source }])
})

test('injector: a script beyond the bound goes out without a nonce, and what follows is still seen', () => {
  const one = injector()
  const page = `<script>${'x'.repeat(300_000)}</script><script src=/app.js></script>`
  const out = [
    ...one.write(bytesOf(page.slice(0, 280_000))),
    ...one.write(bytesOf(page.slice(280_000))),
    ...one.end(),
  ]
  assert.equal(Buffer.concat(out).toString(), page.replace('<script src', `<script${NONCE} src`))
  assert.deepEqual(one.counts, { nonces: 1, tokens: 0, unknown: 1 })
})

test('injector: a page that never ends a tag is read in linear time and held within the bound', () => {
  const one = injector()
  const piece = bytesOf(' a="'.repeat(16))
  let released = 0
  one.write(bytesOf('<script'))
  for (let i = 0; i < 20_000; i++) for (const out of one.write(piece)) released += out.length
  assert.ok(released > 20_000 * piece.length - 300_000, String(released))
})

test('injector: ordinary text is not held', async () => {
  const out: string[] = []
  async function* body(): AsyncGenerator<Uint8Array> {
    yield bytesOf('<p>one')
    assert.deepEqual(out, ['<p>one'])
    yield bytesOf('two<a href')
  }
  for await (const piece of injectInto(body(), injector())) out.push(Buffer.from(piece).toString())
  assert.equal(out.join(''), '<p>onetwo<a href')
})

// Pieces that lead a tokenizer astray, put together at random and given to the tree builder of parse5.
const PIECES =
  '<script>|</script>|<style>|</style>|<title>|</title>|<textarea>|</textarea>|<noscript>|</noscript>|<svg>|</svg>|<math>|</math>|<foreignObject>|</foreignObject>|<desc>|<mi>|</mi>|<!--|-->|--!>|<![CDATA[|]]>|<p>|</p>|<a b="|">|"|\'|<a c=\'|\'>|<br/>|<svg/>|<xmp>|</xmp>|<iframe>|</iframe>|x|<|>|/|!|-|<form method=post>|</form>|=| |<font color=x>|<annotation-xml encoding=text/html>|</annotation-xml>|<b/x>|</|<?'.split(
    '|',
  )

test('injector: its tokenizer sees the tags that the parser of parse5 is given, on 4,000 pages of hostile pieces', () => {
  let state = 12_345
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
  let compared = 0
  for (let round = 0; round < 4000; round++) {
    const page = `<body><div>${Array.from({ length: 1 + random(12) }, () => PIECES[random(PIECES.length)]).join('')}`
    const { seen, isBeyond } = tagsByUs(page)
    if (isBeyond) continue
    assert.deepEqual(seen, tagsByPeer(page), page)
    compared += seen.length
  }
  assert.ok(compared > 10_000, String(compared))
})

/** Beyond us, who build no tree: SVG that is left by the end tag of an element of HTML around it. */
function tagsByUs(page: string): { seen: string[]; isBeyond: boolean } {
  const seen: string[] = []
  const around = new Set<string>()
  let isBeyond = false
  const models = new ContentModels()
  const tokenizer = new HtmlTokenizer(
    {
      get isForeign() {
        return models.isForeign
      },
      readsAll: true,
      startTag(tag) {
        seen.push(`${tag.name}@${tag.start}-${tag.end}`)
        if (!models.isForeign) around.add(tag.name)
        return models.startTag(tag)
      },
      endTag(tag) {
        seen.push(`/${tag.name}@${tag.start}-${tag.end}`)
        isBeyond ||= models.isForeign && around.has(tag.name) && tag.name !== 'p'
        models.endTag(tag.name)
      },
    },
    ContentModels.names,
  )
  tokenizer.write(bytesOf(page))
  return { seen, isBeyond }
}

function tagsByPeer(page: string): string[] {
  const seen: string[] = []
  const parser = new Parser({ sourceCodeLocationInfo: true, treeAdapter: defaultTreeAdapter })
  const note = (sign: string, token: Token.TagToken): void => {
    seen.push(`${sign}${token.tagName}@${token.location?.startOffset}-${token.location?.endOffset}`)
  }
  const { onStartTag, onEndTag } = parser
  parser.onStartTag = function (token) {
    note('', token)
    onStartTag.call(this, token)
  }
  parser.onEndTag = function (token) {
    note('/', token)
    onEndTag.call(this, token)
  }
  parser.tokenizer.write(page, true)
  return seen
}
