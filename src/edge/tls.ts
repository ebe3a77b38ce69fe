import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TlsOptions } from 'node:tls'

import type { Clock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'

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

/** A certificate chain and its key, as PEM. */
export interface Certificate {
  readonly certificatePem: string
  readonly keyPem: string
}

/**
 * The guide's TLS: 1.2 and 1.3, forward secrecy with AEAD only, no renegotiation, no tickets, a session cache of a day;
 * and the post-quantum hybrid X25519MLKEM768 first where the client knows it.
 */
export function tlsOptions(certificate: Certificate): TlsOptions {
  return {
    cert: certificate.certificatePem,
    key: certificate.keyPem,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    ecdhCurve: 'X25519MLKEM768:X25519:P-256',
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: 86_400,
    handshakeTimeout: 10_000,
    ALPNProtocols: ['http/1.1'],
  }
}

/** Reads the operator's certificate and key, and says in one line what is wrong with them. */
export function readCertificate(certificateFile: string, keyFile: string, clock: Clock): Certificate {
  const certificatePem = readPem(certificateFile)
  const keyPem = readPem(keyFile)
  let certificate: X509Certificate
  let key: KeyObject
  try {
    certificate = new X509Certificate(certificatePem)
  } catch (cause) {
    throw new RingwallError('edge.certificate-unreadable', 'not a PEM certificate', {
      at: { file: certificateFile },
      cause,
    })
  }
  try {
    key = createPrivateKey(keyPem)
  } catch (cause) {
    throw new RingwallError('edge.key-unreadable', 'not an unencrypted PEM private key', {
      at: { file: keyFile },
      cause,
    })
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new RingwallError('edge.key-mismatch', `the key is not that of \`${certificateFile}\``, {
      at: { file: keyFile },
    })
  }
  if (certificate.validToDate.getTime() <= clock.now()) {
    throw new RingwallError(
      'edge.certificate-expired',
      `the certificate expired on ${certificate.validTo}; renew it`,
      {
        at: { file: certificateFile },
      },
    )
  }
  return { certificatePem, keyPem }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('edge.certificate-unreadable', 'cannot read the file; check its path and mode', {
      at: { file },
      cause,
    })
  }
}
