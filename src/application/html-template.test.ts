import assert from 'node:assert/strict'
import test from 'node:test'

import {
  encodeAttribute,
  encodeCssString,
  encodeHtml,
  encodeJavaScriptString,
  encodeUrlComponent,
  html as markup,
  safeUrl,
  sanitizeRichText,
  sanitizeToText,
} from './index.ts'
import { contextsOf } from './html-context.ts'

const EVIL = `"'\`<>&/\\ =\n\u2028\u0000`

for (const { name, got, want } of [
  {
    name: 'text',
    got: encodeHtml(`<b a="1" c='2'>&\``),
    want: '&lt;b a=&#34;1&#34; c=&#39;2&#39;&gt;&amp;&#96;',
  },
  { name: 'an attribute', got: encodeAttribute(`a "b'=\t<`), want: 'a &#34;b&#39;&#61;&#9;&lt;' },
  {
    name: 'a string of JavaScript',
    got: encodeJavaScriptString(`</script>'"\\\n\u2028`),
    want: '\\u003c\\u002fscript\\u003e\\u0027\\u0022\\u005c\\u000a\\u2028',
  },
  {
    name: 'a component of an address',
    got: encodeUrlComponent(`a&b=c/d'\ud800`),
    want: 'a%26b%3Dc%2Fd%27%EF%BF%BD',
  },
  {
    name: 'a string of CSS',
    got: encodeCssString('a"\\}\u{1f600}'),
    want: 'a\\000022\\00005c\\00007d\\01f600',
  },
  { name: 'a safe address', got: safeUrl('/a?b=javascript:1'), want: '/a?b=javascript:1' },
  {
    name: 'an address with a hidden scheme',
    got: safeUrl('\u0001 Java\tscript:alert(1)'),
    want: 'about:invalid',
  },
  { name: 'an address with data', got: safeUrl('data:text/html,x'), want: 'about:invalid' },
  { name: 'an address of mail', got: safeUrl('MAILTO:a@b.test'), want: 'MAILTO:a@b.test' },
])
  test(`encoding: ${name}`, () => assert.equal(got, want))

test('encoding: a string of JavaScript or CSS is read as what it was', () => {
  assert.equal(JSON.parse(`"${encodeJavaScriptString(EVIL)}"`), EVIL)
  assert.equal(decodeURIComponent(encodeUrlComponent(EVIL)), EVIL)
})

const evil = '"><script>alert(1)</script>'
for (const { name, got, want } of [
  {
    name: 'text',
    got: markup`<p>${evil}</p>`,
    want: '<p>&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>',
  },
  {
    name: 'an attribute',
    got: markup`<p title="${evil}" class='a ${1}'>`,
    want: '<p title="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" class=\'a 1\'>',
  },
  { name: 'an address', got: markup`<a href="${'javascript:alert(1)'}">`, want: '<a href="about:invalid">' },
  {
    name: 'an address in two pieces',
    got: markup`<a href="${'javascript'}${':alert(1)'}">`,
    want: '<a href="javascript%3Aalert%281%29">',
  },
  { name: 'a component', got: markup`<a href="/s?q=${'a&b'}">`, want: '<a href="/s?q=a%26b">' },
  {
    name: 'a string of a script',
    got: markup`<script>const a = "${'"</script>'}"</script>`,
    want: '<script>const a = "\\u0022\\u003c\\u002fscript\\u003e"</script>',
  },
  {
    name: 'a text area',
    got: markup`<textarea>${'</textarea>'}</textarea>`,
    want: '<textarea>&lt;/textarea&gt;</textarea>',
  },
  {
    name: 'lists and fragments',
    got: markup`<ul>${['<', markup`<li>${'&'}</li>`]}</ul>`,
    want: '<ul>&lt;<li>&amp;</li></ul>',
  },
  { name: 'nothing', got: markup`a${null}${undefined}${false}${0}`, want: 'a0' },
  {
    name: 'rich text',
    got: markup`<div>${sanitizeRichText('<p onclick=x>a<script>b</script>')}</div>`,
    want: '<div><p>a</p></div>',
  },
  { name: 'a comment before a value', got: markup`<!-- a --><!-->${'<'}`, want: '<!-- a --><!-->&lt;' },
]) {
  test(`template: ${name}`, () => assert.equal(String(got), want))
}

