import { Secret } from '../../core/secret.ts'
import { fault, type SecretProvider } from './provider.ts'

/** Secrets in the environment of this process. They stay as they are until it ends. */
export function envProvider(env: Readonly<Record<string, string | undefined>>): SecretProvider {
  return {
    scheme: 'env',
    async read({ name }) {
      const value = env[name]
      return value === undefined || value === ''
        ? fault('absent', `the environment variable ${name} is not set`)
        : { ok: true, secret: new Secret(value), version: '1' }
    },
    isCurrent: () => true,
  }
}
