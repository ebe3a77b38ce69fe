// A gateway with its default TLS, behind a certificate such as a public authority gives, in front of a small application.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

import { type ConfigInput, ringwall } from '../../src/index.ts'

/** What a suite has to do with. */
export interface Rig {
  readonly httpPort: number
  readonly httpsPort: number
  /** PEM file of the authority that signed the certificate. */
  readonly authorityFile: string
  readonly folder: string
  close(): Promise<void>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** Opens a gateway in front of an application, or of this one URL. */
export async function openRig(
  config: Omit<ConfigInput, 'upstreams' | 'store' | 'listen'> = {},
  upstream?: NonNullable<ConfigInput['upstreams']>[string],
): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'ringwall-conformance-tls-'))
  const application = http.createServer((_req, res) => res.end('hello'))
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const made = await makeCertificate(folder)
  const { port } = application.address() as AddressInfo
  // Ports that are known beforehand, since the redirect to HTTPS names one.
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  const gate = await ringwall({
    ...config,
    upstreams: { application: upstream ?? `http://127.0.0.1:${port}` },
    store: { directory: join(folder, 'store') },
    listen: {
      http: `127.0.0.1:${httpPort}`,
      https: `127.0.0.1:${httpsPort}`,
      operator: 'off',
      certificate: made.certificate,
      key: made.key,
    },
  })
  await gate.listen()
  return {
    httpPort,
    httpsPort,
    authorityFile: made.authority,
    folder,
    async close() {
      await gate.close()
      application.closeAllConnections()
      application.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function makeCertificate(
  folder: string,
): Promise<{ readonly certificate: string; readonly key: string; readonly authority: string }> {
  const write = (name: string, text: string): string => {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }
  const [root, leaf] = await Promise.all(
    [1, 2].map(() => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])),
  )
  if (!root || !leaf) throw new Error('no keys')
  const notBefore = new Date(Date.now() - DAY_MS)
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Conformance authority',
    notBefore,
    notAfter: new Date(Date.now() + 400 * DAY_MS),
    keys: root,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(root.publicKey),
    ],
  })
  const certificate = await x509.X509CertificateGenerator.create({
    // 64 bits of chance, as the rules of public authorities ask.
    serialNumber: Buffer.from(
      crypto.getRandomValues(new Uint8Array(16)).map((byte, i) => (i === 0 ? (byte & 0x7f) | 1 : byte)),
    ).toString('hex'),
    subject: 'CN=localhost',
    issuer: authority.subject,
    notBefore,
    notAfter: new Date(Date.now() + 89 * DAY_MS),
    publicKey: leaf.publicKey,
    signingKey: root.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      new x509.CRLDistributionPointsExtension(['http://127.0.0.1:1/authority.crl']),
    ],
  })
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', leaf.privateKey), 'PRIVATE KEY')
  return {
    certificate: write('leaf.pem', `${certificate.toString('pem')}\n`),
    key: write('leaf.key', `${key}\n`),
    authority: write('authority.pem', `${authority.toString('pem')}\n`),
  }
}
