import type { Config, Finding } from './config/index.ts'
import { describeError, formatPlace, RingwallError } from './core/errors.ts'
import { isAwaited } from './core/secret.ts'
import {
  acmeAuthorities,
  type CertificateSource,
  readClientAuthority,
  readServedCertificate,
  securityTxt,
  securityTxtExpiry,
} from './edge/index.ts'
import { certificateSources } from './tls-front.ts'

const DAY_MS = 86_400_000

interface Checked {
  readonly path: readonly PropertyKey[]
  readonly check: () => unknown
}

/** Files that the configuration names and that cannot be used, each with the place of its key in the configuration. */
export function fileMistakes(
  config: Config,
  nowMs: number,
): readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] {
  const { tls, edge } = config.security
  const { certificate, key } = config.listen
  const { security_txt: text } = edge
  const all: Checked[] = [
    ...(certificate !== undefined && key !== undefined
      ? [
          {
            path: ['listen', 'certificate'],
            check: () => readServedCertificate({ certificate, key }, nowMs),
          },
        ]
      : []),
    ...tls.certificates.map((files, i) => ({
      path: ['security', 'tls', 'certificates', i],
      // A passphrase that comes from a provider is not here yet: the pair is looked at when the server opens.
      check: () =>
        files.passphrase && isAwaited(files.passphrase) ? undefined : readServedCertificate(files, nowMs),
    })),
    ...Object.entries(tls.client_authorities).map(([name, one]) => ({
      path: ['security', 'tls', 'client_authorities', name],
      check: () => readClientAuthority(name, one),
    })),
    ...(tls.acme
      ? [
          {
            path: ['security', 'tls', 'acme', 'authorities'],
            check: () => tls.acme && acmeAuthorities(tls.acme),
          },
        ]
      : []),
    ...(text ? [{ path: ['security', 'edge', 'security_txt'], check: () => securityTxt(text) }] : []),
  ]
  return all.flatMap(({ path, check }) => {
    try {
      check()
      return []
    } catch (thrown) {
      const message =
        thrown instanceof RingwallError
          ? `${formatPlace(thrown.at)}${thrown.message}`
          : `cannot be used: ${describeError(thrown)}`
      return [{ path, message }]
    }
  })
}

/** What will go wrong with certificates and the like in time. */
export function expiryFindings(config: Config, nowMs: number): readonly Finding[] {
  const { tls, edge } = config.security
  const findings = certificateSources(config).flatMap((source) => {
    const left = daysLeft(source, nowMs)
    return left === undefined || left * DAY_MS > tls.expiry_warning
      ? []
      : [
          {
            id: 'certificate-expires',
            level: 'risk' as const,
            path: source.label,
            message: `the certificate expires in ${Math.floor(left)} days; renew it`,
            source: 'guide: TLS Configuration',
          },
        ]
  })
  const { security_txt: text } = edge
  if (!text) return findings
  const left = (securityTxtExpiry(text) - nowMs) / DAY_MS
  const message =
    left <= 0
      ? 'it has expired, so nobody may rely on it; look it over and set `expires` anew'
      : left < 30
        ? `it expires in ${Math.floor(left)} days; look it over and set \`expires\` anew`
        : left > 366
          ? '`expires` is more than a year ahead; what it says will be old by then'
          : undefined
  if (message === undefined) return findings
  return [
    ...findings,
    {
      id: 'security-txt-expires',
      level: left <= 0 ? 'risk' : 'advice',
      path: 'security.edge.security_txt.expires',
      message,
      source: 'RFC 9116 2.5.5',
    },
  ]
}

function daysLeft(source: CertificateSource, nowMs: number): number | undefined {
  try {
    return (readServedCertificate(source, nowMs).leaf.validToDate.getTime() - nowMs) / DAY_MS
  } catch {
    // What cannot be read is a mistake of its own, or not fetched yet.
    return undefined
  }
}
