/** Values of `security.authentication` where the newer standards differ from the guide. */
const PROFILES = {
  // SP 800-63B-4 3.1.1.2: no composition rules, no periodic change, 15 characters for a password that is the only factor.
  'nist-800-63b-4': {
    password: {
      min_length: 15,
      require_uppercase: false,
      require_lowercase: false,
      require_digit: false,
      require_special: false,
      max_age_days: 0,
    },
  },
  // ASVS 5.0: 6.2.1 (15 strongly recommended), 6.2.5 no composition rules, 6.2.10 no periodic change, 7.3 short sessions.
  'asvs-l3': {
    password: {
      min_length: 15,
      require_uppercase: false,
      require_lowercase: false,
      require_digit: false,
      require_special: false,
      max_age_days: 0,
    },
    session: { ttl_seconds: 900, absolute_ttl_seconds: 43_200 },
  },
} as const

/** Puts a profile's values below those of the file: what the file sets itself stays. */
export function profileValues(raw: unknown): unknown {
  if (!isSection(raw)) return raw
  const { profile } = raw
  if (profile !== 'nist-800-63b-4' && profile !== 'asvs-l3') return raw
  const security = isSection(raw['security']) ? raw['security'] : {}
  const authentication = isSection(security['authentication']) ? security['authentication'] : {}
  const merged: Record<string, unknown> = { ...authentication }
  for (const [section, values] of Object.entries(PROFILES[profile])) {
    const own = authentication[section]
    if (own === undefined || isSection(own)) merged[section] = { ...values, ...own }
  }
  return { ...raw, security: { ...security, authentication: merged } }
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
