// Ordinary files with odd but legal names and content, as people send them.
import {
  bmp,
  chunk,
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
} from './makers.ts'

const NAMES = [
  'photo',
  'Photo 2024-01-02 at 10.11.12',
  'r\u00e9sum\u00e9',
  're\u0301sume\u0301',
  '\u5831\u544a\u66f8',
  '\u043e\u0442\u0447\u0451\u0442',
  '\u062a\u0642\u0631\u06cc\u0631 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
  'family \u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  'v1.2.3-final (2)',
  "O'Brien & sons, Inc",
  'example.com',
  '100%25 sure',
  'to be continued\u2026',
  'a+b=c #1 @home [x] {y}',
  'null',
  'console',
  'COM10',
  'index_of.the.party',
  'a%22quoted%22',
  '$5 off!',
  'my.min.js',
  '_private',
  'n'.repeat(200),
  '1',
  'Z\u00fcrich; Bern',
]

export interface OrdinaryUpload {
  readonly name: string
  readonly part: FormPart
}

const gradient = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * i + 3 * i) & 255))

const FILES: readonly (readonly [extension: string, type: string, content: Buffer | string])[] = [
  [
    'png',
    'image/png',
    png(64, 48, [chunk('tEXt', Buffer.from('Title\0a < b and c > d')), chunk('pHYs', Buffer.alloc(9, 1))]),
  ],
  ['PNG', 'image/png', png(1, 1)],
  [
    'jpg',
    'image/jpeg',
    jpeg(640, 480, [
      jpegComment('Lavc58 */ ok'),
      jpegComment(
        'http://ns.adobe.com/xap/1.0/\0<?xpacket begin=""?><x:xmpmeta><rdf:RDF/></x:xmpmeta>',
        0xe1,
      ),
    ]),
  ],
  ['jpeg', 'application/octet-stream', Buffer.concat([jpeg(16, 16), Buffer.alloc(20)])],
  ['jpg', 'image/jpeg', Buffer.concat([jpeg(64, 64), jpeg(8, 8)])],
  [
    'jpg',
    'image/pjpeg',
    Buffer.concat([
      jpeg(64, 64),
      Buffer.from('\0\0\x01\x0aImage_UTC_Data1700000000000SEFHk\0\0\0SEFT', 'latin1'),
    ]),
  ],
  ['gif', 'image/gif', gif(10, 10, 12, gifComment('made with love <3'))],
  ['webp', 'image/webp', webp(33, 77)],
  ['bmp', 'image/bmp', bmp(13, 7)],
  ['tiff', 'image/tiff', tiff(100, 50)],
  [
    'pdf',
    'application/pdf',
    pdf(['3 0 obj << /Type /Annot /A << /S /URI /URI (https://example.com/?a=1) >> >> endobj\n']),
  ],
  [
    'pdf',
    'application/x-pdf',
    pdf(
      [
        pdfStream('/Type /ObjStm /N 1 /First 4', Buffer.from('7 0 << /Type /Page >>')),
        pdfStream('', gradient(5000)),
      ],
      '/OpenAction [3 0 R /Fit] ',
    ),
  ],
  [
    'docx',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    office('word', [
      { path: 'word/media/image1.png', content: png(8, 8) },
      { path: 'word/footer1.xml', content: '<w:instrText>PAGE</w:instrText>DDE is old' },
    ]),
  ],
  ['xlsx', 'application/zip', office('xl')],
  ['pptx', 'application/octet-stream', office('ppt')],
  ['odt', 'application/vnd.oasis.opendocument.text', openDocument('text')],
  [
    'zip',
    'application/x-zip-compressed',
    zip([
      { path: 'folder/', method: 0 },
      { path: 'folder/\u00fc.txt', content: 'hello' },
      { path: 'page.html', content: '<script>x</script>' },
      { path: 'inner.zip', content: zip([{ path: 'x', content: 'y' }]), method: 0 },
    ]),
  ],
  ['zip', 'application/zip', zip([], { comment: 'empty' })],
  ['zip', 'application/zip', zip([{ path: 'zeros', content: Buffer.alloc(900_000) }])],
  [
    'tar',
    'application/x-tar',
    tar([
      { path: './', kind: '5' },
      { path: './a.txt', content: 'hello' },
      { path: 'b/c.txt', content: gradient(1000) },
    ]),
  ],
  ['tgz', 'application/gzip', gzip(tar([{ path: 'a.txt', content: 'hello' }]))],
  ['gz', 'application/gzip', Buffer.concat([gzip('one'), gzip('two')])],
  [
    'csv',
    'text/csv',
    '\ufeffname;amount;phone\r\n"Smith; John";-5,00;+49 30 1234\r\n@home;-5 (approx);=A1\r\n"a ""quoted"" cell";;\r\n',
  ],
  ['csv', 'application/vnd.ms-excel', 'a,b\n1,2\n'],
  [
    'txt',
    'text/plain',
    'A tutorial: <script>alert(1)</script> is how it looks, <?php echo 1 ?> too.\n\tUnion select.\f',
  ],
  ['txt', 'text/plain;charset=UTF-8', '\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\n'.repeat(50)],
  ['md', 'text/markdown', '# Title\n\nMZ is how some words begin.\n'],
  ['json', 'application/json', '{"a":[1,2,{"b":"<script>","c":"\\u0000"}],"__proto__":null}'],
  ['json', 'text/plain', '"just a string"'],
  ['log', 'application/octet-stream', 'GET / 200\nPOST /x 404\n'],
]

/** Each file under several of the names. */
export function ordinaryUploads(): OrdinaryUpload[] {
  return FILES.flatMap(([extension, type, content], i) =>
    [0, 7, 13, 19].map((step) => {
      const fileName = `${NAMES[(i + step) % NAMES.length]}.${extension}`
      return { name: `${fileName} (${type})`, part: { name: 'files[]', fileName, type, content } }
    }),
  )
}
