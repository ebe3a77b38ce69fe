/** A condition of a statement: one operator, one key, the values of which one must hold. */
export interface PolicyCondition {
  /** As written, such as `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}

/** A statement, with lists in place of single values. */
export interface PolicyStatement {
  /** Where it stands, from 0. */
  readonly index: number
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  /** Whether `actions` are those that are left out (`NotAction`). */
  readonly isNotAction: boolean
  /** Empty in policies of trust, and of some resources. */
  readonly resources: readonly string[]
  readonly isNotResource: boolean
  /** `AWS:arn...`, `Service:...`, `Federated:...` or `*`; undefined in policies of identities. */
  readonly principals: readonly string[] | undefined
  readonly isNotPrincipal: boolean
  readonly conditions: readonly PolicyCondition[]
}

/** A policy of AWS IAM. */
export interface PolicyDocument {
  readonly version: string | undefined
  readonly id: string | undefined
  readonly statements: readonly PolicyStatement[]
}

/** A policy, or everything that keeps a text from being one. */
export type ReadPolicy =
  | { readonly ok: true; readonly policy: PolicyDocument }
  | { readonly ok: false; readonly faults: readonly string[] }

const MAX_BYTES = 256 * 1024
const MAX_STATEMENTS = 1000

const ELEMENTS = [
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
]

type Elements = Readonly<Record<string, unknown>>

/** Reads the JSON of a policy, or of `{"PolicyDocument": ...}` as the commands of AWS print it. */
export function readPolicyDocument(text: string): ReadPolicy {
  if (text.length > MAX_BYTES) return { ok: false, faults: [`it is longer than ${MAX_BYTES} bytes`] }
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (thrown) {
    return { ok: false, faults: [`it is no JSON: ${thrown instanceof Error ? thrown.message : ''}`] }
  }
  const inner = isRecord(raw)
    ? (raw['PolicyDocument'] ?? raw['Document'] ?? raw['AssumeRolePolicyDocument'] ?? raw)
    : raw
  return readPolicyValue(inner)
}

/** Reads a policy that is parsed already. */
export function readPolicyValue(raw: unknown): ReadPolicy {
  if (!isRecord(raw)) return { ok: false, faults: ['it is no object'] }
  const faults: string[] = []
  for (const name of Object.keys(raw))
    if (!['Version', 'Id', 'Statement'].includes(name)) faults.push(`\`${name}\` is no element of a policy`)
  const rawStatements = Array.isArray(raw['Statement'])
    ? (raw['Statement'] as readonly unknown[])
    : raw['Statement'] === undefined
      ? []
      : [raw['Statement']]
  if (rawStatements.length === 0) faults.push('it has no `Statement`')
  if (rawStatements.length > MAX_STATEMENTS) faults.push(`it has more than ${MAX_STATEMENTS} statements`)
  const statements = rawStatements
    .slice(0, MAX_STATEMENTS)
    .map((one, index) => readStatement(one, index, (what) => void faults.push(`statement ${index}: ${what}`)))
  if (faults.length > 0) return { ok: false, faults }
  const text = (name: string): string | undefined => (typeof raw[name] === 'string' ? raw[name] : undefined)
  return {
    ok: true,
    policy: {
      version: text('Version'),
      id: text('Id'),
      statements: statements.filter((one) => one !== undefined),
    },
  }
}

function readStatement(
  raw: unknown,
  index: number,
  fail: (what: string) => void,
): PolicyStatement | undefined {
  if (!isRecord(raw)) {
    fail('it is no object')
    return undefined
  }
  for (const name of Object.keys(raw))
    if (!ELEMENTS.includes(name)) fail(`\`${name}\` is no element of a statement`)
  const either = (name: string, other: string): { values: readonly string[]; isNot: boolean } | undefined => {
    if (raw[name] !== undefined && raw[other] !== undefined) fail(`both \`${name}\` and \`${other}\``)
    const used = raw[name] === undefined && raw[other] !== undefined ? other : name
    if (raw[used] === undefined) return undefined
    const values = stringsOf(raw[used])
    if (!values || values.length === 0) fail(`\`${used}\` must be a text or a list of texts`)
    return { values: values ?? [], isNot: used === other }
  }
  const { Effect: effect, Sid: sid } = raw
  if (effect !== 'Allow' && effect !== 'Deny') {
    fail('`Effect` must be `Allow` or `Deny`')
    return undefined
  }
  if (sid !== undefined && typeof sid !== 'string') fail('`Sid` must be a text')
  const action = either('Action', 'NotAction')
  const resource = either('Resource', 'NotResource')
  if (!action) fail('it has neither `Action` nor `NotAction`')
  const rawPrincipal = raw['Principal'] ?? raw['NotPrincipal']
  const principals = rawPrincipal === undefined ? undefined : principalsOf(rawPrincipal, fail)
  if (!resource && principals === undefined) fail('it has neither `Resource` nor `NotResource`')
  return {
    index,
    sid: typeof sid === 'string' ? sid : undefined,
    effect,
    actions: action?.values ?? [],
    isNotAction: action?.isNot === true,
    resources: resource?.values ?? [],
    isNotResource: resource?.isNot === true,
    principals,
    isNotPrincipal: raw['NotPrincipal'] !== undefined,
    conditions: conditionsOf(raw['Condition'], fail),
  }
}

function principalsOf(raw: unknown, fail: (what: string) => void): readonly string[] {
  if (raw === '*') return ['*']
  if (!isRecord(raw)) {
    fail('`Principal` must be `*` or an object')
    return []
  }
  return Object.entries(raw).flatMap(([kind, value]) => {
    if (!['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind))
      fail(`\`${kind}\` is no kind of principal`)
    const values = stringsOf(value)
    if (!values) fail(`\`Principal.${kind}\` must be a text or a list of texts`)
    return (values ?? []).map((one) => `${kind}:${one}`)
  })
}

function conditionsOf(raw: unknown, fail: (what: string) => void): readonly PolicyCondition[] {
  if (raw === undefined) return []
  if (!isRecord(raw)) {
    fail('`Condition` must be an object')
    return []
  }
  return Object.entries(raw).flatMap(([operator, block]) => {
    if (!isRecord(block)) {
      fail(`\`Condition.${operator}\` must be an object`)
      return []
    }
    return Object.entries(block).map(([key, value]) => {
      const values = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(String)
      return { operator, key, values }
    })
  })
}

function stringsOf(raw: unknown): readonly string[] | undefined {
  if (typeof raw === 'string') return [raw]
  return Array.isArray(raw) && raw.every((one) => typeof one === 'string') ? raw : undefined
}

function isRecord(raw: unknown): raw is Elements {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}
