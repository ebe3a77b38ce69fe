import { hash } from 'node:crypto'

import { type ClientHello, isGrease } from './client-hello.ts'

/** The names that JA4 gives to versions. */
const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0304, '13'],
  [0x0303, '12'],
  [0x0302, '11'],
  [0x0301, '10'],
  [0x0300, 's3'],
  [0x0002, 's2'],
])

const SERVER_NAME = 0x0000
const ALPN = 0x0010
const HASH_CHARS = 12
const NO_VALUES = '0'.repeat(HASH_CHARS)

/**
 * The JA4 fingerprint of a TLS client: version, whether a name is asked for, how many suites and extensions, the first
 * protocol, and two hashes of what is offered (FoxIO, JA4: TLS Client Fingerprinting, the part under the BSD licence).
 * Browsers shuffle their extensions; the lists are sorted, so it stays the same.
 */
export function ja4(hello: ClientHello, transport: 't' = 't'): string {
  const parts = partsOf(hello)
  return `${prefix(hello, transport, parts)}_${shortHash(parts.suites)}_${shortHash(parts.offer)}`
}

/** The same with its lists instead of their hashes, for people who want to know what a fingerprint stands for (`JA4_r`). */
export function ja4Raw(hello: ClientHello, transport: 't' = 't'): string {
  const parts = partsOf(hello)
  return `${prefix(hello, transport, parts)}_${parts.suites}_${parts.offer}`
}

interface Parts {
  readonly suiteCount: number
  readonly suites: string
  readonly extensionCount: number
  readonly offer: string
}

function partsOf(hello: ClientHello): Parts {
  const suites = hello.cipherSuites.filter((suite) => !isGrease(suite))
  const extensions = hello.extensions.filter((type) => !isGrease(type))
  const algorithms = hello.signatureAlgorithms.filter((algorithm) => !isGrease(algorithm))
  const rest = sortedHex(extensions.filter((type) => type !== SERVER_NAME && type !== ALPN))
  return {
    suiteCount: suites.length,
    suites: sortedHex(suites),
    extensionCount: extensions.length,
    // Without any extension there are no signature algorithms either, since they come in one.
    offer: algorithms.length === 0 ? rest : `${rest}_${algorithms.map(hex4).join(',')}`,
  }
}

function prefix(hello: ClientHello, transport: 't', parts: Parts): string {
  const version = VERSIONS.get(versionOf(hello)) ?? '00'
  const destination = hello.extensions.includes(SERVER_NAME) ? 'd' : 'i'
  return `${transport}${version}${destination}${twoDigits(parts.suiteCount)}${twoDigits(parts.extensionCount)}${alpnMark(hello.alpn[0])}`
}

/** The highest that the extension names, or the old field where there is no extension. */
function versionOf(hello: ClientHello): number {
  const versions = hello.supportedVersions.filter((version) => !isGrease(version))
  return versions.length === 0 ? hello.legacyVersion : Math.max(...versions)
}

/** First and last character of a protocol's name; of its hexadecimal form if one of the two is no ASCII letter or digit. */
function alpnMark(name: string | undefined): string {
  if (name === undefined || name === '') return '00'
  const first = name.charCodeAt(0)
  const last = name.charCodeAt(name.length - 1)
  if (isAlphanumeric(first) && isAlphanumeric(last)) return String.fromCharCode(first, last)
  return (first >> 4).toString(16) + (last & 15).toString(16)
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

function twoDigits(count: number): string {
  return String(Math.min(count, 99)).padStart(2, '0')
}

function sortedHex(values: readonly number[]): string {
  return values
    .toSorted((a, b) => a - b)
    .map(hex4)
    .join(',')
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0')
}

function shortHash(list: string): string {
  return list === '' ? NO_VALUES : hash('sha256', list).slice(0, HASH_CHARS)
}
