import type { Exchange } from '../../core/exchange.ts'
import { describeError } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { pass, refuse, type Verdict } from '../../core/verdict.ts'
import type { BodyView, Wall } from '../../core/wall.ts'
import { type ScannerOptions, scanByClamd } from './clamd.ts'
import type { DescribedFile } from './file-inspection.ts'
import { uploadPolicy, type UploadsConfig, type UploadsRouteConfig } from './upload-config.ts'
import type { UploadFault } from './upload-fault.ts'
import { inspectUpload } from './upload-inspection.ts'

/** A file that was refused, for whoever keeps such files aside. */
export interface RefusedFile extends DescribedFile {
  readonly exchangeId: string
  readonly fault: UploadFault
}

/** What an inspection may use that this room cannot do itself. */
export interface UploadParts {
  readonly scanner?: ScannerOptions | undefined
  /** Stores a refused file aside. That it fails does not let the file pass. */
  readonly quarantine?: ((file: RefusedFile) => Promise<void>) | undefined
}

/** The body moment of the application wall where uploads are inspected; undefined where they are not. */
export function uploadJudge(
  config: UploadsConfig,
  route: UploadsRouteConfig,
  parts: UploadParts = {},
): Wall['body'] | undefined {
  if (!(route ? route.enabled : config.enabled)) return undefined
  const policy = uploadPolicy(config, route)
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
      if (parts.scanner) {
        for (const file of verdict.files) {
          const fault = await scanByClamd(file.bytes, parts.scanner)
          if (fault) return setAside(exchange, file, fault, parts)
        }
      }
      if (verdict.files.length > 0)
        exchange.trace.note(
          `inspected ${verdict.files.length} files: ${[...new Set(verdict.files.map(({ type }) => type))].join(', ')}`,
        )
      return pass
    },
  }
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
      await quarantine({
        rawName: file.rawName,
        declaredType: file.declaredType,
        bytes: file.bytes,
        exchangeId: exchange.id,
        fault,
      })
    } catch (thrown) {
      exchange.trace.note(`the refused file was not kept: ${describeError(thrown)}`)
    }
  }
  return refused(fault)
}

function refused(fault: UploadFault): Verdict {
  return refuse('application.upload-refused', `${fault.reason}: ${fault.detail}`)
}
