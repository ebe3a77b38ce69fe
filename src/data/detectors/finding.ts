import type { MaskKind } from '../mask-kinds.ts'

/** Where something to mask stands: from its first character to behind its last. */
export interface Finding {
  readonly kind: MaskKind
  readonly from: number
  readonly to: number
}
