// The parts of HPACK (RFC 7541) that a test needs to write, right and wrong.

/** An integer with a prefix of so many bits (RFC 7541 5.1). */
export function integer(value: number, prefixBits: number, firstBits = 0): Buffer {
  const limit = 2 ** prefixBits - 1
  if (value < limit) return Buffer.from([firstBits | value])
  const bytes = [firstBits | limit]
  let rest = value - limit
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

/** A string without Huffman coding (RFC 7541 5.2). */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(bytes.length, 7), bytes])
}

/** A literal field that is not indexed, with a new name (RFC 7541 6.2.2). */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)])
}

/** A literal field that is never indexed (RFC 7541 6.2.3). */
export function neverIndexed(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x10]), text(name), text(value)])
}

/** A literal field that is put into the dynamic table (RFC 7541 6.2.1). */
export function indexing(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)])
}

/** A literal field whose name is that of an entry of the tables (RFC 7541 6.2.2). */
export function named(index: number, value: string): Buffer {
  return Buffer.concat([integer(index, 4), text(value)])
}

/** An entry of the tables (RFC 7541 6.1). */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80)
}

/** A change of the size of the dynamic table (RFC 7541 6.3). */
export function tableSize(size: number): Buffer {
  return integer(size, 5, 0x20)
}

/** A literal field whose value claims to be Huffman-coded and is these bytes. */
export function huffmanValue(name: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), integer(bytes.length, 7, 0x80), bytes])
}

/** Fields in order, each a literal. */
export function block(...fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)))
}

/** What every request has. */
export function request(
  more: readonly (readonly [string, string])[] = [],
  method = 'GET',
  path = '/a',
): Buffer {
  return block([':method', method], [':scheme', 'https'], [':path', path], [':authority', 'a.test'], ...more)
}
