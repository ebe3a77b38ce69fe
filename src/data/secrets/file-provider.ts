import { describeError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { fault, type SecretProvider, type SecretRead } from './provider.ts'
import { isMounted, isSameFile, readSecretFile, replaceFile } from './secret-file.ts'

/** Reads the secret in a file; white space at its end is not part of it. */
export function readFileSecret(file: string): SecretRead {
  const read = readSecretFile(file)
  if (!read.ok) return read
  const value = read.text.trimEnd()
  // It may be on its way into the file.
  if (value === '') return fault('unreachable', `\`${file}\` is empty; write the secret into it`)
  return { ok: true, secret: new Secret(value), version: read.version, changedMs: read.changedMs }
}

/** Secrets in files, also those that Docker and Kubernetes mount: a change is noticed by inode and time. */
export function fileProvider(): SecretProvider {
  return {
    scheme: 'file',
    read: async ({ name }) => readFileSecret(name),
    isCurrent: ({ name }, version) => isSameFile(name, version),
    async write({ name }, value, previous) {
      if (isMounted(name))
        return fault(
          'denied',
          `\`${name}\` is mounted; write the secret where the orchestrator takes it from`,
        )
      const now = readFileSecret(name)
      if (!now.ok && now.reason === 'denied') return now
      if (previous && (!now.ok || now.secret.reveal() !== previous.reveal()))
        return { ok: false, reason: 'changed', detail: `\`${name}\` was changed by somebody else` }
      try {
        replaceFile(name, `${value.reveal()}\n`)
        return { ok: true }
      } catch (thrown) {
        return fault('denied', `cannot write \`${name}\`: ${describeError(thrown)}`)
      }
    },
  }
}
