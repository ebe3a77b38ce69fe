// Files made from nothing, byte by byte: the ordinary ones that the tests send, and the material of the hostile ones.
import { crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const u16 = (value: number): Buffer => Buffer.from([value & 255, (value >> 8) & 255])
const u32 = (value: number): Buffer =>
  Buffer.from([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24])
const be32 = (value: number): Buffer => u32(value).toReversed() as Buffer
const be16 = (value: number): Buffer => u16(value).toReversed() as Buffer

export function chunk(kind: string, content: Buffer): Buffer {
  const body = Buffer.concat([bytes(kind), content])
  return Buffer.concat([be32(content.length), body, be32(crc32(body))])
}

export function png(
  width: number,
  height: number,
  extra: readonly Buffer[] = [],
  declared = [width, height],
): Buffer {
  const head = Buffer.concat([
    be32(declared[0] as number),
    be32(declared[1] as number),
    Buffer.from([8, 2, 0, 0, 0]),
  ])
  const pixels = Buffer.alloc((width * 3 + 1) * height, 7)
  for (let row = 0; row < height; row++) pixels[row * (width * 3 + 1)] = 0
  return Buffer.concat([
    bytes('\x89PNG\r\n\x1a\n'),
    chunk('IHDR', head),
    ...extra,
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A grey JPEG with the tables that it needs; every block is the same. */
export function jpeg(width: number, height: number, extra: readonly Buffer[] = []): Buffer {
  const segment = (marker: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0xff, marker]), be16(content.length + 2), content])
  const blocks = Math.min(10_000, Math.ceil(width / 8) * Math.ceil(height / 8))
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, bytes('JFIF\0\x01\x01\0\0\x01\0\x01\0\0')),
    ...extra,
    segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)])),
    segment(0xc0, Buffer.concat([Buffer.from([8]), be16(height), be16(width), Buffer.from([1, 1, 0x11, 0])])),
    segment(0xc4, Buffer.from([0, 1, ...Array.from({ length: 15 }, () => 0), 0])),
    segment(0xc4, Buffer.from([0x10, 1, ...Array.from({ length: 15 }, () => 0), 0])),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    Buffer.alloc(Math.ceil((blocks * 2) / 8), 0),
    Buffer.from([0xff, 0xd9]),
  ])
}

export function jpegComment(text: string, marker = 0xfe): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker]), be16(text.length + 2), bytes(text)])
}

export function gif(width: number, height: number, frames = 1, extra: Buffer = Buffer.alloc(0)): Buffer {
  const frame = Buffer.concat([
    bytes(','),
    u16(0),
    u16(0),
    u16(width),
    u16(height),
    Buffer.from([0, 2, 2, 0x44, 1, 0]),
  ])
  return Buffer.concat([
    bytes('GIF89a'),
    u16(width),
    u16(height),
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
    extra,
    ...Array.from({ length: frames }, () => frame),
    bytes(';'),
  ])
}

export function gifComment(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x21, 0xfe, text.length]), bytes(text), Buffer.from([0])])
}

export function webp(width: number, height: number, extra: Buffer = Buffer.alloc(0)): Buffer {
  const bits = (width - 1) | ((height - 1) << 14)
  const picture = Buffer.concat([Buffer.from([0x2f]), u32(bits), Buffer.from([0x88, 0x88, 8])])
  const body = Buffer.concat([bytes('WEBPVP8L'), u32(picture.length), picture, extra])
  return Buffer.concat([bytes('RIFF'), u32(body.length), body])
}

export function bmp(width: number, height: number, declared = [width, height]): Buffer {
  const pixels = Buffer.alloc(Math.ceil((width * 24) / 32) * 4 * height, 9)
  const head = Buffer.concat([
    u32(40),
    u32(declared[0] as number),
    u32(declared[1] as number),
    u16(1),
    u16(24),
    Buffer.alloc(24),
  ])
  return Buffer.concat([bytes('BM'), u32(54 + pixels.length), u32(0), u32(54), head, pixels])
}

export function tiff(width: number, height: number, next = 0): Buffer {
  const entry = (tag: number, value: number): Buffer => Buffer.concat([u16(tag), u16(4), u32(1), u32(value)])
  const tags = [entry(256, width), entry(257, height), entry(273, 8), entry(279, 4)]
  return Buffer.concat([bytes('II*\0'), u32(12), bytes('PIXL'), u16(tags.length), ...tags, u32(next)])
}

export function pdf(objects: readonly (string | Buffer)[] = [], root = ''): Buffer {
  const all = [
    `1 0 obj\n<< /Type /Catalog /Pages 2 0 R ${root}>>\nendobj\n`,
    '2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n',
    ...objects,
  ]
  return Buffer.concat([
    bytes('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'),
    ...all.map((one) => (typeof one === 'string' ? bytes(one) : one)),
    bytes('trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n'),
  ])
}

