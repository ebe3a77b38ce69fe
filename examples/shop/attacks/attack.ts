import type { Echo, Shot } from './wire.ts'

/** What an attack may use. */
export interface Field {
  shoot(shot: Shot): Promise<Echo>
  /** Different in every run, so that nothing found can be left over from an earlier one. */
  readonly nonce: string
  /** Whether the target is reached over TLS. */
  readonly isTls: boolean
}

/** What an attack saw. `effect` is evidence in a reply or in a later request, never a status alone. */
export interface Finding {
  /** In a few words what was got, or undefined where nothing was. */
  readonly effect: string | undefined
  /** The reply that decided. */
  readonly reply: Echo
}

/** One attack of the guide. */
export interface Attack {
  readonly id: string
  /** The guide's chapter. */
  readonly chapter: string
  /** What it tries, in a few words. */
  readonly tries: string
  /** `active` has an effect that somebody wanted; `posture` finds something missing. */
  readonly kind: 'active' | 'posture'
  readonly run: (field: Field) => Promise<Finding>
}

/** An attack that is one request, judged by one look at its reply. */
export function single(shot: Shot, look: (reply: Echo) => string | undefined): Attack['run'] {
  return async (field) => {
    const reply = await field.shoot(shot)
    return { effect: look(reply), reply }
  }
}

/** Looks whether something was done. Where the look itself is refused after the deed was not, nothing can be said. */
export async function lookAfter(field: Field, deed: Echo, shot: Shot): Promise<Echo> {
  const look = await field.shoot(shot)
  if (look.status >= 400 && deed.status < 400) {
    throw new Error(`${shot.target} answers ${look.status}, so that the effect cannot be seen`)
  }
  return look
}

/** Evidence when the reply holds this text. */
export function holding(text: string, evidence: string): (reply: Echo) => string | undefined {
  return (reply) => (reply.text.includes(text) ? evidence : undefined)
}
