import type { Clock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import type { SecretRegistry } from '../mask-secrets.ts'
import { ageProvider } from './age-provider.ts'
import { awsProvider } from './aws-provider.ts'
import { envProvider } from './env-provider.ts'
import { fileProvider } from './file-provider.ts'
import type { SecretProvider } from './provider.ts'
import { Secrets } from './secrets.ts'
import type { VaultLogin } from './vault-client.ts'
import { vaultProvider } from './vault-provider.ts'

/** Where secrets are: `security.data.secrets`, or the same written by hand. */
export interface SecretPlaces {
  readonly cache_ttl?: number
  readonly max_stale?: number
  readonly age?: { readonly identity: Secret } | undefined
  readonly aws?: { readonly region: string; readonly endpoint?: string | undefined } | undefined
  readonly vault?: VaultPlace | undefined
}

/** Where Vault is and how to log in. */
export interface VaultPlace {
  readonly address: string
  readonly namespace?: string | undefined
  readonly dangerously_allow_http?: boolean
  readonly token?: Secret | undefined
  readonly approle?:
    | { readonly role_id: string; readonly secret_id: Secret; readonly mount: string }
    | undefined
  readonly kubernetes?:
    | { readonly role: string; readonly mount: string; readonly token_file: string }
    | undefined
}

/** Opens the providers of a configuration. Nothing is asked before a secret is. */
export function openSecrets(
  places: SecretPlaces,
  options: {
    readonly clock: Clock
    readonly env?: Readonly<Record<string, string | undefined>>
    readonly registry?: SecretRegistry
    readonly onNotice?: (line: string) => void
  },
): Secrets {
  const { clock, env = process.env, registry, onNotice } = options
  const given = env['RINGWALL_AGE_IDENTITY']
  const identities = [
    ...(places.age ? [places.age.identity] : []),
    ...(given === undefined || given === '' ? [] : [new Secret(given)]),
  ]
  const region = places.aws?.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const endpoint = places.aws?.endpoint
  const { vault } = places
  const login = vault && loginOf(vault)
  const providers: SecretProvider[] = [
    envProvider(env),
    fileProvider(),
    ageProvider({ identities, clock }),
    ...(region === undefined
      ? []
      : [awsProvider({ region, env, clock, ...(endpoint !== undefined && { endpoint }) })]),
    ...(vault && login
      ? [
          vaultProvider({
            address: vault.address,
            login,
            clock,
            ...(vault.namespace !== undefined && { namespace: vault.namespace }),
            ...(vault.dangerously_allow_http === true && { dangerouslyAllowHttp: true }),
          }),
        ]
      : []),
  ]
  return new Secrets({
    providers,
    clock,
    ...(places.cache_ttl !== undefined && { ttlMs: places.cache_ttl }),
    ...(places.max_stale !== undefined && { maxStaleMs: places.max_stale }),
    ...(registry && { registry }),
    ...(onNotice && { onNotice }),
  })
}

function loginOf({ token, approle, kubernetes }: VaultPlace): VaultLogin | undefined {
  if (token) return { method: 'token', token }
  if (approle)
    return { method: 'approle', roleId: approle.role_id, secretId: approle.secret_id, mount: approle.mount }
  if (!kubernetes) return undefined
  const { role, mount, token_file: tokenFile } = kubernetes
  return { method: 'kubernetes', role, tokenFile, mount }
}
