/** One value of DER (X.690 8.1): its tag byte, what is in it, and all its bytes with the head. */
export interface DerValue {
  readonly tag: number
  readonly body: Uint8Array
  readonly whole: Uint8Array
}

/** Tag bytes that certificates, revocation lists and OCSP use. */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** The bytes are not what their standard says. Thrown inside of a reader and turned into a value at its door. */
export class DerFault extends Error {
  override readonly name = 'DerFault'
}

/** The values that stand one after the other. Strict: definite lengths in their shortest form, nothing left over. */
export function readDerList(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  let at = 0
  while (at < bytes.length) {
    const value = readAt(bytes, at)
    values.push(value)
    at += value.whole.length
  }
  return values
}

/** The one value that these bytes are. */
export function readDer(bytes: Uint8Array): DerValue {
  const value = readAt(bytes, 0)
  if (value.whole.length !== bytes.length) throw new DerFault('something follows the value')
  return value
}

function readAt(bytes: Uint8Array, start: number): DerValue {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined) throw new DerFault('a value breaks off')
  if ((tag & 0x1f) === 0x1f) throw new DerFault('a tag of several bytes')
  let at = start + 2
  let length = first
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4 || bytes.length < at + count) throw new DerFault('a length that is not DER')
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + i] as number)
    at += count
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerFault('a length that is not the shortest')
  }
  if (bytes.length < at + length) throw new DerFault('a value breaks off')
  return { tag, body: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) }
}

/** The parts of a value that must have this tag. */
export function partsOf(value: DerValue | undefined, tag: number = DER.sequence): DerValue[] {
  return readDerList(bodyOf(value, tag))
}

/** The body of a value that must have this tag. */
export function bodyOf(value: DerValue | undefined, tag: number): Uint8Array {
  if (value?.tag !== tag) throw new DerFault(`tag ${tag} is missing`)
  return value.body
}

/** The bytes of a bit string that has no unused bits. */
export function bitsOf(value: DerValue | undefined): Uint8Array {
  const body = bodyOf(value, DER.bits)
  if (body[0] !== 0) throw new DerFault('a bit string with unused bits')
  return body.subarray(1)
}

/** An object identifier in dots. */
export function oidOf(value: DerValue | undefined): string {
  const body = bodyOf(value, DER.oid)
  const arcs: number[] = []
  let arc = 0
  for (const byte of body) {
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerFault('an identifier that is too large')
    if (byte < 0x80) {
      if (arcs.length === 0) {
        const first = Math.min(2, Math.floor(arc / 40))
        arcs.push(first, arc - first * 40)
      } else arcs.push(arc)
      arc = 0
    }
  }
  return arcs.join('.')
}

/** Milliseconds since 1970 of a time in UTC with seconds (RFC 5280 4.1.2.5). */
export function timeOf(value: DerValue | undefined): number {
  if (value?.tag !== DER.utcTime && value?.tag !== DER.generalizedTime)
    throw new DerFault('a time is missing')
  const text = Buffer.from(value.body).toString('latin1')
  const match = /^(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  if (!match || (match[1] === undefined) !== (value.tag === DER.utcTime)) throw new DerFault('not a time')
  const [, century, year, month, day, hour, minute, second] = match
  const first = century ?? (Number(year) >= 50 ? '19' : '20')
  const ms = Date.parse(`${first}${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(ms)) throw new DerFault('not a time')
  return ms
}

/** Writes one value. */
export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body])
}

/** Writes an object identifier. */
export function writeOid(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) | 0x80)
    return groups
  })
  return writeDer(DER.oid, Uint8Array.from(bytes))
}
