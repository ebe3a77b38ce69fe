/** Why a file is refused, in a word. `unreadable`: two parsers could read the request differently. */
export type UploadReason =
  | 'unreadable'
  | 'size'
  | 'count'
  | 'name'
  | 'extension'
  | 'type'
  | 'type-mismatch'
  | 'polyglot'
  | 'active-content'
  | 'executable'
  | 'macro'
  | 'image-bomb'
  | 'damaged'
  | 'archive'
  | 'archive-bomb'
  | 'encrypted'
  | 'malware'
  | 'scanner'
  | 'reencoding'

/** An objection to a file or to the body that carries it. The detail is for the audit log. */
export interface UploadFault {
  readonly reason: UploadReason
  readonly detail: string
}

/** An objection, in one line. */
export function fault(reason: UploadReason, detail: string): UploadFault {
  return { reason, detail }
}
