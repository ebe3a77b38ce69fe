/** Where a secret can be kept. */
export type SecretScheme = 'env' | 'file' | 'age' | 'aws' | 'vault'

/** Where one secret is, as it is written in a configuration. */
export interface SecretReference {
  readonly scheme: SecretScheme
  /** The variable, the file, the name or ARN in Secrets Manager, or the mount and path in Vault. */
  readonly name: string
  /** The entry in an age file, or the field of a secret that holds several. */
  readonly field?: string
  /** As it was written: the key of caches and the name in messages. */
  readonly text: string
}

const ENV = /^\$\{env:([A-Za-z_][A-Za-z0-9_]{0,255})\}$/
const FORM = /^(file|age|aws|vault):([^#\s][^#]{0,1023})(?:#([A-Za-z0-9_.-]{1,256}))?$/
const MAX_LENGTH = 1400

/** The forms of a reference, for messages. */
export const REFERENCE_FORMS =
  'write ${env:NAME}, file:/path/to/it, age:FILE#NAME, aws:NAME#field or vault:MOUNT/PATH#field'

/** Reads a reference; undefined where the text is none. What is after `#` is the field. */
export function parseReference(text: string): SecretReference | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const env = ENV.exec(text)?.[1]
  if (env !== undefined) return { scheme: 'env', name: env, text }
  // A file's name may have a # in it.
  if (text.startsWith('file:') && text.length > 'file:'.length)
    return { scheme: 'file', name: text.slice('file:'.length), text }
  const [, scheme, name = '', field] = FORM.exec(text) ?? []
  if (scheme === undefined) return undefined
  if (scheme === 'age' && field === undefined) return undefined
  if (scheme === 'vault' && !/^[^/]+(?:\/[^/]+)+$/.test(name)) return undefined
  return { scheme: scheme as SecretScheme, name, text, ...(field !== undefined && { field }) }
}
