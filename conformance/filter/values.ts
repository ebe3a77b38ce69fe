// What rows, policies and requests are drawn from.

/** Texts that are alike to a careless comparison, or mean something to LIKE, GLOB or a quote. */
export const TEXTS = [
  'a',
  'A',
  'ab',
  'a ',
  '',
  'a%b',
  'a_b',
  'axb',
  '100%',
  'a\\',
  '\\%',
  '*',
  '?',
  '[a]',
  'a!b',
  "o'x",
  '"q"',
  '\u00e9',
  'e\u0301',
  '\u{1F680}',
  'ABA',
  'aba',
  '${a}',
  '{"x"}',
  ',',
  'NULL',
  'fin\u0131',
  'ss',
  '\u00df',
] as const

/** Numbers at the edges of 64 bits and of what JavaScript counts exactly. */
export const LONGS = [
  0n,
  1n,
  2n,
  3n,
  -1n,
  -2n,
  7n,
  100n,
  9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
  4611686018427387904n,
] as const

/** Decimals, in ten-thousandths. */
export const DECIMALS = [0n, 1n, 10_000n, 12_345n, -5_000n, 99_999_999n, -1n, 15_000n] as const

const DAY = 86_400_000
/** Moments: whole days and a millisecond beside them, before 1970 and far away. */
export const MOMENTS = [
  0,
  1,
  -1,
  DAY,
  DAY - 1,
  DAY + 1,
  -DAY,
  1_700_000_000_000,
  1_700_000_000_123,
  253_402_300_799_000,
  -2_208_988_800_000,
] as const
/** Spans in whole seconds, so that seconds can hold them. */
export const SPANS = [0, 1000, -1000, 60_000, 3_600_000, DAY, -DAY, DAY + 1000, 999_000] as const

export const ADDRESSES = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.1/8',
  '127.0.0.1',
  '224.0.0.5',
  '192.168.1.0/24',
  '::1',
  'fe80::1',
  'ff02::1',
  '2001:db8::/32',
  '0.0.0.0/0',
] as const

export const ORGS = ['8c1f0b53-6d5c-4d6b-9f43-0a1b2c3d4e5f', '00000000-0000-0000-0000-000000000001'] as const
export const TEAMS = ['t1', 'T1', 't2', 't3', 't4'] as const
export const GROUPS = ['g1', 'g2', 'g3', 'g4'] as const
export const USERS = ['u1', 'U1', 'u2', 'u3', "u'4", 'u%5'] as const
export const FOLDERS = ['1', '2', '3', '4', '5', '-6'] as const
export const TAG_NAMES = ['colour', 'Colour', 'x_y'] as const
export const SKILLS = ['a', 'A', 'b'] as const
/** Names nobody has, or that a database cannot hold. */
export const STRANGERS = ['nobody', '', 'a\0b', '\ud800', '007', 'T2', '99999999999999999999'] as const
