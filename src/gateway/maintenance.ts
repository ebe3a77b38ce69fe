import { IpList } from '../core/ip.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { MaintenanceConfig } from './answer-config.ts'

/** Whether somebody at an address is let in; undefined where the route is open to everybody. */
export function maintenanceJudge(
  { enabled, retry_after: retryAfterMs, allow }: MaintenanceConfig,
  isClosed = enabled,
): ((ip: string) => Verdict) | undefined {
  if (!isClosed) return undefined
  const allowed = new IpList(allow)
  const seconds = String(Math.ceil(retryAfterMs / 1000))
  return (ip) =>
    allowed.find(ip) === undefined
      ? refuse('gateway.maintenance', 'the route is closed for maintenance', ['Retry-After', seconds])
      : pass
}
