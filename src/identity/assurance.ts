import type { SessionRow } from '../store/index.ts'

/** 1: one factor. 2: two, or a passkey that verified its user, which is two in one. */
export type Assurance = 1 | 2

/** How somebody was authenticated (RFC 8176, and `backup` for a backup code). */
export type Method = 'pwd' | 'otp' | 'backup' | 'pop' | 'user'

/** What a session stands on. */
export interface Proof {
  readonly assurance: Assurance
  readonly methods: readonly Method[]
  /** When it was shown. */
  readonly atMs: number
}

/** What a route asks of an authentication (RFC 9470). */
export interface Wanted {
  readonly level?: Assurance | undefined
  readonly maxAgeMs?: number | undefined
}

const PREFIX = 'urn:ringwall:assurance:'

/** The name of a level, as tokens and challenges carry it. */
export function acrOf(assurance: Assurance): string {
  return `${PREFIX}${assurance}`
}

/** What a session stands on. Sessions that are older than levels stand on a password. */
export function proofOf(
  session: Pick<SessionRow, 'assurance' | 'methods' | 'authenticated_at' | 'created_at'>,
): Proof {
  const {
    assurance,
    methods,
    authenticated_at: atMs,
    created_at: createdMs,
  } = session as Partial<SessionRow> & Pick<SessionRow, 'created_at'>
  return {
    assurance: assurance === 2 ? 2 : 1,
    methods: (methods ?? 'pwd').split(' ') as Method[],
    // Rows from before the column have 0.
    atMs: atMs === undefined || atMs === 0 ? createdMs : atMs,
  }
}

/** Whether a proof is strong and new enough. */
export function isEnough(proof: Proof, wanted: Wanted, nowMs: number): boolean {
  return (
    proof.assurance >= (wanted.level ?? 1) &&
    (wanted.maxAgeMs === undefined || nowMs - proof.atMs <= wanted.maxAgeMs)
  )
}

/** The challenge of RFC 9470 3: what a client has to get before it asks again. */
export function stepUpChallenge(wanted: Wanted): string {
  return [
    'Bearer error="insufficient_user_authentication"',
    'error_description="A different or a newer authentication is required"',
    ...(wanted.level === undefined ? [] : [`acr_values="${acrOf(wanted.level)}"`]),
    ...(wanted.maxAgeMs === undefined ? [] : [`max_age="${Math.floor(wanted.maxAgeMs / 1000)}"`]),
  ].join(', ')
}
