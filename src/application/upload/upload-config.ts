import { duration, size, z } from '../../core/schema.ts'
import type { UploadPolicy } from './upload-policy.ts'

const count = (preset: number) => z.number().int().min(1).default(preset)

const types = z.array(
  z.string().regex(/^[a-z0-9.+-]+\/([a-z0-9.+-]+|\*)$/, 'must be a media type such as image/png or image/*'),
)
const extensions = z.array(
  z.string().regex(/^[a-z0-9_+-]{1,16}$/, 'must be an extension without its dot, lower case'),
)
const svg = z.enum(['refuse', 'static'])

const archives = z
  .strictObject({
    max_entries: count(1000).describe('Entries of all archives of one upload together.'),
    max_unpacked: size({ min: '1KB', max: '2GB' })
      .prefault('64MB')
      .describe('Size of all entries together, unpacked. So much memory an inspection may take.'),
    max_ratio: count(200).describe('Unpacked to packed size of an entry of more than 1 MB.'),
    max_depth: count(3).describe('Archives in archives; 1 takes none. An office document is an archive.'),
  })
  .prefault({})
  .describe('How far ZIP, tar, gzip and office documents are unpacked to be looked into.')

const onFailure = z.enum(['refuse', 'pass']).default('refuse')

const clamav = z
  .strictObject({
    socket: z.string().min(1).optional().describe('Path of the socket of clamd.'),
    host: z.string().min(1).default('127.0.0.1').describe('Host of clamd, where it is asked over TCP.'),
    port: z.number().int().min(1).max(65_535).optional().describe('Port of clamd; 3310 is its own.'),
    timeout: duration({ min: '100ms', max: '10m' })
      .prefault('30s')
      .describe('For the scan of one file, from the connection to the answer.'),
    on_failure: onFailure.describe('What becomes of a file that clamd did not clear, and did not condemn.'),
  })
  .refine(({ socket, port }) => (socket === undefined) !== (port === undefined), {
    message: 'name either the socket or the port of clamd',
  })

const quarantine = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Where refused files are kept, mode 0700. Not given: `quarantine` in the directory of the store.',
    ),
  max_files: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe('Files at most; further ones are not kept.'),
  max_size: size({ min: '1KB', max: '1TB' }).prefault('1GB').describe('Size of all files together.'),
  keep: duration({ min: '1m', max: '3650d' }).prefault('30d').describe('How long a file is kept.'),
})

const reencode = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\/[^\s@/]+(\/\S*)?$/, 'must be an address such as http://127.0.0.1:9000/encode')
    .describe(
      'A service that gets each file by POST and answers with the file encoded anew (200), or that it stays as it is (204).',
    ),
  types: types.default(['image/*']).describe('Media types that are encoded anew, by content.'),
  timeout: duration({ min: '100ms', max: '10m' }).prefault('30s').describe('For one file.'),
  on_failure: onFailure.describe('What becomes of a file that was not encoded anew.'),
})

const off = z.literal(false)

/** `security.application.uploads`. */
export const uploadsSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Whether uploads are inspected on all routes; a route may say otherwise.'),
    inspect: size({ min: '1KB', max: '1GB' })
      .prefault('16MB')
      .describe('The largest body that is inspected. It is held in memory until it is judged.'),
    on_excess: z
      .enum(['refuse', 'pass'])
      .default('refuse')
      .describe('A body larger than `inspect`: refused, or passed without a look, which the trace says.'),
    raw: z
      .enum(['files', 'all'])
      .default('files')
      .describe(
        'Bodies that are no form. `files`: JSON, XML and URL-encoded bodies are not files. `all`: each is a file.',
      ),
    max_file: size({ min: '1B', max: '1GB' }).prefault('10MB').describe('The largest file.'),
    max_files: count(20).describe('Files of one form.'),
    max_fields: count(200).describe('Other fields of one form.'),
    max_field: size({ min: '1B', max: '100MB' }).prefault('256KB').describe('The largest other field.'),
    types: types
      .default([
        'image/png',
        'image/jpeg',
        'image/gif',
        'image/webp',
        'application/pdf',
        'text/plain',
        'text/csv',
        'application/json',
      ])
      .describe('Media types that are taken, by content: image/png or image/*.'),
    extensions: extensions.optional().describe('Extensions that are taken. Not given: those of `types`.'),
    on_unknown: z
      .enum(['refuse', 'pass'])
      .default('refuse')
      .describe('Content of no known type. `pass` still refuses programs, markup and hidden archives.'),
    svg: svg
      .default('refuse')
      .describe('`static` takes SVG that holds no script, handler, entity or reference to elsewhere.'),
    max_pixels: count(50_000_000).describe('Width times height of a picture.'),
    max_frames: count(1000).describe('Frames of an animation, pages of a TIFF.'),
    archives,
    clamav: clamav
      .optional()
      .describe('Each file is shown to clamd (INSTREAM) before the application gets it.'),
    quarantine: quarantine
      .optional()
      .describe('Refused files are kept aside, with what is known of them; see `ringwall uploads`.'),
    reencode: reencode.optional().describe('Files are encoded anew before the application gets them.'),
  })
  .prefault({})

