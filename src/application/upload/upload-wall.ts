import type { Exchange } from '../../core/exchange.ts'
import { describeError } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { pass, refuse, type Verdict } from '../../core/verdict.ts'
import type { BodyView, Wall } from '../../core/wall.ts'
import { clamdAt, type ScannerOptions, scanByClamd } from './clamd.ts'
import { type DescribedFile, inspectFile } from './file-inspection.ts'
import { boundaryOf, type FilePart } from './form-parts.ts'
import type { FileToKeep, Quarantine } from './quarantine.ts'
import { encodeAnew, httpReencode, type Reencoding } from './reencoding.ts'
import { uploadAids, uploadPolicy, type UploadsConfig, type UploadsRouteConfig } from './upload-config.ts'
import { fault, type UploadFault } from './upload-fault.ts'
import { inspectUpload, type JudgedFile, replaceFiles } from './upload-inspection.ts'
import { isListed, type UploadPolicy } from './upload-policy.ts'

/** A file that was refused, for whoever keeps such files aside. */
export type RefusedFile = FileToKeep

/** A quarantine as a part of the inspection. */
export function keepIn(quarantine: Quarantine): NonNullable<UploadParts['quarantine']> {
  return (file) => quarantine.put(file)
}

/** What an inspection may use beside its configuration. */
export interface UploadParts {
  readonly scanner?: ScannerOptions | undefined
  /** Stores a refused file aside. That it fails does not let the file pass. */
  readonly quarantine?: ((file: RefusedFile) => Promise<{ readonly id: string } | void>) | undefined
  readonly reencoding?: Reencoding | undefined
}

/** What holds on a route: what a program gives before what the configuration says. */
function partsOf(
  config: UploadsConfig,
  route: UploadsRouteConfig,
  policy: UploadPolicy,
  given: UploadParts,
): UploadParts {
  const { clamav, reencode } = uploadAids(config, route)
  return {
    scanner:
      given.scanner ??
      (clamav && clamdAt({ ...clamav, timeoutMs: clamav.timeout, onFailure: clamav.on_failure })),
    quarantine: route?.quarantine === false ? undefined : given.quarantine,
    reencoding:
      given.reencoding ??
      (reencode && {
        reencode: httpReencode(reencode.url, reencode.timeout, policy.maxFileBytes),
        takes: (type) => isListed(type, reencode.types),
        onFailure: reencode.on_failure,
      }),
  }
}

/** The body moment of the application wall where uploads are inspected; undefined where they are not. */
export function uploadJudge(
  config: UploadsConfig,
  route: UploadsRouteConfig,
  given: UploadParts = {},
): Wall['body'] | undefined {
  if (!(route ? route.enabled : config.enabled)) return undefined
  const policy = uploadPolicy(config, route)
  const parts = partsOf(config, route, policy, given)
  const takesAll = (route?.raw ?? config.raw) === 'all'
  return {
    wants(exchange) {
      if (exchange.body.declaredBytes === 0) return 0
      const isFile = takesAll || exchange.headers.all('content-type').every(mayBeFile)
      // What is known to be too large is refused after its first byte, not after all that would be looked at.
      const isTooLarge = (exchange.body.declaredBytes ?? 0) > policy.inspectBytes
      return isFile ? (isTooLarge ? 1 : policy.inspectBytes) : 0
    },
    async judge(exchange, view) {
      if (view.undecodable !== undefined) return refused({ reason: 'unreadable', detail: view.undecodable })
      if (!view.complete || view.bytes.length > policy.inspectBytes)
        return judgeExcess(exchange, view, config.on_excess, policy.inspectBytes)
      const verdict = await inspectUpload(
        view.bytes,
        {
          contentTypes: exchange.headers.all('content-type'),
          dispositions: exchange.headers.all('content-disposition'),
        },
        policy,
      )
      if (!verdict.ok) return setAside(exchange, verdict.file, verdict.fault, parts)
      const { files } = verdict
      if (parts.scanner) {
        for (const file of files) {
          const found = await scanByClamd(file.bytes, parts.scanner)
          if (found) return setAside(exchange, file, found, parts)
        }
      }
      if (files.length > 0) exchange.trace.note(describeFiles(files, parts.scanner !== undefined))
      return parts.reencoding ? reencoded(exchange, view, files, policy, parts) : pass
    },
  }
}

