import { existsSync } from 'node:fs'
import type { ClientHello } from './client-hello.ts'

/** What a hello under test is made of; what is left out is absent, or one harmless value where there must be one. */
export interface HelloParts {
  readonly legacyVersion?: number
  readonly cipherSuites?: readonly number[]
  readonly sessionId?: readonly number[]
  readonly compression?: readonly number[]
  /** Type and body of each extension; no field at all when undefined. */
  readonly extensions?: readonly (readonly [type: number, body: readonly number[]])[] | undefined
}

/** The handshake message of a hello, without records. */
export function helloMessage(parts: HelloParts): number[] {
  const { legacyVersion = 0x0303, cipherSuites = [0x1301], sessionId = [], compression = [0] } = parts
  const extensions = parts.extensions?.flatMap(([type, body]) => [...word(type), ...sized(2, body)])
  const body = [
    ...word(legacyVersion),
    ...Array.from({ length: 32 }, (_, i) => i),
    ...sized(1, sessionId),
    ...sized(2, cipherSuites.flatMap(word)),
    ...sized(1, compression),
    ...(extensions ? sized(2, extensions) : []),
  ]
  return [1, ...sized(3, body)]
}

/** Bytes cut into TLS records of at most so many bytes each. */
export function inRecords(message: readonly number[], maxBytes = 16_384): Uint8Array {
  const records: number[] = []
  for (let at = 0; at < message.length; at += maxBytes)
    records.push(22, 3, 1, ...sized(2, message.slice(at, at + maxBytes)))
  return Uint8Array.from(records)
}

/** A vector with its length in so many bytes before it. */
export function sized(lengthBytes: 1 | 2 | 3, body: readonly number[]): number[] {
  const { length } = body
  return [...[length >> 16, (length >> 8) & 255, length & 255].slice(3 - lengthBytes), ...body]
}

/** Two bytes of a number. */
export function word(value: number): number[] {
  return [value >> 8, value & 255]
}

/** The bodies of the extensions that are looked into. */
export const body = {
  serverName: (name: string): number[] => sized(2, [0, ...sized(2, [...Buffer.from(name, 'latin1')])]),
  alpn: (...names: string[]): number[] =>
    sized(
      2,
      names.flatMap((name) => sized(1, [...Buffer.from(name, 'latin1')])),
    ),
  versions: (...versions: number[]): number[] => sized(1, versions.flatMap(word)),
  numbers: (...values: number[]): number[] => sized(2, values.flatMap(word)),
}

/** A hello as if read, for what comes after reading. */
export function hello(parts: Partial<ClientHello>): ClientHello {
  return {
    legacyVersion: 0x0303,
    supportedVersions: [],
    cipherSuites: [],
    extensions: [],
    serverName: undefined,
    alpn: [],
    signatureAlgorithms: [],
    groups: [],
    ...parts,
  }
}

/** For tests that need public data: false where it is there or must be (then its absence is a failure), else the reason. */
export function absentData(path: string): string | false {
  if (existsSync(path) || process.env['RINGWALL_REQUIRE'] === 'all') return false
  console.error(`NOT RUN: there is no ${path}; check out the public repository that conformance/ names`)
  return `there is no ${path}`
}