for (const { name, strings } of [
  { name: 'a script', strings: ['<script>', '</script>'] },
  { name: 'a template literal of a script', strings: ['<script>`', '`</script>'] },
  {
    name: 'a string after what may be a regular expression',
    strings: ["<script>a = /'/; b = '", "'</script>"],
  },
  { name: 'a string after an escape', strings: ['<script>"\\', '"</script>'] },
  { name: 'a script that hides its end', strings: ['<script><!-- <script> </script>', '</script>'] },
  { name: 'an end tag in a script', strings: ['<script>"</script', '"</script>'] },
  { name: 'a script after what is no end tag', strings: ['<script>1</scripty>', '</script>'] },
  { name: 'a template of a script', strings: ['<script type="text/x-template">"', '"</script>'] },
  { name: 'the address of a script', strings: ['<script src="', '"></script>'] },
  { name: 'an event handler', strings: ['<p onclick="a(\'', '\')">'] },
  { name: 'a style attribute', strings: ['<p style="', '">'] },
  { name: 'a style', strings: ['<style>', '</style>'] },
  { name: 'srcdoc', strings: ['<iframe srcdoc="', '"></iframe>'] },
  { name: 'srcset', strings: ['<img srcset="', '">'] },
  { name: 'a comment', strings: ['<!-- ', ' -->'] },
  { name: 'the name of a tag', strings: ['<', '>'] },
  { name: 'the end of a name of a tag', strings: ['<a', '>'] },
  { name: 'the name of an end tag', strings: ['</', '>'] },
  { name: 'the name of an attribute', strings: ['<a ', '="">'] },
  { name: 'the end of a name of an attribute', strings: ['<a x', '="">'] },
  { name: 'an attribute without quotes', strings: ['<a title=', '>'] },
  { name: 'the inside of an attribute without quotes', strings: ['<a title=a', '>'] },
  { name: 'a scheme', strings: ['<a href="', ':a">'] },
  { name: 'what follows a bad scheme', strings: ['<a href="javascript:a(\'', '\')">'] },
  { name: 'what follows a hidden scheme', strings: ['<a href="java&Tab;script&colon;', '">'] },
  { name: 'a refresh', strings: ['<meta content="', '" http-equiv=refresh>'] },
  { name: 'an unknown attribute', strings: ['<a x-on="', '">'] },
  { name: 'an animation', strings: ['<svg><animate to="', '"/></svg>'] },
  { name: 'a base', strings: ['<base href="', '">'] },
  { name: 'a second beginning of a script', strings: ['<<script>', '</script>'] },
  { name: 'a tag that does not end', strings: ['<a title="a', ''] },
  { name: 'a frame', strings: ['<noscript>', '</noscript>'] },
]) {
  test(`template: a value in ${name} is a mistake that shows at once`, () => {
    assert.throws(() => contextsOf(strings), { name: 'RingwallError', code: 'application.template' })
  })
}

test('template: markup in an attribute, an object and a call are mistakes', () => {
  const code = { code: 'application.template' }
  assert.throws(() => markup`<p title="${markup`<b>`}">`, code)
  assert.throws(() => markup`<svg>${sanitizeRichText('<p>')}</svg>`, code)
  const date: unknown = new Date()
  assert.throws(() => markup`${date as string}`, code)
  assert.throws(() => markup(['<b>'] as unknown as TemplateStringsArray), code)
  const forged = Object.create(Object.getPrototypeOf(markup``) as object) as string
  assert.throws(() => markup`${forged}`, code)
})

test('rich text: the guide keeps its tags, links get rel, schemes are kept to', () => {
  assert.equal(
    sanitizeToText(
      '<p style=x>a<strong>b</strong><a href="http://x.test" title=t target=_top onclick=x>c</a><img src=x onerror=y><br>',
    ),
    '<p>a<strong>b</strong><a href="http://x.test" title="t" rel="noopener noreferrer nofollow ugc">c</a><br /></p>',
  )
  for (const href of [
    'javascript:1',
    'java\tscript:1',
    '&#106;avascript:1',
    'data:text/html,x',
    '//evil.test',
  ])
    assert.doesNotMatch(sanitizeToText(`<a href="${href}">x</a>`), /href/, href)
})

test('rich text: doing it twice changes nothing, on 3,000 texts of hostile pieces', () => {
  const pieces =
    '<p>|</p>|<a href="|">|<script>|</script>|<!--|-->|<style>|</style>|&lt;|&amp;|&|<|>|x|"|\'|<svg>|<math>|<noscript>|<textarea>|</textarea>|<li>|<ul>|javascript:|&#x6a;|\0|<![CDATA[|]]>|=|onerror|<img src=x onerror=y>|\u00a0'.split(
      '|',
    )
  let state = 7
  for (let round = 0; round < 3000; round++) {
    let text = ''
    for (let i = 0; i < 10; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      text += pieces[(state >>> 8) % pieces.length]
    }
    const once = sanitizeToText(text)
    assert.equal(sanitizeToText(once), once, text)
    assert.doesNotMatch(once, /<(?!\/?(p|br|strong|em|a|ul|li)\b)/, text)
  }
})
