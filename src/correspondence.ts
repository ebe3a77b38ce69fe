import { join } from 'node:path'

import type { Config } from './config/index.ts'
import { folderTransport, MemoryTransport, smtpTransport, type Transport } from './identity/index.ts'

/** What brings mails away: the configured server, else a folder, else memory where nothing is kept. */
export function openTransport({ security, store }: Config): Transport {
  const { smtp, from, directory, dangerously_allow_plain: allowPlain } = security.authentication.mail
  if (smtp) return smtpTransport(smtp, from, allowPlain)
  if (directory === undefined && store.directory === ':memory:') return new MemoryTransport()
  return folderTransport(mailDirectory({ security, store }), from)
}

/** Where mails are written when there is no server. */
export function mailDirectory({ security, store }: Pick<Config, 'security' | 'store'>): string {
  return security.authentication.mail.directory ?? join(store.directory, 'mail')
}

/**
 * Where links in mails lead: the configured URL, else the first host that is served, else the address that is listened on. Never the
 * Host field of a request: whoever sends one could have links to his own site mailed.
 */
export function publicUrl({ security, listen }: Config, realm: 'site' | 'operator'): string {
  const at = (scheme: string, { host, port }: { readonly host: string; readonly port: number }): string =>
    `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  if (realm === 'operator') return listen.operator ? at('http', listen.operator) : 'http://localhost'
  const { public_url: configured } = security.authentication
  if (configured !== undefined) return configured
  const host = security.edge.hosts.find((one) => !one.startsWith('*'))
  if (host !== undefined) return `https://${host}`
  if (listen.https) return at('https', listen.https)
  return listen.http ? at('http', listen.http) : 'http://localhost'
}
