import assert from 'node:assert/strict'
import test from 'node:test'

import { BODY_BOUNDS } from './reading.ts'
import { readXml } from './xml.ts'

interface Case {
  readonly name: string
  readonly body: string
  readonly text?: readonly string[]
  readonly attributes?: readonly string[]
  readonly error?: RegExp
}

const CASES: readonly Case[] = [
  { name: 'nothing', body: '' },
  { name: 'an element', body: '<?xml version="1.0" encoding="UTF-8"?><a>x</a>\n', text: ['x'] },
  { name: 'an empty element', body: '<a/>' },
  {
    name: 'each run of text, and all in one piece',
    body: '<a>\n <b>un</b><b>ion</b> x\n</a>',
    text: ['un', 'ion', 'x', '\n union x\n'],
  },
  {
    name: 'attributes of both quotes',
    body: `<a b="1" c = '2"'><d e="3"/></a>`,
    attributes: ['1', '2"', '3'],
  },
  {
    name: 'predefined and numeric references',
    body: '<a b="&quot;&#60;">&lt;&gt;&amp;&apos;&#x20AC;&#65;</a>',
    text: [`<>&'\xe2\x82\xacA`],
    attributes: ['"<'],
  },
  { name: 'a reference is undone once', body: '<a>&amp;lt;</a>', text: ['&lt;'] },
  { name: 'CDATA as text', body: '<a>x<![CDATA[<script>&amp;]]>y</a>', text: ['x<script>&amp;y'] },
  { name: 'CDATA with brackets at its end', body: '<a><![CDATA[x]]]]></a>', text: ['x]]'] },
  { name: 'comments between text are skipped', body: '<!-- <b> --><a>x<!-- y -->z</a><!---->', text: ['xz'] },
  { name: 'processing instructions are skipped', body: '<?a <b> ?><a>x<?y?></a>', text: ['x'] },
  { name: 'a plain document type', body: '<!DOCTYPE a><a>x</a>', text: ['x'] },
  { name: 'a greater-than sign in an attribute', body: '<a b=">">x</a>', text: ['x'], attributes: ['>'] },
  { name: 'blanks in tags', body: '<a\n b="1"\t>x</a\r\n>', text: ['x'], attributes: ['1'] },
  {
    name: 'plain namespace names are no attributes',
    body: '<s:a xmlns:s="http://x.example/y#z" xmlns="urn:b" s:c="1"/>',
    attributes: ['1'],
  },
  {
    name: 'a namespace name that is not plain',
    body: '<a xmlns:s="<x>"/>'.replace('<x>', '${jndi}'),
    attributes: ['${jndi}'],
  },
  { name: 'bytes above ASCII in names and text', body: '<\xc3\xa9>\xc3\xa9</\xc3\xa9>', text: ['\xc3\xa9'] },
  { name: 'UTF-8 with a mark', body: '\xef\xbb\xbf<a>x</a>', text: ['x'] },
  { name: 'UTF-16 with a mark', body: '\xff\xfe<\0a\0>\0\xac\x20<\0/\0a\0>\0', text: ['\xe2\x82\xac'] },
  {
    name: 'UTF-16 without a mark',
    body: '\0<\0a\0>\xd8\x3d\xde\x00\0<\0/\0a\0>',
    text: ['\xf0\x9f\x98\x80'],
  },

  { name: 'text alone', body: 'x', text: ['x'], error: /outside/ },
  { name: 'text after the element', body: '<a>x</a>y', text: ['x', 'y', 'xy'], error: /outside/ },
  { name: 'a second element', body: '<a>x</a><b>y</b>', text: ['x', '<b>y</b>'], error: /second element/ },
  { name: 'an element that is not closed', body: '<a><b>x</b>', text: ['x'], error: /not closed/ },
  { name: 'tags that cross', body: '<a><b>x</a></b>', text: ['x', '</a></b>'], error: /not opened/ },
  {
    name: 'a tag that is not closed',
    body: '<a b="1"',
    text: ['<a b="1"'],
    attributes: ['1'],
    error: /not closed/,
  },
  { name: 'an attribute without quotes', body: '<a b=1>x</a>', text: ['<a b=1>x</a>'], error: /attribute/ },
  { name: 'an attribute without a value', body: '<a b>x</a>', text: ['<a b>x</a>'], error: /attribute/ },
  {
    name: 'an attribute that is not closed',
    body: '<a b="x>y</a>',
    text: ['<a b="x>y</a>'],
    error: /attribute/,
  },
  {
    name: 'attributes without a blank between',
    body: '<a b="1"c="2"/>',
    attributes: ['1'],
    text: ['<a b="1"c="2"/>'],
    error: /not closed/,
  },
  { name: 'a repeated attribute', body: '<a b="1" b="2"/>', attributes: ['1', '2'], error: /repeated/ },
  { name: 'a tag in an attribute', body: '<a b="<c>"/>', attributes: ['<c>'], error: /tag in an attribute/ },
  {
    name: 'a comment that is not closed',
    body: '<a>x<!-- <script>',
    text: ['x', '<!-- <script>'],
    error: /not closed/,
  },
  { name: 'CDATA that is not closed', body: '<a><![CDATA[x', text: ['<![CDATA[x'], error: /not closed/ },
  { name: 'a blank before a name', body: '< a>x</a>', text: ['< a>x</a>'], error: /without a name/ },
  { name: 'a comment alone', body: '<!-- x -->', error: /no element/ },
  { name: 'a bare ampersand', body: '<a>x & y</a>', text: ['x & y'], error: /unknown entity/ },
  { name: 'an unknown entity', body: '<a>&nbsp;&lt;</a>', text: ['&nbsp;<'], error: /unknown entity/ },
  { name: 'a reference to NUL', body: '<a>&#0;</a>', text: ['&#0;'], error: /unknown entity/ },
  {
    name: 'a reference beyond Unicode',
    body: '<a>&#x110000;</a>',
    text: ['&#x110000;'],
    error: /unknown entity/,
  },
  {
    name: 'a reference to a surrogate',
    body: '<a>&#xd800;</a>',
    text: ['&#xd800;'],
    error: /unknown entity/,
  },
  { name: 'UTF-7', body: '<?xml version="1.0" encoding="UTF-7"?><a>x</a>', text: ['x'], error: /encoding/ },
  {
    name: 'UTF-7 after a blank',
    body: '\n<?xml encoding = "utf-7"?><a>x</a>',
    text: ['x'],
    error: /encoding/,
  },
  {
    name: 'an encoding behind many blanks',
    body: `<?xml version="1.0"${' '.repeat(2000)}encoding${' '.repeat(40)}="utf-7"?><a>x</a>`,
    text: ['x'],
    error: /encoding/,
  },
  {
    name: 'an external entity',
    body: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    text: ['&x;', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'],
    error: /document type with entities/,
  },
  {
    name: 'an external subset',
    body: '<!DOCTYPE a SYSTEM "http://x.example/a.dtd"><a/>',
    text: ['<!DOCTYPE a SYSTEM "http://x.example/a.dtd">'],
    error: /another document/,
  },
  {
    name: 'a parameter entity',
    body: `<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://x.example/'> %p;]><a/>`,
    text: [`<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://x.example/'> %p;]>`],
    error: /document type with entities/,
  },
  {
    name: 'brackets in the strings and comments of a document type',
    body: '<!DOCTYPE a [<!-- ]> --><!ATTLIST a b CDATA "]>"><?x ]> ?>]><a>y</a>',
    text: ['y', '<!DOCTYPE a [<!-- ]> --><!ATTLIST a b CDATA "]>"><?x ]> ?>]>'],
  },
  {
    name: 'a document type in small letters',
    body: '<!doctype a><a/>',
    text: ['<!doctype a><a/>'],
    error: /unknown decl/,
  },
  {
    name: 'two document types',
    body: '<!DOCTYPE a><!DOCTYPE a><a/>',
    text: ['<!DOCTYPE a><a/>'],
    error: /out of place/,
  },
  {
    name: 'a document type inside',
    body: '<a><!DOCTYPE a></a>',
    text: ['<!DOCTYPE a></a>'],
    error: /out of place/,
  },
  {
    name: 'a document type that is not closed',
    body: '<!DOCTYPE a [ "',
    text: ['<!DOCTYPE a [ "'],
    error: /not closed/,
  },
]

for (const { name, body, text = [], attributes = [], error } of CASES) {
  test(`XML: ${name}`, () => {
    const found = readXml(body)
    assert.deepEqual(found.xml, { text, attributes })
    if (error === undefined) assert.equal(found.error, undefined)
    else assert.match(found.error ?? '', error)
    assert.equal(found.truncated, undefined)
  })
}

test('XML: a billion laughs are not expanded', () => {
  const levels = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`)
  const doctype = `<!DOCTYPE a [<!ENTITY l0 "lol">${levels.join('')}]>`
  const found = readXml(`${doctype}<a>&l10;</a>`)
  assert.deepEqual(found.xml?.text, ['&l10;', doctype])
  assert.match(found.error ?? '', /document type with entities/)
})

for (const { name, bounds, body, text, truncated } of [
  {
    name: 'depth',
    bounds: { maxXmlDepth: 1 },
    body: '<a>x<b>y</b></a>',
    text: ['x'],
    truncated: 'deeper than 1 levels',
  },
  {
    name: 'depth, which is enough',
    bounds: { maxXmlDepth: 2 },
    body: '<a>x<b>y</b></a>',
    text: ['x', 'y', 'xy'],
  },
  {
    name: 'texts and attributes together',
    bounds: { maxXmlValues: 2 },
    body: '<a b="1">x<c d="2"/></a>',
    text: ['x'],
    truncated: 'more than 2 values',
  },
]) {
  test(`XML: the bound on ${name}`, () => {
    const found = readXml(body, { ...BODY_BOUNDS, ...bounds })
    assert.deepEqual(found.xml?.text, text)
    assert.equal(found.truncated, truncated)
    assert.equal(found.error, undefined)
  })
}
