import { createHash, generateKeyPairSync } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { RingwallError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import type { TlsConfig } from './tls-config.ts'

/** An authority, ready to be asked. */
export interface AcmeAuthority {
  readonly label: string
  readonly directory: string
  /** PEM of who signs the authority's own certificate, for private ones. */
  readonly ca: string | undefined
  readonly external: { readonly kid: string; readonly hmacKey: Secret } | undefined
}

type AcmeConfig = NonNullable<TlsConfig['acme']>

/** Addresses of the authorities that are known by name; the second is for trying things out. */
const DIRECTORIES = {
  letsencrypt: [
    'https://acme-v02.api.letsencrypt.org/directory',
    'https://acme-staging-v02.api.letsencrypt.org/directory',
  ],
  zerossl: ['https://acme.zerossl.com/v2/DV90', undefined],
  google: ['https://dv.acme-v02.api.pki.goog/directory', 'https://dv.acme-v02.test-api.pki.goog/directory'],
} as const

/** The authorities in their order. Throws where staging is asked of one that has none, or half an external account is given. */
export function acmeAuthorities(config: AcmeConfig): readonly AcmeAuthority[] {
  return config.authorities.map((one): AcmeAuthority => {
    const { directory, ca, key_id: kid, key } = typeof one === 'string' ? { directory: one } : one
    const isKnown = Object.hasOwn(DIRECTORIES, directory)
    const [production, staging] = isKnown
      ? DIRECTORIES[directory as keyof typeof DIRECTORIES]
      : [directory, directory]
    const address = config.staging ? staging : production
    if (address === undefined)
      throw new RingwallError(
        'edge.acme-staging',
        `\`${directory}\` has no staging address; take it out of \`authorities\``,
      )
    if ((kid === undefined) !== (key === undefined))
      throw new RingwallError('edge.acme-account', `\`${directory}\`: \`key_id\` and \`key\` go together`)
    return {
      label: directory,
      directory: address,
      ca: ca === undefined ? undefined : readFileSync(ca, 'utf8'),
      external: kid === undefined || key === undefined ? undefined : { kid, hmacKey: key },
    }
  })
}

/** The key of this installation's account with an authority: made once, in a file of mode 0600 of its own. */
export function accountKey(directory: string, authority: AcmeAuthority): Secret {
  const id = createHash('sha256').update(authority.directory).digest('hex').slice(0, 16)
  const file = join(directory, `account-${id}.pem`)
  if (!statSync(file, { throwIfNoEntry: false })) {
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const part = `${file}.${process.pid}.part`
    writeFileSync(part, pem, { mode: 0o600 })
    try {
      // Fails where another process was first, whose key then counts.
      linkSync(part, file)
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    } finally {
      rmSync(part, { force: true })
    }
  }
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new RingwallError(
      'edge.acme-account',
      `others can read the account's key (mode ${mode.toString(8)}); run chmod 600`,
      { at: { file } },
    )
  return new Secret(readFileSync(file, 'utf8'))
}
