const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]
const GENERATOR = 65_537

/** For each prime, the remainders that a modulus of the weak library can have: the powers of 65537. */
const REMAINDERS: readonly (readonly [prime: number, powers: ReadonlySet<number>])[] = PRIMES.map((prime) => {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * GENERATOR) % prime) powers.add(power)
  return [prime, powers]
})

/**
 * Whether an RSA modulus has the mark of CVE-2017-15361 (ROCA): its remainders by small primes are all powers of 65537,
 * which of other keys one in 2^28 has.
 */
export function isRocaModulus(modulus: Uint8Array): boolean {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex') || '0'}`)
  return REMAINDERS.every(([prime, powers]) => powers.has(Number(n % BigInt(prime))))
}
