import { z } from '../../core/schema.ts'
import type { ActionFacts, ActionTable } from './action-table.ts'
import { ESCALATION_PATHS } from './escalation.ts'
import { isOfType } from './pattern.ts'
import { type MadePolicy, type Permission, policyOf } from './generate.ts'

/** A call as CloudTrail records it; what else is in a record is not read. */
const recordSchema = z.object({
  eventSource: z.string().max(256),
  eventName: z.string().max(256),
  awsRegion: z.string().max(64).optional(),
  recipientAccountId: z.string().max(64).optional(),
  errorCode: z.string().max(256).optional(),
  requestParameters: z.record(z.string(), z.unknown()).nullish(),
  resources: z.array(z.object({ ARN: z.string().max(2048).optional() })).nullish(),
})

type CallRecord = z.output<typeof recordSchema>

/** One call: an action, and what it was about as far as that is known. */
export interface RecordedCall {
  readonly action: string
  readonly resources: readonly string[]
  /** Roles that it passed on. */
  readonly roles: readonly string[]
}

/** Calls of a text, or why it holds none. */
export type ReadCalls =
  | { readonly ok: true; readonly calls: readonly RecordedCall[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly fault: string }

/** Services whose records have another name than their actions. */
const SERVICES: Readonly<Record<string, string>> = {
  monitoring: 'cloudwatch',
  email: 'ses',
  'application-autoscaling': 'application-autoscaling',
  'streams.dynamodb': 'dynamodb',
  'iot-data': 'iot',
}

/** Calls that need an action of another name, or several. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  's3:ListObjects': ['s3:ListBucket'],
  's3:ListObjectsV2': ['s3:ListBucket'],
  's3:HeadBucket': ['s3:ListBucket'],
  's3:HeadObject': ['s3:GetObject'],
  's3:ListBuckets': ['s3:ListAllMyBuckets'],
  's3:DeleteObjects': ['s3:DeleteObject'],
  's3:CopyObject': ['s3:GetObject', 's3:PutObject'],
  's3:CreateMultipartUpload': ['s3:PutObject'],
  's3:UploadPart': ['s3:PutObject'],
  's3:CompleteMultipartUpload': ['s3:PutObject'],
  's3:ListMultipartUploads': ['s3:ListBucketMultipartUploads'],
  's3:ListParts': ['s3:ListMultipartUploadParts'],
  's3:GetBucketEncryption': ['s3:GetEncryptionConfiguration'],
  's3:GetBucketLifecycle': ['s3:GetLifecycleConfiguration'],
  's3:GetPublicAccessBlock': ['s3:GetBucketPublicAccessBlock'],
  'lambda:Invoke': ['lambda:InvokeFunction'],
  'lambda:InvokeAsync': ['lambda:InvokeFunction'],
  'sqs:SendMessageBatch': ['sqs:SendMessage'],
  'sqs:DeleteMessageBatch': ['sqs:DeleteMessage'],
  'sns:PublishBatch': ['sns:Publish'],
  'dynamodb:TransactGetItems': ['dynamodb:GetItem'],
  'dynamodb:TransactWriteItems': ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
}

/** Parameters by the variables of ARNs, where they are called otherwise. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  keyname: ['key'],
  objectname: ['key'],
  secretid: ['secretId'],
  rolenamewithpath: ['roleName'],
  usernamewithpath: ['userName'],
  parameternamewithoutleadingslash: ['name'],
  queuename: ['queueUrl'],
  streamname: ['streamName'],
}

const MAX_TEXT = 64 * 1024 * 1024
/** So many names of one action are named; more are put together by what they begin with. */
const MAX_NAMED = 5

/** Reads `{"Records": [...]}` of CloudTrail, its events one a line, or lines of `service:Action ARN`. Calls that were denied are left out. */
export function readRecordedCalls(text: string, table: ActionTable): ReadCalls {
  if (text.length > MAX_TEXT) return { ok: false, fault: `it is longer than ${MAX_TEXT} bytes` }
  const trimmed = text.trimStart()
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) {
    const records = readRecords(trimmed)
    if (typeof records === 'string') return { ok: false, fault: records }
    const notes: string[] = []
    const done = records.filter(
      ({ errorCode }) => errorCode === undefined || !/denied|unauthorized/i.test(errorCode),
    )
    if (done.length < records.length)
      notes.push(`${records.length - done.length} calls were denied and are left out`)
    return { ok: true, calls: done.flatMap((one) => callsOf(one, table, notes)), notes: [...new Set(notes)] }
  }
  const calls: RecordedCall[] = []
  const notes: string[] = []
  for (const [i, line] of trimmed.split('\n').entries()) {
    const [action, ...resources] = line
      .replace(/#.*/, '')
      .trim()
      .split(/[\s,]+/)
    if (action === undefined || action === '') continue
    const facts = actionsFor(action, table)
    if (facts.length === 0) return { ok: false, fault: `line ${i + 1}: there is no action \`${action}\`` }
    calls.push(...facts.map(({ name }) => ({ action: name, resources, roles: [] })))
  }
  return { ok: true, calls, notes }
}

/** The smallest policy that allows these calls. */
export function policyOfCalls(calls: readonly RecordedCall[], table: ActionTable): MadePolicy {
  const notes = new Set<string>()
  const resources = new Map<string, Set<string>>()
  const permissions: Permission[] = []
  for (const { action, resources: named, roles } of calls) {
    const known = resources.get(action) ?? new Set<string>()
    for (const one of named) known.add(one)
    resources.set(action, known)
    const service = ESCALATION_PATHS.find(
      ({ needs, passesTo }) =>
        passesTo !== undefined && needs.some((need) => need.split('|').includes(action)),
    )?.passesTo
    for (const role of roles) {
      const limit =
        service === undefined
          ? []
          : [{ operator: 'StringEquals', key: 'iam:PassedToService', values: [service] }]
      permissions.push({ action: 'iam:PassRole', resource: role, conditions: limit })
    }
  }
  for (const [action, named] of resources) {
    const facts = table.find(action)
    const isAnything = !facts || facts.resources.length === 0
    if (!isAnything && named.size === 0)
      notes.add(`${action}: the records do not say on what; it is allowed on \`*\`, name the resources`)
    const listed = isAnything || named.size === 0 ? ['*'] : together([...named])
    permissions.push(...listed.map((resource) => ({ action, resource })))
  }
  return { policy: policyOf(permissions), notes: [...notes] }
}

function readRecords(text: string): readonly CallRecord[] | string {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    try {
      raw = text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as unknown)
    } catch {
      return 'it is no JSON, and not one JSON a line'
    }
  }
  const list = Array.isArray(raw)
    ? (raw as readonly unknown[])
    : typeof raw === 'object' && raw !== null && 'Records' in raw && Array.isArray(raw.Records)
      ? (raw.Records as readonly unknown[])
      : [raw]
  const records: CallRecord[] = []
  for (const [i, one] of list.entries()) {
    const parsed = recordSchema.safeParse(one)
    if (!parsed.success) return `record ${i}: it has no eventSource and eventName of CloudTrail`
    records.push(parsed.data)
  }
  return records
}

