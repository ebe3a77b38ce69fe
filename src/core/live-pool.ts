import { type LiveSecret, withLiveSecret } from './live-secret.ts'
import type { Secret } from './secret.ts'

/** A connection that a pool lends. */
export interface Lent {
  /** With `true` it is closed in place of going back. */
  release(destroy?: boolean): void
}

/** What a pool of connections needs to follow a secret that is rotated. */
export interface LivePoolParts<C extends Lent> {
  readonly source: LiveSecret
  readonly connect: () => Promise<C>
  /** The secret that a connection was opened with. */
  readonly bornWith: (connection: C) => Secret | undefined
  /** What new connections are opened with from now on. */
  readonly use: (secret: Secret) => void
  /** Whether an error says that the secret was refused. */
  readonly isRefusal: (thrown: unknown) => boolean
}

/**
 * Lends connections that were opened with the current value of a secret. Idle ones of an older value are closed when their turn comes, so
 * that nothing holds on to what is about to be retired; a refused value is read anew, and the connection tried again.
 */
export function liveConnect<C extends Lent>(parts: LivePoolParts<C>): () => Promise<C> {
  return () =>
    withLiveSecret(
      parts.source,
      async (secret) => {
        parts.use(secret)
        for (;;) {
          const connection = await parts.connect()
          const born = parts.bornWith(connection)
          if (born === undefined || born === secret || born.reveal() === secret.reveal()) return connection
          // A newer one, which somebody else brought meanwhile, is as good.
          if (born.reveal() === parts.source.current().reveal()) return connection
          connection.release(true)
        }
      },
      parts.isRefusal,
    )
}

/** PostgreSQL: wrong password, or a role that may not log in (SQLSTATE class 28). */
export function isPostgresRefusal(thrown: unknown): boolean {
  const { code } = thrown as { readonly code?: unknown }
  return code === '28P01' || code === '28000'
}