export function pdfStream(dictionary: string, content: Buffer): Buffer {
  const packed = deflateSync(content)
  return Buffer.concat([
    bytes(`9 0 obj\n<< ${dictionary} /Filter /FlateDecode /Length ${packed.length} >>\nstream\n`),
    packed,
    bytes('\nendstream\nendobj\n'),
  ])
}

export interface ZipEntry {
  readonly path: string
  readonly content?: Buffer | string
  readonly flags?: number
  readonly method?: number
  readonly mode?: number
  /** Name, size or check in the local head, where it is to differ. */
  readonly localPath?: string
  readonly size?: number
  readonly crc?: number
}

export function zip(
  entries: readonly ZipEntry[],
  options: { readonly comment?: string; readonly gap?: Buffer; readonly count?: number } = {},
): Buffer {
  const pieces: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const one of entries) {
    const content = Buffer.from(one.content ?? '')
    const method = one.method ?? 8
    const packed = method === 8 ? deflateRawSync(content) : content
    const flags = one.flags ?? 0x0800
    const common = (path: Buffer): Buffer =>
      Buffer.concat([
        u16(20),
        u16(flags),
        u16(method),
        u32(0x5a210000),
        u32(one.crc ?? crc32(content)),
        u32(packed.length),
        u32(one.size ?? content.length),
        u16(path.length),
        u16(0),
      ])
    const path = Buffer.from(one.path)
    const localPath = Buffer.from(one.localPath ?? one.path)
    const local = Buffer.concat([bytes('PK\x03\x04'), common(localPath), localPath, packed])
    directory.push(
      Buffer.concat([
        bytes('PK\x01\x02'),
        u16(0x0314),
        common(path),
        u16(0),
        u16(0),
        u16(0),
        u32((one.mode ?? 0) * 65_536),
        u32(at),
        path,
      ]),
    )
    pieces.push(local)
    at += local.length
  }
  const gap = options.gap ?? Buffer.alloc(0)
  const list = Buffer.concat(directory)
  const comment = bytes(options.comment ?? '')
  const count = options.count ?? entries.length
  return Buffer.concat([
    ...pieces,
    gap,
    list,
    bytes('PK\x05\x06\0\0\0\0'),
    u16(count),
    u16(count),
    u32(list.length),
    u32(at + gap.length),
    u16(comment.length),
    comment,
  ])
}

export function tar(
  entries: readonly { readonly path: string; readonly content?: Buffer | string; readonly kind?: string }[],
): Buffer {
  const blocks = entries.flatMap(({ path, content = '', kind = '0' }) => {
    const body = Buffer.from(content)
    const head = Buffer.alloc(512)
    head.write(path.slice(0, 100), 0)
    head.write('0000644\0', 100)
    head.write(body.length.toString(8).padStart(11, '0'), 124)
    head.write('00000000000', 136)
    head.write('        ', 148)
    head.write(kind, 156)
    head.write('ustar\x0000', 257, 'latin1')
    const sum = head.reduce((total, one) => total + one, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export function gzip(content: Buffer | string): Buffer {
  return gzipSync(content)
}

const TYPES =
  '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'

/** A document of Office Open XML by its main folder, with more parts. */
export function office(folder: 'word' | 'xl' | 'ppt', parts: readonly ZipEntry[] = []): Buffer {
  const main = { word: 'document', xl: 'workbook', ppt: 'presentation' }[folder]
  const own = parts.map(({ path }) => path)
  const usual: ZipEntry[] = [
    { path: '[Content_Types].xml', content: TYPES },
    { path: `${folder}/${main}.xml`, content: `<?xml version="1.0"?><${main}>text</${main}>` },
    {
      path: `${folder}/_rels/${main}.xml.rels`,
      content:
        '<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://example.com/a&amp;b" TargetMode="External"/></Relationships>',
    },
  ]
  return zip([...usual.filter(({ path }) => !own.includes(path)), ...parts])
}

export function openDocument(kind: string, parts: readonly ZipEntry[] = []): Buffer {
  return zip([
    { path: 'mimetype', content: `application/vnd.oasis.opendocument.${kind}`, method: 0 },
    { path: 'META-INF/manifest.xml', content: '<manifest:manifest/>' },
    { path: 'content.xml', content: '<office:document-content/>' },
    ...parts,
  ])
}

export interface FormPart {
  readonly name?: string
  readonly fileName?: string
  readonly type?: string
  readonly content: Buffer | string
}

export const BOUNDARY = '----formBoundary7MA4YWxk'

export function form(parts: readonly FormPart[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(({ name = 'f', fileName, type, content }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"`}\r\n${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
}