function callsOf(record: CallRecord, table: ActionTable, notes: string[]): readonly RecordedCall[] {
  const source = record.eventSource.replace(/\.amazonaws\.com(\.cn)?$/, '')
  const service = SERVICES[source] ?? source
  // Lambda and CloudFront put the version of their interface behind the name.
  const event = record.eventName.replace(/(_?\d{4}_?\d{2}_?\d{2})(v\d+)?$/, '')
  const facts = actionsFor(`${service}:${event}`, table)
  if (facts.length === 0)
    notes.push(`${record.eventSource} ${record.eventName}: no action of that name; it is left out`)
  const parameters = new Map(
    Object.entries(record.requestParameters ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const named = (record.resources ?? []).flatMap(({ ARN: arn }) => (arn === undefined ? [] : [arn]))
  const roles = [...parameters].flatMap(([name, value]) =>
    /role/.test(name) && typeof value === 'string' && /^arn:aws[a-z-]*:iam::\d{12}:role\//.test(value)
      ? [value]
      : [],
  )
  const passes = (action: string): boolean =>
    ESCALATION_PATHS.some(
      ({ needs, passesTo }) =>
        passesTo !== undefined && needs.some((need) => need.split('|').includes(action)),
    )
  return facts.map((one) => ({
    action: one.name,
    resources: resourcesOf(one, named, record, parameters),
    roles: passes(one.name) ? roles : [],
  }))
}

function actionsFor(name: string, table: ActionTable): readonly ActionFacts[] {
  const names = Object.hasOwn(ACTIONS, name) ? (ACTIONS[name] as readonly string[]) : [name]
  return names.flatMap((one) => table.find(one) ?? [])
}

/** What is named in the record, else what its parameters make of the ARN of a resource type. */
function resourcesOf(
  { resources: types }: ActionFacts,
  named: readonly string[],
  record: CallRecord,
  parameters: ReadonlyMap<string, unknown>,
): readonly string[] {
  const fits = (arn: string): boolean => types.some((type) => isOfType(arn, type.arn))
  const fitting = named.filter(fits)
  if (fitting.length > 0) return fitting
  const made = types.flatMap(({ arn }) => filled(arn, record, parameters) ?? [])
  if (made.length > 0) return [...new Set(made)]
  return named.filter((one) => one.startsWith('arn:'))
}

function filled(
  template: string,
  record: CallRecord,
  parameters: ReadonlyMap<string, unknown>,
): string | undefined {
  let isWhole = true
  const arn = template.replaceAll(/\$\{([^}]*)\}/g, (_, variable: string) => {
    const name = variable.toLowerCase()
    if (name === 'partition') return 'aws'
    if (name === 'region') return record.awsRegion ?? '*'
    if (name === 'account') return record.recipientAccountId ?? '*'
    const value = [name, ...(PARAMETERS[name] ?? []).map((one) => one.toLowerCase())]
      .map((one) => parameters.get(one))
      .find((one) => typeof one === 'string' && one !== '')
    if (typeof value !== 'string') {
      isWhole = false
      return ''
    }
    // An address or an ARN in place of a name ends with it.
    return /^(https?:|arn:)/.test(value) ? (value.split(/[/:]/).at(-1) as string) : value.replace(/^\//, '')
  })
  return isWhole ? arn : undefined
}

/** Many names as what they begin with, up to a slash or a colon. */
function together(resources: readonly string[]): readonly string[] {
  if (resources.length <= MAX_NAMED) return resources
  const groups = new Map<string, string[]>()
  for (const one of resources) {
    const prefix = one.slice(0, one.lastIndexOf('/') + 1) || one
    groups.set(prefix, [...(groups.get(prefix) ?? []), one])
  }
  return [...groups].flatMap(([prefix, members]) => (members.length > MAX_NAMED ? [`${prefix}*`] : members))
}