/** Key `uploads` of a route. */
export const uploadsRouteKey = z
  .strictObject({
    enabled: z.boolean().default(true).describe('`false` switches the inspection off on this route.'),
    types: types.optional().describe('In place of `security.application.uploads.types`.'),
    extensions: extensions.optional().describe('In place of `security.application.uploads.extensions`.'),
    max_file: size({ min: '1B', max: '1GB' })
      .optional()
      .describe('In place of `security.application.uploads.max_file`.'),
    max_files: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('In place of `security.application.uploads.max_files`.'),
    svg: svg.optional().describe('In place of `security.application.uploads.svg`.'),
    raw: z.enum(['files', 'all']).optional().describe('In place of `security.application.uploads.raw`.'),
    clamav: z
      .union([off, clamav])
      .optional()
      .describe('In place of `security.application.uploads.clamav`; `false` for no scan on this route.'),
    quarantine: off.optional().describe('`false`: refused files of this route are not kept.'),
    reencode: z
      .union([off, reencode])
      .optional()
      .describe('In place of `security.application.uploads.reencode`; `false` for none on this route.'),
  })
  .optional()
  .describe('Inspection of uploads on this route.')

/** `security.application.uploads`, parsed. */
export type UploadsConfig = z.output<typeof uploadsSchema>
/** `uploads` of a route, parsed. */
export type UploadsRouteConfig = z.output<typeof uploadsRouteKey>

/** What holds on a route: the route's own words before those for all. */
export function uploadPolicy(config: UploadsConfig, route: UploadsRouteConfig): UploadPolicy {
  return {
    inspectBytes: config.inspect,
    maxFileBytes: route?.max_file ?? config.max_file,
    maxFiles: route?.max_files ?? config.max_files,
    maxFields: config.max_fields,
    maxFieldBytes: config.max_field,
    types: route?.types ?? config.types,
    // Extensions for all routes do not fit types that a route names itself.
    extensions: route?.extensions ?? (route?.types ? undefined : config.extensions),
    onUnknown: config.on_unknown,
    svg: route?.svg ?? config.svg,
    maxPixels: config.max_pixels,
    maxFrames: config.max_frames,
    archives: {
      maxEntries: config.archives.max_entries,
      maxUnpackedBytes: config.archives.max_unpacked,
      maxRatio: config.archives.max_ratio,
      maxDepth: config.archives.max_depth,
    },
  }
}

/** `clamav`, parsed. */
export type ClamavConfig = z.output<typeof clamav>
/** `quarantine`, parsed. */
export type QuarantineConfig = z.output<typeof quarantine>
/** `reencode`, parsed. */
export type ReencodeConfig = z.output<typeof reencode>

/** What a route asks of others: its own words, else those for all. */
export function uploadAids(
  config: UploadsConfig,
  route: UploadsRouteConfig,
): {
  readonly clamav: ClamavConfig | undefined
  readonly reencode: ReencodeConfig | undefined
} {
  const clamavHere = route?.clamav ?? config.clamav
  const reencodeHere = route?.reencode ?? config.reencode
  return {
    clamav: clamavHere === false ? undefined : clamavHere,
    reencode: reencodeHere === false ? undefined : reencodeHere,
  }
}