function describeFiles(files: readonly JudgedFile[], isScanned: boolean): string {
  const types = [...new Set(files.map(({ type }) => type))].join(', ')
  return `inspected ${files.length} files: ${types}${isScanned ? ', scanned' : ''}`
}

/** Puts files that were encoded anew in the place of those that were sent. What comes back is judged as if it had been sent. */
async function reencoded(
  exchange: Exchange,
  view: BodyView,
  files: readonly JudgedFile[],
  policy: UploadPolicy,
  parts: UploadParts,
): Promise<Verdict> {
  const replaced = new Map<FilePart, Uint8Array>()
  let whole: Uint8Array | undefined
  for (const file of files) {
    const bytes = parts.reencoding && (await encodeAnew(file, parts.reencoding))
    if (bytes === undefined) continue
    if ('reason' in bytes) return setAside(exchange, file, bytes, parts)
    const judged = await inspectFile({ ...file, bytes }, policy)
    const wrong =
      'reason' in judged
        ? fault('reencoding', `the encoder's file: ${judged.reason}: ${judged.detail}`)
        : judged.type === file.type
          ? undefined
          : fault('reencoding', `the encoder made ${judged.type} of ${file.type}`)
    if (wrong) return setAside(exchange, file, wrong, parts)
    if (isPart(file)) replaced.set(file, bytes)
    else whole = bytes
  }
  if (whole === undefined && replaced.size === 0) return pass
  const boundary = boundaryOf(exchange.headers.get('content-type') ?? '') ?? ''
  const body = whole ?? replaceFiles(view.bytes, boundary, replaced)
  if (!body) return refused(fault('reencoding', 'the new files do not fit into the form'))
  exchange.body.replace(body)
  for (const name of ['content-encoding', 'content-md5', 'digest', 'content-digest', 'repr-digest'])
    exchange.headers.delete(name)
  if (exchange.headers.has('content-length')) exchange.headers.set('Content-Length', String(body.length))
  exchange.trace.note(`${whole === undefined ? replaced.size : 1} encoded anew`)
  return pass
}

function isPart(file: JudgedFile): file is JudgedFile & FilePart {
  return file.field !== undefined && 'start' in file
}

/** Bodies of these types are calls of an interface rather than files. */
function mayBeFile(contentType: string): boolean {
  const type = (contentType.split(';')[0] as string).trim().toLowerCase()
  if (type === 'image/svg+xml') return true
  return !/^(application\/(x-www-form-urlencoded|json|xml)|text\/xml|application\/[a-z0-9.-]{1,80}\+(json|xml))$/.test(
    type,
  )
}

// INVARIANT: a body that was not seen whole is never said to be inspected.
function judgeExcess(
  exchange: Exchange,
  view: BodyView,
  onExcess: 'refuse' | 'pass',
  bound: number,
): Verdict {
  const detail = `the upload is larger than the ${formatSize(bound)} that are inspected`
  if (onExcess === 'refuse') return refused({ reason: 'size', detail })
  exchange.trace.note(`${detail}; none of it was (${formatSize(view.bytes.length)} seen)`)
  return pass
}

async function setAside(
  exchange: Exchange,
  file: DescribedFile | undefined,
  fault: UploadFault,
  { quarantine }: UploadParts,
): Promise<Verdict> {
  if (file && quarantine) {
    try {
      const { rawName, declaredType, bytes } = file
      const kept = await quarantine({ rawName, declaredType, bytes, exchangeId: exchange.id, fault })
      if (kept) {
        const data = { file: kept.id, reason: fault.reason }
        exchange.events.push({ kind: 'application.upload-quarantined', outcome: 'success', data })
      }
    } catch (thrown) {
      exchange.trace.note(`the refused file was not kept: ${describeError(thrown)}`)
    }
  }
  return refused(fault)
}

function refused(fault: UploadFault): Verdict {
  return refuse('application.upload-refused', `${fault.reason}: ${fault.detail}`)
}
