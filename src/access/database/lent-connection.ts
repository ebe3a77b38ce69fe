import { RingwallError } from '../../core/errors.ts'

/**
 * Gives `run` a connection or transaction that refuses once `run` is done. A query that nobody waited for would
 * otherwise run in the transaction of whoever has the connection next.
 */
export async function lend<Lent extends object, T>(lent: Lent, run: (lent: Lent) => Promise<T>): Promise<T> {
  let isOver = false
  const borrowed = new Proxy(lent, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function' || name === 'constructor') return value
      return (...values: unknown[]): unknown => {
        if (isOver) throw transactionOver()
        if (name === 'release')
          throw new RingwallError('access.not-yours', 'withPrincipal gives the connection back itself')
        return Reflect.apply(value, target, values)
      }
    },
  })
  try {
    return await run(borrowed)
  } finally {
    isOver = true
  }
}

/** What ended too early, or was used too late. */
export function transactionOver(): RingwallError {
  return new RingwallError(
    'access.transaction-over',
    'the transaction of this principal is over; await every query inside, and leave BEGIN, COMMIT and ROLLBACK alone',
  )
}
