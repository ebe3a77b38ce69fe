import { constants } from 'node:crypto'
import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** The guide's suites for TLS 1.2; TLS 1.3 has its own three. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':')

/**
 * The guide's TLS: 1.2 and 1.3, forward secrecy with AEAD only, no renegotiation, no tickets; and the post-quantum hybrid
 * X25519MLKEM768 first where the client knows it.
 */
export const TLS_PARAMETERS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: CIPHERS,
  ecdhCurve: 'X25519MLKEM768:X25519:P-256',
  honorCipherOrder: true,
  // Clients that put ChaCha20 first have no AES in hardware: they get it.
  secureOptions:
    constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA,
  sessionTimeout: 86_400,
} as const satisfies SecureContextOptions

/** What a TLS server is opened with, beside its certificate. */
export const TLS_SERVER_OPTIONS = {
  ...TLS_PARAMETERS,
  handshakeTimeout: 10_000,
  ALPNProtocols: ['http/1.1'] as string[],
} satisfies TlsOptions

/** Options of a server with one certificate. */
export function tlsOptions(pair: { readonly certificatePem: string; readonly keyPem: string }): TlsOptions {
  return { ...TLS_SERVER_OPTIONS, cert: pair.certificatePem, key: pair.keyPem }
}
